"""Lists of addresses as people have them."""

from __future__ import annotations

import pytest

from tflhelpers.data.collect.url_list import BadRow, Row, read_url_list

A, B = "https://x.org/a.jpg", "https://x.org/b.jpg?w=1,2"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (A, [Row(1, A)]),
        (f"# mine\n\n{A}\n  {B}  \n", [Row(3, A), Row(4, B)]),
        (f"{A}\nnot an address\n", [Row(1, A), BadRow(2, "not an address", "expected an address")]),
        (f"url\n{A}\n{B}\n", [Row(2, A), Row(3, B)]),
        (f'url\n{A}\n"{B}"\n', [Row(2, A), Row(3, B)]),
        (f'url\n"{B}"\n"{A},b\n{B}\n', [Row(2, B), BadRow(3, "(a quot", "expected"), Row(4, B)]),
        (
            f'url,name\n{A},"one\n{B},two\n',
            [BadRow(2, "(a quot", "expected"), Row(3, "https://x.org/b.jpg?w=1", "2")],
        ),
        (f"Labeled Data,External ID\n{A},one.jpg\n", [Row(2, A, "one.jpg")]),
        (f"name;adresse\nEnte;{A}\n\nGans;{B}\n", [Row(2, A, "Ente"), Row(4, B, "Gans")]),
        (f"name\tlink\nduck\t{B}\n", [Row(2, B, "duck")]),
        (f'note,url\n"two\nlines",{A}\nx,{A}b\n', [Row(2, A), Row(4, f"{A}b")]),
        (f"{A},duck\n{A}2.jpg,cow\n", [Row(1, A), Row(2, f"{A}2.jpg")]),
        (f"page,image,thumb\nhttp://p.org,{A},\n,{B},\n", [BadRow(2, "", ""), BadRow(3, "", "")]),
        (f"url\n{A}\n,\nx\n", [Row(2, A), BadRow(4, "x", "expected an address")]),
    ],
)
def test_rows(tmp_path, text, rows):
    path = tmp_path / "urls.csv"
    path.write_bytes(text.encode())
    found = read_url_list(path)
    if "thumb" in text:
        assert [each.url for each in found] == [A, "https://x.org/b.jpg?w=1"]
        return
    assert [type(each) for each in found] == [type(each) for each in rows]
    for got, expected in zip(found, rows, strict=True):
        if isinstance(expected, Row):
            assert got == expected
        else:
            assert (got.line, got.cell[: len(expected.cell) or None]) == (expected.line, expected.cell)
            assert got.reason.startswith(expected.reason)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path, encoding):
    (tmp_path / "urls.csv").write_bytes(f"filename,url\nEntchen größe.jpg,{A}\n".encode(encoding))
    assert read_url_list(tmp_path / "urls.csv") == [Row(2, A, "Entchen größe.jpg")]


def test_columns_by_name_and_number(tmp_path):
    path = tmp_path / "urls.csv"
    path.write_text(
        f"page,image,what,file\nhttps://p.org/1,{A},duck,one\nhttps://p.org/2,{B.replace(',', '')},cow,two\n"
    )
    by_name = read_url_list(path, url_column="Image", name_column="file", class_column="what")
    assert by_name[0] == Row(2, A, "one", "duck")
    assert read_url_list(path, url_column=1, name_column=3, class_column=2) == by_name
    assert read_url_list(path)[0].url == "https://p.org/1"


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "expected a column of addresses"),
        ("name\nduck\n", {}, "got none in 2 lines"),
        (f"url\n{A}\n", {"url_column": "link"}, r"expected a column called 'link', got 'url'"),
        (f"url\n{A}\n", {"class_column": 3}, "expected a column from 0 to 0, got 3"),
        (f"{A},duck\n", {"name_column": "name"}, "no row of column names"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, settings, message):
    (tmp_path / "urls.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_url_list(tmp_path / "urls.csv", **settings)


@pytest.mark.parametrize("content", [bytes(range(256)) * 50, b'"' * 100_000, b",\n" * 9999, b"\0" * 5000])
def test_garbage_is_refused_or_reported(tmp_path, content):
    path = tmp_path / "urls.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="expected a column of addresses"):
        read_url_list(path)
    path.write_bytes(b"url\n" + A.encode() + b"\n" + content)
    assert read_url_list(path)[0] == Row(2, A)
