"""Texts in the encodings that people's programs write."""

from __future__ import annotations

import codecs

import pytest

from tflhelpers.files.text import decode_text, read_text

TEXT = "größe,Ente\r\n日本\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"", "utf-8-sig"),
        (TEXT.encode(), "utf-8-sig"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "utf-32"),
        (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), "utf-32"),
    ],
)
def test_every_utf_is_read(tmp_path, data, encoding):
    expected = TEXT if data else ""
    assert decode_text(data) == (expected, encoding)
    (tmp_path / "a.txt").write_bytes(data)
    assert read_text(tmp_path / "a.txt") == expected.replace("\r\n", "\n")


def test_what_is_no_utf_is_western_european(tmp_path):
    assert decode_text(b"gr\xf6\xdfe \x81") == ("größe \ufffd", "cp1252")
    (tmp_path / "a.txt").write_bytes(b"gr\xf6\xdfe")
    with pytest.raises(UnicodeDecodeError):
        read_text(tmp_path / "a.txt")
