"""Tells a report what was wrong with boxes, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflhelpers.data.formats.box_repair import Mended
from tflhelpers.data.formats.placing import Placed, shown_size
from tflhelpers.data.formats.raw import RawBox
from tflhelpers.data.formats.report import ReportBuilder


@dataclass(frozen=True)
class Batch:
    """The boxes of some pictures, as read.

    Attributes:
        boxes: All of them, picture after picture.
        placed: The pictures.
        picture_of: The number of each box's picture. int64 (n,), ascending.
        labels: 0-based class of each box, -1 for one without a class. int64 (n,).
        values: The four numbers of each box, NaN for what is none. float64 (n, 4).
    """

    boxes: Sequence[RawBox]
    placed: Sequence[Placed]
    picture_of: np.ndarray
    labels: np.ndarray
    values: np.ndarray

    def where(self, row: int) -> str:
        """Return how reports call a box."""
        picture = self.picture_of[row]
        number = row - int(np.searchsorted(self.picture_of, picture)) + 1
        return f"{self.placed[picture].raw.where}, {self.boxes[row].where or f'box {number}'}"

    def shown_size(self, row: int) -> str:
        """Return the size of a box's picture in the unit of the box."""
        placed = self.placed[self.picture_of[row]]
        if placed.raw.fractions:
            return "1 × 1 (fractions of height × width)"
        was_resized = placed.scale != (1.0, 1.0) and placed.raw.size is not None
        size = placed.raw.size if was_resized else placed.drawn_size
        return f"{shown_size(size or ())} (height × width)"


def tell_faults(batch: Batch, mended: Mended, twice: np.ndarray, report: ReportBuilder) -> None:
    """Tell the report about each box that is not taken as it was read; `twice` marks repeated ones. bool (n,)."""
    faulty = mended.refused | (batch.labels < 0) | twice | mended.swapped | mended.cut
    for row in np.flatnonzero(faulty).tolist():
        where, box = batch.where(row), batch.boxes[row]
        got = ", ".join(f"{value:.6g}" for value in batch.values[row].tolist())
        size = batch.shown_size(row)
        if mended.unreadable[row]:
            report.refused(where, f"not four numbers: {', '.join(map(_shown, box.xyxy))}")
        elif batch.labels[row] < 0:
            report.refused(where, f"no class name: {box.class_name!r}"[:120])
        elif mended.no_area[row]:
            report.refused(where, f"no area: {got}")
        elif mended.tiny[row]:
            report.refused(where, f"less than a pixel: {got}. Fractions, where the others are pixels?")
        elif mended.outside[row]:
            report.refused(where, f"outside the picture: {got} of {size}")
        elif twice[row]:
            report.repaired(where, f"drawn twice: {got} as {box.class_name!r}; one is kept")
        else:
            if mended.swapped[row]:
                report.repaired(where, f"edges the wrong way round: {got}, swapped")
            if mended.cut[row]:
                report.repaired(where, f"partly outside the picture: {got} cut to {size}")


def _shown(value: object) -> str:
    """Return a value for a report; of what could take forever to write out only what it is."""
    if isinstance(value, str):
        return value[:40]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 1e12):
        return f"{value:.6g}"
    return f"a {type(value).__name__}"
