"""Which picture is drawn when: rare classes more often, negatives spread, those that still fool the detector more."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tflhelpers.training.loop import Hook, TrainingState

PLAN_STEPS = 10  # that are planned at a time, and as many ahead: far more than `tf.data` reads ahead
FOOLED_FACTOR = 4.0  # a negative in which the detector is sure of something weighs 1 + so much


class Sampler:
    """The pictures of every step of a training; a value of `seed` and of what the detector got wrong.

    Pictures with objects come in rounds, each in a random order: all of them once, and those with a rare class now and
    then once more (`repeat_factors`). Negatives, pictures without objects, are spread over the batches as often as
    they are in the set, but take at most half of the draws, so that each batch of two or more holds objects. Among the
    negatives those on which the detector was most wrong are drawn up to five times as often as those on which it was
    not: its highest score on each is known from the step itself, and counts from 10 to 20 steps later.

    Draws are only ever added at the end: what was planned stays.

    Attributes:
        order: the picture of each draw that is planned so far.
        turns: how often that picture had been drawn before.
    """

    def __init__(
        self, labels: Sequence[Sequence[int] | np.ndarray], *, batch_size: int, steps: int, seed: int
    ) -> None:
        """`labels`: those of each picture's objects; empty for a negative."""
        self.num_pictures, self.batch_size, self.steps = len(labels), batch_size, steps
        shown = [index for index, its in enumerate(labels) if len(its)] or list(range(len(labels)))
        self.negatives = sorted(set(range(len(labels))) - set(shown))
        self._factors = repeat_factors([labels[index] for index in shown])
        self._shown = np.array(shown)
        self._seed = seed
        self._begin()
        self._plan(2 * PLAN_STEPS if self.negatives else steps)

    def _begin(self) -> None:
        self.order: list[int] = []
        self.turns: list[int] = []
        self._rounds = _rounds(self._shown, self._factors, self._seed)
        self._times = np.zeros(self.num_pictures, int)
        self._wrong = np.zeros(len(self.negatives))
        random_order = np.random.default_rng((self._seed, 1)).permutation(len(self.negatives))
        self._credit = random_order / max(1, len(self.negatives))

    def of_step(self, step: int) -> list[int]:
        """The pictures of a step's batch."""
        return self.order[step * self.batch_size : (step + 1) * self.batch_size]

    def draws_of(self, step: int, shard: tuple[int, int] = (0, 1)) -> range:
        """The numbers of a step's draws, for `shard` (i, n) those of the i-th of n equal parts."""
        index, count = shard
        first, size = step * self.batch_size, self.batch_size // count
        return range(first + index * size, first + (index + 1) * size)

    def learned(self, step: int, wrong: Sequence[float]) -> None:
        """Hears how a step went, and plans ahead.

        Args:
            step: the one that is done.
            wrong: 0 to 1, the highest score of anything in each picture of its batch; looked at for negatives.
        """
        if not self.negatives:
            return
        rows = {index: row for row, index in enumerate(self.negatives)}
        for index, score in zip(self.of_step(step), wrong, strict=True):
            if index in rows:
                self._wrong[rows[index]] = score
        self._plan(((step + 1) // PLAN_STEPS + 2) * PLAN_STEPS)

    def times(self) -> np.ndarray:
        """(pictures,) how often each is drawn in all; for negatives about, for nobody knows yet which are hard."""
        if not self.negatives:
            return self._times.copy()
        times = np.zeros(self.num_pictures, int)
        of_negatives = self._negatives_by(self.steps)
        share = (self.steps * self.batch_size - of_negatives) / self._factors.sum()
        times[self._shown] = np.ceil(self._factors * share)
        times[self.negatives] = math.ceil(of_negatives / len(self.negatives))
        return times

    def state(self) -> dict:
        """What `restore` needs, of JSON's types."""
        if not self.negatives:
            return {}
        return {"order": list(self.order), "wrong": self._wrong.tolist(), "credit": self._credit.tolist()}

    def restore(self, state: dict) -> None:
        """Goes on where `state` was taken."""
        if not {"order", "wrong", "credit"} <= state.keys():
            return
        self._begin()
        for index in state["order"]:
            self._add(index)
        shown = len(self.order) - int(self._times[self.negatives].sum())
        next(itertools.islice(self._rounds, shown, shown), None)  # those have been drawn
        self._wrong, self._credit = np.array(state["wrong"]), np.array(state["credit"])

    def _plan(self, until: int) -> None:
        """Plans the steps before `until` that are not planned yet."""
        for step in range(len(self.order) // self.batch_size, min(until, self.steps)):
            negative = self._negatives_by(step + 1) - self._negatives_by(step)
            for _ in range(self.batch_size - negative):
                self._add(next(self._rounds))
            for _ in range(negative):
                self._add(self._next_negative())

    def _add(self, index: int) -> None:
        self.order.append(index)
        self.turns.append(int(self._times[index]))
        self._times[index] += 1

    def _negatives_by(self, step: int) -> int:
        """How many negatives the steps before `step` hold: their share in the set, at most a half, rounded."""
        share_of = max(self.num_pictures, 2 * len(self.negatives))
        return (2 * len(self.negatives) * self.batch_size * step + share_of) // (2 * share_of)

    def _next_negative(self) -> int:
        """Each earns credit by its weight; the richest is drawn and pays for all. So none is left out for long."""
        weights = 1.0 + FOOLED_FACTOR * self._wrong
        self._credit += weights
        richest = int(np.argmax(self._credit))
        self._credit[richest] -= weights.sum()
        return self.negatives[richest]


class HardNegatives(Hook):
    """Tells a sampler how wrong the detector was on each picture, and keeps its plan with the training's state."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    def on_losses(self, state: TrainingState, losses: dict, batch: Any) -> None:
        self.sampler.learned(state.step, losses["wrong"])

    def kept(self) -> dict:
        return {"draws": self.sampler.state()}

    def restore(self, kept: dict) -> None:
        self.sampler.restore(kept.get("draws", {}))


def repeat_factors(labels: Sequence[Sequence[int] | np.ndarray]) -> np.ndarray:
    """How often each picture is to be drawn where one of the commonest class is drawn once.

    That is the square root of how much rarer its rarest class is, as in LVIS (Gupta et al. 2019, section on repeat
    factor sampling), so that rare classes are seen more often and their few pictures still not too often.

    Args:
        labels: of each picture's objects.

    Returns:
        float (pictures,), 1 or more.

    Example:
        >>> repeat_factors([[0], [0], [0, 0], [0, 1]]).tolist()  # class 0 is on four pictures, class 1 on one
        [1.0, 1.0, 1.0, 2.0]
    """
    classes = [set(np.asarray(its, int).tolist()) for its in labels]
    on_pictures = {label: sum(label in its for its in classes) for label in set().union(*classes)}
    most = max(on_pictures.values(), default=1)
    return np.array([max([1.0, *(math.sqrt(most / on_pictures[label]) for label in its)]) for its in classes])


def _rounds(pictures: np.ndarray, factors: np.ndarray, seed: int) -> Iterator[int]:
    """Round after round, each in a random order; after r rounds each picture came floor(r x its factor) times."""
    rng = np.random.default_rng(seed)
    for turn in itertools.count():
        copies = np.floor(factors * (turn + 1)) - np.floor(factors * turn)
        yield from rng.permutation(np.repeat(pictures, copies.astype(int))).tolist()
