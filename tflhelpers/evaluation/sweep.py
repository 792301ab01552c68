"""`sweep_of`: what every threshold would give, found and wrong, from the boxes of all pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.matching import NOBODY, pair_boxes


@dataclass(frozen=True, eq=False)
class Trials:
    """Every predicted box as one trial: sure so much, right or wrong, in that picture.

    Attributes:
        scores: float64 (n,). What lies in a region to ignore is left out.
        right: bool (n,). Which box is right does not depend on the threshold: the surest choose first.
        picture: row of the picture. int64 (n,).
        n_true: number of true objects of each picture. int64 (pictures,).
    """

    scores: np.ndarray
    right: np.ndarray
    picture: np.ndarray
    n_true: np.ndarray

    def of(self, pictures: np.ndarray) -> Trials:
        """The trials in the pictures with these rows, as often as they occur there."""
        rows = [np.flatnonzero(self.picture == picture) for picture in pictures]
        index = np.concatenate([np.zeros(0, np.int64), *rows])
        number = np.repeat(np.arange(len(pictures)), [len(row) for row in rows])
        return Trials(self.scores[index], self.right[index], number, self.n_true[pictures])


@dataclass(frozen=True, eq=False)
class Sweep:
    """What every threshold would give, from the one that lets nothing through down to 0.

    Attributes:
        thresholds: each lies midway between two scores, so that it parts them. float64 (t,), falling.
        least_sure: score of the least sure box that is let through, infinite for none. float64 (t,).
        found, wrong: boxes that are right and that are not. int64 (t,).
        alarms: pictures without objects that have a box. int64 (t,).
        n_true: number of true objects.
        n_negatives: number of pictures without objects.
    """

    thresholds: np.ndarray
    least_sure: np.ndarray
    found: np.ndarray
    wrong: np.ndarray
    alarms: np.ndarray
    n_true: int
    n_negatives: int

    @property
    def precision(self) -> np.ndarray:
        """Part of the boxes that are right; 1 where there are none. float64 (t,)."""
        boxes = self.found + self.wrong
        return np.where(boxes, self.found / np.maximum(boxes, 1), 1.0)

    @property
    def recall(self) -> np.ndarray:
        """Part of the objects that are found. float64 (t,)."""
        return self.found / max(self.n_true, 1)

    @property
    def f1(self) -> np.ndarray:
        """2 × found / (boxes + objects). float64 (t,)."""
        return 2 * self.found / np.maximum(self.found + self.wrong + self.n_true, 1)

    def row_at(self, threshold: float) -> int:
        """The row that tells what any other threshold, 0 to 1, gives."""
        return int((self.least_sure >= np.float32(threshold)).sum()) - 1


def trials_of(predictions: Sequence[Boxes], annotations: Annotations, overlap: float = 0.5) -> Trials:
    """Every predicted box, and whether it is right."""
    scores, right, picture = [np.zeros(0)], [np.zeros(0, bool)], [np.zeros(0, np.int64)]
    for row, (boxes, (_, true)) in enumerate(zip(predictions, annotations, strict=True)):
        if not len(boxes):
            continue
        pairing = pair_boxes(boxes, true, overlap)
        counted = ~pairing.ignored
        assert boxes.scores is not None
        scores.append(boxes.scores[counted].astype(np.float64))
        right.append(pairing.truth_of[counted] != NOBODY)
        picture.append(np.full(int(counted.sum()), row))
    n_true = np.array([int((~true.crowd_mask).sum()) for _, true in annotations], np.int64)
    return Trials(np.concatenate(scores), np.concatenate(right), np.concatenate(picture), n_true)


def sweep_of(trials: Trials) -> Sweep:
    """Count what every threshold gives."""
    order = np.argsort(-trials.scores, kind="stable")
    scores, right, picture = trials.scores[order], trials.right[order], trials.picture[order]
    last = np.flatnonzero(np.append(scores[1:] < scores[:-1], True)) if len(scores) else np.zeros(0, np.int64)
    negative = trials.n_true == 0
    first_alarm = np.zeros(len(scores), np.int64)
    _, first = np.unique(picture, return_index=True)  # where each picture gets its first box
    first_alarm[first] = negative[picture[first]]
    ends = np.append(1.0, scores[last]), np.append(scores[last], 0.0)
    return Sweep(
        thresholds=(ends[0] + ends[1]) / 2,
        least_sure=np.append(np.inf, scores[last]),
        found=np.append(0, np.cumsum(right)[last]),
        wrong=np.append(0, np.cumsum(~right)[last]),
        alarms=np.append(0, np.cumsum(first_alarm)[last]),
        n_true=int(trials.n_true.sum()),
        n_negatives=int(negative.sum()),
    )
