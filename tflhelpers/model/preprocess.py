"""From a picture of any size to the network's input."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tflhelpers.data.resizing import legacy_resize

HUGE = 4  # times the network's sides


def network_input(picture: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """RGB uint8 (H, W, 3) as float32 (height, width, 3) in 0..255: the original's resize, bit for bit.

    That resize looks at 4 pixels of the picture for each of the result, however large the picture. Pictures of at
    least 4 times the network's sides, which the original never met in training, are shrunk by averaging first.
    """
    return legacy_resize(shrink_huge(picture, image_size), image_size)


def shrink_huge(picture: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """`picture` averaged over blocks if both sides are at least `HUGE` times `image_size`; still twice as large."""
    factor = min(
        side // (HUGE // 2 * wanted) for side, wanted in zip(picture.shape[:2], image_size, strict=True)
    )
    return picture if factor < 2 else np.asarray(Image.fromarray(picture).reduce(factor))
