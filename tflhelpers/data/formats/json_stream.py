"""Reads JSON of any size entry by entry: what is held is some megabytes of text and the entries just decoded."""

from __future__ import annotations

import itertools
import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.json_window import SPACE, BrokenJson, Fault, Window, fault_of, scan
from tflhelpers.data.formats.report import ReportBuilder

__all__ = ["BrokenJson", "Part", "read_members", "read_rows", "skipped_list"]

_NEXT_ROW = re.compile(r"\n\{")


class Part(NamedTuple):
    """Some consecutive entries of a top-level array, or another top-level value.

    Attributes:
        key: Its name in the top-level object.
        value: A list of some entries of the array, in order; or the value, which is then no list.
        skipped: The texts of the number lists that were not decoded: see `skipped_list`.
    """

    key: str
    value: Any
    skipped: list[str]


def read_members(path: Path, skip: str | None = None, report: ReportBuilder | None = None) -> Iterator[Part]:
    """Yield the contents of a top-level JSON object in the file's order, arrays in pieces of some megabytes.

    Args:
        path: The file; UTF-8, UTF-16 or UTF-32 with the mark at the beginning that tells them, or cp1252.
        skip: Name of a field whose lists of numbers, at any depth, are passed over without decoding them
            (four fifths of COCO's text are the corners of polygons). `skipped_list` decodes one.
        report: Is told of cp1252.

    Raises:
        FileNotFoundError: If there is no such file.
        BrokenJson: Behind the last whole entry, where the file is cut off, malformed, not in Unicode, or holds
            an entry of more than 64 million characters.
        AnnotationError: If it is JSON, but no object.
    """
    with path.open("rb") as file:
        window = Window(path, file, report)
        if window.next_char() != "{":
            raise AnnotationError(f"{path}: expected a JSON object, got {window.shown()}.")
        yield from _members(window, _skipper(skip))


def read_rows(path: Path, report: ReportBuilder) -> Iterator[tuple[int, Any]]:
    """Yield (number from 1, row) for each entry of a top-level array, or for each of the values in a file.

    The values may stand one a line (NDJSON) or anyhow; a single object is one row. A malformed line is
    reported as refused and the next one is read.

    Raises:
        FileNotFoundError: If there is no such file.
        BrokenJson: As `read_members`.
    """
    with path.open("rb") as file:
        window = Window(path, file, report)
        if window.next_char() == "[":
            values = (value for part in _array(window, "", None) for value in part.value)
            yield from enumerate(values, 1)
        else:
            yield from _values(window, report)


def skipped_list(part: Part, entry: dict[str, Any]) -> list[Any] | None:
    """Return the list of numbers of an entry that `read_members` passed over, or None if it has none."""
    index = entry.get(_MARK)
    if not isinstance(index, int) or not 0 <= index < len(part.skipped):
        return None
    piece = part.skipped[index]
    try:
        value = json.loads(piece[piece.index("[") :])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _members(window: Window, skip: re.Pattern[str] | None) -> Iterator[Part]:
    window.pos += 1
    if window.next_char() == "}":
        return
    while True:
        key = window.value()
        if not isinstance(key, str) or window.next_char() != ":":
            raise window.broken(Fault('expected a name in quotes and ":"', 0))
        window.pos += 1
        if window.next_char() == "[":
            yield from _array(window, key, skip)
        else:
            yield Part(key, window.value(), [])
        mark = window.next_char()
        if mark == "}":
            return
        if mark != ",":
            raise window.broken(Fault('expected "," or "}"', 0) if mark else None)
        window.pos += 1


def _array(window: Window, key: str, skip: re.Pattern[str] | None) -> Iterator[Part]:
    """Yield the entries of the array that begins here; at least one part, which may be empty."""
    window.key = key
    window.pos += 1
    if window.next_char() == "]":
        window.pos += 1
        yield Part(key, [], [])
        return
    closed = False
    while not closed:
        window.next_char()
        region = _Region(window, skip)
        values, consumed, closed, error = _whole_values(region.text)
        window.pos += region.raw_length(consumed)
        window.whole += len(values)
        if values:
            yield Part(key, values, region.pieces)
        if not closed:
            _read_on(window, region, consumed, error)
    window.key = ""


def _read_on(window: Window, region: _Region, consumed: int, error: Fault | None) -> None:
    """Read more of the file, or raise if that cannot help."""
    if (error is None or not error.is_certain(region.text)) and window.more():
        return
    raise window.broken(error if error and error.is_inside(region.text) else None)


def _whole_values(text: str) -> tuple[list[Any], int, bool, Fault | None]:
    """Decode entries separated by commas from the beginning of `text` as far as they are surely whole.

    Returns:
        The entries; where the first not decoded one begins, or the text behind the closing bracket; whether the
        bracket was met; and what was wrong with the last one, or None if the text simply ends.
    """
    values: list[Any] = []
    start = 0
    append, space, size = values.append, SPACE.match, len(text)
    try:
        while True:
            value, end = scan(text, start)
            if end < size and text[end] not in ",]":
                end = space(text, end).end()  # type: ignore[union-attr]
            if end >= size:
                return values, start, False, None
            mark = text[end]
            if mark == "]":
                append(value)
                return values, end + 1, True, None
            if mark != ",":
                return values, start, False, Fault('expected "," or "]" behind it', end)
            append(value)
            start = end + 1
            if text[start : start + 2] == " {":
                start += 1
            elif start < size and text[start] in " \n\r\t":
                start = space(text, start).end()  # type: ignore[union-attr]
    except (StopIteration, ValueError, RecursionError) as error:
        return values, start, False, fault_of(error, start)


def _values(window: Window, report: ReportBuilder) -> Iterator[tuple[int, Any]]:
    number = 0
    while window.next_char():
        number += 1
        try:
            value = window.value()
        except BrokenJson as error:
            if not window.skip_to(_NEXT_ROW):
                raise
            report.refused(f"{window.path.name}: row {number}", f"malformed JSON: {error.args[0]}")
            continue
        window.whole += 1
        yield number, value
        if window.next_char() == ",":  # rows somebody joined by commas
            window.pos += 1


_MARK = "(list not decoded)"  # stands in the text instead of the field whose list is passed over


def _skipper(name: str | None) -> re.Pattern[str] | None:
    """Return the pattern of a field with a list of numbers.

    In JSON, behind the value of a field comes a quote (the next field) or a brace, after blanks and a comma at
    most, and neither is part of a list of numbers: the longest stretch of its characters that ends in a bracket
    is the value. A quoted quote is written with a backslash, so no text can be taken for the field.
    """
    return None if name is None else re.compile(rf'("{re.escape(name)}"\s*:\s*\[[0-9\[\], .eE+\-\t\r\n]*\])')


class _Region:
    """The text of a window from its `pos` on, with the lists that are to be passed over taken out."""

    def __init__(self, window: Window, skip: re.Pattern[str] | None) -> None:
        self.pieces: list[str] = []
        raw = window.text[window.pos :]
        if skip is None:
            self.text = raw
            return
        safe = raw.rfind("}") + 1  # behind a brace no list is cut in two
        parts = skip.split(raw[:safe])  # text, list, text, list, ..., text
        self.pieces = parts[1::2]
        parts[1::2] = marks = [f'"{_MARK}":{index}' for index in range(len(self.pieces))]
        parts[-1] += raw[safe:]
        self.text = "".join(parts)
        self._ends = list(itertools.accumulate(map(len, parts)))
        shrunk = [len(piece) - len(mark) for piece, mark in zip(self.pieces, marks, strict=True)]
        self._shrunk = [0, *itertools.accumulate(shrunk)]

    def raw_length(self, length: int) -> int:
        """Return how much of the window's text the first characters of `text` stand for."""
        if not self.pieces:
            return length
        return length + self._shrunk[bisect_right(self._ends, length) // 2]
