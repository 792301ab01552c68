"""How alike two pictures are as a whole: by the correlation of small gray thumbnails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tflhelpers.data.images import read_image

# Correlation of two thumbnails from which two pictures count as one scene. Measured: 4056 pairs of photos of
# different places stay at 0.70 and below; when a clip's frames are split at random, 89 % to 100 % of the frames held
# out have one of 0.80 or more in the other part (docs/decisions.md).
SAME_SCENE = 0.8
SIDE = 16  # of a thumbnail, in pixels
_FLAT = 2.0  # standard deviation, of 255, below which a thumbnail shows nothing to compare


def thumbnail(path: Path) -> np.ndarray:
    """The picture, small and gray. float32 (256,), 0 to 255."""
    gray = Image.fromarray(read_image(path)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(gray, np.float32).ravel()


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation of each thumbnail of `a` (n, 256) with each of `b` (m, 256). float64 (n, m), -1 to 1.

    Thumbnails that show nothing (fog, black) are like each other if they are as bright, and like no others.
    """
    flat_a, flat_b = a.std(axis=1) < _FLAT, b.std(axis=1) < _FLAT
    # Rounded, so that pictures which are as like are so on every processor, and the first of them is named.
    correlation = np.round(_standard(a) @ _standard(b).T, 9)
    as_bright = np.abs(a.mean(axis=1)[:, None] - b.mean(axis=1)[None]) < _FLAT
    return np.where(flat_a[:, None] | flat_b[None], (flat_a[:, None] & flat_b[None]) & as_bright, correlation)


def _standard(thumbnails: np.ndarray) -> np.ndarray:
    centred = thumbnails.astype(np.float64) - thumbnails.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
