"""The output manifest of a bounding box job of SageMaker Ground Truth: one line of JSON a picture, pixels from 0.

Source: AWS' page on the bounding box job output.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.oriented import numbers
from tflhelpers.data.formats.picture_urls import file_name_of
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, dict_at, list_at, rows_of, text_at

_METADATA = "-metadata"


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a manifest. A picture on which nothing was drawn is a negative; one without a result is left out.

    Args:
        path: The .manifest file.
        report: Is told of what is refused; the rest goes on.

    Raises:
        AnnotationError: If there is no JSON in it.
    """
    return RawSet(None, _pictures(path, report))


def _pictures(path: Path, report: ReportBuilder) -> Iterator[RawPicture]:
    for number, row in rows_of(path, report, "SageMaker Ground Truth"):
        where = f"{path.name}: line {number}"
        name = file_name_of(text_at(row, "source-ref"))
        jobs = [key for key in row if "annotations" in dict_at(row, key)] if isinstance(row, dict) else []
        if not name:
            report.refused(where, "no picture named: source-ref is missing")
        elif not jobs:
            report.note(where, f"not annotated in Ground Truth: {name[:80]!r} is left out")
        else:
            yield from _picture(row, name, jobs, where, report)


def _picture(
    row: dict[str, Any], name: str, jobs: list[str], where: str, report: ReportBuilder
) -> Iterator[RawPicture]:
    drawn = Drawn(where, report)
    for job in jobs:
        classes = dict_at(dict_at(row, f"{job}{_METADATA}"), "class-map")
        for here, entry in drawn.each(row[job], "annotations", "annotation"):
            _draw(entry, classes, here, drawn)
    sides = next(iter(list_at(row[jobs[0]], "image_size")), None)
    side = {} if not isinstance(sides, dict) else sides
    yield from drawn.picture(name, as_size(side.get("height"), side.get("width")))


def _draw(entry: Any, classes: dict[str, Any], here: str, drawn: Drawn) -> None:
    found = (
        numbers(*(entry.get(key) for key in ("left", "top", "width", "height")))
        if isinstance(entry, dict)
        else None
    )
    if found is None:
        drawn.refuse(here, "no numbers: of left, top, width and height")
        return
    left, top, width, height = found
    drawn.box(classes.get(str(entry.get("class_id"))), (left, top, left + width, top + height), here)
