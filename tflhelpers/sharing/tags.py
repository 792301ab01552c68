"""The tags beside the boxes: name and percent, inside the picture, and where there is room, apart."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tflhelpers.sharing.fonts import Font, font_for
from tflhelpers.sharing.palette import Colour, contrast_colour

MIN_FONT_SIZE = 8  # pixels; smaller letters cannot be read
ELLIPSIS = "…"
LEFT_TO_RIGHT = "\u200e"  # an invisible mark

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in pixels, right and bottom excluded


def make_tag(
    name: str,
    percent: str,
    colour: Colour,
    *,
    font_size: int,
    border: int,
    room: tuple[int, int],
    font: str | Path | None = None,
) -> np.ndarray | None:
    """Draw a label: text on a filled rectangle with a border.

    Args:
        name: what to write.
        percent: what to write after it, e.g. "87%"; may be "".
        colour: of the rectangle; text and border are black or white, whichever is seen better on it.
        font_size: pixels wanted; smaller, and at last a shortened name, where `room` is less.
        border: pixels.
        room: (height, width) that the tag must not exceed.
        font: file of a font to try first.

    Returns:
        uint8 (h, w, 3), or None if neither two letters nor the percent have room.
    """
    ink = contrast_colour(colour)
    for size in range(font_size, min(font_size, MIN_FONT_SIZE) - 1, -1):
        letters = font_for(name + percent + ELLIPSIS, size, font) or font_for(name + percent, size, font)
        if letters is None:
            return None
        padding = border + max(1, size // 6)
        for text in _shortened(name, percent) if size <= _least_size(font_size) else [_joined(name, percent)]:
            height, width = _text_size(letters, text)
            if height + 2 * border <= room[0] and width + 2 * padding <= room[1]:
                tag = Image.new("RGB", (width + 2 * padding, height + 2 * border), ink)
                pen = ImageDraw.Draw(tag)
                pen.rectangle((border, border, tag.width - border - 1, tag.height - border - 1), fill=colour)
                pen.text((padding, border), text, fill=ink, font=letters)
                return np.array(tag)
    return None


def place_tag(
    tag_size: tuple[int, int],
    box: Rectangle,
    image_size: tuple[int, int],
    taken: np.ndarray | Sequence[Rectangle],
) -> Rectangle:
    """Find the place for a tag: beside its box, inside the picture, on no other tag if that can be.

    Args:
        tag_size: (height, width), at most `image_size`.
        box: the box with its line.
        image_size: (height, width).
        taken: where other tags lie, (n, 4).

    >>> place_tag((10, 30), (50, 40, 90, 80), (100, 100), [])  # above its box
    (50, 30, 80, 40)
    >>> place_tag((10, 30), (80, 40, 99, 80), (100, 100), [])  # moved in from the right edge
    (70, 30, 100, 40)
    """
    places = [_inside(place, tag_size, image_size) for place in _places(tag_size, box)]
    covered = _overlaps(np.array([place for place, _ in places]), np.reshape(taken, (-1, 4)))
    best = min(range(len(places)), key=lambda number: (covered[number], places[number][1]))
    return places[best][0]


def _places(tag_size: tuple[int, int], box: Rectangle) -> Iterator[tuple[int, int]]:
    """Left and top of the tag, the best place first."""
    (height, width), (left, top, right, bottom) = tag_size, box
    if bottom - top >= 4 * height:
        tops = [top - height, top, bottom, bottom - height]
    else:  # a tag inside would hide what is in the box
        tops = [top - height, bottom, top, bottom - height]
    for x in (left, right - width):
        for y in tops:
            yield x, y


def _inside(
    place: tuple[int, int], tag_size: tuple[int, int], image_size: tuple[int, int]
) -> tuple[Rectangle, bool]:
    """The tag moved into the picture, and whether it had to be moved up or down."""
    left = min(max(place[0], 0), image_size[1] - tag_size[1])
    top = min(max(place[1], 0), image_size[0] - tag_size[0])
    return (left, top, left + tag_size[1], top + tag_size[0]), top != place[1]


def _overlaps(places: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """How many pixels of each place (n, 4) all those taken (m, 4) cover, those covered twice counted twice: (n,)."""
    high = np.minimum(places[:, None, 2:], taken[None, :, 2:])
    low = np.maximum(places[:, None, :2], taken[None, :, :2])
    return np.maximum(0, high - low).prod(axis=2).sum(axis=1)


def _least_size(font_size: int) -> int:
    """The size down to which letters shrink before the name is shortened."""
    return max(MIN_FONT_SIZE, round(0.6 * font_size))


def _shortened(name: str, percent: str) -> Iterator[str]:
    """The text, then shorter and shorter ones; of the name two letters stay, or else only the percent."""
    yield _joined(name, percent)
    for length in range(len(name) - 1, 1, -1):
        yield _joined(name[:length].rstrip() + ELLIPSIS, percent)
    if percent:
        yield percent


def _joined(name: str, percent: str) -> str:
    """Name and percent, in this order also after a name that is written from right to left."""
    if not percent:
        return name
    from_right = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)
    return f"{name}{LEFT_TO_RIGHT if from_right else ''} {percent}"


def _text_size(font: Font, text: str) -> tuple[int, int]:
    """(height, width) in pixels; the height is the same for all texts in a font."""
    right = max(font.getbbox(text)[2], font.getlength(text))
    if hasattr(font, "getmetrics"):
        ascent, descent = font.getmetrics()
    else:
        ascent, descent = font.getbbox("Ag")[3], 0
    return math.ceil(ascent + descent), math.ceil(right)
