"""Looking on while a detector learns: its boxes on one picture, every few steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.model.detector import Detector
from tflhelpers.training.course import Course

LEAST_SCORE = 0.05  # of the boxes that are handed over
MOST_BOXES = 30
LOSS_STEPS = 10  # that the loss told is the mean of


class Watch(Protocol):
    """What `fine_tune` takes as `watch`, such as `tflhelpers.LivePicture`.

    Attributes:
        image: path or RGB uint8 (H, W, 3), of something to be found that is not learned from.
        every: steps between two looks.
    """

    image: Any
    every: int

    def __call__(self, step: int, boxes: Boxes, *, loss: float | None = None) -> None:
        """Hears what the detector finds after `step` steps, however unsure, and the loss before."""


def watching(
    detector: Detector, watch: Watch | None, steps_before: int = 0
) -> Callable[[Course, bool], None]:
    """A function that is to be called before the first step and after each one: it looks if it is time to.

    `steps_before` were made before the course that it is shown.
    """
    looked_at: list[int] = []

    def look(course: Course, is_last: bool) -> None:
        if (
            watch is None
            or looked_at[-1:] == [course.done]
            or not (is_last or course.done % watch.every == 0)
        ):
            return
        looked_at.append(course.done)
        losses = course.losses["loss"][-LOSS_STEPS:]
        boxes = detector.detect(watch.image, threshold=LEAST_SCORE, max_boxes=MOST_BOXES)
        watch(steps_before + course.done, boxes, loss=float(np.mean(losses)) if losses else None)

    return look
