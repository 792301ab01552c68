"""The steps of a training, one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tflhelpers.training.recipe import Recipe
from tflhelpers.training.resume import load_state, save_state
from tflhelpers.training.trainer import DetectorTrainer

SAVE_SECONDS, SAVE_STEPS = 10.0, 20
LOSSES = ("loss", "box_loss", "class_loss", "matched")


@dataclass
class Course:
    """How far a training is.

    Attributes:
        done: steps.
        losses: by name and step.
        seconds: spent on it so far, in earlier calls too.
    """

    done: int = 0
    losses: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in LOSSES})
    seconds: float = 0.0

    def add(self, losses: dict[str, float]) -> None:
        for name in LOSSES:
            self.losses[name].append(float(losses[name]))
        self.done += 1


class Keeper:
    """Keeps a course on disk every few steps or seconds, and brings it back."""

    def __init__(self, path: Path | None, settings: str) -> None:
        self.path, self.settings = path, settings
        self._step, self._when = 0, time.monotonic()

    def restore(self, trainer: DetectorTrainer) -> Course:
        if self.path is None:
            return Course()
        done, losses = load_state(trainer, self.path, settings=self.settings)
        self._step = done
        course = Course(done)
        course.losses |= {name: values for name, values in losses.items() if name in LOSSES}
        course.seconds = sum(losses.get("seconds", [0.0]))
        return course

    def keep(self, trainer: DetectorTrainer, course: Course, *, now: bool = False) -> None:
        due = course.done - self._step >= SAVE_STEPS or time.monotonic() - self._when >= SAVE_SECONDS
        if self.path is None or not (due or now):
            return
        losses = course.losses | {"seconds": [course.seconds]}
        save_state(trainer, course.done, self.path, settings=self.settings, losses=losses)
        self._step, self._when = course.done, time.monotonic()


def run_steps(
    trainer: DetectorTrainer,
    batches: Iterable,
    recipe: Recipe,
    course: Course,
    keeper: Keeper,
    bar,
    began: float,
) -> None:
    """Learns from batch after batch until the recipe's steps are done or its time is up.

    Args:
        trainer: prepared.
        batches: those from step `course.done` on.
        recipe, course, keeper: see there; the course is gone on with.
        bar: of `progress_bar`.
        began: `time.monotonic()` when this call's time began to count.
    """
    before = course.seconds
    for images, truth in batches:
        course.seconds = before + time.monotonic() - began
        progress = (course.done + 0.5) / recipe.steps
        if recipe.budget is not None:
            progress = max(progress, course.seconds / recipe.budget)
        if progress >= 1.0:
            break
        losses = trainer.learn(images, truth, recipe.rate_at(progress))
        course.add(losses)
        bar.update(1)
        bar.set_text(loss=f"{losses['loss']:.3f}", matched=round(losses["matched"]))
        keeper.keep(trainer, course)
    course.seconds = before + time.monotonic() - began
    keeper.keep(trainer, course, now=True)
