"""How much of a training is done, by its steps or its time, and how long the rest takes."""

from __future__ import annotations

import time

from tflhelpers.progress import ProgressBar
from tflhelpers.training.loop import Hook, StopRun, TrainingState


class Budget(Hook):
    """Counts a training's seconds, and ends it when they are used up.

    Args:
        steps: of the whole training.
        seconds: that all its calls together may take; None for as long as it takes.
        began: `time.monotonic()` when this call's time began to count.
    """

    def __init__(self, steps: int, seconds: float | None, began: float) -> None:
        self.steps, self.seconds, self.began = steps, seconds, began
        self._before = 0.0
        self._first: tuple[int, float] | None = (
            None  # a step and when it was done: what came before compiled, too
        )

    def before_run(self, state: TrainingState) -> None:
        self._before = state.seconds

    def before_step(self, state: TrainingState) -> None:
        state.seconds = self._spent(time.monotonic())
        if self.seconds is not None and state.seconds >= self.seconds:
            raise StopRun

    def after_run(self, state: TrainingState) -> None:
        state.seconds = self._spent(time.monotonic())

    def progress(self, state: TrainingState) -> float:
        """0 to 1, in the middle of the next step."""
        by_steps = (state.step + 0.5) / self.steps
        return by_steps if self.seconds is None else max(by_steps, state.seconds / self.seconds)

    def left(self, state: TrainingState) -> str:
        """The time that the steps left take, such as "1:05"; "?" after the first step."""
        now = time.monotonic()
        seconds = None
        if self._first is None or state.step <= self._first[0]:
            self._first = (state.step, now)
        else:
            step, when = self._first
            seconds = (now - when) / (state.step - step) * (self.steps - state.step)
        if self.seconds is not None:
            budgeted = max(0.0, self.seconds - self._spent(now))
            seconds = budgeted if seconds is None else min(seconds, budgeted)
        return "?" if seconds is None else f"{round(seconds) // 60}:{round(seconds) % 60:02d}"

    def _spent(self, now: float) -> float:
        return self._before + now - self.began


class ShowProgress(Hook):
    """Moves a bar of `progress_bar` along, a step at a time."""

    def __init__(self, bar: ProgressBar, budget: Budget) -> None:
        self.bar, self.budget = bar, budget

    def after_step(self, state: TrainingState) -> None:
        self._move(state)
        last = {name: values[-1] for name, values in state.losses.items()}
        left = (
            {} if self.budget.seconds is None else {"left": self.budget.left(state)}
        )  # the bar knows steps only
        self.bar.set_text(loss=f"{last['loss']:.3f}", positives=round(last["matched"]), **left)

    def after_rollback(self, state: TrainingState) -> None:
        self._move(state)

    def after_run(self, state: TrainingState) -> None:
        self._move(state)

    def _move(self, state: TrainingState) -> None:
        if state.step != self.bar.count:
            self.bar.update(state.step - self.bar.count)
