"""IoU by hand: the part of two boxes that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tflhelpers.data.boxes import iou_matrix
from tflhelpers.explaining.box_formats import checked_box
from tflhelpers.explaining.figures import AMBER, BLUE, INK, ORANGE, draw_box, new_figure

_ROOM = 200.0  # pixels that the figure shows both ways, more if a box reaches farther

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Overlap(NamedTuple):
    """What it takes to compute an IoU, in square pixels.

    Attributes:
        area_a, area_b: of the two boxes.
        shared: area that lies in both.
        union: area that lies in at least one: `area_a + area_b - shared`.
        iou: `shared / union`, 0 to 1.
    """

    area_a: float
    area_b: float
    shared: float
    union: float
    iou: float


def overlap_by_hand(a_xyxy: Sequence[float], b_xyxy: Sequence[float]) -> Overlap:
    """The areas of two boxes, what they share, and their intersection over union.

    Args:
        a_xyxy, b_xyxy: left, top, right and bottom edges in pixels.

    Raises:
        ValueError: one of them is no box.

    Example:
        >>> overlap_by_hand([0, 0, 100, 80], [50, 40, 150, 120])[:4]
        (8000.0, 8000.0, 2000.0, 14000.0)
    """
    ax1, ay1, ax2, ay2 = checked_box(a_xyxy, "a_xyxy")
    bx1, by1, bx2, by2 = checked_box(b_xyxy, "b_xyxy")
    width = max(0.0, min(ax2, bx2) - max(ax1, bx1))
    height = max(0.0, min(ay2, by2) - max(ay1, by1))
    area_a, area_b = (ax2 - ax1) * (ay2 - ay1), (bx2 - bx1) * (by2 - by1)
    shared = width * height
    iou = float(iou_matrix(np.array([a_xyxy]), np.array([b_xyxy]))[0, 0])
    return Overlap(area_a, area_b, shared, area_a + area_b - shared, iou)


def draw_iou(a_xyxy: Sequence[float], b_xyxy: Sequence[float]) -> Figure:
    """Two boxes, what they share hatched, and the sum that makes their IoU.

    Args:
        a_xyxy, b_xyxy: the boxes in pixels.
    """
    areas = overlap_by_hand(a_xyxy, b_xyxy)
    figure, axes = new_figure(1, 2, size=(9, 3.9), width_ratios=(1.15, 1))
    left, right = axes[0]
    _draw_pair(left, a_xyxy, b_xyxy, areas)
    far = max(_ROOM, *a_xyxy, *b_xyxy)
    left.set(xlim=(0, far), ylim=(far, 0), aspect="equal", xlabel="x in pixels", ylabel="y in pixels")
    left.spines[["top", "right"]].set_visible(False)
    right.axis("off")
    lines = [
        (f"box A: {areas.area_a:,.0f} px²", BLUE),
        (f"box B: {areas.area_b:,.0f} px²", ORANGE),
        (f"in both (intersection): {areas.shared:,.0f} px²", INK),
        (f"in one or both (union): {areas.union:,.0f} px²", INK),
    ]
    for row, (text, colour) in enumerate(lines):
        right.text(0, 0.93 - 0.13 * row, text, color=colour, fontsize=13, va="top")
    right.text(
        0,
        0.3,
        f"IoU = {areas.shared:,.0f} / {areas.union:,.0f} = {areas.iou:.2f}",
        fontsize=15,
        weight="bold",
    )
    right.text(0, 0.16, _verdict(areas.iou), fontsize=11, color=INK, va="top")
    return figure


def _draw_pair(axes, a_xyxy: Sequence[float], b_xyxy: Sequence[float], areas: Overlap) -> None:
    draw_box(axes, a_xyxy, BLUE, line_width=2.5, halo=False)
    draw_box(axes, b_xyxy, ORANGE, line_width=2.5, halo=False, linestyle=(0, (5, 2)))
    if areas.shared > 0:
        low = [max(a, b) for a, b in zip(a_xyxy[:2], b_xyxy[:2], strict=True)]
        high = [min(a, b) for a, b in zip(a_xyxy[2:], b_xyxy[2:], strict=True)]
        style = {"fill": True, "facecolor": f"{AMBER}66", "hatch": "///", "edgecolor": INK}
        draw_box(axes, [*low, *high], INK, line_width=0, halo=False, **style)
    for name, box, colour in (("A", a_xyxy, BLUE), ("B", b_xyxy, ORANGE)):
        across = box[0] + 6 if name == "A" else box[2] - 6
        down = box[1] + 5 if name == "A" else box[3] - 5
        sides = {"ha": "left", "va": "top"} if name == "A" else {"ha": "right", "va": "bottom"}
        axes.text(across, down, name, color=colour, fontsize=16, weight="bold", **sides)


def _verdict(iou: float) -> str:
    """What a figure of this size is usually taken for."""
    if iou >= 0.75:
        return "a tight box: right for AP75 too"
    if iou >= 0.5:
        return "a rough box: right for AP50, wrong for AP75"
    return "not the same box: wrong for AP50" if iou > 0 else "they do not touch"
