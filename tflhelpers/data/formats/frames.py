"""Brings boxes drawn on a picture as it is stored into the frame of the upright picture that we read.

A phone stores the picture as its sensor lay and notes in the EXIF orientation how to turn it. Some tools draw
that turned picture, some the stored one; all that tells them apart is the size they wrote down.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from tflhelpers.data import images

FRAMES = ("auto", "upright", "stored")
_SIDEWAYS = (5, 6, 7, 8)


class Facts(NamedTuple):
    """What a picture file says of itself: (height, width) when upright, EXIF orientation 1 to 8."""

    size: tuple[int, int]
    orientation: int

    @property
    def stored_size(self) -> tuple[int, int]:
        """(height, width) as the pixels lie in the file."""
        return self.size[::-1] if self.orientation in _SIDEWAYS else self.size


class Frame(NamedTuple):
    """In which frame the boxes of a picture were drawn.

    Attributes:
        turn: The EXIF orientation by which to turn them upright; 1 where they are upright.
        doubt: What the person should know about it, or None.
    """

    turn: int
    doubt: str | None = None


def read_facts(path: Path) -> Facts:
    """Return size and orientation of a picture without decoding its pixels; raises as `images.image_size`."""
    with images._opened(path) as image:
        width, height = images._stored_size(image)
        orientation = images._orientation(image)
    return Facts((width, height) if orientation in _SIDEWAYS else (height, width), orientation)


def choose_frame(facts: Facts, annotated_size: tuple[int, int] | None, frame: str) -> Frame:
    """Return the frame of the boxes on a picture.

    With "auto" boxes are turned where the annotated size is that of the stored picture and cannot be that of
    the upright one. Where both are alike, or no size was written down, upright is assumed and said.
    """
    if facts.orientation == 1 or frame == "upright":
        return Frame(1)
    if frame == "stored":
        return Frame(facts.orientation)
    if facts.stored_size != facts.size and annotated_size is not None:
        return Frame(facts.orientation if annotated_size == facts.stored_size else 1)
    return Frame(
        1,
        "frame undecided: the photo is turned by its EXIF orientation, and the file does not say whether the "
        'boxes were drawn before that; read as drawn on the upright photo. If they look wrong, use frame="stored".',
    )


def turn_upright(xyxy: np.ndarray, stored_size: tuple[float, float], orientation: int) -> np.ndarray:
    """Return boxes, drawn on a picture as it is stored, in the frame of the picture turned upright.

    Args:
        xyxy: Absolute pixel edges in the stored picture. (n, 4).
        stored_size: (height, width) of the stored picture.
        orientation: EXIF orientation, 1 to 8 (EXIF 2.32, tag 0x0112).

    Example:
        >>> turn_upright(np.array([[1, 2, 10, 20]]), (40, 60), 6).tolist()  # turned clockwise by a quarter
        [[20, 1, 38, 10]]
    """
    height, width = stored_size
    x1, y1, x2, y2 = np.asarray(xyxy).T
    from_right, from_bottom = (width - x2, width - x1), (height - y2, height - y1)
    across, down = {
        1: ((x1, x2), (y1, y2)),
        2: (from_right, (y1, y2)),
        3: (from_right, from_bottom),
        4: ((x1, x2), from_bottom),
        5: ((y1, y2), (x1, x2)),
        6: (from_bottom, (x1, x2)),
        7: (from_bottom, from_right),
        8: ((y1, y2), from_right),
    }[orientation]
    return np.stack([across[0], down[0], across[1], down[1]], axis=1)
