"""Watches the losses of a training, and goes back to good weights when they are nan or explode."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tflhelpers.training.course import Course
from tflhelpers.training.recipe import RATES, Recipe
from tflhelpers.training.trainer import DetectorTrainer

logger = logging.getLogger(__name__)

EXPLODED = 20.0  # times the usual loss of the first steps
LEAST_USUAL = 1.0  # a detector that has little left to learn begins with less
FIRST_STEPS = 10
SNAPSHOT_STEPS = 10
SNAPSHOT_SHARE = 0.05  # of the time may go into them
PROVEN_STEPS = 3  # without trouble make a snapshot good
MAX_TROUBLES = 6


class TrainingTrouble(RuntimeError):
    """A training that cannot go on; the message says why and what to do."""


@dataclass
class Snapshot:
    """A training's weights and optimizer after `done` steps, of which `learned` have losses."""

    done: int
    learned: int
    values: list[np.ndarray]


class Guard:
    """Keeps weights to go back to, and does so when there is trouble.

    A snapshot is taken every ten steps, or more rarely where that takes over 5 % of the time, and counts as good when
    three steps have gone well with it; one or two are in memory at a time.

    Args:
        trainer: prepared; has `snapshot`, `go_back` and `judge`.
        course: gone on with; troubles are noted there.
        recipe: for what is told.
        names: the pictures of a step's batch.
    """

    def __init__(
        self,
        trainer: DetectorTrainer,
        course: Course,
        recipe: Recipe,
        names: Callable[[int], Sequence[str]],
    ) -> None:
        self.trainer, self.course, self.recipe, self.names = trainer, course, recipe, names
        self._good = self._snapshot()
        self._unproven: Snapshot | None = None
        if not _all_finite(self._good.values):
            raise TrainingTrouble(
                "The detector's weights must be numbers, but some are nan or infinite before the training begins: an "
                "earlier one has spoilt them. Begin with a fresh detector."
            )

    def is_trouble(self, losses: dict[str, float]) -> bool:
        """Whether a step's losses are nan or infinite, or have exploded.

        A loss is divided by the number of anchors that answered for boxes, so a batch with few of them may have a high
        one without any trouble: only if the loss times that number is far above the usual too, it has exploded.
        """
        loss, matched = float(losses["loss"]), float(losses["matched"])
        if not math.isfinite(loss):
            return True
        first, their_matched = (
            np.array(self.course.losses[name][:FIRST_STEPS]) for name in ("loss", "matched")
        )
        if not len(first):
            return False
        usual = max(LEAST_USUAL, float(np.median(first)))
        usual_sum = max(LEAST_USUAL, float(np.median(first * np.maximum(their_matched, 1))))
        return loss > EXPLODED * usual and loss * max(matched, 1) > EXPLODED * usual_sum

    def remember(self) -> None:
        """Hears that a step went well."""
        done = self.course.done
        if self._unproven is not None and done - self._unproven.done >= PROVEN_STEPS:
            self._good, self._unproven = self._unproven, None
        since = time.monotonic() - self._when
        if (
            self._unproven is None
            and done - self._good.done >= SNAPSHOT_STEPS
            and self._cost <= SNAPSHOT_SHARE * since
        ):
            self._unproven = self._snapshot()

    def weights_are_broken(self) -> bool:
        """Whether a weight is nan or infinite, as it may be after the last step."""
        return not _all_finite(self.trainer.snapshot())

    def go_back(self, losses: dict[str, float] | None, batch: tuple | None) -> int:
        """Back to the last good weights; returns how many steps that is.

        If the batch is bad for these weights too, it is left out from now on, else the learning rate is halved.

        Args:
            losses: of the step that went wrong; None if it was seen by the weights.
            batch: (images, truth) of that step.
        """
        course, bad = self.course, self.course.done
        steps = bad - self._good.done
        self.trainer.go_back(self._good.values)
        course.done, self._unproven = self._good.done, None
        for name, values in course.losses.items():
            course.losses[name] = values[: self._good.learned]
        course.troubles += 1
        seen = "weights became nan or infinite" if losses is None else f"loss became {losses['loss']:.3g}"
        told = f"Step {bad + 1}: the {seen}; went back to step {course.done}"
        if batch is not None and self.is_trouble(self.trainer.judge(*batch)):
            course.left_out.append(bad)
            told += f" and left out the batch of {_listed(self.names(bad))}, which no weights can learn from."
        else:
            course.rate_factor /= 2
            told += f" and halved the learning rate to {self._rate():.3g}."
        course.notes.append(told)
        logger.warning(told)
        return steps

    def give_up_if_hopeless(self) -> None:
        """Raises after several troubles; the weights are the last good ones then.

        Raises:
            TrainingTrouble: always the same trouble.
        """
        course = self.course
        if course.troubles < MAX_TROUBLES:
            return
        cause = self._batch_cause() if len(course.left_out) > course.troubles / 2 else self._rate_cause()
        raise TrainingTrouble(
            f"The training was stopped after {course.troubles} troubles, at step {course.done}: {cause}; give it "
            f"another resume_dir if it had one. The detector has the last good weights. Last: {course.notes[-1]}"
        )

    def _batch_cause(self) -> str:
        counts = Counter(name for step in self.course.left_out for name in set(self.names(step)))
        common = sorted(name for name in counts if counts[name] == max(counts.values()))
        return (
            f"{_listed(common)} cannot be learned from, the loss is nan or far too high with good weights too. Look at "
            "the picture and its boxes, or train without it"
        )

    def _rate_cause(self) -> str:
        lower = min(RATES[self.recipe.optimizer], self._rate() / 4)
        return (
            f"the learning rate of {self.recipe.learning_rate:g} is far too high, {self._rate():.3g} still is. Train a "
            f"fresh detector with learning_rate={lower:.1g}"
        )

    def _rate(self) -> float:
        """The highest that is left of the recipe's."""
        return self.recipe.learning_rate * self.course.rate_factor

    def _snapshot(self) -> Snapshot:
        began = time.monotonic()
        taken = Snapshot(self.course.done, len(self.course.losses["loss"]), self.trainer.snapshot())
        self._when = time.monotonic()
        self._cost = self._when - began
        return taken


def _all_finite(arrays: Sequence[np.ndarray]) -> bool:
    return all(bool(np.isfinite(values).all()) for values in arrays)


def _listed(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
