"""Datumaro's own JSON: one file a subset, boxes as left, top, width and height in pixels.

Source: datumaro's `plugins/data_formats/datumaro`, read. A box may bear an attribute `rotation`, in degrees about
its centre, where it came from CVAT.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.files import files_below, relative_where
from tflhelpers.data.formats.json_stream import read_members
from tflhelpers.data.formats.oriented import around_turned, degrees_of, numbers
from tflhelpers.data.formats.picture_index import as_posix
from tflhelpers.data.formats.polygons import XYXY, segmentation_box
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, dict_at, list_at, members_of, text_at

_NO_AREA = ("points", "polyline", "skeleton", "cuboid_3d", "caption")


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a data set or one of its files; polygons, masks and turned boxes become the boxes around them.

    An item without annotations is a negative.

    Args:
        path: The folder, that of the data set or its `annotations`, or a .json file.
        report: Is told of what is refused; the rest goes on.
    """
    folder = path if path.is_dir() else path.parent
    files = files_below(path, {".json"}) if path.is_dir() else [path]
    found = {file: classes for file in files if (classes := _classes(file, folder, report)) is not None}
    names = list(dict.fromkeys(name for classes in found.values() for name in classes if name))
    pictures = (one for file, classes in found.items() for one in _pictures(file, folder, classes, report))
    beside = [place for place in (folder / "images", folder.parent / "images") if place.is_dir()]
    return RawSet(names or None, pictures, beside)


def _classes(file: Path, folder: Path, report: ReportBuilder) -> list[str] | None:
    """Return the names of a file's classes; None, told to the report, for another file."""
    where = relative_where(file, folder)
    try:
        found = next(
            (part.value for part in read_members(file, report=report) if part.key == "categories"), None
        )
    except (AnnotationError, OSError) as error:
        report.refused(where, f"no whole file of Datumaro: {error}")
        return None
    if not isinstance(found, dict):
        report.note(where, "JSON of another kind: left out, for it has no categories of Datumaro")
        return None
    return [text_at(label, "name") for label in list_at(dict_at(found, "label"), "labels")]


def _pictures(
    file: Path, folder: Path, classes: Sequence[str], report: ReportBuilder
) -> Iterator[RawPicture]:
    for key, value in members_of(file, report):
        if key == "items" and isinstance(value, list):
            for item in value:
                yield from _picture(item, relative_where(file, folder), classes, report)


def _picture(item: Any, file: str, classes: Sequence[str], report: ReportBuilder) -> Iterator[RawPicture]:
    image = dict_at(item, "image") or dict_at(item, "media")
    names = [as_posix(name) for name in (text_at(image, "path"), text_at(item, "id")) if name]
    if not names:
        report.refused(file, "no item of Datumaro: it has neither id nor path")
        return
    drawn = Drawn(f"{file}: {names[-1]}"[:300], report)
    for here, entry in drawn.each(item, "annotations", "annotation"):
        if text_at(entry, "type") != "label":
            _draw(entry, classes, here, drawn)
    sides = list_at(image, "size")
    size = as_size(*sides) if len(sides) == 2 else None
    yield from drawn.picture(names[0], size, aliases=tuple(names[1:]))


def _draw(entry: Any, classes: Sequence[str], here: str, drawn: Drawn) -> None:
    kind, degrees = text_at(entry, "type"), _degrees(entry)
    box = None if kind in _NO_AREA else _box(entry, kind, degrees)
    if box is None:
        drawn.refuse(here, f"neither box, polygon nor mask: {kind[:40]!r}")
        return
    label = entry.get("label_id")
    known = isinstance(label, int) and not isinstance(label, bool) and 0 <= label < len(classes)
    drawn.box(classes[label] if known else None, box, here)
    drawn.turned(here, degrees)


def _degrees(entry: Any) -> float:
    turned = text_at(entry, "type") == "rotated_bbox"
    given = list_at(entry, "bbox")[4:5] if turned else [dict_at(entry, "attributes").get("rotation")]
    return degrees_of(given[0]) if given else 0.0


def _box(entry: dict[str, Any], kind: str, degrees: float) -> XYXY | None:
    if kind == "polygon":
        return segmentation_box(entry.get("points"))
    if kind == "mask":
        return segmentation_box(dict_at(entry, "rle"))
    found = numbers(*list_at(entry, "bbox")[:4])
    if found is None or len(found) != 4:
        return None
    x, y, width, height = found
    if kind == "rotated_bbox":  # its first two numbers are the centre
        x, y = x - width / 2, y - height / 2
    if not degrees:
        return x, y, x + width, y + height
    return around_turned((x, y, width, height), degrees)
