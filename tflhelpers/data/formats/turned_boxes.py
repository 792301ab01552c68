"""Boxes that were turned while drawing: files hold the box before turning, and by how much (CVAT's `rotation`)."""

from __future__ import annotations

import math
from typing import Any

from tflhelpers.data.formats.oriented import around_turned
from tflhelpers.data.formats.polygons import XYXY

TURNED = "turned box: by {:g} degrees; the upright box around it is taken"


def degrees_of(value: Any) -> float:
    """Return by how much a box is turned, 0 for no finite number, 180 and other turns that change nothing."""
    try:
        degrees = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return degrees if math.isfinite(degrees) and degrees % 180 else 0.0


def box_around_turned(box: XYXY, degrees: float) -> XYXY:
    """Return the upright box around one that is turned about its centre.

    >>> box_around_turned((0, 0, 4, 2), 90)
    (1.0, -1.0, 3.0, 3.0)
    """
    x1, y1, x2, y2 = box
    return around_turned((x1, y1, x2 - x1, y2 - y1), degrees) or box
