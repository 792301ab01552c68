"""Goes back to good weights when the losses of a training are nan or explode."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from tflhelpers.files.words import listed
from tflhelpers.training.loop import Hook, RolledBack, TrainingState
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
    """A training's weights and optimizer after `step` steps, of which `learned` have losses."""

    step: int
    learned: int
    values: list[np.ndarray]


class DivergenceGuard(Hook):
    """Keeps weights to go back to, and does so when the loss is nan or explodes.

    A snapshot is taken every ten steps, or more rarely where that takes over 5 % of the time, and counts as good when
    three steps have gone well with it; one or two are in memory at a time. It is to be the first hook, so that the
    others hear only of steps that count.

    Args:
        trainer: prepared; has `snapshot`, `go_back` and `judge`.
        recipe: for what is told.
        names: the pictures of a step's batch.
        share: of the time that snapshots may take; infinite where several processes must go back to the same step.
    """

    def __init__(
        self,
        trainer: DetectorTrainer,
        recipe: Recipe,
        names: Callable[[int], Sequence[str]],
        share: float = SNAPSHOT_SHARE,
    ) -> None:
        self.trainer, self.recipe, self.names, self.share = trainer, recipe, names, share

    def before_run(self, state: TrainingState) -> None:
        """Takes the first snapshot.

        Raises:
            TrainingTrouble: a weight is nan or infinite already.
        """
        self._good = self._snapshot(state)
        self._unproven: Snapshot | None = None
        if not all_finite(self._good.values):
            raise TrainingTrouble(
                "The detector's weights must be numbers, but some are nan or infinite before the training begins: an "
                "earlier training has spoilt them. Start with a fresh detector."
            )

    def on_losses(self, state: TrainingState, losses: dict, batch: Any) -> None:
        if self.is_trouble(state, losses):
            self._go_back(state, losses, batch)

    def after_step(self, state: TrainingState) -> None:
        if self._unproven is not None and state.step - self._unproven.step >= PROVEN_STEPS:
            self._good, self._unproven = self._unproven, None
        since = time.monotonic() - self._when
        if (
            self._unproven is None
            and state.step - self._good.step >= SNAPSHOT_STEPS
            and self._cost <= self.share * since
        ):
            self._unproven = self._snapshot(state)

    def after_run(self, state: TrainingState) -> None:
        if not all_finite(self.trainer.snapshot()):  # as it may be after the last step
            self._go_back(state)

    def after_rollback(self, state: TrainingState) -> None:
        """Gives up after several troubles; the weights are the last good ones then.

        Raises:
            TrainingTrouble: always the same trouble.
        """
        if state.troubles < MAX_TROUBLES:
            return
        by_batches = len(state.left_out) > state.troubles / 2
        cause = self._batch_cause(state) if by_batches else self._rate_cause(state)
        raise TrainingTrouble(
            f"Training was stopped after going back {state.troubles} times, at step {state.step}: {cause}; give it "
            f"another resume_dir if it had one. The detector has the last good weights. Last: {state.notes[-1]}"
        )

    def is_trouble(self, state: TrainingState, losses: dict[str, float]) -> bool:
        """Whether the next step's losses are nan or infinite, or have exploded.

        A loss is divided by the number of anchors that answered for boxes, so a batch with few of them may have a high
        one without any trouble: only if the loss times that number is far above the usual too, it has exploded.
        """
        loss, matched = float(losses["loss"]), float(losses["matched"])
        if not math.isfinite(loss):
            return True
        first, their_matched = (np.array(state.losses[name][:FIRST_STEPS]) for name in ("loss", "matched"))
        if not len(first):
            return False
        usual = max(LEAST_USUAL, float(np.median(first)))
        usual_sum = max(LEAST_USUAL, float(np.median(first * np.maximum(their_matched, 1))))
        return loss > EXPLODED * usual and loss * max(matched, 1) > EXPLODED * usual_sum

    def _go_back(self, state: TrainingState, losses: dict | None = None, batch: Any = None) -> NoReturn:
        """Back to the last good weights.

        If the batch is bad for these weights too, it is left out from now on, else the learning rate is halved.

        Args:
            losses: of the step that went wrong; None if it was seen by the weights.
            batch: (images, truth) of that step.
        """
        bad = state.step
        self.trainer.go_back(self._good.values)
        state.step, self._unproven = self._good.step, None
        for name, values in state.losses.items():
            state.losses[name] = values[: self._good.learned]
        state.troubles += 1
        seen = "weights became nan or infinite" if losses is None else f"loss became {losses['loss']:.3g}"
        told = f"Step {bad + 1}: the {seen}; went back to step {state.step}"
        if batch is not None and self.is_trouble(state, self.trainer.judge(*batch)):
            state.left_out.append(bad)
            names = listed(list(dict.fromkeys(self.names(bad))), 4)
            told += f" and left out the batch of {names}, which no weights can learn from."
        else:
            state.rate_factor /= 2
            told += f" and halved the learning rate to {self._rate(state):.3g}."
        state.notes.append(told)
        logger.warning(told)
        raise RolledBack

    def _batch_cause(self, state: TrainingState) -> str:
        counts = Counter(name for step in state.left_out for name in set(self.names(step)))
        common = sorted(name for name in counts if counts[name] == max(counts.values()))
        return (
            f"{listed(common, 4)} cannot be learned from: even with good weights the loss is nan or far too high. "
            "Look at the picture and its boxes, or train without it"
        )

    def _rate_cause(self, state: TrainingState) -> str:
        rate = self._rate(state)
        lower = min(RATES[self.recipe.optimizer], rate / 4)
        return (
            f"the learning rate of {self.recipe.learning_rate:g} is far too high, and {rate:.3g} still is. Train a "
            f"fresh detector with learning_rate={lower:.1g}"
        )

    def _rate(self, state: TrainingState) -> float:
        """The highest that is left of the recipe's."""
        return self.recipe.learning_rate * state.rate_factor

    def _snapshot(self, state: TrainingState) -> Snapshot:
        began = time.monotonic()
        taken = Snapshot(state.step, len(state.losses["loss"]), self.trainer.snapshot())
        self._when = time.monotonic()
        self._cost = self._when - began
        return taken


def all_finite(arrays: Sequence[np.ndarray]) -> bool:
    return all(bool(np.isfinite(values).all()) for values in arrays)
