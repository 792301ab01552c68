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
    visible = np.asarray(kept.visible, bool)
    return np.asarray(kept.anchors, np.int64)[visible], np.asarray(kept.labels, np.int64)[visible]


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
        self.visible: list[bool] = []

    @property
    def num_visible(self) -> int:
        return sum(self.visible)

    def add(self, anchors: np.ndarray, labels: np.ndarray) -> None:
        """Keeps the best of `anchors` and whatever it does not suppress, until none is left or enough are kept."""
        run = _Run(self.boxes[anchors], labels, self.iou_threshold)
        run.alive &= self.per_class[labels] < self.max_boxes
        for anchor, label in zip(self.anchors, self.labels, strict=True):
            run.strike_out(self.boxes[anchor], label)
        visible = _areas(np.clip(run.boxes, 0.0, 1.0)) > 0
        missing = self.max_boxes - self.num_visible
        while missing > 0 and run.alive.any():
            best = int(run.alive.argmax())
            label = int(labels[best])
            self._keep(int(anchors[best]), label, bool(visible[best]))
            missing -= int(visible[best])
            run.strike_out(run.boxes[best], label)
            run.alive[best] = False
            if self.per_class[label] == self.max_boxes:
                run.alive &= labels != label

    def _keep(self, anchor: int, label: int, visible: bool) -> None:
        self.anchors.append(anchor)
        self.labels.append(label)
        self.visible.append(visible)
        self.per_class[label] += 1


class _Run:
    """Candidates in falling order, some of them struck out."""

    def __init__(self, boxes: np.ndarray, labels: np.ndarray, iou_threshold: float) -> None:
        self.boxes, self.labels, self.iou_threshold = boxes, labels, iou_threshold
        self.alive = np.ones(len(boxes), bool)
        self._low, self._high, self._area = boxes[:, :2], boxes[:, 2:], _areas(boxes)

    def strike_out(self, box: np.ndarray, label: int) -> None:
        """Strikes out the candidates of `label` that overlap `box`."""
        sides = np.minimum(self._high, box[2:]) - np.maximum(self._low, box[:2])
        intersection = np.maximum(sides[:, 0], 0) * np.maximum(sides[:, 1], 0)
        union = self._area + _areas(box) - intersection
        self.alive &= ~((intersection > self.iou_threshold * union) & (self.labels == label))


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
