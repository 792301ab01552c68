"""How far a training is, and how that is kept on disk."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from tflhelpers.training.draws import Draws
from tflhelpers.training.resume import check_state, load_state, save_state
from tflhelpers.training.trainer import DetectorTrainer

SAVE_SECONDS, SAVE_STEPS = 10.0, 20
SAVE_SHARE = 0.05  # of the time may go into saving every 20 steps; else it is every 10 seconds
LOSSES = ("loss", "box_loss", "class_loss", "matched")


@dataclass
class Course:
    """How far a training is.

    Attributes:
        done: steps.
        losses: by name and step; steps that were left out have none.
        seconds: spent on it so far, in earlier calls too.
        rate_factor: that the learning rate is multiplied by; halved by each trouble.
        troubles: how often the loss was nan or exploded.
        left_out: steps whose batch cannot be learned from.
        notes: what there is to tell of it, a sentence each.
    """

    done: int = 0
    losses: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in LOSSES})
    seconds: float = 0.0
    rate_factor: float = 1.0
    troubles: int = 0
    left_out: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, losses: dict[str, float]) -> None:
        for name in LOSSES:
            self.losses[name].append(float(losses[name]))
        self.done += 1

    def about(self) -> dict:
        """All but steps and losses, of JSON's types."""
        names = ("seconds", "rate_factor", "troubles", "left_out", "notes")
        return {name: getattr(self, name) for name in names}


class Keeper:
    """Keeps a course on disk every few steps or seconds, and brings it back.

    Nothing is kept while a weight is nan or infinite: the older state is worth more.
    """

    def __init__(self, path: Path | None, settings: str) -> None:
        self.path, self.settings = path, settings
        self.draws: Draws | None = None
        self._step, self._when, self._cost = 0, time.monotonic(), 0.0

    def check(self, network: keras.Model) -> None:
        """Raises a ValueError if what is kept is of another training; changes nothing."""
        if self.path is not None:
            check_state(network, self.path, settings=self.settings)

    def restore(self, trainer: DetectorTrainer, draws: Draws | None = None) -> Course:
        """The course that is kept, a new one without any; weights, optimizer and `draws` are set to it."""
        self.draws = draws
        if self.path is None:
            return Course()
        stored = load_state(trainer, self.path, settings=self.settings)
        self._step = stored.step
        about = dict(stored.about)
        plan = about.pop("draws", {})
        if draws is not None:
            draws.restore(plan)
        course = Course(stored.step, **about)
        course.losses |= stored.losses
        return course

    def keep(self, trainer: DetectorTrainer, course: Course, *, now: bool = False) -> None:
        """Writes the course if it is time to, or `now`."""
        if self.path is None or not (now or self._is_due(course)):
            return
        began = time.monotonic()
        if not all(np.isfinite(values).all() for values in trainer.snapshot()):
            return
        about = course.about() | {"draws": self.draws.state() if self.draws is not None else {}}
        save_state(trainer, course.done, self.path, settings=self.settings, losses=course.losses, about=about)
        self._step, self._when = course.done, time.monotonic()
        self._cost = self._when - began

    def _is_due(self, course: Course) -> bool:
        seconds = time.monotonic() - self._when
        steps_are_up = course.done - self._step >= SAVE_STEPS and self._cost <= SAVE_SHARE * seconds
        return steps_are_up or seconds >= SAVE_SECONDS
