"""Which predicted box found which true one: the pairing that COCO's figures rest on, for one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tflhelpers.data.boxes import Boxes, shared_areas

NOBODY = -1


@dataclass(frozen=True)
class Pairing:
    """Who found whom in one picture.

    Attributes:
        truth_of: the true box that each predicted one found, or -1. int64 (n_predicted,).
        prediction_of: the predicted box that found each true one, or -1. int64 (n_true,).
        ignored: True for a predicted box that lies in a crowd region, where nothing counts. bool (n_predicted,).
    """

    truth_of: np.ndarray
    prediction_of: np.ndarray
    ignored: np.ndarray


def pair_boxes(predicted: Boxes, true: Boxes, overlap: float = 0.5) -> Pairing:
    """Pair boxes of the same class as pycocotools does: the surest first, each with the best one still free.

    Args:
        predicted: boxes with scores.
        true: the truth; crowd boxes are regions to ignore.
        overlap: intersection over union, 0 to 1, from which a box counts as found. In a crowd region it is
            the part of the predicted box that lies inside.

    Example:
        >>> pair_boxes(Boxes([[0, 0, 9, 9]] * 2, [0, 0], [0.4, 0.8]), Boxes([[0, 0, 9, 8]], [0])).truth_of.tolist()
        [-1, 0]
    """
    same_class = predicted.labels[:, None] == true.labels[None]
    overlaps = np.where(same_class, predicted.iou(true), 0)  # (n_predicted, n_true)
    truth_of, prediction_of = np.full(len(predicted), NOBODY), np.full(len(true), NOBODY)
    for row in surest_first(predicted):
        free = np.where((prediction_of == NOBODY) & ~true.crowd_mask, overlaps[row], 0)
        best = len(free) - 1 - int(np.argmax(free[::-1])) if len(free) else 0  # of equals the last, as there
        if len(free) and free[best] >= max(overlap, 1e-9):
            truth_of[row], prediction_of[best] = best, row
    inside = np.where(same_class & true.crowd_mask[None], _part_inside(predicted, true), 0)
    ignored = (truth_of == NOBODY) & (inside.max(axis=1, initial=0) >= overlap)
    return Pairing(truth_of, prediction_of, ignored)


def surest_first(predicted: Boxes) -> np.ndarray:
    """Rows of the boxes by falling score, equals in their order. int64 (n,)."""
    return np.argsort(-_scores(predicted), kind="stable")


def _scores(predicted: Boxes) -> np.ndarray:
    return np.zeros(len(predicted)) if predicted.scores is None else predicted.scores


def _part_inside(boxes: Boxes, regions: Boxes) -> np.ndarray:
    """Part, 0 to 1, of each box that lies in each region. float64 (n_boxes, n_regions)."""
    shared = shared_areas(boxes.xyxy, regions.xyxy)
    return shared / np.maximum(boxes.area.astype(np.float64)[:, None], 1e-9)
