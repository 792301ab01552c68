"""What a picture looks like, small: to tell a copy from another picture.

A copy is the same picture at another size, quality or format. Two photos of one scene are two pictures: with five
photos to learn from, each counts, so the thresholds are strict. Measured on 107 pictures (photos and frames of clips):
copies at JPEG quality 20, as WebP or 160 pixels wide stay within 8 bits and 9 brightness steps; of 1,128 pairs of
frames of a clip with a moving toy, one eighth of a second apart, the closest differ by 18 steps.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from PIL import Image

COPY_BITS = 10
"""Of the 64 bits of the difference hash (dHash), how many may differ in a copy."""

COPY_STEPS = 12
"""Of 255, how far red, green or blue of a cell may be off in a copy."""

_GRID = (9, 8)  # width, height
_GRAY = np.array([299, 587, 114], np.int32)


@dataclass(frozen=True, eq=False)
class PerceptualHash:
    """A picture as 9 × 8 cells: uint8 (8, 9, 3), the mean colour of each."""

    cells: np.ndarray

    @classmethod
    def of(cls, image: np.ndarray) -> PerceptualHash:
        """The look of a picture, RGB uint8 (H, W, 3)."""
        small = Image.fromarray(image).resize(_GRID, Image.Resampling.BOX)
        return cls(np.asarray(small))

    @property
    def bits(self) -> np.ndarray:
        """The difference hash: whether each cell is darker than its right neighbour. bool (64,)."""
        gray = self.cells.astype(np.int32) @ _GRAY
        return (gray[:, 1:] > gray[:, :-1]).ravel()

    @property
    def hash(self) -> str:
        """The difference hash as 16 hexadecimal digits."""
        return np.packbits(self.bits).tobytes().hex()

    def to_text(self) -> str:
        """The look as 288 letters."""
        return base64.b64encode(self.cells.tobytes()).decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> PerceptualHash:
        """Undoes `to_text`.

        Raises:
            ValueError: If it is no such text.
        """
        return cls(np.frombuffer(base64.b64decode(text, validate=True), np.uint8).reshape(8, 9, 3))


class HashIndex:
    """The looks of many pictures, to find the one that a new picture is a copy of."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._cells = np.empty((64, 216), np.int16)
        self._bits = np.empty((64, 64), bool)

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, look: PerceptualHash) -> None:
        """Remember the look of a picture."""
        number = len(self._names)
        if number == len(self._cells):
            self._cells = np.concatenate([self._cells, np.empty_like(self._cells)])
            self._bits = np.concatenate([self._bits, np.empty_like(self._bits)])
        self._cells[number], self._bits[number] = look.cells.ravel(), look.bits
        self._names.append(name)

    def find_copy(self, look: PerceptualHash) -> str | None:
        """The name of the first picture that looks the same, None if there is none."""
        number = len(self._names)
        near = np.flatnonzero((self._bits[:number] != look.bits).sum(axis=1) <= COPY_BITS)
        steps = np.abs(self._cells[near] - look.cells.ravel().astype(np.int16)).max(axis=1, initial=0)
        found = near[steps <= COPY_STEPS]
        return self._names[found[0]] if len(found) else None
