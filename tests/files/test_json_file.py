"""What the reader hands over can be written again and be shown; what it does not, it refuses with its own error."""

from __future__ import annotations

import json
import time

import pytest

from tflhelpers.files.json_file import (
    NAMES,
    SHARE,
    SIZE,
    SWITCH,
    TEXT,
    BadJson,
    check_fields,
    one_of,
    parse_json,
    read_json,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        ('{"a": [1, -2.5, 1e99, true, null]}', {"a": [1, -2.5, 1e99, True, None]}),
        ("[NaN, Infinity, -Infinity, 1e999, -1e999]", [None] * 5),
        ("1" + "0" * 400 + ".0", None),
        ('["\\ud83e\\udd86", "🦆", "größe"]', ["🦆", "🦆", "größe"]),
        ('["\\ud83e", "a\\udd86b", "\\udd86\\ud83e"]', ["\ufffd", "a\ufffdb", "\ufffd\ufffd"]),
        ('{"\\ud83e": {"\\uDD86": "\\udce9"}}', {"\ufffd": {"\ufffd": "\ufffd"}}),
        ('["NaN", "1e999"]', ["NaN", "1e999"]),
        ("[" * 100 + "]" * 100, None),
    ],
)
def test_what_is_read_can_be_written(text, expected):
    value = parse_json(text)
    if expected is not None or text[0] != "[":
        assert value == expected
    written = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    assert parse_json(written.encode("utf-8").decode("utf-8")) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[1] [2]", "Extra data"),
        ("[" * 101 + "]" * 101, "at most 100 lists inside each other"),
        ('{"a":' * 101 + "1" + "}" * 101, "at most 100 lists inside each other"),
        ("[" * 100_000, "at most 100 lists inside each other"),
        ("1" * 5000, "Exceeds the limit"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(BadJson, match=message):
        parse_json(text)


def test_files_in_any_utf_and_in_none(tmp_path):
    (tmp_path / "a.json").write_text('["größe"]', "utf-16")
    assert read_json(tmp_path / "a.json") == ["größe"]
    (tmp_path / "a.json").write_bytes(b'["gr\xf6\xdfe"]')
    with pytest.raises(BadJson, match="can't decode"):
        read_json(tmp_path / "a.json")


def _seconds(read, text):
    """Of the processor, the least of five times: others are at work beside the tests."""

    def once():
        start = time.process_time()
        read(text)
        return time.process_time() - start

    return min(once() for _ in range(5))


def test_a_large_file_is_read_in_time_that_grows_with_it():
    """The look at depth and texts costs no more than reading does."""
    rows = [{"id": row, "bbox": [row, 2, 3, 4], "note": "ab"} for row in range(50_000)]
    text = json.dumps(rows)
    assert parse_json(text) == rows
    assert _seconds(parse_json, text) < 4 * _seconds(json.loads, text) + 0.2


FIELDS = {
    "names": NAMES,
    "share": SHARE,
    "size": SIZE,
    "on": SWITCH,
    "text": TEXT,
    "kind": one_of(None, "a", 1),
}
GOOD = {"names": ["a", "b"], "share": 0.5, "size": [2, 3], "on": True, "text": "", "kind": "a"}


def test_fields_that_are_right():
    assert check_fields(GOOD | {"more": 1}, FIELDS) == GOOD | {"more": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": []}, "names must be a list of different names, got \\[\\]"),
        ({"names": ["a", "a"]}, "names must be"),
        ({"names": ["a", " "]}, "names must be"),
        ({"names": [["a"]]}, "names must be"),
        ({"names": "ab"}, "names must be"),
        ({"share": 1.01}, "share must be a number from 0 to 1, got 1.01"),
        ({"share": float("nan")}, "share must be"),
        ({"share": True}, "share must be"),
        ({"share": "0.5"}, "share must be"),
        ({"size": [0, 3]}, "size must be height and width"),
        ({"size": [2, 3.0]}, "size must be"),
        ({"size": [2, 3, 3]}, "size must be"),
        ({"size": [2, 10**9]}, "size must be"),
        ({"on": 1}, "on must be true or false, got 1"),
        ({"text": None}, "text must be a text, got None"),
        ({"kind": True}, 'kind must be one of null, "a", 1, got True'),
        ({"kind": []}, "kind must be"),
        ({"text": ["x" * 1000]}, r"got \['x+\.\.\.$"),
    ],
)
def test_fields_that_are_wrong(change, message):
    with pytest.raises(BadJson, match=message):
        check_fields(GOOD | change, FIELDS)


@pytest.mark.parametrize("value", [None, [], 5, "text"])
def test_what_is_no_object(value):
    with pytest.raises(BadJson, match="it must be an object"):
        check_fields(value, FIELDS)


def test_fields_that_are_missing():
    with pytest.raises(BadJson, match="it lacks names, share"):
        check_fields({"size": [1, 1]}, FIELDS)
