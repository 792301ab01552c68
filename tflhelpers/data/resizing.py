"""Resizes pictures, and moves boxes there and back again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tflhelpers.data.boxes import Boxes


@dataclass(frozen=True)
class Placement:
    """Where a picture lies in another: x becomes `scale_x` * x + `left`, y `scale_y` * y + `top`."""

    scale_x: float
    scale_y: float
    left: float
    top: float

    def apply(self, boxes: Boxes) -> Boxes:
        """Return boxes of the original picture as they lie in the new one."""
        return boxes.scale(self.scale_x, self.scale_y).shift(self.left, self.top)

    def undo(self, boxes: Boxes) -> Boxes:
        """Return boxes of the new picture as they lie in the original, unclipped.

        Undoes `apply` to float32's last digit in the new picture, which weighs more where a scale is small.
        """
        return boxes.shift(-self.left, -self.top).scale(1 / self.scale_x, 1 / self.scale_y)


def legacy_resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize as TensorFlow 1 did: the kernel that the zoo's detectors were trained with, bit for bit.

    Bilinear between the 2 × 2 pixels at source = destination × (in / out), without half-pixel centres and
    without smoothing (`tf.compat.v1.image.resize_bilinear`, `align_corners=False`). Only those are read.

    Args:
        image: RGB. uint8 or float32 (H, W, 3).
        size: (height, width) wanted.

    Returns:
        float32 (height, width, 3) in the range of `image`.

    Raises:
        TypeError: If the numbers are neither uint8 nor float32.
        ValueError: If a shape or size is wrong.
    """
    _check_image(image, (np.uint8, np.float32))
    _check_size(size)
    top, bottom, y_part = _taps(image.shape[0], size[0])
    left, right, x_part = _taps(image.shape[1], size[1])
    rows, at = np.unique(
        np.concatenate([top, bottom]), return_inverse=True
    )  # each source row is blended once
    x_part = np.repeat(x_part, 3)  # one weight a number: rows stay flat, which is three times as fast
    blended = _lerp(_gather(image, rows, left), _gather(image, rows, right), x_part)
    result = _lerp(blended[at[: size[0]]], blended[at[size[0] :]], y_part[:, None])
    return result.reshape(*size, 3)


def _taps(length_in: int, length_out: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the lower and upper source index and the float32 weight of the upper one. Each (length_out,)."""
    scale = np.float32(length_in) / np.float32(length_out)
    source = np.arange(length_out, dtype=np.float32) * scale  # float32 as in the kernel, or bits differ
    lower = np.minimum(np.floor(source).astype(np.int64), length_in - 1)
    return lower, np.minimum(lower + 1, length_in - 1), source - lower.astype(np.float32)


def _gather(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    pixels = image.reshape(-1, 3).take((rows * image.shape[1])[:, None] + columns, axis=0)
    return pixels.reshape(len(rows), -1).astype(np.float32)  # (rows, columns * 3)


def _lerp(low: np.ndarray, high: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return low + (high - low) * part, in this order of operations, written over `high`."""
    high -= low
    high *= part
    high += low
    return high


def resize_image(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize for the eye: bicubic, smoothed when made smaller.

    Args:
        image: RGB uint8 (H, W, 3).
        size: (height, width) wanted.

    Returns:
        RGB uint8 (height, width, 3), always a new array.
    """
    _check_image(image, (np.uint8,))
    height, width = _check_size(size)
    picture = Image.fromarray(np.ascontiguousarray(image))
    return np.array(picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0))


def resize_boxes(boxes: Boxes, from_size: tuple[int, int], to_size: tuple[int, int]) -> Boxes:
    """Return the boxes of a picture of `from_size` as they lie when it is resized to `to_size`.

    Swapping the two sizes undoes it, to float32's last digit.

    Args:
        boxes: Boxes in pixels of the picture as it was.
        from_size: (height, width) of the picture as it was.
        to_size: (height, width) of the picture as it is now.

    Example:
        >>> resize_boxes(Boxes([[10, 20, 30, 40]], [0]), (100, 200), (50, 400)).xyxy.tolist()
        [[20.0, 10.0, 60.0, 20.0]]
    """
    _check_size(from_size)
    _check_size(to_size)
    return boxes.scale(to_size[1] / from_size[1], to_size[0] / from_size[0])


def fit_within(image: np.ndarray, longest: int) -> np.ndarray:
    """Return the picture made smaller, in proportion, until no side is over `longest`; never enlarged.

    A picture that fits already is returned as it is. Boxes follow with
    `resize_boxes(boxes, image.shape[:2], smaller.shape[:2])`.
    """
    _check_image(image, (np.uint8,))
    if longest < 1:
        raise ValueError(f"longest must be at least 1 pixel, got {longest}.")
    if max(image.shape[:2]) <= longest:
        return image
    return resize_image(image, _proportional_size(image.shape[:2], (longest, longest)))


def letterbox(
    image: np.ndarray, size: tuple[int, int], fill: int | tuple[int, int, int] = 114
) -> tuple[np.ndarray, Placement]:
    """Put a picture, in proportion and as large as fits, in the middle of one of another size.

    Args:
        image: RGB uint8 (H, W, 3).
        size: (height, width) wanted.
        fill: Colour of the bars, one gray or (red, green, blue), 0 to 255.

    Returns:
        RGB uint8 (height, width, 3), and the `Placement` that moves boxes there and back.
    """
    _check_image(image, (np.uint8,))
    _check_size(size)
    height, width = _proportional_size(image.shape[:2], size)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    canvas = np.empty((*size, 3), np.uint8)
    canvas[:] = fill
    inner = image if image.shape[:2] == (height, width) else resize_image(image, (height, width))
    canvas[top : top + height, left : left + width] = inner
    return canvas, Placement(width / image.shape[1], height / image.shape[0], left, top)


def _proportional_size(image_size: tuple[int, ...], limit: tuple[int, int]) -> tuple[int, int]:
    scale = min(limit[0] / image_size[0], limit[1] / image_size[1])
    height, width = (
        min(most, max(1, round(side * scale))) for side, most in zip(image_size, limit, strict=True)
    )
    return height, width


def _check_image(image: np.ndarray, dtypes: tuple[type, ...]) -> None:
    if not isinstance(image, np.ndarray) or image.dtype.type not in dtypes:
        names = " or ".join(np.dtype(dtype).name for dtype in dtypes)
        got = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"image must be a numpy array of {names}, got {got}. read_image gives one.")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image must have shape (height, width, 3) without zeros, got {image.shape}.")


def _check_size(size: tuple[int, int]) -> tuple[int, int]:
    if len(size) != 2 or any(int(side) != side or side < 1 for side in size):
        raise ValueError(f"size must be (height, width) in whole pixels, each at least 1, got {size}.")
    return int(size[0]), int(size[1])
