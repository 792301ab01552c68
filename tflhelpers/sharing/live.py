"""`LivePicture`: see a detector learn, in the notebook while it does and as a GIF afterwards."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from tflhelpers.data.boxes import Boxes, checked_threshold
from tflhelpers.data.images import fit_within, read_image
from tflhelpers.sharing.captions import text_line
from tflhelpers.sharing.draw import draw_boxes

LONGEST = 640  # pixels: larger pictures are shrunk, so that the frames stay small
MOST_FRAMES = 121  # odd: every second of them is the first, and the last
_LETTERS = 28  # the picture's width over the height of the caption's letters
_JPEG_QUALITY = 88


class LivePicture:
    """A picture that shows what a detector finds in it while it learns; give it to `fine_tune` as `watch`.

    In a notebook the picture under the cell changes by itself. All that it has shown stays in `frames`.

    Attributes:
        image: the picture, uint8 (H, W, 3).
        every: steps between two looks; doubled, and every second frame dropped, when there are 121 frames.
        frames: what was shown so far, uint8 (h, w, 3) each: boxes on the picture, below it step and loss.

    Example:
        `live = tfl.LivePicture(held_out_photo, detector.class_names)`, then
        `tfl.fine_tune(detector, photos, watch=live)` and `tfl.write_gif(live.frames, "learning.gif")`
    """

    def __init__(
        self,
        image: np.ndarray | str | os.PathLike,
        class_names: Sequence[str],
        *,
        every: int = 20,
        threshold: float = 0.5,
        show: bool = True,
    ) -> None:
        """Takes the picture, and checks what it is given before a training begins.

        Args:
            image: RGB uint8 (H, W, 3) or a picture file; best one that is not learned from.
            class_names: the detector's.
            every: steps between two looks.
            threshold: the lowest score, 0 to 1, of boxes that are shown.
            show: False keeps the frames only.

        Raises:
            ValueError: `every` is below 1, or `threshold` is no score.
        """
        if every < 1 or every != int(every):
            raise ValueError(f"every must be a number of steps, at least 1, got {every}. 20 is a good start.")
        checked_threshold(threshold)
        picture = read_image(image) if isinstance(image, (str, os.PathLike)) else image
        draw_boxes(picture, Boxes.empty(), class_names)  # raises where the picture or the names are wrong
        self.image = fit_within(picture, LONGEST)
        self.class_names, self.every, self.threshold = tuple(class_names), int(every), threshold
        self.frames: list[np.ndarray] = []
        self._show = show
        self._display: Any | None = None

    def __call__(self, step: int, boxes: Boxes, *, loss: float | None = None) -> None:
        """Shows `boxes`, as found after `step` steps, in the place of the last ones."""
        shown = boxes if boxes.scores is None else boxes[boxes.scores >= self.threshold]
        drawn = draw_boxes(self.image, shown, self.class_names)
        words = f"step {step}" if loss is None else f"step {step}, loss {loss:.2f}"
        width = drawn.shape[1]
        caption = text_line(
            words if len(shown) else f"{words}: nothing found", width, max(12, width // _LETTERS)
        )
        self._keep(np.concatenate([drawn, caption]))
        self._update()

    def _keep(self, frame: np.ndarray) -> None:
        self.frames.append(frame)
        if len(self.frames) >= MOST_FRAMES:
            del self.frames[1::2]
            self.every *= 2

    def _update(self) -> None:
        """Changes the picture in the notebook; outside of one there is nothing to do."""
        if not self._show or not _in_notebook():
            return
        from IPython import display

        picture = display.Image(data=_jpeg(self.frames[-1]), format="jpeg")
        if self._display is None:
            self._display = display.display(picture, display_id=True)
        else:
            self._display.update(picture)


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None


def _jpeg(frame: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()
