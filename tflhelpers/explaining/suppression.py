"""Non-maximum suppression: a detector sees one thing with many anchors; of many boxes one is kept, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.explaining.figures import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    as_picture,
    bare,
    draw_box,
    look_at,
    new_figure,
    show_picture,
)
from tflhelpers.files.text import no_math
from tflhelpers.model.nms import IOU_THRESHOLD

_MOST_STEPS = 3  # panels between "before" and "after"

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tflhelpers.model.detector import Detector


class NmsStep(NamedTuple):
    """One box that is kept, and those that it strikes out.

    Attributes:
        kept: its row.
        struck: rows of boxes of its class that overlap it too much, surest first.
        overlaps: their IoU with it.
        left: rows of boxes that are still to be judged, surest first.
    """

    kept: int
    struck: tuple[int, ...]
    overlaps: tuple[float, ...]
    left: tuple[int, ...]


def nms_steps(boxes: Boxes, iou_threshold: float = IOU_THRESHOLD) -> list[NmsStep]:
    """Keep the surest box, strike out what overlaps it, and again with what is left.

    The kept boxes are those of `model.nms.select_detections`, which the detectors use.

    Args:
        boxes: with scores; boxes of different classes leave each other alone.
        iou_threshold: 0 to 1; a box goes that overlaps a kept one by more.

    Raises:
        ValueError: the boxes have no scores, or the threshold is none.
    """
    if boxes.scores is None:
        raise ValueError(
            "boxes must have scores, got scores=None. Give what a detector returned, or candidates()."
        )
    if not 0 <= iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be 0 to 1, got {iou_threshold}.")
    overlaps = boxes.iou(boxes)
    left = np.argsort(-boxes.scores, kind="stable")
    steps = []
    while len(left):
        kept, others = left[0], left[1:]
        too_close = (boxes.labels[others] == boxes.labels[kept]) & (overlaps[kept, others] > iou_threshold)
        struck, left = others[too_close], others[~too_close]
        ious = tuple(round(float(iou), 4) for iou in overlaps[kept, struck])
        steps.append(NmsStep(int(kept), tuple(struck.tolist()), ious, tuple(left.tolist())))
    return steps


def candidates(detector: Detector, image, *, max_boxes: int = 40, least_score: float = 0.05) -> Boxes:
    """The surest boxes of a detector before suppression, surest first, clipped to the picture.

    Args:
        detector: any.
        image: a path, or RGB uint8 (H, W, 3).
        max_boxes: at most so many.
        least_score: 0 to 1; less sure ones are left out.
    """
    from tflhelpers.model.postprocess import pixels_xyxy

    picture = as_picture(image)
    raw = detector.raw_boxes(detector.network_input(picture)[None])
    scores = raw.scores[0]  # (A, N)
    order = np.argsort(-scores.ravel(), kind="stable")[:max_boxes]
    anchors, labels = np.divmod(order[scores.ravel()[order] >= least_score], scores.shape[1])
    xyxy = pixels_xyxy(raw.boxes_rel_yxyx[0][anchors], picture.shape[:2])
    return Boxes(xyxy, labels, scores[anchors, labels])


def plot_nms_steps(
    image,
    boxes: Boxes,
    class_names: Sequence[str],
    *,
    iou_threshold: float = IOU_THRESHOLD,
) -> Figure:
    """The part of a picture where the boxes are: before, after each of the first steps, and what remains.

    Args:
        image: a path, or RGB uint8 (H, W, 3).
        boxes: with scores, as of `candidates`.
        class_names: for each label.
        iou_threshold: as for `nms_steps`.
    """
    picture = as_picture(image)
    steps = nms_steps(boxes, iou_threshold)
    scores = np.zeros(len(boxes)) if boxes.scores is None else boxes.scores  # nms_steps refuses those
    shown = steps[:_MOST_STEPS]
    figure, axes = new_figure(1, 2 + len(shown), size=(13, 3.5), layout="compressed")
    panels = list(axes[0])
    for panel in panels:
        bare(panel)
    _draw_rows(panels[0], picture, boxes, dict.fromkeys(range(len(boxes)), (BLUE, 1.4, "-")))
    panels[0].set_title(f"before:\n{len(boxes)} boxes", fontsize=10)
    for number, (panel, step) in enumerate(zip(panels[1:], shown, strict=False), start=1):
        gone = dict.fromkeys(step.struck, (ORANGE, 1.4, (0, (3, 2))))
        waiting = dict.fromkeys(step.left, (FAINT, 1.2, "-"))
        _draw_rows(panel, picture, boxes, waiting | gone | {step.kept: (GREEN, 3.0, "-")})
        name = no_math(class_names[boxes.labels[step.kept]])
        panel.set_title(
            f"step {number}: keep the {name} of {scores[step.kept]:.2f},\n"
            f"{len(step.struck)} go, {len(step.left)} wait",
            fontsize=10,
        )
    _draw_rows(panels[len(shown) + 1], picture, boxes, {step.kept: (GREEN, 3.0, "-") for step in steps})
    panels[len(shown) + 1].set_title(f"after:\n{len(steps)} kept", fontsize=10)
    figure.supxlabel(
        f"threshold {iou_threshold:.2f}: green is kept, dashed orange overlaps it by more and goes, gray waits",
        fontsize=10,
        color=INK,
    )
    return figure


def _draw_rows(axes, picture: np.ndarray, boxes: Boxes, styles: dict[int, tuple]) -> None:
    """Draws some of the boxes on the part of the picture that has all of them."""
    show_picture(axes, picture, faded=0.25)
    for row, (colour, line_width, line) in styles.items():
        draw_box(axes, boxes.xyxy[row], colour, line_width=line_width, linestyle=line)
    if len(boxes):
        look_at(axes, boxes.xyxy, picture, margin=0.15)
