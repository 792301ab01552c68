"""What the course of a training tells: losses that are nan, 0, grow, or never move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from tflhelpers.evaluation.diagnosis import Cause

HUGE = 1e4  # the largest weight of four trained detectors is 302
_LEAST_STEPS = 20
_STILL = 0.95  # of the first quarter's mean loss: more than that at the end is no progress
_GROWN = 2.0
_LOWER = "Start with a fresh detector and a tenth of the learning rate (fine_tune(..., learning_rate=...))."


class LossHistory(Protocol):
    """Losses by step, as `tflhelpers.fine_tune` returns them."""

    @property
    def loss(self) -> Sequence[float]: ...
    @property
    def matched(self) -> Sequence[float]: ...


def history_causes(history: LossHistory) -> Iterator[Cause]:
    """What the losses by step tell."""
    loss = np.asarray(history.loss, np.float64)
    if not len(loss):
        return
    bad = np.flatnonzero(~np.isfinite(loss))
    if len(bad):
        told = f"The loss is {loss[bad[0]]} from step {bad[0] + 1} of {len(loss)} on."
        yield Cause("the learning rate was too high: the loss is nan", told, _LOWER)
        return
    if (loss == 0).all():
        matched = float(np.sum(history.matched))
        yield Cause(
            "the loss is 0: there was nothing to learn from",
            f"All {len(loss)} steps have a loss of exactly 0, and {matched:.0f} anchors matched a box.",
            "Check whether the annotations have boxes (annotations.check()), and whether they are in pixels.",
        )
        return
    if len(loss) < _LEAST_STEPS:
        return
    quarter = len(loss) // 4
    first, last = float(loss[:quarter].mean()), float(loss[-quarter:].mean())
    told = f"The mean loss of the first quarter of {len(loss)} steps is {first:.3g}, of the last {last:.3g}."
    if last > _GROWN * first:
        yield Cause("the learning rate was too high: the loss grows", told, _LOWER)
    elif last > _STILL * first and not _learned_before(loss):
        yield Cause(
            "the loss never moves",
            told,
            'Take a learning rate ten times as high, or let more of the network learn (trainable="all"); look at '
            "the boxes once more: if they contradict each other, they teach nothing.",
        )


def weight_causes(weights: Mapping[str, np.ndarray]) -> Iterator[Cause]:
    """What the network's trainable weights tell: not a number, or larger than any training makes them.

    Args:
        weights: name -> array.
    """
    broken = [name for name, array in weights.items() if not np.isfinite(array).all()]
    if broken:
        told = f"{len(broken)} of {len(weights)} weights hold nan or infinity, such as {broken[0]}."
        yield Cause("the learning rate was too high: the weights are nan", told, _LOWER)
        return
    largest = max(weights, key=lambda name: float(np.abs(weights[name]).max(initial=0)), default=None)
    if largest is not None and np.abs(weights[largest]).max(initial=0) > HUGE:
        value = np.abs(weights[largest]).max()
        told = f"{largest} holds {value:.3g}, where trained detectors have some hundreds at most."
        yield Cause("the learning rate was too high: the weights have run away", told, _LOWER)


def _learned_before(loss: np.ndarray) -> bool:
    """Whether the loss fell within the first quarter already, so that little was left to learn."""
    few = max(1, len(loss) // 20)
    return bool(loss[-few:].mean() < 0.7 * loss[:few].mean())
