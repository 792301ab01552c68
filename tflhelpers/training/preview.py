"""Previews while a detector learns: its boxes on one image, every few steps."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.model.detector import Detector
from tflhelpers.model.tiles import view_count
from tflhelpers.training.devices import gather
from tflhelpers.training.loop import Hook, TrainingState

LEAST_SCORE = 0.05  # of the boxes that are handed over
MOST_BOXES = 30
LOSS_STEPS = 10  # that the loss told is the mean of


class Preview(Protocol):
    """What `fine_tune` takes as `watch`, such as `tflhelpers.LivePicture`.

    Attributes:
        image: path or RGB uint8 (H, W, 3), of something to be found that is not learned from.
        every: steps between two previews.
    """

    image: Any
    every: int

    def __call__(self, step: int, boxes: Boxes, *, loss: float | None = None) -> None:
        """Hears what the detector finds after `step` steps, however unsure, and the loss before."""


class ShowPreview(Hook):
    """Shows the boxes before the first step, every few, and at the end, each step once.

    With a detector that looks in tiles, it waits as many times longer as the look takes.

    Args:
        detector: that learns.
        preview: where they are shown, None for nowhere.
        steps_before: that were made before the state that the hook hears of.
    """

    def __init__(self, detector: Detector, preview: Preview | None, steps_before: int = 0) -> None:
        self.detector, self.preview, self.steps_before = detector, preview, steps_before
        self._shown: int | None = None

    def before_run(self, state: TrainingState) -> None:
        self.after_step(state)

    def after_step(self, state: TrainingState) -> None:
        if (
            self.preview is not None
            and state.step % (self.preview.every * view_count(self.detector.tiles)) == 0
        ):
            self._show(self.preview, state)

    def after_run(self, state: TrainingState) -> None:
        if self.preview is not None:
            self._show(self.preview, state)

    def _show(self, preview: Preview, state: TrainingState) -> None:
        if state.step == self._shown:
            return
        self._shown = state.step
        losses = state.losses["loss"][-LOSS_STEPS:]
        gather(self.detector.network.variables)
        boxes = self.detector.detect(preview.image, threshold=LEAST_SCORE, max_boxes=MOST_BOXES)
        preview(self.steps_before + state.step, boxes, loss=float(np.mean(losses)) if losses else None)
