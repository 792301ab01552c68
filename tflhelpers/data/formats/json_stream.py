"""Reads JSON of any size entry by entry: what is held is some megabytes of text and the entries just decoded."""

from __future__ import annotations

import codecs
import itertools
import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.report import ReportBuilder

LARGEST_ENTRY = 64 * 2**20  # characters; one entry of a real file has thousands
_CHUNK = 4 * 2**20  # bytes read at a time
_NEAR_END = 32  # an error so close to the end of what was read may be mended by reading on
_SPACE = re.compile(r"[ \t\n\r]*")
_NEXT_ROW = re.compile(r"\n\{")
_MARKS = {  # what a file of another encoding begins with; the longer ones first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# strict=False: a line break inside a name is no reason to refuse a file.
_scan = json.JSONDecoder(strict=False).scan_once  # type: ignore[attr-defined]  # (text, start) -> (value, end)


class BrokenJson(AnnotationError):
    """JSON that is cut off or malformed; all entries before it were handed over.

    Attributes:
        byte: Where the broken entry begins, counted from the file's beginning.
        whole: How many entries were whole.
        key: The top-level name under which it broke, or "".
    """

    def __init__(self, message: str, byte: int, whole: int, key: str = "") -> None:
        super().__init__(message)
        self.byte, self.whole, self.key = byte, whole, key


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


def read_members(path: Path, skip: str | None = None) -> Iterator[Part]:
    """Yield the contents of a top-level JSON object in the file's order, arrays in pieces of some megabytes.

    Args:
        path: The file; UTF-8, or UTF-16 or UTF-32 with the mark at the beginning that tells them.
        skip: Name of a field whose lists of numbers, at any depth, are passed over without decoding them
            (four fifths of COCO's text are the corners of polygons). `skipped_list` decodes one.

    Raises:
        FileNotFoundError: If there is no such file.
        BrokenJson: Behind the last whole entry, where the file is cut off, malformed, not in Unicode, or holds
            an entry of more than 64 million characters.
        AnnotationError: If it is JSON, but no object.
    """
    with path.open("rb") as file:
        window = _Window(path, file)
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
        window = _Window(path, file)
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


def _members(window: _Window, skip: re.Pattern | None) -> Iterator[Part]:
    window.pos += 1
    if window.next_char() == "}":
        return
    while True:
        key = window.value()
        if not isinstance(key, str) or window.next_char() != ":":
            raise window.broken(_Fault('expected a name in quotes and ":"', 0))
        window.pos += 1
        if window.next_char() == "[":
            yield from _array(window, key, skip)
        else:
            yield Part(key, window.value(), [])
        mark = window.next_char()
        if mark == "}":
            return
        if mark != ",":
            raise window.broken(_Fault('expected "," or "}"', 0) if mark else None)
        window.pos += 1


def _array(window: _Window, key: str, skip: re.Pattern | None) -> Iterator[Part]:
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


def _read_on(window: _Window, region: _Region, consumed: int, error: _Fault | None) -> None:
    """Read more of the file, or raise if that cannot help."""
    if (error is None or not error.is_certain(region.text)) and window.more():
        return
    raise window.broken(error if error and error.is_inside(region.text) else None)


class _Fault(NamedTuple):
    """What was wrong with an entry, and where in the text.

    An entry of which only the beginning is in memory looks wrong as well, at the end of the text.
    """

    why: str
    at: int
    may_go_on: bool = False

    def is_certain(self, text: str) -> bool:
        """Whether reading on cannot mend it."""
        return not self.may_go_on and self.at < len(text) - _NEAR_END

    def is_inside(self, text: str) -> bool:
        """Whether it is not just that the text ends, if the file does."""
        return not self.may_go_on and self.at < len(text.rstrip())


def _whole_values(text: str) -> tuple[list[Any], int, bool, _Fault | None]:
    """Decode entries separated by commas from the beginning of `text` as far as they are surely whole.

    Returns:
        The entries; where the first not decoded one begins, or the text behind the closing bracket; whether the
        bracket was met; and what was wrong with the last one, or None if the text simply ends.
    """
    values: list[Any] = []
    start = 0
    append, space, size = values.append, _SPACE.match, len(text)
    try:
        while True:
            value, end = _scan(text, start)
            if end < size and text[end] not in ",]":
                end = space(text, end).end()  # type: ignore[union-attr]
            if end >= size:
                return values, start, False, None
            mark = text[end]
            if mark == "]":
                append(value)
                return values, end + 1, True, None
            if mark != ",":
                return values, start, False, _Fault('expected "," or "]" behind it', end)
            append(value)
            start = end + 1
            if text[start : start + 2] == " {":
                start += 1
            elif start < size and text[start] in " \n\r\t":
                start = space(text, start).end()  # type: ignore[union-attr]
    except (StopIteration, ValueError, RecursionError) as error:
        return values, start, False, _fault(error, start)


def _fault(error: Exception, start: int) -> _Fault:
    if isinstance(error, StopIteration):
        return _Fault("expected a value", error.value)
    if isinstance(error, JSONDecodeError):
        return _Fault(error.msg, error.pos, error.msg.startswith("Unterminated string"))
    if isinstance(error, RecursionError):
        return _Fault("nested too deeply", start)
    return _Fault(f"{error}", start)


def _values(window: _Window, report: ReportBuilder) -> Iterator[tuple[int, Any]]:
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


class _Window:
    """The stretch of a file that is in memory as text; `pos` is where reading goes on."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.whole, self.key = path, 0, ""
        self.text, self.pos = "", 0
        self._file = file
        self._bytes_read = 0
        self._ended, self._why_ended = False, "the file ends within it"
        beginning = file.read(4)
        file.seek(0)
        self._encoding = next(
            (name for mark, name in _MARKS.items() if beginning.startswith(mark)), "utf-8-sig"
        )
        self._decoder = codecs.getincrementaldecoder(self._encoding)()

    def next_char(self) -> str:
        """Go to the next character that is no blank; "" at the end of the file."""
        while True:
            self.pos = _SPACE.match(self.text, self.pos).end()  # type: ignore[union-attr]
            if self.pos < len(self.text):
                return self.text[self.pos]
            if not self.more():
                return ""

    def value(self) -> Any:
        """Decode the value that begins here and go behind it."""
        self.next_char()
        while True:
            fault = None
            try:
                value, end = _scan(self.text, self.pos)
                if end < len(self.text) or self._ended:
                    self.pos = end
                    return value
            except (StopIteration, ValueError, RecursionError) as error:
                fault = _fault(error, self.pos)
                if fault.is_certain(self.text):
                    raise self.broken(fault) from None
            if not self.more() and fault:
                raise self.broken(fault if fault.is_inside(self.text) else None)

    def more(self) -> bool:
        """Drop what was read and read on, twice as far each time nothing could be dropped; False at the end."""
        if self._ended:
            return False
        kept = self.text[self.pos :]
        if len(kept) > LARGEST_ENTRY:
            raise self.broken(_Fault(f"it is longer than {LARGEST_ENTRY // 2**20} million characters", 0))
        added = ""
        while not added and not self._ended:  # a piece may hold half a letter only
            data = self._file.read(max(_CHUNK, len(kept)))
            self._bytes_read += len(data)
            self._ended = not data
            added = self._decoded(data)
        self.text, self.pos = kept + added, 0
        return bool(added)

    def _decoded(self, data: bytes) -> str:
        """Return the text of the next bytes; up to the first one that is none, where the file then ends for us."""
        try:
            return self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            if self._ended:
                return ""  # half a letter at the end of the file: it is cut off
            good = error.object[: error.start] if self._encoding == "utf-8-sig" else b""
            self._bytes_read -= len(error.object) - len(good)
            self._decoder.reset()
            self._ended, self._why_ended = True, f"what follows is not written in {self._encoding[:6]}"
            return good.decode("utf-8")

    def skip_to(self, pattern: re.Pattern) -> bool:
        """Go to the last character of the next match; False, at the end of the file, if there is none."""
        while True:
            found = pattern.search(self.text, self.pos)
            if found:
                self.pos = found.end() - 1
                return True
            self.pos = max(self.pos, len(self.text) - 1)
            if not self.more():
                return False

    def broken(self, fault: _Fault | None) -> BrokenJson:
        """Return the error for the entry that begins at `pos`; without a fault, the file ends within it."""
        self.next_char()
        encoding = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}[self._encoding]
        rest = len(self.text[self.pos :].encode(encoding))
        byte = self._bytes_read - len(self._decoder.getstate()[0]) - rest
        place = f" in {self.key!r}" if self.key else ""
        why = fault.why if fault else self._why_ended
        return BrokenJson(
            f"{self.path}: expected whole JSON, but the entry{place} at byte {byte} is cut off or malformed ({why}). "
            f"{self.whole} entries before it are whole. Export or copy the file again.",
            byte,
            self.whole,
            self.key,
        )

    def shown(self) -> str:
        """Return the beginning of what comes next, for messages."""
        return repr(self.text[self.pos : self.pos + 40]) if self.next_char() else "an empty file"


_MARK = "(list not decoded)"  # stands in the text instead of the field whose list is passed over


def _skipper(name: str | None) -> re.Pattern | None:
    """Return the pattern of a field with a list of numbers.

    In JSON, behind the value of a field comes a quote (the next field) or a brace, after blanks and a comma at
    most, and neither is part of a list of numbers: the longest stretch of its characters that ends in a bracket
    is the value. A quoted quote is written with a backslash, so no text can be taken for the field.
    """
    return None if name is None else re.compile(rf'("{re.escape(name)}"\s*:\s*\[[0-9\[\], .eE+\-\t\r\n]*\])')


class _Region:
    """The text of a window from its `pos` on, with the lists that are to be passed over taken out."""

    def __init__(self, window: _Window, skip: re.Pattern | None) -> None:
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
