"""Small versions of large photos, for looking at: a 12-megapixel JPEG is never decoded whole."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image

from tflhelpers.data.images import _SIDEWAYS, _opened, _orientation, _stored_size, _upright_rgb


def read_preview(path: str | os.PathLike[str], longest: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return a picture, upright as `read_image` gives it, but no larger than needed; and its original size.

    A JPEG decoder can leave out detail while reading (Pillow's draft mode): that takes a fraction of the time and
    memory of decoding and then shrinking.

    Args:
        path: As for `read_image`.
        longest: Pixels that the longer side has at most. Smaller pictures stay as they are.

    Returns:
        RGB uint8 (h, w, 3) and the original's upright (height, width).

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: As `read_image`.
    """
    with _opened(path) as image:
        width, height = _stored_size(image)
        upright = (height, width) if _orientation(image) in _SIDEWAYS else (width, height)
        image.draft(None, _fitting((width, height), longest))  # only JPEG has a draft
        rgb = _upright_rgb(image).resize(_fitting(upright, longest), Image.Resampling.BICUBIC)
        return np.array(rgb), (upright[1], upright[0])


def _fitting(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Return (width, height) of the same shape with no side above `longest`; never larger than it was."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
