"""JSON of others: what it says can be saved again, shown on a page and computed with, or the error says why not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tflhelpers.files.text import read_text

DEEPEST = 100
"""How many lists and objects may lie inside each other; real files have ten."""

_LARGEST_SIDE = 8192  # pixels of a network's input
_SURROGATE = re.compile("[\ud800-\udfff]")
Check = tuple[Callable[[Any], bool], str]


class BadJson(ValueError):
    """A text that is no JSON, or not what was expected; the message says what is wrong, without the file's name."""


def read_json(path: Path, *, clean: bool = True) -> Any:
    """Return the JSON document in a file, as `parse_json` does.

    Raises:
        BadJson: It is none, or in another encoding.
        OSError: It cannot be read.
    """
    try:
        return parse_json(read_text(path), clean=clean)
    except UnicodeDecodeError as error:
        raise BadJson(str(error)) from error


def parse_json(text: str, *, clean: bool = True) -> Any:
    """Return a JSON document, `cleaned` unless told otherwise.

    Raises:
        BadJson: It is none, is cut, or lies deeper than `DEEPEST`.

    >>> parse_json('{"area": NaN, "name": "duck"}')
    {'area': None, 'name': 'duck'}
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise BadJson(f"expected at most {DEEPEST} lists inside each other, got more") from None
    except ValueError as error:
        raise BadJson(str(error)) from error
    _check_depth(value)
    return cleaned(value) if clean else value


def cleaned(value: Any) -> Any:
    """Return a document that can be written again: the same one if it can be already.

    Numbers that JSON does not know (NaN, Infinity, 1e999) become None, halves of characters U+FFFD: Python's reader
    takes them, but no UTF-8 file can hold such a text, and no browser such a number.
    """
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return value
    except ValueError:
        return _cleaned(value)


def check_fields(value: Any, fields: Mapping[str, Check]) -> dict[str, Any]:
    """Return an object whose fields are as `fields` says: name -> (what tells so, "a number from 0 to 1").

    Raises:
        BadJson: It is no object, lacks a field, or has another value there.
    """
    if not isinstance(value, dict):
        raise BadJson(f"it must be an object, got {_short(value)}")
    if missing := [name for name in fields if name not in value]:
        raise BadJson(f"it lacks {', '.join(missing)}")
    for name, (is_right, words) in fields.items():
        if not is_right(value[name]):
            raise BadJson(f"{name} must be {words}, got {_short(value[name])}")
    return value


def is_count(value: Any) -> bool:
    """Whether it is a whole number, 0 or more."""
    return type(value) is int and 0 <= value < 2**31


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether it is a number from `low` to `high`."""
    return type(value) in (int, float) and low <= value <= high


def is_names(value: Any) -> bool:
    """Whether it is a list of names that a file can hold, none of them empty or twice."""
    return isinstance(value, list) and all(map(is_name, value)) and 0 < len(value) == len(set(value))


def is_name(value: Any) -> bool:
    """Whether it is a text with something to see in it, and no halves of characters."""
    return isinstance(value, str) and bool(value.strip()) and not _SURROGATE.search(value)


NAMES: Check = is_names, "a list of different names"
SHARE: Check = (lambda value: is_number(value, 0, 1)), "a number from 0 to 1"
SWITCH: Check = (lambda value: isinstance(value, bool)), "true or false"
TEXT: Check = (lambda value: isinstance(value, str)), "a text"
SIZE: Check = (
    lambda value: (
        isinstance(value, list)
        and len(value) == 2
        and all(is_count(s) and 1 <= s <= _LARGEST_SIDE for s in value)
    ),
    f"height and width, 1 to {_LARGEST_SIDE} pixels each",
)


def one_of(*values: Any) -> Check:
    """The check of a field that has one of a few values."""
    return (
        lambda value: any(type(value) is type(each) and value == each for each in values)
    ), f"one of {', '.join(map(json.dumps, values))}"


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        level = [each for outer in level for each in _members(outer) if isinstance(each, (list, dict))]
        if not level:
            return
    raise BadJson(f"expected at most {DEEPEST} lists inside each other, got more")


def _members(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(each) for key, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
