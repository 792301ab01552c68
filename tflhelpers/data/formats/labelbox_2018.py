"""Labelbox's exports of 2018: class names with polygons as text (WKT) or as lists of corners.

    {"Car": "MULTIPOLYGON (((1 2, ...)), ...)"}    {"Car": [{"geometry": "POLYGON ((1 2, ...))"}]}
    {"Car": [[{"x": 1, "y": 2}, ...], ...]}        {"Car": [{"geometry": [{"x": 1, "y": 2}, ...]}]}

Nothing in them tells from where y is counted: most from the top, some from the bottom of the picture.
"""

from __future__ import annotations

from typing import Any

from tflhelpers.data.formats.polygons import XYXY, box_around, wkt_boxes
from tflhelpers.data.formats.raw import RawBox
from tflhelpers.data.formats.report import ReportBuilder


def boxes_of(label: dict[str, Any], where: str, report: ReportBuilder) -> list[RawBox]:
    """Return a box around each polygon of a label; what has no extent is told to the report as refused.

    Answers to questions, which stand beside the classes, are passed over.
    """
    boxes: list[RawBox] = []
    number = 0
    for name, value in label.items():
        for shape in _shapes(value):
            for box in _shape_boxes(shape):
                number += 1
                if box is None:
                    report.refused(f"{where}, object {number}", f"no polygon: {name!r} is {shape!r}"[:200])
                else:
                    boxes.append(RawBox(name, box, f"object {number}"))
    return boxes


def _shapes(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [value] if value and _is_corner(value[0]) else value
    return [] if value is None else [value]


def _shape_boxes(shape: Any) -> list[XYXY | None]:
    """Return the boxes of a shape, None for one that has none; nothing for what is no shape."""
    if isinstance(shape, dict) and "geometry" in shape:
        shape = shape["geometry"]
    if isinstance(shape, str):
        return _wkt_shape_boxes(shape)
    if isinstance(shape, list) and all(_is_corner(corner) for corner in shape):
        return [box_around((corner["x"], corner["y"]) for corner in shape)] if shape else []
    return [None] if isinstance(shape, (list, dict)) and shape else []


def _wkt_shape_boxes(text: str) -> list[XYXY | None]:
    boxes = wkt_boxes(text)
    if boxes is not None:
        return boxes if boxes or "EMPTY" in text.upper() else [None]
    drawn = text.lstrip().upper().startswith(("POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING"))
    return [None] if drawn and "(" in text else []  # else an answer to a question


def _is_corner(value: Any) -> bool:
    return isinstance(value, dict) and "x" in value and "y" in value
