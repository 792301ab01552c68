"""CSV as the TensorFlow tutorials write it: one row a box, `filename,width,height,class,xmin,ymin,xmax,ymax`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.formats.class_list import class_list_of, read_class_list, write_class_list
from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.counted_from import noting_if_from_one
from tflhelpers.data.formats.raw import RawBox, RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import rows_of_table, text_of
from tflhelpers.data.formats.writing import known_sizes, shortest
from tflhelpers.files.atomic_file import write_text

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
_EDGES = COLUMNS[4:]
_NEEDED = ("filename", "class", *_EDGES)
_OTHER_NAMES = {
    "image": "filename",
    "imagename": "filename",
    "imagepath": "filename",
    "label": "class",
    "classname": "class",
    "x1": "xmin",
    "y1": "ymin",
    "x2": "xmax",
    "y2": "ymax",
}
_BLANK = {"", "nan", "<na>", "#n/a"}  # as pandas and spreadsheets write what is missing
_NOTHING = _BLANK | {"none", "null", "n/a"}  # these may be names of classes too
_DELIMITERS = (",", ";", "\t", "|")
_Row = Mapping[str, str]


def read(path: Path, report: ReportBuilder, *, one_based: bool = False) -> RawSet:
    """Read a table. Columns come in any order and may be more; commas, semicolons, tabs or bars part them.

    A row whose class and edges are all empty is a negative: the picture without a box. The classes are in the
    order of a `NAME.classes.txt` beside `NAME.csv`, if there is one.

    Args:
        path: The file.
        report: Is told of rows that are refused; the others go on.
        one_based: Whether pixels are counted from 1 and the last one lies inside; see `voc`.

    Raises:
        AnnotationError: If it is no table with these columns, or larger than 256 MB.
    """
    text = text_of(path, report)
    delimiter, columns = _header(path, text)
    pictures = _pictures(_rows(text, delimiter, columns, path.name, report), path.name, report, one_based)
    if not one_based:
        pictures = noting_if_from_one(pictures, path.name, report)
    classes = class_list_of(path)
    names = read_class_list(classes, report) if classes.is_file() else None
    return RawSet(names, pictures)


def write(annotations: Annotations, path: Path, *, one_based: bool = False) -> list[Path]:
    """Write a table, and the classes in their order to `NAME.classes.txt` beside it.

    Pictures are named as seen from the file's folder; one without boxes has a row with empty cells.

    Returns:
        The files written.

    Raises:
        AnnotationError: If the size of a picture is not known, or a name has line breaks.
    """
    sizes = known_sizes(annotations)
    broken = [
        name for name in annotations.class_names if len(name.splitlines()) > 1 or name.strip("\r\n") != name
    ]
    if broken:
        raise AnnotationError(
            f"CSV tables cannot hold the class name {broken[0]!r}: it has line breaks. Rename it."
        )
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for picture, (height, width) in zip(annotations.pictures, sizes, strict=True):
        start = [relative_name(picture.path, path.parent), width, height]
        for xyxy, label in zip(picture.boxes.xyxy, picture.boxes.labels.tolist(), strict=True):
            edges = [shortest(value) for value in xyxy]
            if one_based:
                edges[:2] = [repr(float(edge) + 1).removesuffix(".0") for edge in edges[:2]]
            writer.writerow([*start, annotations.class_names[label], *edges])
        if not len(picture.boxes):
            writer.writerow([*start, "", "", "", "", ""])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, table.getvalue())
    return [path, write_class_list(annotations.class_names, class_list_of(path))]


def has_columns(first_line: str) -> bool:
    """Tell whether the first line of a text file names the columns of such a table."""
    return _columns_in(first_line) is not None


def _header(path: Path, text: str) -> tuple[str, list[str]]:
    """Return the delimiter and what each column holds ("" for one we do not need)."""
    found = _columns_in(text.split("\n", 1)[0])
    if found is None:
        raise AnnotationError(
            f"{path}: expected a first line with the columns {','.join(COLUMNS)} in any order, got "
            f"{text[:100].splitlines()[:1]}. Write that line above the table."
        )
    return found


def _columns_in(line: str) -> tuple[str, list[str]] | None:
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([line.strip("\r\n\ufeff")], delimiter=delimiter), [])
        except csv.Error:
            continue
        columns = [_column(cell) for cell in cells]
        if set(_NEEDED) <= set(columns):
            return delimiter, columns
    return None


def _column(cell: str) -> str:
    name = cell.strip().lower().replace("_", "").replace(" ", "")
    name = _OTHER_NAMES.get(name, name)
    return name if name in COLUMNS else ""


def _rows(
    text: str, delimiter: str, columns: list[str], name: str, report: ReportBuilder
) -> Iterator[tuple[str, _Row]]:
    """Yield each row below the header, with its place; a header that comes again names the columns from there."""

    def fits(cells: list[str]) -> bool:  # a description may go over several lines
        row = dict(zip(columns, cells, strict=False))
        needed = "".join(row.get(column, "") for column in _NEEDED)
        return len(cells) == len(columns) and len(needed.splitlines()) == 1

    for number, cells in rows_of_table(text, name, report, delimiter=delimiter, fits=fits):
        if number == 1 or not any(cell.strip() for cell in cells):
            continue
        if again := _header_again(cells):
            columns = again
            report.note(f"{name}, row {number}", "header again: no box, passed over")
        else:
            yield f"row {number}", dict(zip(columns, cells, strict=False))


def _header_again(cells: Sequence[str]) -> list[str] | None:
    """Return the columns that a row names, as where tables were put one behind the other."""
    if any(cell[:1].isdigit() for cell in cells):  # the edges of a box, or the size of a picture
        return None
    columns = [_column(cell) for cell in cells]
    return columns if set(_NEEDED) <= set(columns) else None


def _is_blank(cell: str) -> bool:
    return cell.strip().lower() in _BLANK


def _pictures(
    rows: Iterable[tuple[str, _Row]], name: str, report: ReportBuilder, one_based: bool
) -> Iterator[RawPicture]:
    """Yield the pictures in the order in which they first come, each with the boxes of all its rows."""
    pictures: dict[str, RawPicture] = {}
    for where, row in rows:
        file_name = row.get("filename", "").strip()
        missing = [column for column in _NEEDED if _is_blank(row.get(column, ""))]
        is_negative = all(row.get(column, "").strip().lower() in _NOTHING for column in _NEEDED[1:])
        is_refused = bool(missing) and not is_negative
        if is_refused:
            report.refused(f"{name}, {where}", f"empty cells: {', '.join(missing)}")
        if not file_name:
            continue
        picture, size = pictures.get(file_name), as_size(row.get("height"), row.get("width"))
        if picture is None:
            picture = pictures[file_name] = RawPicture(file_name, [], f"{name}: {file_name}", size)
        elif size not in (picture.size, None):
            report.note(f"{name}, {where}", f"another size than before: of {file_name!r}; the first counts")
        picture.incomplete |= is_refused
        if not (missing or is_negative):
            picture.boxes.append(_to_box(row, where, one_based))
    yield from pictures.values()


def _to_box(row: _Row, where: str, one_based: bool) -> RawBox:
    left, top, right, bottom = (_number(row[edge]) for edge in _EDGES)
    if one_based:
        left, top = _less_one(left), _less_one(top)
    return RawBox(row["class"], (left, top, right, bottom), where)


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _less_one(value: float | str) -> float | str:
    return value - 1 if isinstance(value, float) else value
