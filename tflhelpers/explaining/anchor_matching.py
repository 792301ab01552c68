"""Matching: which anchors answer for a box, and are to learn it; all others are to say "nothing here"."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tflhelpers.data.boxes import Boxes, iou_matrix, rel_yxyx_to_xyxy, xyxy_to_rel_yxyx
from tflhelpers.explaining.anchor_boxes import anchor_table
from tflhelpers.explaining.figures import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    as_picture,
    draw_box,
    look_at,
    new_figure,
    plain,
    show_picture,
)
from tflhelpers.model.anchors import MIN_LEVEL, anchors_rel_yxyx

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class MatchedAnchors(NamedTuple):
    """Who answers for whom in one picture of n boxes.

    Attributes:
        anchors_xyxy: all of them, in pixels of the picture; they may reach outside. float32 (A, 4).
        box_of: the box that each answers for, -1 for none. int64 (A,).
        iou: of each anchor with each box. float32 (A, n).
        level: of the pyramid, 3 to 7, that each belongs to. int64 (A,).
    """

    anchors_xyxy: np.ndarray
    box_of: np.ndarray
    iou: np.ndarray
    level: np.ndarray

    @property
    def forced(self) -> np.ndarray:
        """Anchors that answer though they overlap their box by less than half, for it has no better. bool (A,)."""
        from tflhelpers.training.matching import MATCH_IOU

        own = np.take_along_axis(self.iou, np.maximum(self.box_of, 0)[:, None], axis=1)[:, 0]
        return (self.box_of >= 0) & (own < MATCH_IOU)

    def __str__(self) -> str:
        answering = int((self.box_of >= 0).sum())
        return (
            f"{len(self.box_of):,} anchors: {answering} answer for {self.iou.shape[1]} "
            f"box{'es' if self.iou.shape[1] != 1 else ''} ({int(self.forced.sum())} of them because the box has no "
            f"better one), {len(self.box_of) - answering:,} are background."
        )


def matched_anchors(
    boxes: Boxes, image_size: tuple[int, ...], network_size: tuple[int, int]
) -> MatchedAnchors:
    """The matching that training uses, for one picture.

    Args:
        boxes: the truth, in pixels of the picture; at least one.
        image_size: (height, width) of the picture.
        network_size: (height, width) of the network's input.

    Raises:
        ValueError: there are no boxes.
    """
    from tflhelpers.training.matching import match_anchors

    if not len(boxes):
        raise ValueError(
            "boxes must hold at least one box to answer for, got none. Take a picture with boxes."
        )
    anchors = anchors_rel_yxyx(network_size)
    relative = xyxy_to_rel_yxyx(boxes.xyxy, image_size)
    match = np.asarray(match_anchors(anchors, relative[None], boxes.labels[None].astype(np.int32)))[0]
    in_pixels = rel_yxyx_to_xyxy(anchors, image_size)
    return MatchedAnchors(
        in_pixels, match.astype(np.int64), iou_matrix(in_pixels, boxes.xyxy), _levels(network_size)
    )


def _levels(network_size: tuple[int, int]) -> np.ndarray:
    counts = [level.anchors for level in anchor_table(network_size)]
    return np.repeat(np.arange(MIN_LEVEL, MIN_LEVEL + len(counts)), counts)


def plot_matching(image, boxes: Boxes, network_size: tuple[int, int]) -> Figure:
    """A picture with its boxes and the anchors that answer for them, and how many anchors overlap how much.

    Args:
        image: a path, or RGB uint8 (H, W, 3).
        boxes: the truth, in pixels of the picture; at least one.
        network_size: (height, width) of the network's input, `detector.image_size`.
    """
    picture = as_picture(image)
    matched = matched_anchors(boxes, picture.shape[:2], network_size)
    figure, axes = new_figure(1, 2, size=(12, 4.4), width_ratios=(1.2, 1))
    left, right = axes[0]
    show_picture(left, picture, faded=0.2)
    forced = matched.forced
    for row in np.flatnonzero(matched.box_of >= 0):
        colour, line = (ORANGE, (0, (3, 2))) if forced[row] else (BLUE, "-")
        draw_box(left, matched.anchors_xyxy[row], colour, line_width=1.2, linestyle=line)
    for xyxy in boxes.xyxy:
        draw_box(left, xyxy, GREEN, line_width=3.2)
    answering = matched.anchors_xyxy[matched.box_of >= 0]
    look_at(left, np.concatenate([answering, boxes.xyxy]), picture, margin=0.1)
    left.set_title(
        "green: true; blue: anchors that answer" + ("; orange: by force" if forced.any() else ""),
        fontsize=10,
        color=INK,
    )
    _draw_histogram(right, matched)
    return figure


def _draw_histogram(axes, matched: MatchedAnchors) -> None:
    """How many anchors overlap their best box how much, those that answer in another colour."""
    edges = np.linspace(0, 1, 21)
    best = matched.iou.max(axis=1)
    answers = matched.box_of >= 0
    axes.hist([best[~answers], best[answers]], edges, color=[FAINT, BLUE], stacked=True, rwidth=0.9, log=True)
    axes.axvline(0.5, color=INK, linestyle=(0, (4, 2)), linewidth=1.5)
    axes.text(
        0.51, 0.96, " 0.5: from here on\n an anchor answers", transform=axes.get_xaxis_transform(), va="top"
    )
    axes.set(xlabel="IoU of an anchor with the box it overlaps most", ylabel="number of anchors", xlim=(0, 1))
    axes.set_ylim(bottom=0.7)  # a single anchor is seen on the logarithmic axis too
    levels = ", ".join(map(str, np.unique(matched.level[answers])))
    axes.set_title(
        f"{int(answers.sum())} of {len(answers):,} anchors answer (blue), of level {levels};\n"
        f"{len(answers) - int(answers.sum()):,} are background (gray)",
        fontsize=10,
    )
    plain(axes)
