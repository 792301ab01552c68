"""Reads small XML files that nobody vouches for: no document types, so no entity bombs and no foreign files."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.files.stand_ins import stand_in
from tflhelpers.files.text import FALLBACK, decode_text, encoding_of

_MOST_BYTES = 50_000_000
_MOST_DEPTH = 50
_HEAD_BYTES = 4096
_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([^"']*)""")

# Encodings that the parser does not know: those of several bytes a letter. Text in the first ones of each is in the
# second as well, which people write under the name of the first (encoding.spec.whatwg.org, "Names and labels").
_SEVERAL_BYTES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cp950": "big5hkscs",
    "shift_jis": "cp932",
    "cp932": "cp932",
    "euc_jp": "euc_jp",
    "iso2022_jp": "iso2022_jp",
    "euc_kr": "cp949",
    "cp949": "cp949",
}
_UNICODE = (b"utf-8", b"utf8", b"utf-16", b"utf16", b"utf-32", b"utf32", b"ucs-", b"unicode")
_ELSE = "save it as UTF-8"


class XmlRefused(ValueError):
    """A file that is no XML, is cut off, or holds what annotation files never need; the message says which."""


def read_xml(path: Path, report: ReportBuilder) -> ElementTree.Element:
    """Return the root element of a file; the report is told where its text is no Unicode.

    Raises:
        XmlRefused: If it only stands in for the file, is no whole XML, has a document type, nests deeper than 50
            or exceeds 50 MB.
        OSError: If it cannot be read.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise XmlRefused(f"too large: expected at most {_MOST_BYTES} bytes for one picture")
    try:
        data = path.read_bytes()
        if found := stand_in(data[:_HEAD_BYTES]):
            raise XmlRefused(found)
        return _parsed(_text_of(data, path, report))
    except expat.ExpatError as error:
        raise XmlRefused(f"no whole XML file: {error}") from error
    except (ValueError, LookupError) as error:  # an encoding that does not exist, or is none of text
        if isinstance(error, XmlRefused):
            raise
        raise unknown_encoding(error) from error


def unknown_encoding(error: Exception) -> XmlRefused:
    """Return the refusal of a text in an encoding that nobody knows, or in another than it says."""
    return XmlRefused(f"unknown encoding: {error}; {_ELSE}")


def declares_encoding(head: bytes) -> bool:
    """Tell whether a file says in words that it is in something else than Unicode."""
    declared = _DECLARED.match(head)
    return declared is not None and not declared[1].lower().startswith(_UNICODE)


def declares_wrongly(head: bytes) -> bool:
    """Tell whether a file's bytes may contradict its words: the bytes are right, but the parser believes the words.

    Where a mark says UTF-16 the words may say UTF-8; and .NET writes that text in memory is UTF-16, which is then saved
    as UTF-8.
    """
    declared = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    named = declared[1].lower() if declared else b"utf-8"
    return encoding_of(head) != "utf-8-sig" or named not in (b"utf-8", b"utf8")


def encoding_of_several_bytes(head: bytes) -> str | None:
    """Return the encoding that a file declares and that the parser does not know, else None."""
    declared = _DECLARED.match(head)
    try:
        name = codecs.lookup(declared[1].decode("ascii", "replace")).name if declared else ""
    except (LookupError, ValueError):  # the latter for a name with a null byte
        return None  # the parser says so
    return _SEVERAL_BYTES.get(name)


def _text_of(data: bytes, path: Path, report: ReportBuilder) -> bytes | str:
    """Return what to parse: text where the parser would not find the encoding by itself."""
    if declared := encoding_of_several_bytes(data[:_HEAD_BYTES]):
        return data.decode(declared)
    if declares_encoding(data[:_HEAD_BYTES]):
        return data
    text, encoding = decode_text(data)
    if encoding == FALLBACK:
        report.not_utf8(path.name)
    return text if encoding == FALLBACK or declares_wrongly(data[:_HEAD_BYTES]) else data


def _parsed(data: bytes | str) -> ElementTree.Element:
    builder = ElementTree.TreeBuilder()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise XmlRefused(f"nested too deep: more than {_MOST_DEPTH} elements")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.Parse(data, True)
    return builder.close()


def _refuse_doctype(*_: Any) -> None:
    raise XmlRefused(
        "document type: not needed in annotations, and a way to fill the memory; remove <!DOCTYPE>"
    )
