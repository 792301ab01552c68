"""What a frame of the shared clip looks like: boxes, beside it the clip as it was, a line of text, a title card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import letterbox, resize_image
from tflhelpers.sharing.captions import text_block, text_line, wrapped
from tflhelpers.sharing.draw import draw_boxes
from tflhelpers.sharing.fonts import font_for
from tflhelpers.sharing.palette import WHITE

TITLE_SECONDS = 2.0
_PAIR_LONGEST = 1920  # pixels of the longer side of two pictures side by side
_GAP = 4  # pixels between them
_PAPER = (255, 255, 255)
_BEFORE, _AFTER = "before", "after"


@dataclass(frozen=True)
class VideoLook:
    """How frames are shown; all of a clip come out in one size.

    Attributes:
        class_names: for the tags.
        caption: text below, None for none.
        before_after: the frame as it was on the left, with boxes on the right.
    """

    class_names: Sequence[str]
    caption: str | None = None
    before_after: bool = False

    def compose(self, image: np.ndarray, boxes: Boxes) -> np.ndarray:
        """The frame to show, uint8 (H, W, 3)."""
        shown = self._pair(image, boxes) if self.before_after else draw_boxes(image, boxes, self.class_names)
        if not self.caption:
            return shown
        width, letters = _letters(shown)
        block = text_block(self.caption, width - letters, letters)
        return np.concatenate([shown, _strip(_indented(block, letters // 2, width))])

    def _pair(self, image: np.ndarray, boxes: Boxes) -> np.ndarray:
        height, width = image.shape[:2]
        scale = min(1.0, _PAIR_LONGEST / max(2 * width + _GAP, height))
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        small = image if scale == 1 else resize_image(image, size)
        drawn = draw_boxes(small, boxes.scale(size[1] / width, size[0] / height), self.class_names)
        gap = np.full((size[0], _GAP, 3), _PAPER, np.uint8)
        pictures = np.concatenate([small, gap, drawn], axis=1)
        letters = _letters(pictures)[1]
        words = [
            _indented(text_line(word, size[1] - letters, letters), letters // 2, size[1])
            for word in (_BEFORE, _AFTER)
        ]
        below = np.full((words[0].shape[0], _GAP, 3), _PAPER, np.uint8)
        return np.concatenate([pictures, np.concatenate([words[0], below, words[1]], axis=1)])


def fitted(frame: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """A frame in the size of the others: some clips change theirs."""
    return frame if frame.shape[:2] == image_size else letterbox(frame, image_size, (0, 0, 0))[0]


def title_card(title: str, picture: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """A title in white on a picture, which is cut to `image_size`, darkened and blurred: uint8 (H, W, 3).

    The letters are as large as fits: a seventh of the shorter side at most.
    """
    height, width = image_size
    card = ImageOps.fit(Image.fromarray(picture), (width, height))
    card = card.filter(ImageFilter.GaussianBlur(max(2, min(height, width) / 60)))
    card = Image.fromarray((np.asarray(card) * 0.32).astype(np.uint8))
    size = max(10, min(height, width) // 7)
    while size > 10 and not _fits(title, size, (0.8 * height, 0.88 * width)):
        size = max(10, int(size * 0.92))
    lines, font = wrapped(title, round(0.88 * width), size), font_for(title, size) or font_for("", size)
    pen = ImageDraw.Draw(card)
    top = (height - 1.3 * size * len(lines)) / 2
    for number, line in enumerate(lines):
        left = (width - (font.getlength(line) if font else 0)) / 2
        pen.text((left, top + 1.3 * size * number), line, fill=WHITE, font=font)
    return np.array(card)


def _fits(title: str, size: int, room: tuple[float, float]) -> bool:
    font, lines = font_for(title, size) or font_for("", size), wrapped(title, int(room[1]), size)
    widest = max((font.getlength(line) for line in lines if font), default=0)
    return widest <= room[1] and 1.3 * size * len(lines) <= room[0]


def _letters(shown: np.ndarray) -> tuple[int, int]:
    """The width for text below, and a size of letters that is legible there: as those of the tags."""
    height, width = shown.shape[:2]
    return width, max(13, round((width * height) ** 0.5 / 27))


def _indented(text: np.ndarray, left: int, width: int) -> np.ndarray:
    """Text on paper that is `width` wide and begins `left` pixels to the left of it."""
    sides = (left, width - left - text.shape[1])
    return np.pad(text, [(0, 0), sides, (0, 0)], constant_values=_PAPER[0])


def _strip(text: np.ndarray) -> np.ndarray:
    """Text with a little paper above and below, so that letters do not touch the picture."""
    paper = np.full((max(2, text.shape[0] // 10), text.shape[1], 3), _PAPER, np.uint8)
    return np.concatenate([paper, text, paper])
