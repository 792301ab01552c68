"""Create ML's JSON for object detection: the centre of each box and its size, in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tflhelpers.data.formats.oriented import numbers
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, dict_at, list_at, rows_of, text_at


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a file; a picture without annotations is a negative.

    Args:
        path: The .json file.
        report: Is told of what is refused; the rest goes on.

    Raises:
        AnnotationError: If there is no JSON in it.
    """
    return RawSet(None, _pictures(path, report))


def _pictures(path: Path, report: ReportBuilder) -> Iterator[RawPicture]:
    for number, row in rows_of(path, report, "Create ML"):
        name = text_at(row, "image") or text_at(row, "imagefilename")
        where = f"{path.name}: {name or f'entry {number}'}"[:300]
        if not name or not isinstance(row.get("annotations"), list):
            report.refused(where, "no picture of Create ML: image or annotations are missing")
            continue
        drawn = Drawn(where, report)
        for place, entry in enumerate(list_at(row, "annotations"), 1):
            _draw(entry, f"annotation {place}", drawn)
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
