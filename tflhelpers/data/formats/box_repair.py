"""Mends boxes as people and tools really write them, or says why a box cannot be used. All boxes at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

_OUTSIDE_PX = (
    0.01 + 1e-6
)  # files miss the edge by rounding; that is cut without a word, as `Annotations.check` does
_LARGEST = float(np.finfo(np.float32).max)  # what Boxes can hold
_SNAP_PX = 1e-9  # what float64 loses between fractions and pixels
_LARGEST_SNAP_PX = 0.1  # an edge further from a whole pixel may well be meant so


@dataclass(frozen=True)
class Mended:
    """Boxes after mending, and what was wrong with each as read.

    Attributes:
        xyxy: Absolute pixel edges inside the picture; meaningless where a box is refused. float64 (n, 4).
        unreadable: A value is no finite number. bool (n,). This and the three below refuse the box.
        outside: No part of the box lies in its picture. bool (n,).
        no_area: bool (n,).
        tiny: Less than a pixel at the picture's corner, so fractions where pixels belong. bool (n,).
        swapped: Edges were the wrong way round, and are put right. bool (n,).
        cut: Reached out of the picture, and is cut at its edge. bool (n,).
    """

    xyxy: np.ndarray
    unreadable: np.ndarray
    outside: np.ndarray
    no_area: np.ndarray
    tiny: np.ndarray
    swapped: np.ndarray
    cut: np.ndarray

    @property
    def refused(self) -> np.ndarray:
        """Boxes that cannot be used. bool (n,)."""
        return self.unreadable | self.outside | self.no_area | self.tiny

    def refusing(self, *, outside: np.ndarray, tiny: np.ndarray) -> Mended:
        """Return the same with more boxes refused, where nothing is worse with them. bool (n,) both."""
        sound = ~self.refused
        outside, tiny = self.outside | outside & sound, tiny & sound
        kept = ~(outside | tiny)
        return replace(self, outside=outside, tiny=tiny, swapped=self.swapped & kept, cut=self.cut & kept)


def to_numbers(rows: Sequence[Sequence[Any]]) -> np.ndarray:
    """Return four numbers a box from whatever a file had, NaN for what is no number. float64 (n, 4).

    Numbers written as text count; True and False do not.

    >>> to_numbers([(1, "2.5", " 3e1 ", None), ("x", float("inf"), True, 4)]).tolist()
    [[1.0, 2.5, 30.0, nan], [nan, inf, nan, 4.0]]
    """
    if all(type(value) is float or type(value) is int for row in rows for value in row):
        try:
            return np.array(rows, np.float64).reshape(-1, 4)
        except OverflowError:  # an int of hundreds of digits
            pass
    return np.array([[_number(value) for value in row] for row in rows], np.float64).reshape(-1, 4)


def mend(xyxy: np.ndarray, sizes: np.ndarray, precision: np.ndarray) -> Mended:
    """Return boxes with their edges in order and inside their pictures, and what had to be done.

    Args:
        xyxy: Pixel edges as read, NaN where there was no number. float64 (n, 4).
        sizes: (height, width) of the picture of each box. (n, 2).
        precision: How far off the edges may be by rounding, in pixels: a whole pixel within that distance (0.1 at
            most) is taken to be meant, and the edge of the picture is not left. (n, 2): y, x.
    """
    unreadable = ~(np.abs(xyxy) <= _LARGEST).all(axis=1)  # so that NaN is, too
    xyxy = np.where(unreadable[:, None], 0.0, xyxy)
    xyxy = _snapped(xyxy, np.clip(precision[:, [1, 0, 1, 0]], _SNAP_PX, _LARGEST_SNAP_PX))
    swapped = (xyxy[:, :2] > xyxy[:, 2:]).any(axis=1)
    low, high = np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])
    limit = sizes[:, ::-1].astype(np.float64)
    out_by = np.maximum(-low, high - limit).max(axis=1, initial=-np.inf)
    inside_low, inside_high = np.clip(low, 0, limit), np.clip(high, 0, limit)
    flat = _is_flat(low, high) & ~unreadable
    outside = _is_flat(inside_low, inside_high) & ~flat & ~unreadable
    kept = ~(unreadable | flat | outside)
    return Mended(
        np.concatenate([inside_low, inside_high], axis=1),
        unreadable=unreadable,
        outside=outside,
        no_area=flat,
        tiny=np.zeros(len(xyxy), bool),
        swapped=swapped & kept,
        cut=(out_by > np.maximum(_OUTSIDE_PX, precision.max(axis=1, initial=0))) & kept,
    )


def repeats(keys: Sequence[np.ndarray]) -> np.ndarray:
    """Tell which rows equal an earlier row in all of `keys`. bool (n,).

    >>> repeats([np.array([7, 7, 8, 7]), np.array([1, 2, 1, 1])]).tolist()
    [False, False, False, True]
    """
    order = np.lexsort(keys[::-1])  # stable: of equal rows the earliest comes first
    same = np.ones(max(len(order) - 1, 0), bool)
    for key in keys:
        ordered = key[order]
        same &= ordered[1:] == ordered[:-1]
    repeated = np.zeros(len(order), bool)
    repeated[order[1:][same]] = True
    return repeated


def _is_flat(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Tell which boxes have no area in float32, in which `Boxes` keeps them. bool (n,)."""
    with np.errstate(over="ignore"):
        return np.any(low.astype(np.float32) >= high.astype(np.float32), axis=1)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _snapped(values: np.ndarray, distance: np.ndarray) -> np.ndarray:
    whole = np.rint(values)
    return np.where(np.abs(values - whole) <= distance, whole, values)
