"""JSON is read entry by entry wherever its text is cut into pieces, and up to the first entry that is not whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats import json_window
from tflhelpers.data.formats.json_stream import BrokenJson, read_members, read_rows, skipped_list
from tflhelpers.data.formats.report import ReportBuilder

_DOCUMENTS = [
    {},
    {"a": []},
    {"a": [1, 23, -4.5e3, "x,]}", None, True], "b": {"c": [1]}, "d": 7},
    {
        "info": {"list": [[], {}]},
        "a": [{"n": 'say "hi", [1] \\ }', "b": {"c": [{}, []]}}, {}, []],
        "b": [[1], [2]],
    },
    {"ä": ["Ente äöü", "日本", "\U0001f986"]},
]


@pytest.fixture(params=[1, 2, 3, 7, 64, 4 * 2**20])
def chunk(request, monkeypatch) -> int:
    """Bytes that are read at a time: the pieces end anywhere, within names, numbers and letters too."""
    monkeypatch.setattr(json_window, "_CHUNK", request.param)
    return request.param


def _write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _read_until_broken(path: Path, skip: str | None = None) -> tuple[list, AnnotationError]:
    read: list = []
    parts = read_members(path, skip)
    while True:
        try:
            read += next(parts).value
        except AnnotationError as error:
            return read, error


def _joined(path: Path, skip: str | None = None) -> dict:
    document: dict = {}
    for part in read_members(path, skip):
        document[part.key] = (
            document.get(part.key, []) + part.value if isinstance(part.value, list) else part.value
        )
    return document


@pytest.mark.parametrize("document", _DOCUMENTS)
@pytest.mark.parametrize("style", [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])
def test_members_are_those_that_json_reads(tmp_path, chunk, document, style):
    assert _joined(_write(tmp_path / "a.json", json.dumps(document, **style))) == document


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marks_tell_the_encoding(tmp_path, chunk, encoding):
    path = _write(tmp_path / "a.json", json.dumps(_DOCUMENTS[4], ensure_ascii=False).encode(encoding))
    assert _joined(path) == _DOCUMENTS[4]


def test_lists_of_numbers_are_passed_over_and_can_be_had(tmp_path, chunk):
    rows = [
        {"id": 1, "polygon": [[1.5, 2e0, -3], [4]], "bbox": [1, 2, 3, 4]},
        {"id": 2, "polygon": []},
        {"polygon": {"counts": [1, 2]}, "id": 3},
        {"id": 4, "note": 'no "polygon": [1, 2] at all', "polygon": [7]},
        {"id": 5, "polygon": "text"},
        {"id": 6},
    ]
    path = _write(tmp_path / "a.json", json.dumps({"rows": rows, "polygon": [9]}))
    read = [
        (part, row) for part in read_members(path, skip="polygon") if part.key == "rows" for row in part.value
    ]
    lists = [skipped_list(part, row) for part, row in read]
    whole = [
        row.get("polygon") if found is None else found for found, (_, row) in zip(lists, read, strict=True)
    ]
    assert whole == [row.get("polygon") for row in rows]
    assert [row["id"] for _, row in read] == [1, 2, 3, 4, 5, 6]
    assert read[0][1]["bbox"] == [1, 2, 3, 4]
    assert read[3][1]["note"] == rows[3]["note"]


_CUT = [  # text, whole entries, byte where the broken one begins, a word of the reason
    ("", 0, 0, "empty"),
    ('{"a": [1, 2', 1, 10, "ends"),
    ('{"a": [{"b": 1}, {"b": ', 1, 17, "ends"),
    ('{"a": [{"b": 1}, {"b": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 1, 17, "ends"),
    ('{"a": ["ä", "ö", {', 2, 19, "ends"),
    ('{"a": [1, 2 3]}', 1, 10, 'expected "," or "]"'),
    ('{"a": [1, 2,]}', 2, 12, "expected a value"),
    ('{"a": [1, {b: 2}, {"c": 3}, {"c": 3}, {"c": 3}, {"c": 3}]}', 1, 10, "double quotes"),
    ('{"a": [' + "[" * 100_000, 0, 7, ""),
    ('{"a": [' + "9" * 100_000 + ",1]}", 0, 7, ""),
    ('{"a": ["ä", '.encode() + b'"\xff\xfe"]}', 1, 13, "not written in utf-8"),
    (b'{"a": ["\xe4", ], "b": [1]}', 1, 12, "expected a value"),
    ('{"a": [1], "b" 2}', 1, 15, 'name in quotes and ":"'),
    ('{"a": [1]', 1, 9, "ends"),
]


@pytest.mark.parametrize(("text", "whole", "byte", "reason"), _CUT)
def test_broken_json_tells_where_and_how_many_entries_were_whole(tmp_path, text, whole, byte, reason):
    path = _write(tmp_path / "a.json", text)
    if not text:
        with pytest.raises(AnnotationError, match="empty"):
            list(read_members(path))
        return
    read, error = _read_until_broken(path)
    assert (len(read), error.whole, error.byte) == (whole, whole, byte)
    assert "a.json: " in str(error)
    assert reason in str(error)


def test_cut_anywhere_gives_a_beginning_of_what_the_whole_gives(tmp_path, chunk):
    whole = [{"id": i, "polygon": [[i, 2.5]], "bbox": [1, i, 3, 4], "n": "}],"} for i in range(4)]
    text = json.dumps({"rows": whole})
    for length in range(len(text)):
        path = _write(tmp_path / "a.json", text[:length])
        rows, error = _read_until_broken(path, skip="polygon")
        assert [row["id"] for row in rows] == list(range(len(rows)))
        if isinstance(error, BrokenJson):
            assert error.whole == len(rows)
            assert text[error.byte : length].lstrip()[:1] in ("", "{", '"', ":", ",", "}")


def test_an_endless_entry_is_refused_before_it_fills_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(json_window, "LARGEST_ENTRY", 2**20)
    monkeypatch.setattr(json_window, "_CHUNK", 2**16)
    path = _write(tmp_path / "a.json", '{"rows": [1, "' + "x" * 4 * 2**20 + '", 2]}')
    with pytest.raises(BrokenJson, match="longer than 1 million") as caught:
        list(read_members(path))
    assert (caught.value.whole, caught.value.byte) == (1, 13)


def test_memory_does_not_grow_with_the_file(tmp_path):
    import tracemalloc

    path = tmp_path / "a.json"
    row = json.dumps({"id": 1, "polygon": [[1.25] * 200], "bbox": [1, 2, 3, 4]})
    with path.open("w") as file:
        file.write('{"rows": [' + ", ".join([row] * 40_000) + "]}")
    assert path.stat().st_size > 40e6
    tracemalloc.start()
    count = sum(len(part.value) for part in read_members(path, skip="polygon"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 8e6


_ROWS = [  # text, rows, what is reported as refused
    ("", [], []),
    ("[]", [], []),
    ('[{"a": 1}, {"a": 2}]', [(1, {"a": 1}), (2, {"a": 2})], []),
    ('{"a":\n 1}', [(1, {"a": 1})], []),
    ('{"a": 1}\n{"a": 2}\r\n\n{"a": 3}\n', [(1, {"a": 1}), (2, {"a": 2}), (3, {"a": 3})], []),
    ('{"a": 1}\n{"a": 2,,}\n{"a": 3}', [(1, {"a": 1}), (3, {"a": 3})], ["a.json: row 2"]),
    ('{"a": 1}\n{"a": "2}\n{"a": 3}', [(1, {"a": 1}), (3, {"a": 3})], ["a.json: row 2"]),
    ('{"a": 1},\n{"a": 2}', [(1, {"a": 1}), (2, {"a": 2})], []),
]


@pytest.mark.parametrize(("text", "rows", "refused"), _ROWS)
def test_rows_are_those_of_an_array_of_lines_or_a_single_one(tmp_path, chunk, text, rows, refused):
    report = ReportBuilder()
    assert list(read_rows(_write(tmp_path / "a.json", text), report)) == rows
    assert [entry.where for entry in report.build().of("refused")] == refused


_CUT_ROWS = [('{"a": 1}\n{"a": ', 1, 9), ('[{"a": 1}, {"a": ', 1, 11), ('[{"a": 1}', 0, 1)]


@pytest.mark.parametrize(("text", "whole", "byte"), _CUT_ROWS)
def test_cut_rows_raise_behind_the_whole_ones(tmp_path, text, whole, byte):
    rows = read_rows(_write(tmp_path / "a.json", text), ReportBuilder())
    assert [next(rows) for _ in range(whole)] == [(1, {"a": 1})][:whole]
    with pytest.raises(BrokenJson) as caught:
        next(rows)
    assert (caught.value.whole, caught.value.byte) == (whole, byte)


def test_an_array_is_no_object(tmp_path):
    with pytest.raises(AnnotationError, match="expected a JSON object"):
        list(read_members(_write(tmp_path / "a.json", "[1]")))
