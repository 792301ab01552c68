"""How sharp a frame is, and whether two frames of one clip differ enough to be two pictures."""

from __future__ import annotations

import numpy as np
from PIL import Image

CELLS = (48, 36)
"""Columns and rows of the grid on which frames are compared."""

CHANGED_STEPS = 14
"""Of 255, how much brighter or darker a cell must be to count as changed. Noise of a cell is below 2."""

CHANGED_PART = 0.01
"""The part of the cells that must have changed: a thing of a tenth of the width that moved by its own width."""

_FLAT = 2.0  # standard deviation, of 255, of the cells of a frame that shows nothing: black, a lens cap, fog


def gray_of(image: np.ndarray) -> np.ndarray:
    """Brightness: int16 (H, W), 0 to 255, of RGB uint8 (H, W, 3)."""
    return np.asarray(Image.fromarray(image).convert("L"), np.int16)


def sharpness(gray: np.ndarray) -> float:
    """The variance of the Laplacian of a brightness picture: 0 for an even surface, higher with finer detail.

    Only comparable between frames of one clip (Pech-Pacheco et al., 2000).
    """
    if min(gray.shape) < 3:
        return 0.0
    middle = gray[1:-1, 1:-1]
    laplacian = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * middle
    return float(np.var(laplacian, dtype=np.float32))


def cells_of(gray: np.ndarray) -> np.ndarray:
    """The mean brightness of each cell of the grid: float32 (rows, columns)."""
    small = Image.fromarray(gray.astype(np.uint8)).resize(CELLS, Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def shows_nothing(cells: np.ndarray) -> bool:
    """Whether a frame is one colour."""
    return bool(cells.std() < _FLAT)


def differ(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether so many cells of two frames differ that they are two pictures; a change of all by the same is none."""
    change = a - b
    return bool((np.abs(change - np.median(change)) > CHANGED_STEPS).mean() >= CHANGED_PART)
