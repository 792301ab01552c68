"""What every detector does before and after its network, whatever computes it: checks, and boxes in pixels.

Needs neither TensorFlow nor Keras.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.model.nms import MIN_SCORE, select_detections


def select_boxes(
    boxes_rel_yxyx: np.ndarray,
    scores: np.ndarray,
    picture_size: tuple[int, ...],
    threshold: float,
    max_boxes: int,
) -> Boxes:
    """The best boxes of one picture, in its pixels.

    Args:
        boxes_rel_yxyx: float32 (A, 4) decoded boxes, not clipped.
        scores: float32 (A, N) without the background slot.
        picture_size: (height, width).
        threshold: lowest score from 0 to 1; the threshold itself is enough.
        max_boxes: at most so many.
    """
    below = float(np.nextafter(np.float32(threshold), np.float32(0)))
    anchors, labels = select_detections(
        boxes_rel_yxyx, scores, max_boxes=max_boxes, min_score=max(below, MIN_SCORE)
    )
    return Boxes(pixels_xyxy(boxes_rel_yxyx[anchors], picture_size), labels, scores[anchors, labels])


def boxes_of_rows(
    boxes_rel_yxyx: np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray,
    picture_size: tuple[int, ...],
    threshold: float,
    max_boxes: int,
) -> Boxes:
    """The best of boxes that were suppressed elsewhere, in pixels; those of no area or of score 0 are left out.

    Args:
        boxes_rel_yxyx: (n, 4), clipped or not.
        labels: (n,) whole numbers from 0, of any type.
        scores: (n,), in any order.
        picture_size, threshold, max_boxes: as for `select_boxes`.
    """
    xyxy = pixels_xyxy(boxes_rel_yxyx, picture_size)
    real = (scores >= np.float32(threshold)) & (scores > 0) & (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)
    rows = np.flatnonzero(real)
    rows = rows[np.argsort(-scores[rows], kind="stable")][:max_boxes]
    return Boxes(xyxy[rows], np.rint(labels[rows]), np.clip(scores[rows], 0.0, 1.0))


def pixels_xyxy(boxes_rel_yxyx: np.ndarray, picture_size: tuple[int, ...]) -> np.ndarray:
    """Boxes (n, 4) ymin, xmin, ymax, xmax as fractions, as x1, y1, x2, y2 in pixels of the picture, clipped to it."""
    height, width = picture_size
    sides = np.array([width, height, width, height], np.float32)
    return np.clip(boxes_rel_yxyx, 0.0, 1.0)[:, [1, 0, 3, 2]] * sides


def checked_image(image) -> np.ndarray:
    """RGB uint8 (H, W, 3), read from a file if it is a path.

    Raises:
        ImageError, FileNotFoundError: the file is no picture or absent; the message names it.
        ValueError: the array is no picture.
    """
    if isinstance(image, (str, Path)):
        return read_image(image)
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or 0 in array.shape:
        raise ValueError(
            f"image must be a path or RGB uint8 (H, W, 3), got {array.dtype} {array.shape}. "
            "tflhelpers.read_image makes one of any picture file."
        )
    return array


def checked_threshold(threshold: float) -> float:
    """The threshold, if it is a score; raises ValueError if it is not."""
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"threshold must be a score from 0 to 1, got {threshold}.")
    return float(threshold)


def check_many(images: Iterable, batch_size: int) -> None:
    """Raises TypeError or ValueError where `images` is a single path, or `batch_size` below 1."""
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
    if isinstance(images, (str, Path)):
        raise TypeError(
            f"images must be a list of pictures, got the single path {images}. For one picture use detect."
        )
