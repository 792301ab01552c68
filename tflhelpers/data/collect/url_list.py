"""Reads lists of addresses: a CSV with a column of them, or a text file with one a line."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.files.csv_rows import csv_rows
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.files.text import decode_text

_ADDRESS = re.compile(r"\s*https?://\S", re.I)
_WHOLE_ADDRESS = re.compile(r"\s*https?://\S+\.\w+")
_NAME_COLUMNS = ("file_name", "filename", "file name", "external id", "external_id", "image_name", "name")
_SEPARATORS = (",", ";", "\t", "|")
_BLANKS = " \t,;|"
_NO_SEPARATOR = "\x1f"  # of a single column: addresses may hold commas, and marks may stand around each
_LARGEST_FILE = 1 << 28  # bytes: a million addresses and more
_LONGEST_CELL = 1 << 20  # letters; Labelbox exports carry whole drawings in a cell


@dataclass(frozen=True)
class Row:
    """One address of a list.

    Attributes:
        line: Where it stands, from 1.
        url: The address, without blanks around it.
        name: The file name wanted; "" for none.
        class_name: Its class; "" for none.
    """

    line: int
    url: str
    name: str = ""
    class_name: str = ""


@dataclass(frozen=True)
class BadRow:
    """A row without a usable address, and why."""

    line: int
    cell: str
    reason: str


def read_url_list(
    path: Path,
    *,
    url_column: str | int | None = None,
    name_column: str | int | None = None,
    class_column: str | int | None = None,
) -> list[Row | BadRow]:
    """Return the rows of a list in its order.

    A CSV may be separated by comma, semicolon, tab or bar, with a row of column names or without. Where no column is
    given, it is the one with the most addresses. Empty lines, and in a text file those that begin with `#`, do not
    count.

    Args:
        path: The file.
        url_column: The column of addresses: its name, or its number from 0.
        name_column: The column of file names, default the one that is called so (`filename`, `External ID`, ...).
        class_column: The column of classes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds no address or 256 MiB and more, or a column is not there.
    """
    _check_size(path)
    refuse_stand_in(path, "a list of addresses")
    text, _ = decode_text(path.read_bytes())
    records = list(_records(text))
    width = max((len(cells) for _, cells in records), default=0)
    column = _url_column(records, url_column, width, path)
    header = [cell.strip() for cell in records[0][1]] if records else []
    has_header = bool(header) and not any(_ADDRESS.match(cell) for cell in header)
    header = header if has_header else []
    names = _column(name_column, header, width, path, guesses=_NAME_COLUMNS)
    classes = _column(class_column, header, width, path)
    return [_row(line, cells, column, names, classes) for line, cells in records[has_header:]]


def _check_size(path: Path) -> None:
    if (size := path.stat().st_size) > _LARGEST_FILE:
        raise ValueError(
            f"{path}: expected a list of addresses of at most {_LARGEST_FILE >> 20} MiB, got {size >> 20} MiB. "
            "Split it, or take the column of addresses alone."
        )


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Pairs (line number, cells) of what is not empty. A cell may go over several lines: its first one counts."""
    text = text.replace("\0", "")
    separator = _separator(text)
    if separator is None:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield number, [line]
        return
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        width = len(next(csv_rows(text, separator), (1, ""))[1])
        for number, row in csv_rows(text, separator, fits=lambda cells: len(cells) == width):
            cells = [f"({row})"] if isinstance(row, str) else row
            if any(cell.strip(_BLANKS) for cell in cells):
                yield number, cells
    finally:
        csv.field_size_limit(before)


def _separator(text: str) -> str | None:
    """The letter between the cells, or None if each line is one address."""
    lines = [
        line for line in text[: 1 << 16].splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    if lines and not _ADDRESS.match(
        lines[0]
    ):  # names of columns: what stands between them is no part of a cell
        most = max(_SEPARATORS, key=lines[0].count)
        return most if most in lines[0] else _NO_SEPARATOR
    fitting = [letter for letter in _SEPARATORS if all(_splits(line, letter) for line in lines)]
    return fitting[0] if fitting and lines else None


def _splits(line: str, separator: str) -> bool:
    """Whether a separator stands behind the address and not in it: addresses may hold commas and bars."""
    address, _, rest = line.partition(separator)
    return separator in line and bool(_WHOLE_ADDRESS.fullmatch(address)) and not re.search("[/&=]", rest)


def _url_column(
    records: Sequence[tuple[int, list[str]]], wanted: str | int | None, width: int, path: Path
) -> int:
    if wanted is not None and records:
        header = [cell.strip() for cell in records[0][1]]
        return _column(wanted, header, width, path) or 0
    found = Counter(
        column for _, cells in records for column, cell in enumerate(cells) if _ADDRESS.match(cell)
    )
    if not found:
        raise ValueError(
            f"{path}: expected a column of addresses that begin with http:// or https://, got none in "
            f"{len(records)} lines. Write one address a line, or a CSV with a column of them."
        )
    return min(found, key=lambda column: (-found[column], column))


def _column(
    wanted: str | int | None, header: Sequence[str], width: int, path: Path, guesses: Sequence[str] = ()
) -> int | None:
    small = [name.lower() for name in header]
    if wanted is None:
        return next((small.index(guess) for guess in guesses if guess in small), None)
    if isinstance(wanted, int):
        if not 0 <= wanted < width:
            raise ValueError(f"{path}: expected a column from 0 to {width - 1}, got {wanted}.")
        return wanted
    if wanted.strip().lower() not in small:
        known = ", ".join(repr(name) for name in header) or "none: it has no row of column names"
        raise ValueError(f"{path}: expected a column called {wanted!r}, got {known}.")
    return small.index(wanted.strip().lower())


def _row(line: int, cells: list[str], column: int, names: int | None, classes: int | None) -> Row | BadRow:
    def cell(index: int | None) -> str:
        return cells[index].strip() if index is not None and index < len(cells) else ""

    url = cell(column)
    if not _ADDRESS.match(url):
        shown = url if len(url) <= 60 else f"{url[:60]}..."
        reason = f"expected an address that begins with http:// or https://, got {shown!r}"
        return BadRow(line, shown, reason)
    return Row(line, url, "" if names == column else cell(names), cell(classes))
