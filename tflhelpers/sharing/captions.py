"""Lines of text on white, to stand between and below pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from tflhelpers.sharing.fonts import Font, font_for
from tflhelpers.sharing.palette import Colour

PAPER: Colour = (255, 255, 255)
INK: Colour = (34, 34, 34)
_ELLIPSIS = "…"


def text_line(text: str, width: int, font_size: int, *, ink: Colour = INK) -> np.ndarray:
    """One line of text, shortened where it does not fit.

    Args:
        text: letters that no font here has are drawn as boxes.
        width: of the strip, in pixels.
        font_size: pixels.
        ink: colour of the letters.

    Returns:
        uint8 (height, width, 3), some 1.5 times as high as the letters.
    """
    font = _font(text, font_size)
    strip = Image.new("RGB", (width, round(1.5 * font_size) + 2), PAPER)
    pen = ImageDraw.Draw(strip)
    while font.getlength(text) > width - 4 and len(text) > 1:
        text = text.removesuffix(_ELLIPSIS)[:-1].rstrip() + _ELLIPSIS
    pen.text((2, round(0.15 * font_size)), text, fill=ink, font=font)
    return np.array(strip)


def wrapped(text: str, width: int, font_size: int) -> list[str]:
    """The text in lines that are at most so many pixels wide, broken between words; a longer word stays whole.

    >>> wrapped("one duck", 1000, 20), wrapped("one duck", 50, 20)
    (['one duck'], ['one', 'duck'])
    """
    font = _font(text, font_size)
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def text_block(text: str, width: int, font_size: int) -> np.ndarray:
    """A text in as many lines as it needs: uint8 (height, width, 3)."""
    lines = wrapped(text, width - 4, font_size)
    return np.concatenate([text_line(line, width, font_size) for line in lines])


def legend(entries: Sequence[tuple[str, Colour]], width: int, font_size: int) -> np.ndarray:
    """Names behind squares of their colours, in as many lines as they need.

    Returns:
        uint8 (height, width, 3); no height without entries.
    """
    side, gap = round(0.9 * font_size), font_size
    places: list[tuple[int, int]] = []
    x = line = 0
    for name, _ in entries:
        needed = side + font_size // 2 + round(_font(name, font_size).getlength(name))
        if x and x + needed > width:
            x, line = 0, line + 1
        places.append((x, line))
        x += needed + gap
    height = round(1.6 * font_size)
    strip = Image.new("RGB", (width, height * (line + 1) if entries else 0), PAPER)
    pen = ImageDraw.Draw(strip)
    for (name, colour), (left, line) in zip(entries, places, strict=True):
        top = line * height + (height - side) // 2
        pen.rectangle((left, top, left + side - 1, top + side - 1), fill=colour, outline=INK)
        at = (left + side + font_size // 2, line * height + round(0.2 * font_size))
        pen.text(at, name, fill=INK, font=_font(name, font_size))
    return np.array(strip).reshape(-1, width, 3)


def _font(text: str, size: int) -> Font:
    font = font_for(text + _ELLIPSIS, size) or font_for("", size)
    assert font is not None  # Pillow brings one
    return font
