"""Finds annotation files below a folder, reads their text, and names them in reports."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.picture_files import counting_order
from tflhelpers.files.stand_ins import stand_in
from tflhelpers.files.text import FALLBACK, decode_text

_HEAD_BYTES = 4096


def walk_visible(folder: str | os.PathLike[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield a folder and each below with the names of its files, all in order, but nothing hidden."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        yield here, sorted(name for name in names if not name.startswith("."))


def files_below(folder: Path, endings: Collection[str]) -> list[Path]:
    """Return the files with one of the endings (lower case) in a folder and below, as people count.

    Hidden files and folders and what a Mac adds to archives are left out.
    """
    found = [
        Path(here, name)
        for here, names in walk_visible(folder)
        for name in names
        if os.path.splitext(name)[1].lower() in endings
    ]
    return sorted(found, key=lambda path: counting_order(relative_where(path, folder)))


def noted_text(path: Path, report: ReportBuilder) -> str:
    """Return the text of a file, whatever it is written in; the report is told where it is no Unicode.

    Raises:
        AnnotationError: If it only stands in for the file.
        OSError: If it cannot be read.
    """
    data = path.read_bytes()
    if found := stand_in(data[:_HEAD_BYTES]):
        raise AnnotationError(f"{path}: expected annotations, got {found}.")
    text, encoding = decode_text(data)
    if encoding == FALLBACK:
        report.not_utf8(path.name)
    return text


def relative_where(path: Path, folder: Path) -> str:
    """Return how reports call a file: as seen from the folder of the import, with forward slashes."""
    return path.relative_to(folder).as_posix()
