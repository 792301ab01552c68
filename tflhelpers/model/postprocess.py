"""What is behind the network: from raw boxes and scores to the best boxes, in pixels of the image.

Needs neither TensorFlow nor Keras.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tflhelpers.data.boxes import Boxes, rel_yxyx_to_xyxy
from tflhelpers.model.nms import MIN_SCORE, select_detections


class RawBoxes(NamedTuple):
    """What a network gives for a batch of images.

    Attributes:
        boxes_rel_yxyx: float32 (B, A, 4) decoded boxes, clipped or not.
        scores: float32 (B, A, N) without the background slot; (B, A) where there are `labels`.
        labels: (B, A) whole numbers from 0, of any type, of a network that suppresses its boxes itself; else None.
    """

    boxes_rel_yxyx: np.ndarray
    scores: np.ndarray
    labels: np.ndarray | None = None


def boxes_of_batch(
    raw: RawBoxes, image_sizes: Sequence[tuple[int, ...]], threshold: float, max_boxes: int
) -> list[Boxes]:
    """The best boxes of each image that has a size, in its pixels; what comes behind those in the batch is padding.

    Args:
        raw: of at least as many images.
        image_sizes: (height, width) of each.
        threshold: lowest score from 0 to 1; the threshold itself is enough.
        max_boxes: at most so many.
    """
    boxes, scores, labels = raw
    if labels is None:
        return [
            select_boxes(boxes[row], scores[row], size, threshold, max_boxes)
            for row, size in enumerate(image_sizes)
        ]
    return [
        select_suppressed(boxes[row], scores[row], labels[row], size, threshold, max_boxes)
        for row, size in enumerate(image_sizes)
    ]


def select_boxes(
    boxes_rel_yxyx: np.ndarray,
    scores: np.ndarray,
    image_size: tuple[int, ...],
    threshold: float,
    max_boxes: int,
) -> Boxes:
    """The best boxes of one image, by non-maximum suppression.

    Args:
        boxes_rel_yxyx: float32 (A, 4) decoded boxes, not clipped.
        scores: float32 (A, N) without the background slot.
        image_size, threshold, max_boxes: as for `boxes_of_batch`.
    """
    below = float(np.nextafter(np.float32(threshold), np.float32(0)))
    anchors, labels = select_detections(
        boxes_rel_yxyx, scores, max_boxes=max_boxes, min_score=max(below, MIN_SCORE)
    )
    return Boxes(pixels_xyxy(boxes_rel_yxyx[anchors], image_size), labels, scores[anchors, labels])


def select_suppressed(
    boxes_rel_yxyx: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    image_size: tuple[int, ...],
    threshold: float,
    max_boxes: int,
) -> Boxes:
    """The best of boxes that were suppressed elsewhere; those of no area or of score 0 are left out.

    Args:
        boxes_rel_yxyx: (n, 4), clipped or not.
        scores: (n,), in any order.
        labels: (n,) whole numbers from 0, of any type.
        image_size, threshold, max_boxes: as for `boxes_of_batch`.
    """
    xyxy = pixels_xyxy(boxes_rel_yxyx, image_size)
    real = (scores >= np.float32(threshold)) & (scores > 0) & (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)
    rows = np.flatnonzero(real)
    rows = rows[np.argsort(-scores[rows], kind="stable")][:max_boxes]
    return Boxes(xyxy[rows], np.rint(labels[rows]), np.clip(scores[rows], 0.0, 1.0))


def pixels_xyxy(boxes_rel_yxyx: np.ndarray, image_size: tuple[int, ...]) -> np.ndarray:
    """Boxes (n, 4) ymin, xmin, ymax, xmax as fractions, as x1, y1, x2, y2 in pixels of the image, clipped to it."""
    return rel_yxyx_to_xyxy(np.clip(boxes_rel_yxyx, 0.0, 1.0), image_size)
