"""KITTI and DOTA: a folder of text files, one a picture, one line a box. Pixels counted from 0.

Source: KITTI's object development kit, its readme; DOTA's page on its labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.files import files_below, relative_where
from tflhelpers.data.formats.oriented import numbers
from tflhelpers.data.formats.polygons import box_around
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.recognise import tool_of
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, text_of
from tflhelpers.files.stand_ins import stand_in_at
from tflhelpers.files.text import decode_text

_DONT_CARE = "DontCare"
_HEADERS = ("imagesource:", "gsd:")
_Draw = Callable[[list[str], str, Drawn], None]


def read_kitti(path: Path, report: ReportBuilder) -> RawSet:
    """Read a folder of KITTI's object labels, subfolders included, or one file.

    Regions marked DontCare have no class, and are left out with a note. An empty file is a negative.

    Args:
        path: The folder, that of the labels or one above it, or a .txt file.
        report: Is told of lines that are refused; the others go on.
    """
    return _read(path, "kitti", _draw_kitti, report)


def read_dota(path: Path, report: ReportBuilder) -> RawSet:
    """Read a folder of DOTA's labels, subfolders included, or one file; turned boxes become upright ones.

    Args:
        path: The folder, that of the labels or one above it, or a .txt file.
        report: Is told of lines that are refused and of boxes that were turned.
    """
    return _read(path, "dota", _draw_dota, report)


def _read(path: Path, tool: str, draw: _Draw, report: ReportBuilder) -> RawSet:
    folder = path if path.is_dir() else path.parent
    files = [path] if path.is_file() else _label_files(path, tool, report)
    beside = [folder.parent / name for name in ("image_2", "images")]
    pictures = (picture for file in files for picture in _picture(file, folder, draw, report))
    return RawSet(None, pictures, [place for place in beside if place.is_dir()])


def _label_files(folder: Path, tool: str, report: ReportBuilder) -> list[Path]:
    """Return the files of the tool, and the empty ones in the folders where these lie; others are refused."""
    files = files_below(folder, {".txt"})
    of_tool = {file for file in files if tool_of(file) == tool}
    folders = {file.parent for file in of_tool}
    beside = [file for file in files if file.parent in folders]
    empty = {file for file in beside if file not in of_tool and _is_empty(file)}
    for file in beside:
        if file not in of_tool and file not in empty:
            other = "no file of labels: its lines are of another kind"
            report.refused(relative_where(file, folder), stand_in_at(file) or other)
    return [file for file in beside if file in of_tool or file in empty]


def _is_empty(file: Path) -> bool:
    return file.stat().st_size < 1000 and all(
        not line.strip() or line.startswith(_HEADERS)
        for line in decode_text(file.read_bytes())[0].splitlines()
    )


def _picture(file: Path, folder: Path, draw: _Draw, report: ReportBuilder) -> Iterator[RawPicture]:
    where = relative_where(file, folder)
    drawn = Drawn(where, report)
    try:
        lines = text_of(file, report).splitlines()
    except (AnnotationError, OSError) as error:
        report.refused(where, f"unreadable file: {error}")
        return
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith(_HEADERS):
            draw(line.split(), f"line {number}", drawn)
    yield from drawn.picture(file.stem, aliases=(where.removesuffix(file.suffix),))


def _draw_kitti(cells: list[str], here: str, drawn: Drawn) -> None:
    if len(cells) < 8:
        drawn.refuse(here, f"no line of KITTI: expected a class and 14 numbers, got {len(cells)} words")
    elif cells[0] == _DONT_CARE:
        drawn.note(here, "region marked DontCare: left out, for it has no class")
    else:
        drawn.box(cells[0], (cells[4], cells[5], cells[6], cells[7]), here)


def _draw_dota(cells: list[str], here: str, drawn: Drawn) -> None:
    found = numbers(*cells[:8]) if len(cells) >= 9 else None
    corners = set(zip(found[::2], found[1::2], strict=True)) if found else set()
    box = box_around(corners)
    if box is None:
        drawn.refuse(here, "no line of DOTA: expected four corners x y and a class")
        return
    drawn.box(cells[8], box, here)
    if cells[9:] and cells[9] != "0":
        drawn.note(here, "boxes marked difficult: taken like the others")
    if corners != {(x, y) for x in box[::2] for y in box[1::2]}:
        drawn.turned(here)
