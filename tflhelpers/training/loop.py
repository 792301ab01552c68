"""The engine of every training: a state, steps that take it on, and hooks around them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

LOSSES = ("loss", "box_loss", "class_loss", "matched")


@dataclass
class TrainingState:
    """How far a training is.

    Attributes:
        step: steps done.
        losses: by name and step, a detector's unless told otherwise; steps that were left out have none.
        seconds: spent on it so far, in earlier calls too.
        rate_factor: that the learning rate is multiplied by; halved by each trouble.
        troubles: how often the loss was nan or exploded.
        left_out: steps whose batch cannot be learned from.
        notes: what there is to tell of it, a sentence each.
    """

    step: int = 0
    losses: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in LOSSES})
    seconds: float = 0.0
    rate_factor: float = 1.0
    troubles: int = 0
    left_out: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, losses: dict[str, float]) -> None:
        """Counts a step."""
        for name, values in self.losses.items():
            values.append(float(losses[name]))
        self.step += 1

    def about(self) -> dict:
        """All but steps and losses, of JSON's types."""
        names = ("seconds", "rate_factor", "troubles", "left_out", "notes")
        return {name: getattr(self, name) for name in names}


class RolledBack(Exception):
    """Raised by a hook that has set the state back: the batches begin again at its step."""


class StopRun(Exception):
    """Raised by a hook to end a training before its batches do; what is done counts."""


class Hook:
    """What happens around the steps of a training. Hooks are called in their order, after a rollback in reverse.

    `on_losses` hears of each step before the state counts it, `after_step` when it does. What `kept` returns, of JSON's
    types, lies on disk with the state, and `restore` gets it back; an OSError there keeps the state from the disk.
    """

    def before_run(self, state: TrainingState) -> None: ...

    def before_step(self, state: TrainingState) -> None: ...

    def on_losses(self, state: TrainingState, losses: dict, batch: Any) -> None: ...

    def after_step(self, state: TrainingState) -> None: ...

    def after_rollback(self, state: TrainingState) -> None: ...

    def after_run(self, state: TrainingState) -> None: ...

    def kept(self) -> dict:
        return {}

    def restore(self, kept: dict) -> None: ...


def run(
    state: TrainingState,
    step: Callable[[Any, float], dict],
    batches: Callable[[int], Iterable],
    schedule: Callable[[TrainingState], float],
    hooks: Sequence[Hook],
) -> None:
    """Takes `state` on, batch after batch, until there are no more or a hook ends it.

    Args:
        state: where the training stands; changed in place.
        step: learns from a batch at a learning rate, and returns the losses by name.
        batches: those from a step on; the same step has the same batch each time.
        schedule: the learning rate of the next step.
        hooks: see `Hook`; what they raise ends the training, but for `RolledBack` and `StopRun`.
    """
    for hook in hooks:
        hook.before_run(state)
    while not _is_through(state, step, batches, schedule, hooks):
        for hook in reversed(hooks):
            hook.after_rollback(state)


def _is_through(state, step, batches, schedule, hooks) -> bool:
    """Goes through the batches; False if a hook has set the state back."""
    try:
        with contextlib.suppress(StopRun):
            for batch in batches(state.step):
                _take_step(state, step, batch, schedule, hooks)
        for hook in hooks:
            hook.after_run(state)
    except RolledBack:
        return False
    return True


def _take_step(state, step, batch, schedule, hooks) -> None:
    for hook in hooks:
        hook.before_step(state)
    if state.step in state.left_out:
        state.step += 1
        return
    losses = step(batch, schedule(state) * state.rate_factor)
    for hook in hooks:
        hook.on_losses(state, losses, batch)
    state.add(losses)
    for hook in hooks:
        hook.after_step(state)
