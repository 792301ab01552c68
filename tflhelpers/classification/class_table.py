"""Classes in a CSV file: a line for each picture, with its file name and its class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tflhelpers.classification.label_checks import Candidate
from tflhelpers.files.csv_rows import csv_rows
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.files.text import decode_file

FILE_COLUMNS = ("filename", "file", "path", "image", "image_path")
CLASS_COLUMNS = ("class", "label", "class_name", "category")


def from_table(path: Path, images: Path) -> tuple[list[str], list[Candidate], list[str]]:
    """Class names in the order of the alphabet, the files named, and nothing left out.

    Commas, semicolons or tabs may separate; a byte-order mark does no harm.

    Args:
        path: the CSV file.
        images: the folder that its file names are relative to.

    Raises:
        ValueError: a column is missing, a line lacks a name, or it is no text; the message names the line.
    """
    rows = list(_rows(path))
    names = sorted({name for _, _, name in rows}, key=lambda name: (name.casefold(), name))
    label_of = {name: label for label, name in enumerate(names)}
    candidates = [
        Candidate(
            images / file.replace("\\", "/"), label_of[name], f"{images / file} (line {line} of {path.name})"
        )
        for line, file, name in rows
    ]
    return names, candidates, []


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """(line, file name, class) of each line."""
    refuse_stand_in(path, "a table of file names and classes")
    text, _ = decode_file(path)
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    rows = csv_rows(text, separator)
    header = [cell.strip().lower() for cell in next(rows, (1, []))[1]]
    file_at, class_at = (_column(path, header, known) for known in (FILE_COLUMNS, CLASS_COLUMNS))
    for line, cells in rows:
        if isinstance(cells, str):
            raise ValueError(
                f"{path}, line {line}: expected a file name and a class, but {cells}. Mend the line."
            )
        if not any(cell.strip() for cell in cells):
            continue
        padded = [cell.strip() for cell in cells] + [""] * len(header)
        file, name = padded[file_at], padded[class_at]
        if not file or not name:
            raise ValueError(
                f"{path}, line {line}: expected a file name and a class, got {separator.join(cells)!r}. "
                "Fill in or delete the line."
            )
        yield line, file, name


def _column(path: Path, header: list[str], known: tuple[str, ...]) -> int:
    found = [header.index(name) for name in known if name in header]
    if not found:
        raise ValueError(
            f"{path}: expected a first line with the columns {FILE_COLUMNS[0]} and {CLASS_COLUMNS[0]}, got "
            f"{', '.join(header) or 'an empty file'}. Another name may be: {', '.join(known)}."
        )
    return found[0]
