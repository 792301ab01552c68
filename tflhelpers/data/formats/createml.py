"""Create ML's JSON for object detection: the centre of each box and its size, in pixels."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.formats.class_list import class_list_of, read_class_list, write_class_list
from tflhelpers.data.formats.oriented import numbers
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, dict_at, rows_of, text_at
from tflhelpers.data.formats.writing import LINE_BREAKS, refuse_names
from tflhelpers.data.pictures import Picture
from tflhelpers.files.atomic_file import write_text


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a file; a picture without annotations is a negative.

    Args:
        path: The .json file. The classes are in the order of a `NAME.classes.txt` beside it, if there is one.
        report: Is told of what is refused; the rest goes on.

    Raises:
        AnnotationError: If there is no JSON in it.
    """
    classes = class_list_of(path)
    names = read_class_list(classes, report) if classes.is_file() else None
    return RawSet(names, _pictures(path, report))


def write(annotations: Annotations, path: Path) -> list[Path]:
    """Write a file, and the classes in their order to `NAME.classes.txt` beside it.

    Returns:
        The files written.

    Raises:
        AnnotationError: If a class name has line breaks.
    """
    refuse_names(annotations.class_names, LINE_BREAKS, "Create ML")
    rows = [_to_json(picture, path.parent, annotations.class_names) for picture in annotations.pictures]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    return [path, write_class_list(annotations.class_names, class_list_of(path))]


def _to_json(picture: Picture, folder: Path, class_names: Sequence[str]) -> dict[str, Any]:
    rows = zip(picture.boxes.xyxy.tolist(), picture.boxes.labels.tolist(), strict=True)
    drawn = [{"label": class_names[label], "coordinates": _centre_and_size(*xyxy)} for xyxy, label in rows]
    return {"image": relative_name(picture.path, folder), "annotations": drawn}


def _centre_and_size(x1: float, y1: float, x2: float, y2: float) -> dict[str, float]:
    return {"x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "width": x2 - x1, "height": y2 - y1}


def _pictures(path: Path, report: ReportBuilder) -> Iterator[RawPicture]:
    for number, row in rows_of(path, report, "Create ML"):
        name = text_at(row, "image") or text_at(row, "imagefilename")
        where = f"{path.name}: {name or f'entry {number}'}"[:300]
        if not name or not isinstance(row.get("annotations"), list):
            report.refused(where, "no picture of Create ML: image or annotations are missing")
            continue
        drawn = Drawn(where, report)
        for here, entry in drawn.each(row, "annotations", "annotation"):
            _draw(entry, here, drawn)
        yield from drawn.picture(name)


def _draw(entry: Any, here: str, drawn: Drawn) -> None:
    coordinates = dict_at(entry, "coordinates")
    found = numbers(*(coordinates.get(key) for key in ("x", "y", "width", "height")))
    if found is None:
        drawn.refuse(here, f"no numbers: {coordinates!r}"[:200])
        return
    x, y, width, height = found
    box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    drawn.box(text_at(entry, "label") or None, box, here)
