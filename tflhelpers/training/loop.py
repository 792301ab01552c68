"""The steps of a training, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from tflhelpers.training.course import Course, Keeper
from tflhelpers.training.draws import Draws
from tflhelpers.training.recipe import Recipe
from tflhelpers.training.trainer import DetectorTrainer
from tflhelpers.training.trouble import Guard


class Batches(Protocol):
    """Where batches come from: pictures, or what frozen layers made of them.

    Attributes:
        draws: which pictures each holds.
    """

    draws: Draws

    def batches(self, first_step: int) -> Iterable[tuple]: ...

    def names(self, step: int) -> list[str]: ...


def run_steps(
    trainer: DetectorTrainer,
    batches: Batches,
    recipe: Recipe,
    course: Course,
    keeper: Keeper,
    bar,
    began: float,
    look: Callable[[Course, bool], None] = lambda course, is_last: None,
) -> None:
    """Learns from batch after batch until the recipe's steps are done or its time is up.

    Args:
        trainer: prepared.
        batches: see there.
        recipe, course, keeper: see there; the course is gone on with.
        bar: of `progress_bar`.
        began: `time.monotonic()` when this call's time began to count.
        look: called before the first step, after each one, and at the end (then with True).

    Raises:
        TrainingTrouble: the loss is nan or explodes again and again.
    """
    clock = Clock(recipe, course, began)
    guard = Guard(trainer, course, recipe, batches.names)

    def until_trouble() -> tuple | None:
        """The losses and the batch that went wrong, None when all is done."""
        for images, truth in batches.batches(course.done):
            progress = clock.progress()
            if progress >= 1.0:
                break
            if course.done in course.left_out:
                course.done += 1
                bar.update(1)
                continue
            losses = trainer.learn(images, truth, recipe.rate_at(progress) * course.rate_factor)
            if guard.is_trouble(losses):
                return losses, (images, truth)
            batches.draws.learned(course.done, losses["wrong"])
            course.add(losses)
            guard.remember()
            bar.update(1)
            bar.set_text(loss=f"{losses['loss']:.3f}", positives=round(losses["matched"]), left=clock.left())
            keeper.keep(trainer, course)
            look(course, False)
        return (None, None) if guard.weights_are_broken() else None

    look(course, False)
    while (trouble := until_trouble()) is not None:
        bar.update(-guard.go_back(*trouble))
        keeper.keep(trainer, course, now=True)
        guard.give_up_if_hopeless()
    clock.progress()
    keeper.keep(trainer, course, now=True)
    look(course, True)


class Clock:
    """How much of a training is done, by its steps or its time, and how long the rest takes."""

    def __init__(self, recipe: Recipe, course: Course, began: float) -> None:
        self.recipe, self.course, self.began = recipe, course, began
        self._before = course.seconds
        self._first: tuple[int, float] | None = (
            None  # a step and when it was done: what came before compiled, too
        )

    def progress(self) -> float:
        """0 to 1; brings the course's seconds up to date."""
        self.course.seconds = self._before + time.monotonic() - self.began
        progress = (self.course.done + 0.5) / self.recipe.steps
        if self.recipe.budget is not None:
            progress = max(progress, self.course.seconds / self.recipe.budget)
        return progress

    def left(self) -> str:
        """The time that the steps left take, such as "1:05"; "?" after the first step."""
        now = time.monotonic()
        seconds = None
        if self._first is None or self.course.done <= self._first[0]:
            self._first = (self.course.done, now)
        else:
            done, when = self._first
            steps_left = self.recipe.steps - self.course.done
            seconds = (now - when) / (self.course.done - done) * steps_left
        if self.recipe.budget is not None:
            budgeted = max(0.0, self.recipe.budget - (self._before + now - self.began))
            seconds = budgeted if seconds is None else min(seconds, budgeted)
        return "?" if seconds is None else f"{round(seconds) // 60}:{round(seconds) % 60:02d}"
