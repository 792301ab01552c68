"""Label Studio's JSON and JSON-MIN: percent of the picture, boxes turned clockwise about their upper left corner.

Source: Label Studio's documentation of the export formats, and `label_studio_sdk.converter`, read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.oriented import around_ellipse, around_turned, numbers
from tflhelpers.data.formats.picture_index import has_ending
from tflhelpers.data.formats.picture_urls import file_name_of, is_url
from tflhelpers.data.formats.polygons import XYXY, box_around
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, dict_at, list_at, rows_of, text_at

_UPLOADED = re.compile(r"^[0-9a-f]{8}-(?=.)")  # what an upload puts before the name
_GEOMETRY = ("x", "points", "rle", "sequence")  # one of these is in the value of whatever is drawn
_NOT_DATA = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read an export; polygons and ellipses become the boxes around them.

    A task on which an annotator drew nothing is a negative; one that nobody annotated or everybody skipped is
    left out. Of several annotators the one marked as ground truth is taken, else the first.

    Args:
        path: The .json file.
        report: Is told everything.

    Raises:
        AnnotationError: If there is no JSON in it.
    """
    return RawSet(None, _pictures(path, report))


def _pictures(path: Path, report: ReportBuilder) -> Iterator[RawPicture]:
    seen: dict[str, str] = {}
    for number, row in rows_of(path, report, "Label Studio"):
        where = f"{path.name}: task {number}"
        if not isinstance(row, dict):
            report.refused(where, f"no task of Label Studio: {row!r}"[:200])
        elif isinstance(row.get("data"), dict):
            yield from _of_task(row, where, report)
        else:
            yield from _of_short_row(row, where, seen, report)


def _of_task(task: dict[str, Any], where: str, report: ReportBuilder) -> Iterator[RawPicture]:
    names = _names(task["data"], text_at(task, "file_upload"))
    drawn_by = [
        each
        for each in list_at(task, "annotations") or list_at(task, "completions")
        if isinstance(each, dict)
    ]
    done = [each for each in drawn_by if not each.get("was_cancelled") and not each.get("skipped")]
    if not names:
        report.refused(where, f"no picture named: {sorted(task['data'])!r}"[:200])
    elif not done:
        why = "skipped" if drawn_by else "not annotated"
        report.note(where, f"{why} in Label Studio: {names[0][:80]!r} is left out")
    else:
        best = next((each for each in done if each.get("ground_truth") is True), done[0])
        _tell_others(len(done) - 1, names[0], best, where, report)
        yield from _picture(names, best, "result", where, report)


def _tell_others(others: int, name: str, best: dict[str, Any], where: str, report: ReportBuilder) -> None:
    which = "the ground truth" if best.get("ground_truth") is True else "the first"
    for number in range(others):
        report.refused(
            f"{where}, other annotator {number + 1}",
            f"another annotation of the same picture: {name[:80]!r} has {others + 1}; taken is {which}",
        )


def _of_short_row(
    row: dict[str, Any], where: str, seen: dict[str, str], report: ReportBuilder
) -> Iterator[RawPicture]:
    """A row of JSON-MIN: the task's data, the results under the names of the controls, one row an annotator."""
    fields = {key: value for key, value in row.items() if key not in _NOT_DATA}
    names = _names({key: value for key, value in fields.items() if isinstance(value, str)}, "")
    if not names:
        report.refused(where, f"no picture named: {sorted(row)!r}"[:200])
        return
    first = seen.setdefault(f"{row.get('id')!r} {names[0]}"[:500], where)
    if first != where:
        report.refused(
            where,
            f"another annotation of the same picture: {names[0][:80]!r}; taken is that of {first.rpartition(': ')[2]}",
        )
        return
    results = [value for field in fields.values() if isinstance(field, list) for value in field]
    short = [{"value": value, **_sizes(value)} for value in results if isinstance(value, dict)]
    yield from _picture(names, {"results": short}, "results", where, report)


def _sizes(value: dict[str, Any]) -> dict[str, Any]:
    return {key: value[key] for key in ("original_width", "original_height") if key in value}


def _picture(
    names: Sequence[str], drawn_by: dict[str, Any], key: str, where: str, report: ReportBuilder
) -> Iterator[RawPicture]:
    results = list_at(drawn_by, key)
    sizes = (
        as_size(each.get("original_height"), each.get("original_width"))
        for each in results
        if isinstance(each, dict)
    )
    size = next(filter(None, sizes), None)
    drawn = Drawn(where, report)
    for here, result in drawn.each(drawn_by, key, "result"):
        if not isinstance(result, dict):
            drawn.refuse(here, f"no result: {result!r}"[:200])
        elif any(part in dict_at(result, "value") for part in _GEOMETRY):
            _draw(result, _labels_of(result, results), size, here, drawn)
    yield from drawn.picture(names[0], size, fractions=size is None, aliases=tuple(names[1:]))


def _labels_of(result: dict[str, Any], results: Sequence[Any]) -> list[str]:
    """Return the classes of a shape: its own, or those that another result gives to the same region."""
    own = _own_labels(result)
    region = result.get("id")
    if own or not isinstance(region, str):
        return own
    same = (other for other in results if isinstance(other, dict) and other.get("id") == region)
    return next(filter(None, map(_own_labels, same)), [])


def _own_labels(result: dict[str, Any]) -> list[str]:
    value = dict_at(result, "value")
    lists = (value[key] for key in value if isinstance(key, str) and key.endswith("labels"))
    return [
        label for labels in lists if isinstance(labels, list) for label in labels if isinstance(label, str)
    ]


def _draw(
    result: dict[str, Any], labels: list[str], size: tuple[int, int] | None, here: str, drawn: Drawn
) -> None:
    value = result["value"]
    degrees = (numbers(value.get("rotation") or 0) or (0.0,))[0]
    if size is None and degrees % 360:
        drawn.refuse(
            here, "turned box in a picture of unknown size: original_width and original_height are missing"
        )
        return
    box = _box(value, degrees, size or (1, 1))
    if box is None:
        drawn.refuse(here, f"neither box, polygon nor ellipse: {labels[:1]} is {result.get('type')!r}"[:200])
        return
    if not labels:
        drawn.refuse(here, "no class name: the shape has no label")
    for label in labels:
        drawn.box(label, box, here)
    if labels and "width" in value:
        drawn.turned(here, degrees)


def _box(value: dict[str, Any], degrees: float, size: tuple[int, int]) -> XYXY | None:
    """Return the upright edges of a shape given in percent of (height, width)."""
    across, down = size[1] / 100, size[0] / 100
    if "points" in value:
        box = box_around(value["points"]) if isinstance(value["points"], list) else None
        return None if box is None else (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
    round_shape = numbers(*(value.get(key) for key in ("x", "y", "radiusX", "radiusY")))
    if round_shape:
        cx, cy, rx, ry = round_shape
        return around_ellipse(cx * across, cy * down, rx * across, ry * down, degrees)
    shape = numbers(*(value.get(key) for key in ("x", "y", "width", "height")))
    if shape is None:
        return None
    x, y, width, height = shape
    if degrees % 360 == 0:
        return x * across, y * down, (x + width) * across, (y + height) * down
    left, top = x * across, y * down
    return around_turned((left, top, width * across, height * down), degrees, (left, top))


def _names(data: dict[str, Any], uploaded: str) -> list[str]:
    """Return under which names to look for the picture of a task, the most likely first."""
    texts = [
        value
        for key, value in sorted(data.items(), key=lambda item: item[0] != "image")
        if isinstance(value, str)
    ]
    address = next(filter(_may_be_picture, texts), "") or text_at(data, "image")
    names = [*_names_of_address(address), *([uploaded] if uploaded else [])]
    bare = [_UPLOADED.sub("", os.path.basename(name)) for name in names]
    return list(dict.fromkeys(name for name in [*names, *bare] if name))


def _may_be_picture(text: str) -> bool:
    return is_url(text) or "?d=" in text or has_ending(text)


def _names_of_address(address: str) -> list[str]:
    try:
        parts = urlsplit(address)
        asked = parse_qs(parts.query).get("d", [])
    except ValueError:
        return [address]
    if asked:  # /data/local-files/?d=folder/a.png
        return asked[:1]
    if is_url(address):
        return [file_name_of(address)]
    if address.startswith("/data/upload/"):
        return [unquote(address.rpartition("/")[2])]
    return [address] if address else []
