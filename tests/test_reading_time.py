"""Twice the text takes twice the time, whatever stands in it: no reader of others' texts reads it over and over."""

from __future__ import annotations

import contextlib
import gc
import time

import pytest

from tflhelpers.data.collect import url_list
from tflhelpers.data.collect.url_list import read_url_list
from tflhelpers.data.formats.detect import _json_kind
from tflhelpers.data.formats.polygons import _OUTER_RING
from tflhelpers.data.formats.recognise import tool_of
from tflhelpers.files import text_proto
from tflhelpers.files.csv_rows import csv_rows
from tflhelpers.files.stand_ins import stand_in
from tflhelpers.files.text_proto import TextProtoError, parse_text_proto
from tflhelpers.model.original_names import checkpoint_keys


def _in_file(read, name):
    def of_text(text, folder):
        (folder / name).write_text(text)
        return read(folder / name)

    return of_text


def _alone(read):
    return lambda text, folder: read(text)


_PROTO = _alone(parse_text_proto)
_URLS = _in_file(read_url_list, "urls.csv")
_CASES = {  # reader, a text for a length
    "proto: a number that ends in a letter": (_PROTO, lambda n: f"a: {'1' * n}x"),
    "proto: a fraction that does": (_PROTO, lambda n: f"a: 1.{'1' * n}x"),
    "proto: digits, points and signs": (_PROTO, lambda n: f"a: {'1.1e-' * n}x"),
    "proto: a string without an end": (_PROTO, lambda n: 'a: "' + '\\"' * n),
    "proto: a name": (_PROTO, lambda n: "a/-." * n),
    "proto: blanks": (_PROTO, lambda n: " \n#\n" * n + "$"),
    "proto: strings side by side": (_PROTO, lambda n: "a: " + "'a' \"b\"" * n),
    "proto: a field many times": (_PROTO, lambda n: "a: 1 " * n),
    "proto: a list without an end": (_PROTO, lambda n: "a: [" + "1," * n),
    "urls: blanks behind the address": (_URLS, lambda n: f"http://x.org/a.jpg,{' ' * 2 * n}/"),
    "urls: as many columns as rows": (_URLS, lambda n: f"http://x.org/a.jpg{',' * 4 * n}\n" + "a\n" * 4 * n),
    "urls: points": (_URLS, lambda n: f"http://x.org/{'.a' * n},b/"),
    "urls: a long word": (_URLS, lambda n: f"http://x.org/.{'a' * n}/,"),
    "urls: a cell without an end": (_URLS, lambda n: 'url,b\nhttp://x.org,"' + "x\n" * n),
    "csv: cells without an end": (_alone(lambda text: list(csv_rows(text))), lambda n: 'a,"b\nc\n' * n),
    "csv: one without an end": (_alone(lambda text: list(csv_rows(text))), lambda n: 'a,"b\n' + "c\n" * n),
    "csv: ends in pairs": (_alone(lambda text: list(csv_rows(text))), lambda n: 'a,"""\n' * n),
    "json: quotation marks in a name without an end": (
        _in_file(_json_kind, "a.json"),
        lambda n: '{"' + '\\"' * n,
    ),
    "json: the same with a backslash at its end": (
        _in_file(tool_of, "a.json"),
        lambda n: '{"' + '\\"' * n + "\\",
    ),
    "polygon: brackets": (_alone(_OUTER_RING.findall), lambda n: "( " * n + "((1 " + "( " * n),
    "stand-in: blanks": (_alone(lambda text: stand_in(text.encode())), lambda n: f"404 A{' ' * n}x"),
    "variable: towers": (
        _alone(lambda text: checkpoint_keys([text])),
        lambda n: f"{'/PredictionTower' * n}/x",
    ),
}


def _seconds(read, text, folder):
    gc.disable()  # it goes over all objects again when there are a few more
    start = time.process_time()
    with contextlib.suppress(ValueError):
        read(text, folder)
    gc.enable()
    return time.process_time() - start


@pytest.mark.parametrize("case", _CASES)
def test_twice_the_text_takes_twice_the_time(tmp_path, case):
    read, make = _CASES[case]
    short = min(_seconds(read, make(8_000), tmp_path) for _ in range(3))
    long = min(_seconds(read, make(16_000), tmp_path) for _ in range(3))
    assert long < 3 * short + 0.05  # of the square it would be four times as much


def test_a_text_proto_may_not_be_of_any_size(monkeypatch):
    monkeypatch.setattr(text_proto, "_LONGEST_TEXT", 10)
    assert parse_text_proto("a: 1 b: 2.") == {"a": [1], "b": [2.0]}
    with pytest.raises(TextProtoError, match="expected at most 10 characters, got 11"):
        parse_text_proto("a: 1 b: 2. ")


def test_a_list_of_addresses_may_not_be_of_any_size(tmp_path, monkeypatch):
    path = tmp_path / "urls.txt"
    path.write_text("http://x.org/a.jpg\n" * 3)
    assert len(read_url_list(path)) == 3
    monkeypatch.setattr(url_list, "_LARGEST_FILE", 50)
    with pytest.raises(ValueError, match=r"urls\.txt: expected a list of addresses of at most"):
        read_url_list(path)


def test_a_variable_with_a_number_of_any_length_has_no_key():
    assert checkpoint_keys([f"x/PredictionTower/conv2d_{'1' * 5000}/kernel"]) == {}
