"""A picture as the Object Detection API can read it: JPEG or PNG, its pixels upright in the file itself."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from tflhelpers.data.images import _SIDEWAYS, _UPRIGHT, _opened, _orientation, _stored_size, _to_rgb

_JPEG = {"JPEG", "MPO"}  # MPO: JPEG files of cameras that hold a small second picture
_LOSSY = {*_JPEG, "WEBP", "HEIF", "AVIF", "JPEG2000"}
_PLAIN_MODES = {"JPEG": {"RGB", "L"}, "MPO": {"RGB", "L"}, "PNG": {"RGB", "L", "1", "P"}}
_QUALITY = 95


class StoredPicture(NamedTuple):
    """An encoded picture: `format` is "jpeg" or "png", `size` (height, width)."""

    data: bytes
    format: str
    size: tuple[int, int]


def stored_picture(path: Path) -> StoredPicture:
    """Return the bytes of a picture file as they are, where every decoder shows them as `read_image` does.

    Others are encoded again: photos turned by EXIF (which TensorFlow ignores), CMYK, WebP and HEIC as JPEG of
    quality 95 without colour subsampling; transparent and 16-bit PNG, GIF, BMP and TIFF as PNG.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If it is no picture.
    """
    with _opened(path) as image:
        orientation = _orientation(image)
        width, height = _stored_size(image)
        if orientation == 1 and _is_plain(image):
            file = image.fp  # type: ignore[attr-defined]  # open, as the pixels were not asked for
            file.seek(0)
            data = file.read()
            return StoredPicture(data, "jpeg" if image.format in _JPEG else "png", (height, width))
        image.load()
        rgb = _to_rgb(image)
        turn = _orientation(image)  # now: Pillow turns a TIFF itself while loading
        size = (width, height) if orientation in _SIDEWAYS else (height, width)
        return _encoded(
            rgb.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else rgb, image.format in _LOSSY, size
        )


def _is_plain(image: Image.Image) -> bool:
    return image.mode in _PLAIN_MODES.get(str(image.format), ()) and "transparency" not in image.info


def _encoded(rgb: Image.Image, is_lossy: bool, size: tuple[int, int]) -> StoredPicture:
    file = io.BytesIO()
    if is_lossy:
        rgb.save(file, "JPEG", quality=_QUALITY, subsampling=0)
    else:
        rgb.save(file, "PNG")
    return StoredPicture(file.getvalue(), "jpeg" if is_lossy else "png", size)
