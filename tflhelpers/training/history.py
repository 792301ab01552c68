"""What a training leaves behind: losses by step, and how they look."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tflhelpers.training.resume import save_state

SAVE_SECONDS, SAVE_STEPS = 10.0, 20
NAMES = ("loss", "box_loss", "class_loss", "matched")


@dataclass(frozen=True)
class History:
    """A training's course.

    Attributes:
        loss, box_loss, class_loss: by step.
        matched: anchors that answered for a box, by step.
        seconds: of this call.
        trained: the parts of the network that learned.
        dropped: a sentence for each picture with boxes that could not be learned from.
        validation_loss: on the pictures held back for it, None without any.
    """

    loss: list[float]
    box_loss: list[float]
    class_loss: list[float]
    matched: list[float]
    seconds: float
    trained: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    validation_loss: float | None = None

    def __repr__(self) -> str:
        course = f"loss {self.loss[0]:.2f} to {self.loss[-1]:.2f}" if self.loss else "nothing learned"
        return f"History({len(self.loss)} steps, {course}, {self.seconds:.0f} s, trained {' + '.join(self.trained)})"

    def plot(self, axes=None):
        """Draws the losses over the steps; returns the matplotlib axes."""
        import matplotlib.pyplot as plt

        axes = axes or plt.subplots(figsize=(7, 3.5), layout="constrained")[1]
        curves = (
            ("loss", "all", "#222222"),
            ("class_loss", "classes", "#0072B2"),
            ("box_loss", "boxes", "#D55E00"),
        )
        for name, label, color in curves:
            values = np.asarray(getattr(self, name))
            axes.plot(values, color=color, alpha=0.25, linewidth=1)
            axes.plot(_smoothed(values), color=color, label=label, linewidth=2)
        axes.set(xlabel="step", ylabel="loss", yscale="log", title="What was learned, step by step")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        return axes


def _smoothed(values: np.ndarray, width: int = 11) -> np.ndarray:
    """Means over `width` steps, fewer at the ends."""
    if not len(values):
        return values
    sums, counts = (np.convolve(v, np.ones(width)) for v in (values, np.ones(len(values))))
    return (sums / counts)[width // 2 :][: len(values)]


class StepRecorder(keras.callbacks.Callback):
    """Moves the progress bar, keeps each step's losses, and saves the state every few steps or seconds."""

    def __init__(
        self, bar, state_path: Path | None, settings: str, done: int, losses: dict[str, list[float]]
    ) -> None:
        super().__init__()
        self.bar, self.state_path, self.settings = bar, state_path, settings
        self.first_step = self.done = done
        self.losses = {name: list(losses.get(name, [])) for name in NAMES}
        self._sums = dict.fromkeys(NAMES, 0.0)
        self._saved = (done, time.monotonic())

    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        count = self.done - self.first_step
        for name in NAMES:  # Keras hands out the mean of all steps so far
            total = float(logs[name]) * count
            self.losses[name].append(total - self._sums[name])
            self._sums[name] = total
        self.bar.update(1)
        self.bar.set_text(loss=f"{self.losses['loss'][-1]:.3f}", matched=round(self.losses["matched"][-1]))
        step, when = self._saved
        if self.state_path and (self.done - step >= SAVE_STEPS or time.monotonic() - when >= SAVE_SECONDS):
            self._save()

    def on_train_end(self, logs=None):
        if self.state_path:
            self._save()

    def _save(self) -> None:
        assert self.state_path is not None
        save_state(self.model, self.done, self.state_path, settings=self.settings, losses=self.losses)
        self._saved = (self.done, time.monotonic())
