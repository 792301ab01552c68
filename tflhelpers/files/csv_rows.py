"""Rows of CSV texts, of which one bad row costs no other."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator

_LINE = re.compile(r"[^\r\n]*(?:\r\n|[\r\n])|[^\r\n]+")
NOT_CLOSED = "a quotation mark in it is not closed"


def csv_rows(
    text: str, delimiter: str = ",", *, fits: Callable[[list[str]], bool] = lambda cells: False
) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line from 1, cells) of each row, blank ones too; of a line that is no row (line, why) instead.

    A quotation mark that is not closed would make all that follows one cell, or all up to the next such mark. Its line
    is told, and the rows below are read as if it were not there.

    Args:
        text: The table.
        delimiter: What parts the cells.
        fits: Whether a row over several lines is one, as where a cell holds a description; False for tables that have
            no such cells.

    >>> list(csv_rows('a,"b\\nc,d'))
    [(1, 'a quotation mark in it is not closed'), (2, ['c', 'd'])]
    """
    lines = _LINE.findall(text)
    at = 0
    while at < len(lines):
        for number, end, row in _until_bad(lines, at, delimiter, fits):
            at = end
            yield number, row


def _until_bad(
    lines: list[str], start: int, delimiter: str, fits: Callable[[list[str]], bool]
) -> Iterator[tuple[int, int, list[str] | str]]:
    """Yield (line from 1, lines read so far, row) up to the first that is none."""
    reader = csv.reader((lines[at] for at in range(start, len(lines))), delimiter=delimiter)
    begin = start
    while begin < len(lines):
        try:
            cells = next(reader)
        except csv.Error as error:
            several = start + reader.line_num > begin + 1
            yield begin + 1, begin + 1, NOT_CLOSED if several else str(error)
            return
        end = start + reader.line_num
        is_open = sum(line.count('"') for line in lines[begin:end]) % 2 == 1
        if end > begin + 1 and (is_open or not fits(cells)):
            yield begin + 1, begin + 1, NOT_CLOSED
            return
        yield begin + 1, end, cells
        begin = end
