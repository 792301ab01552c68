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
_BLOCK = 32  # boxes compared with each other at once


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
        run.strike_out(self.boxes[self.anchors], np.asarray(self.labels, np.int64))
        visible = _areas(np.clip(run.boxes, 0.0, 1.0)) > 0
        while self.num_visible < self.max_boxes and run.alive.any():
            best = np.flatnonzero(run.alive)[:_BLOCK]
            kept = self._add_block(best, anchors, run, visible)
            run.strike_out(run.boxes[kept], labels[kept])
            run.alive[best] = False
            run.alive &= self.per_class[labels] < self.max_boxes

    def _add_block(self, best: np.ndarray, anchors: np.ndarray, run: _Run, visible: np.ndarray) -> list[int]:
        """Keeps those of `best` that none before them suppresses, and returns them."""
        suppressed = run.overlaps(run.boxes[best], run.labels[best], best)
        alive, kept = np.ones(len(best), bool), []
        missing = self.max_boxes - self.num_visible
        for row, each in enumerate(best.tolist()):
            label = int(run.labels[each])
            if missing > 0 and alive[row] and self.per_class[label] < self.max_boxes:
                self._keep(int(anchors[each]), label, bool(visible[each]))
                missing -= int(visible[each])
                alive &= ~suppressed[row]
                kept.append(each)
        return kept

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

    def strike_out(self, boxes: np.ndarray, labels: np.ndarray) -> None:
        """Strikes out the candidates that boxes (k, 4) of `labels` (k,) suppress."""
        for first in range(0, len(boxes), _BLOCK):
            rows, left = slice(first, first + _BLOCK), np.flatnonzero(self.alive)
            self.alive[left] &= ~self.overlaps(boxes[rows], labels[rows], left).any(axis=0)

    def overlaps(self, boxes: np.ndarray, labels: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Whether boxes (k, 4) of `labels` (k,) suppress `candidates` (n,). bool (k, n)."""
        low, high = self._low[candidates], self._high[candidates]
        sides = np.minimum(high, boxes[:, None, 2:]) - np.maximum(low, boxes[:, None, :2])
        intersection = np.maximum(sides[..., 0], 0) * np.maximum(sides[..., 1], 0)
        union = self._area[candidates] + _areas(boxes)[:, None] - intersection
        is_same = self.labels[candidates] == labels[:, None]
        return (intersection > self.iou_threshold * union) & is_same


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
