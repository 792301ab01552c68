"""From scores of every anchor to the best boxes: per-class greedy non-maximum suppression, on the host in numpy.

The result is that of suppressing class by class over all anchors, merging and keeping the best, as the original does.
Going through all classes together in falling score order and stopping when enough boxes are kept gives exactly that
set without ever sorting the millions of (anchor, class) pairs that a 90-class detector scores.
"""

from __future__ import annotations

import numpy as np

IOU_THRESHOLD = 0.6
MIN_SCORE = 1e-8
_FIRST_CHUNK = 512


def select_detections(
    boxes_rel_yxyx: np.ndarray,
    scores: np.ndarray,
    *,
    max_boxes: int = 100,
    min_score: float = MIN_SCORE,
    iou_threshold: float = IOU_THRESHOLD,
) -> tuple[np.ndarray, np.ndarray]:
    """The (anchor, class) pairs that survive, best first.

    Boxes suppress each other as decoded, before clipping; what is clipped to nothing is dropped afterwards, yet has
    counted among the `max_boxes` of its class.

    Args:
        boxes_rel_yxyx: float32 (A, 4) decoded boxes, not clipped.
        scores: float32 (A, N) probabilities, without the background slot.
        max_boxes: boxes kept in all, and per class.
        min_score: only pairs with a score above it are looked at.
        iou_threshold: of two boxes of a class that overlap more than this, the weaker goes.

    Returns:
        anchors (n,) and classes (n,), n <= max_boxes.
    """
    num_classes = scores.shape[1]
    kept = _Kept(boxes_rel_yxyx, num_classes, max_boxes, iou_threshold)
    for pairs in _falling(scores.ravel(), min_score):
        kept.add(*np.divmod(pairs, num_classes))
        if kept.num_visible >= max_boxes:
            break
    anchors, labels = (np.asarray(values, np.int64) for values in (kept.anchors, kept.labels))
    visible = _areas_inside(boxes_rel_yxyx[anchors]) > 0
    return anchors[visible], labels[visible]


def _falling(scores: np.ndarray, min_score: float):
    """Indices of scores above `min_score`, in falling order (first index first on ties), piece by piece."""
    candidates = np.flatnonzero(scores > min_score)
    chunk = _FIRST_CHUNK
    while len(candidates):
        values = scores[candidates]
        if len(candidates) > chunk:
            now = values >= np.partition(values, len(values) - chunk)[len(values) - chunk]
        else:
            now = np.ones(len(values), bool)
        batch = candidates[now]
        yield batch[np.argsort(-values[now], kind="stable")]
        candidates = candidates[~now]
        chunk *= 8


class _Kept:
    """The boxes kept so far, to which falling runs of candidates are added."""

    def __init__(self, boxes: np.ndarray, num_classes: int, max_boxes: int, iou_threshold: float) -> None:
        self.boxes, self.max_boxes, self.iou_threshold = boxes, max_boxes, iou_threshold
        self.per_class = np.zeros(num_classes, np.int64)
        self.anchors: list[int] = []
        self.labels: list[int] = []
        self.num_visible = 0

    def add(self, anchors: np.ndarray, labels: np.ndarray) -> None:
        """Keeps the best of `anchors` and whatever it does not suppress, until none is left or enough are kept."""
        alive = self.per_class[labels] < self.max_boxes
        for anchor, label in zip(self.anchors, self.labels):
            self._strike_out(alive, anchors, labels, anchor, label)
        while self.num_visible < self.max_boxes and alive.any():
            best = int(alive.argmax())
            anchor, label = int(anchors[best]), int(labels[best])
            self._keep(anchor, label)
            alive[best] = False
            self._strike_out(alive, anchors, labels, anchor, label)

    def _keep(self, anchor: int, label: int) -> None:
        self.anchors.append(anchor)
        self.labels.append(label)
        self.per_class[label] += 1
        self.num_visible += int(_areas_inside(self.boxes[[anchor]])[0] > 0)

    def _strike_out(self, alive, anchors, labels, anchor: int, label: int) -> None:
        """Marks as dead the candidates of `label` that overlap `anchor`, or all of them once the class is full."""
        rivals = np.flatnonzero(alive & (labels == label))
        if self.per_class[label] < self.max_boxes:
            rivals = rivals[_overlaps(self.boxes[anchor], self.boxes[anchors[rivals]], self.iou_threshold)]
        alive[rivals] = False


def _overlaps(box: np.ndarray, others: np.ndarray, threshold: float) -> np.ndarray:
    sides = np.minimum(others[:, 2:], box[2:]) - np.maximum(others[:, :2], box[:2])
    intersection = np.prod(np.maximum(sides, 0), axis=1)
    union = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2]) - intersection
    return intersection > threshold * union


def _areas_inside(boxes: np.ndarray) -> np.ndarray:
    clipped = np.clip(boxes, 0.0, 1.0)
    return np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
