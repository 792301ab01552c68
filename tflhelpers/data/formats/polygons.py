"""Boxes around what other tools draw: polygons as lists or as text (WKT), and COCO's run-length masks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

XYXY = tuple[float, float, float, float]

# The outer ring of each polygon of a POLYGON or MULTIPOLYGON; the rings behind it are holes.
_OUTER_RING = re.compile(r"\(\s*\(([^()]*)\)")
_LARGEST_MASK = 2**40  # pixels; beyond it counts are no mask of any picture


def box_around(points: Iterable[Sequence[Any]]) -> XYXY | None:
    """Return the edges x1, y1, x2, y2 around points (x, y), or None where there are none or one is no number.

    >>> box_around([(3, 9), (1, 2.5), ("4", 7)])
    (1.0, 2.5, 4.0, 9.0)
    """
    try:
        pairs = [(float(point[0]), float(point[1])) for point in points]
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return None
    if not pairs or not all(math.isfinite(value) for pair in pairs for value in pair):
        return None
    xs, ys = zip(*pairs, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def wkt_boxes(text: str) -> list[XYXY | None] | None:
    """Return the box around each polygon of a POLYGON or MULTIPOLYGON; None if the text is neither.

    A polygon with something else than numbers in it gives None in the list. Holes do not matter.

    >>> wkt_boxes("MULTIPOLYGON (((1 2, 5 2, 5 9, 1 2)), ((0 0, 3 0, 3 1, 0 0), (1 0, 2 0, 1 1)))")
    [(1.0, 2.0, 5.0, 9.0), (0.0, 0.0, 3.0, 1.0)]
    """
    if not text.lstrip().upper().startswith(("POLYGON", "MULTIPOLYGON")):
        return None
    return [box_around(corner.split() for corner in ring.split(",")) for ring in _OUTER_RING.findall(text)]


def segmentation_box(segmentation: Any) -> XYXY | None:
    """Return the box around COCO's `segmentation`: lists x, y, x, y, ... or a run-length mask; else None.

    >>> segmentation_box([[1, 2, 5, 2, 5, 9], [7, 1, 8, 3]])
    (1.0, 1.0, 8.0, 9.0)
    >>> segmentation_box({"size": [4, 3], "counts": [5, 2, 5]})  # column by column: 4 pixels high, 3 wide
    (1.0, 1.0, 2.0, 3.0)
    """
    if isinstance(segmentation, dict):
        return _mask_box(segmentation.get("counts"), segmentation.get("size"))
    if not isinstance(segmentation, list):
        return None
    rings = segmentation if segmentation and isinstance(segmentation[0], list) else [segmentation]
    return box_around(corner for ring in rings for corner in _corners(ring))


def _corners(ring: Any) -> list[Sequence[Any]]:
    if not isinstance(ring, list):
        return [()]  # no point: makes `box_around` answer None
    if ring and isinstance(ring[0], (list, tuple)):
        return ring
    return list(zip(ring[::2], ring[1::2], strict=False))


def _mask_box(counts: Any, size: Any) -> XYXY | None:
    """Return the box of a mask whose pixels, column by column, are so many outside, so many inside, and so on."""
    runs = _unpacked(counts) if isinstance(counts, str) else counts
    try:
        height, width = (int(side) for side in size)
        runs = [int(run) for run in runs or ()]
    except (TypeError, ValueError, OverflowError):
        return None
    if height < 1 or width < 1 or height * width > _LARGEST_MASK:
        return None
    if any(run < 0 for run in runs) or sum(runs) > height * width:
        return None
    return _runs_box(runs, height)


def _runs_box(runs: Sequence[int], height: int) -> XYXY | None:
    columns: list[int] = []
    rows: list[int] = []
    start = 0
    for number, run in enumerate(runs):
        if number % 2 and run:
            last = start + run - 1
            columns += [start // height, last // height]
            same_column = start // height == last // height
            rows += [start % height, last % height] if same_column else [0, height - 1]
        start += run
    if not columns:
        return None
    return float(min(columns)), float(min(rows)), float(max(columns) + 1), float(max(rows) + 1)


def _unpacked(text: str) -> list[int] | None:
    """Return the runs that COCO packs into letters: 5 bits each from "0" on, the sixth says that more follow.

    From the fourth run on each is stored as its difference to the one two before (pycocotools, maskApi.c).
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 60:
            return None
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return None if shift else runs
