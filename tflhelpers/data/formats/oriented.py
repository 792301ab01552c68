"""Upright boxes around shapes that are turned or round."""

from __future__ import annotations

import math
from typing import Any

from tflhelpers.data.formats.polygons import XYXY, box_around
from tflhelpers.data.formats.report import ReportBuilder

_DIGITS = 6  # of a pixel: a sine's last bit puts no box outside its picture
_STRAIGHT = 1e-3  # degrees: a turn so small moves no edge of a picture by a tenth of a pixel


def numbers(*values: Any) -> tuple[float, ...] | None:
    """Return values as finite numbers, or None if one is none; numbers written as text count.

    >>> numbers(1, "2.5"), numbers(True, 2)
    ((1.0, 2.5), None)
    """
    try:
        found = tuple(float(value) for value in values if not isinstance(value, bool))
    except (TypeError, ValueError, OverflowError):
        return None
    return found if len(found) == len(values) and all(map(math.isfinite, found)) else None


def degrees_of(value: Any) -> float:
    """Return by how much a box is turned about its centre: 0 for no finite number, and for 180, which is none."""
    degrees = (numbers(value) or (0.0,))[0]
    return degrees if degrees % 180 else 0.0


def tell_turned(report: ReportBuilder, where: str, degrees: float | None = None) -> None:
    """Report that the box taken is the upright one around one that was turned.

    Args:
        report: Is told nothing of a turn by a multiple of 90 degrees: the box around is then the box.
        where: The place in the file.
        degrees: How far, if known.
    """
    if degrees is None or is_turned(degrees):
        by = "" if degrees is None else f"by {degrees:.6g} degrees; "
        report.repaired(where, f"turned box: {by}the upright box around it is taken")


def is_turned(degrees: float) -> bool:
    """Tell whether a rectangle turned so far no longer stands upright: not by a multiple of 90."""
    return abs((degrees + 45) % 90 - 45) > _STRAIGHT


def around_turned(
    xywh: tuple[float, ...], degrees: float, pivot: tuple[float, float] | None = None
) -> XYXY | None:
    """Return the upright box around a rectangle turned clockwise (as seen, y downwards) about a point.

    Args:
        xywh: Left, top, width and height before it was turned, in pixels.
        degrees: How far it is turned.
        pivot: (x, y) of the point that stays where it is; None for the rectangle's centre.

    >>> around_turned((10, 20, 40, 10), 90, (10, 20))
    (0.0, 20.0, 10.0, 60.0)
    """
    x, y, width, height = xywh
    pivot = pivot or (x + width / 2, y + height / 2)
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    cosine, sine = _cosine_and_sine(degrees)
    moved = [(corner_x - pivot[0], corner_y - pivot[1]) for corner_x, corner_y in corners]
    return box_around(
        (
            round(pivot[0] + dx * cosine - dy * sine, _DIGITS),
            round(pivot[1] + dx * sine + dy * cosine, _DIGITS),
        )
        for dx, dy in moved
    )


def box_around_turned(box: XYXY, degrees: float) -> XYXY:
    """Return the upright box around one that is turned about its centre.

    >>> box_around_turned((0, 0, 4, 2), 90)
    (1.0, -1.0, 3.0, 3.0)
    """
    x1, y1, x2, y2 = box
    return around_turned((x1, y1, x2 - x1, y2 - y1), degrees) or box


def around_ellipse(cx: float, cy: float, rx: float, ry: float, degrees: float = 0.0) -> XYXY:
    """Return the upright box around an ellipse turned about its centre."""
    cosine, sine = _cosine_and_sine(degrees)
    half_width, half_height = math.hypot(rx * cosine, ry * sine), math.hypot(rx * sine, ry * cosine)
    return cx - half_width, cy - half_height, cx + half_width, cy + half_height


def _cosine_and_sine(degrees: float) -> tuple[float, float]:
    exact = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}
    degrees %= 360
    return exact.get(degrees) or (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
