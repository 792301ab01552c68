"""Tables of other tools, one row a box: keras-retinanet and AutoML, which have no header, and Open Images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.oriented import numbers
from tflhelpers.data.formats.picture_urls import file_name_of, is_url
from tflhelpers.data.formats.polygons import box_around
from tflhelpers.data.formats.raw import RawBox, RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import rows_of_table, text_of

_PARTS = ("TRAIN", "TRAINING", "VALIDATE", "VALIDATION", "TEST", "UNASSIGNED")
_OPEN_IMAGES = ("imageid", "labelname", "xmin", "ymin", "xmax", "ymax")
_DESCRIPTIONS = "*class-descriptions*.csv"


class _Row(NamedTuple):
    """What a row says: `box` None for a negative."""

    name: str
    box: RawBox | None


_ToRow = Callable[[list[str], str], _Row]


def read_retinanet(path: Path, report: ReportBuilder) -> RawSet:
    """Read keras-retinanet's table `path,x1,y1,x2,y2,class`; a negative has nothing behind its path.

    Args:
        path: The .csv file. The classes are in the order of a `classes.csv` beside it, if there is one.
        report: Is told of rows that are refused; the others go on.

    Raises:
        AnnotationError: If it is larger than 256 MB.
    """
    classes = path.with_name("classes.csv")
    names = _ordered_classes(classes, report) if classes.is_file() and classes != path else None
    return RawSet(names, _pictures(_rows(path, report), _retinanet_row, path, report))


def read_automl(path: Path, report: ReportBuilder) -> RawSet:
    """Read the table that AutoML and Vertex AI import: `part,address,class,x1,y1,x2,y1,x2,y2,x1,y2` in 0..1.

    The part (TRAIN, ...) may be missing, and of the four corners two; a negative has no class and no corner.

    Args:
        path: The .csv file.
        report: Is told of rows that are refused; the others go on.

    Raises:
        AnnotationError: If it is larger than 256 MB.
    """
    return RawSet(None, _pictures(_rows(path, report), _automl_row, path, report, fractions=True))


def read_open_images(path: Path, report: ReportBuilder) -> RawSet:
    """Read the boxes of Open Images, in 0..1; codes of classes get the names of `class-descriptions` beside.

    Boxes around groups (`IsGroupOf`) are ignored by scoring, as COCO's crowds are.

    Args:
        path: The .csv file.
        report: Is told of rows that are refused; the others go on.

    Raises:
        AnnotationError: If it lacks a column or is larger than 256 MB.
    """
    rows = _rows(path, report)
    header = [cell.strip().lower() for cell in next(rows, (1, []))[1]]
    missing = [column for column in _OPEN_IMAGES if column not in header]
    if missing:
        raise AnnotationError(f"{path}: expected the columns of Open Images, missing are {missing}.")
    names = _descriptions(path, report)

    def to_row(cells: list[str], here: str) -> _Row:
        row = dict(zip(header, cells, strict=False))
        code = row["labelname"].strip()
        edges = tuple(row[edge] for edge in _OPEN_IMAGES[2:])
        is_group = row.get("isgroupof", "").strip() == "1"
        box = RawBox(names.get(code, code), (edges[0], edges[1], edges[2], edges[3]), here, crowd=is_group)
        return _Row(row["imageid"].strip(), box)

    return RawSet(None, _pictures(rows, to_row, path, report, fractions=True))


def _rows(path: Path, report: ReportBuilder) -> Iterator[tuple[int, list[str]]]:
    """Yield (number from 1, cells) for each row that is not blank."""
    for number, cells in rows_of_table(text_of(path, report), path.name, report):
        if any(cell.strip() for cell in cells):
            yield number, cells


def _pictures(
    rows: Iterator[tuple[int, list[str]]],
    to_row: _ToRow,
    path: Path,
    report: ReportBuilder,
    fractions: bool = False,
) -> Iterator[RawPicture]:
    """Yield the pictures in the order in which they first come, each with the boxes of all its rows."""
    boxes: dict[str, list[RawBox]] = {}
    for number, cells in rows:
        try:
            name, box = to_row(cells, f"row {number}")
        except (KeyError, IndexError):
            report.refused(f"{path.name}, row {number}", f"too few cells: {len(cells)}")
            continue
        if not name:
            report.refused(f"{path.name}, row {number}", "no picture named: the cell is empty")
            continue
        boxes.setdefault(name, []).extend([box] if box else [])
    for name, found in boxes.items():
        yield RawPicture(name, found, f"{path.name}: {name}"[:300], fractions=fractions)


def _retinanet_row(cells: list[str], here: str) -> _Row:
    if not any(cell.strip() for cell in cells[1:]):
        return _Row(cells[0].strip(), None)
    return _Row(cells[0].strip(), RawBox(cells[5], (cells[1], cells[2], cells[3], cells[4]), here))


def _automl_row(cells: list[str], here: str) -> _Row:
    cells = cells[1:] if cells[0].strip().upper() in (*_PARTS, "") else cells
    name = file_name_of(cells[0].strip()) if is_url(cells[0]) else cells[0].strip()
    corners = [
        corner for corner in zip(cells[2::2], cells[3::2], strict=False) if any(map(str.strip, corner))
    ]
    if not corners and not cells[1].strip():
        return _Row(name, None)
    box: tuple[Any, Any, Any, Any] = box_around(corners) or (None, None, None, None)
    return _Row(name, RawBox(cells[1], box, here))


def _ordered_classes(path: Path, report: ReportBuilder) -> Sequence[str]:
    """Return the names of `class,id` rows in the order of their ids."""
    found = [(each[0], cells[0]) for _, cells in _rows(path, report) if (each := numbers(*cells[1:2]))]
    return [name for _, name in sorted(found)]


def _descriptions(path: Path, report: ReportBuilder) -> dict[str, str]:
    """Return the names of Open Images' codes ("/m/0jbk": "Animal") of the first list that lies beside."""
    beside = next(iter(sorted(path.parent.glob(_DESCRIPTIONS))), None)
    if beside is None:
        return {}
    return {cells[0].strip(): cells[1].strip() for _, cells in _rows(beside, report) if len(cells) > 1}
