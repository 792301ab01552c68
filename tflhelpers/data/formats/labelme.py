"""LabelMe 5: one JSON file a picture, which may hold the picture itself. Points are pixels counted from 0.

Source: `labelme/_label_file.py`, read: a circle is its centre and a point on its rim.
"""

from __future__ import annotations

import json
import math
import os
import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.formats.class_list import CLASS_LIST, read_class_list, write_class_list
from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.files import files_below, relative_where
from tflhelpers.data.formats.oriented import numbers
from tflhelpers.data.formats.picture_index import as_posix
from tflhelpers.data.formats.polygons import XYXY, box_around
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, list_at, object_of, text_at
from tflhelpers.data.formats.writing import LINE_BREAKS, known_sizes, names_like, refuse_names, shortest
from tflhelpers.data.pictures import Picture
from tflhelpers.files.atomic_file import write_text

_RECTANGLE: dict[str, Any] = {
    "group_id": None,
    "description": "",
    "shape_type": "rectangle",
    "flags": {},
    "mask": None,
}
_NO_AREA = {"point": "a point", "points": "points", "line": "a line", "linestrip": "a line"}


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a folder of JSON files, subfolders included, or one file; polygons and circles become boxes.

    Pictures are looked for beside their files; those inside the files are not needed. The classes are in the order
    of a `classes.txt` in the folder, if there is one.

    Args:
        path: The folder or the file.
        report: Is told of files that are refused; the others go on.
    """
    folder = path if path.is_dir() else path.parent
    files = files_below(path, {".json"}) if path.is_dir() else [path]
    names = read_class_list(folder / CLASS_LIST, report) if (folder / CLASS_LIST).is_file() else None
    return RawSet(names, _pictures(files, folder, report))


def write(annotations: Annotations, path: Path) -> list[Path]:
    """Write a folder of JSON files without the pictures, and a `classes.txt`; LabelMe opens the pictures itself.

    Returns:
        The files written.

    Raises:
        AnnotationError: If the size of a picture is not known, or a class name has line breaks.
    """
    refuse_names(annotations.class_names, LINE_BREAKS, "LabelMe")
    sizes = known_sizes(annotations)
    places = names_like(annotations.image_paths, ".json")
    written = [write_class_list(annotations.class_names, path / CLASS_LIST)]
    for picture, size, place in zip(annotations.pictures, sizes, places, strict=True):
        file = path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        content = _to_json(picture, size, file.parent, annotations.class_names)
        write_text(file, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
        written.append(file)
    return written


def _to_json(
    picture: Picture, size: tuple[int, int], folder: Path, class_names: Sequence[str]
) -> dict[str, Any]:
    shapes = [
        {**_RECTANGLE, "label": class_names[label], "points": [_point(xyxy[:2]), _point(xyxy[2:])]}
        for xyxy, label in zip(picture.boxes.xyxy, picture.boxes.labels.tolist(), strict=True)
    ]
    return {
        "version": "5.4.1",
        "flags": {},
        "shapes": shapes,
        "imagePath": relative_name(picture.path, folder),
        "imageData": None,
        "imageHeight": size[0],
        "imageWidth": size[1],
    }


def _point(xy: np.ndarray) -> list[float]:
    return [float(shortest(value)) for value in xy]


def _pictures(files: Sequence[Path], folder: Path, report: ReportBuilder) -> Iterator[RawPicture]:
    for file in files:
        where = relative_where(file, folder)
        try:
            content = object_of(file, report, leave_out="imageData")
        except (AnnotationError, OSError) as error:
            report.refused(where, f"no whole LabelMe file: {error}")
            continue
        if isinstance(content.get("shapes"), list):
            yield from _picture(content, where, report)
        else:
            report.note(where, "JSON of another kind: left out, for it has no list of shapes")


def _picture(content: dict[str, Any], where: str, report: ReportBuilder) -> Iterator[RawPicture]:
    drawn = Drawn(where, report)
    for here, shape in drawn.each(content, "shapes", "shape"):
        _draw(shape, here, drawn)
    size = as_size(content.get("imageHeight"), content.get("imageWidth"))
    name, *others = _names(text_at(content, "imagePath"), where)
    yield from drawn.picture(name, size, aliases=tuple(others))


def _names(image_path: str, where: str) -> list[str]:
    name, here = as_posix(image_path), posixpath.dirname(where)
    names = [posixpath.join(here, name), posixpath.join(here, posixpath.basename(name)), name] if name else []
    return list(dict.fromkeys([*names, os.path.splitext(where)[0]]))


def _draw(shape: Any, here: str, drawn: Drawn) -> None:
    kind = text_at(shape, "shape_type") or "polygon"  # as LabelMe takes files older than the field
    if not isinstance(shape, dict) or kind in _NO_AREA:
        drawn.refuse(here, f"no area: {_NO_AREA.get(kind, 'it is no object')}")
        return
    points = list_at(shape, "points")
    box = _around_circle(points) if kind == "circle" else box_around(points)
    if box is None:
        drawn.refuse(here, f"no numbers: of the {kind[:40]}")
    else:
        drawn.box(shape.get("label"), box, here)


def _around_circle(points: Sequence[Any]) -> XYXY | None:
    if len(points) != 2 or not all(isinstance(point, list) and len(point) == 2 for point in points):
        return None
    found = numbers(*points[0], *points[1])
    if found is None:
        return None
    radius = math.hypot(found[2] - found[0], found[3] - found[1])
    return found[0] - radius, found[1] - radius, found[0] + radius, found[1] + radius
