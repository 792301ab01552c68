"""Reads picture files as they come from phones, cameras, scanners and the web: always RGB, always upright.

The resizing functions live in `resizing` and can be imported from here too.
"""

from __future__ import annotations

import io
import os
import re
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageChops, UnidentifiedImageError

from tflhelpers.data.picture_files import PICTURE_FORMATS
from tflhelpers.data.record_pictures import RecordPictureError, is_record_picture, open_record_picture
from tflhelpers.data.resizing import (
    Placement,
    fit_within,
    legacy_resize,
    letterbox,
    resize_boxes,
    resize_image,
)
from tflhelpers.files.stand_ins import stand_in

__all__ = [
    "ImageError",
    "Placement",
    "fit_within",
    "image_size",
    "legacy_resize",
    "letterbox",
    "read_image",
    "resize_boxes",
    "resize_image",
]

# What the file says about how the camera was held (EXIF 2.32, tag 0x0112) -> the turn that makes it upright.
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = {5, 6, 7, 8}
_ADDRESS = re.compile(r"(https?|ftp|gs|s3|file|data):")
_EMPTY = "expected a picture, got an empty file (0 bytes). Copy or download it again."
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_AVIF_BRANDS = {b"avif", b"avis"}
_PLAIN_BRANDS = {b"mif1", b"msf1"}
HEAD_BYTES = 64
"""How many bytes `heif_ending` looks at."""
_PNG_METADATA_CHUNKS = {b"eXIf", b"iTXt", b"tEXt", b"zTXt"}
_TWELVE_BITS, _SIXTEEN_BITS = 4095, 65535  # the largest values
# What Pillow's decoders raise on damaged files: it has no common class for them.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)


class ImageError(ValueError):
    """A file that cannot be used as a picture; the message names the file and what to do."""


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Return the picture in a file, upright.

    EXIF orientation is applied once. Transparent parts are laid on white, as on a page. 16-bit brightness is
    scaled to 8 bits; a picture with no value over 4095 is taken for one of 12 bits in 16, with a warning. CMYK is
    converted without a colour profile. Of an animation it is the first frame.

    Args:
        path: A JPEG, PNG, WebP, GIF, TIFF, BMP, PPM or AVIF file, told by its content; HEIC with the extra `heic`.
            Or a picture inside a TFRecord file, as `import_annotations` names it.

    Returns:
        RGB uint8 (H, W, 3), 0 to 255, writeable.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: If it is an address, a folder, empty, truncated, no picture, or HEIC without the extra. Or if it
            has more than twice `PIL.Image.MAX_IMAGE_PIXELS` (179 megapixels, unless you set it) or does not fit into
            memory.
    """
    with _opened(path) as image:
        return np.array(_upright_rgb(image))


def decode_image(data: bytes, name: str) -> np.ndarray:
    """Return what `read_image` does, of a file's bytes that came from elsewhere.

    Args:
        data: All bytes of the file.
        name: What messages call it.

    Raises:
        ImageError: As `read_image`.
    """
    if not data:
        raise ImageError(f"{name}: {_EMPTY}")
    with _decoding(io.BytesIO(data), name) as image:
        return np.array(_upright_rgb(image))


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return (height, width) of the picture that `read_image` would return, without decoding its pixels.

    Raises:
        FileNotFoundError: If there is no such file.
        ImageError: As `read_image`, but a file whose beginning is whole counts as whole.
    """
    with _opened(path) as image:
        width, height = _stored_size(image)
        return (width, height) if _orientation(image) in _SIDEWAYS else (height, width)


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Load a picture that was opened, and return it upright as mode RGB."""
    tiles = getattr(image, "tile", "")
    deep_colour = image.mode == "RGB" and ";16" in str(tiles)  # of which Pillow keeps the upper 8 bits
    image.load()
    orientation = _orientation(image)  # only now: Pillow turns a TIFF itself while loading
    rgb = _to_rgb(image)
    if deep_colour:
        rgb = _stretched(rgb)
    return rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Image.Image]:
    """Open a picture file for the block."""
    if not isinstance(path, str | os.PathLike):
        raise ImageError(
            f"path must name a picture file, got {type(path).__name__}. An array is read already; of annotations "
            "take image_paths."
        )
    path = Path(path)
    with _open_file(path) as file, _decoding(file, str(path)) as image:
        yield image


@contextmanager
def _decoding(file: BinaryIO, path: str) -> Iterator[Image.Image]:
    """Open a picture; what its decoder raises inside the block becomes an `ImageError` naming the file."""
    try:
        with open_picture(file) as image:
            yield image
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    except UnidentifiedImageError as error:
        raise ImageError(f"{path}: {_why_unidentified(file)}") from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{path}: expected a photo, got far more pixels ({error}). Make it smaller; if you trust the file, "
            "raise PIL.Image.MAX_IMAGE_PIXELS (twice that many pixels are read)."
        ) from error
    except MemoryError as error:
        raise ImageError(
            f"{path}: expected a picture that fits into memory, got one that does not. Make it smaller."
        ) from error
    except _DECODER_ERRORS as error:
        raise ImageError(
            f"{path}: expected a whole picture, but it is truncated or damaged ({error}). "
            "Copy or download it again, or remove it."
        ) from error


def _open_file(path: Path) -> BinaryIO:
    if _ADDRESS.match(path.as_posix()):
        raise ImageError(
            f"{path}: expected a picture file, got an address. Fetch it first: "
            'urllib.request.urlretrieve(address, "photo.jpg"), or tflhelpers.collect.from_csv for a list of them.'
        )
    if is_record_picture(path):
        return _open_in_record(path)
    if path.is_dir():
        raise ImageError(f"{path}: expected a picture file, got a folder. Give one file in it.")
    file = path.open("rb")  # FileNotFoundError and PermissionError name the path themselves
    if os.fstat(file.fileno()).st_size == 0:
        file.close()
        raise ImageError(f"{path}: {_EMPTY}")
    return file


def _open_in_record(path: Path) -> BinaryIO:
    try:
        return open_record_picture(path)
    except RecordPictureError as error:
        raise ImageError(f"{path}: {error}") from error


def open_picture(file: BinaryIO) -> Image.Image:
    """Open a picture with the decoders of `PICTURE_FORMATS` alone; raises what Pillow raises, or `ImageError`."""
    if _is_heic(file):
        _allow_heic()
    Image.init()
    return Image.open(file, formats=[name for name in PICTURE_FORMATS if name in Image.OPEN])


def _is_heic(file: BinaryIO) -> bool:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return heif_ending(head) == ".heic"


def heif_ending(head: bytes) -> str | None:
    """Return ".heic" or ".avif" for the first `HEAD_BYTES` of a file of that family, None for others.

    Either may call itself a plain "mif1"; the brands that it says it is compatible with tell then.
    """
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4], "big"), len(head) - 3)
    brands = {head[at : at + 4] for at in (8, *range(16, end, 4))}
    if head[8:12] in _AVIF_BRANDS or (head[8:12] in _PLAIN_BRANDS and brands & _AVIF_BRANDS):
        return ".avif"
    return ".heic" if head[8:12] in _HEIC_BRANDS | _PLAIN_BRANDS else None


def _allow_heic() -> None:
    """Teach Pillow HEIC. pillow-heif gives the pixels upright and resets the EXIF orientation to 1."""
    try:
        import pillow_heif
    except ImportError as error:
        raise ImageError(
            'HEIC pictures need an extra: pip install "tflhelpers[heic]". Or save the photo as JPEG.'
        ) from error
    pillow_heif.register_heif_opener()


def _why_unidentified(file: BinaryIO) -> str:
    file.seek(0)
    head = file.read(4096).lstrip()
    found = stand_in(head)
    is_page = head[:1] == b"<" and b"<svg" not in head.lower()
    if is_page and not (found and found.startswith("a server")):
        return "expected a picture, got a web page. Download the picture itself, not the page that shows it."
    if found:
        return f"expected a picture, got {found}."
    return "expected a picture, got something else, or an unknown format. Save it as JPEG or PNG."


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation still to be applied, 1 to 8; 1 where it is absent or unreadable."""
    try:
        if image.format == "PNG" and not _has_late_png_metadata(image):
            exif = Image.Image.getexif(image)  # PngImageFile.getexif would decode all pixels first
        else:
            exif = image.getexif()
        orientation = int(exif.get(_ORIENTATION_TAG, 1))
    except _DECODER_ERRORS:  # a broken note about the picture is no reason to refuse the picture
        return 1
    return orientation if orientation in _UPRIGHT else 1


def _has_late_png_metadata(image: Image.Image) -> bool:
    """Tell whether metadata, which could hold an orientation, follows the pixels of a PNG file."""
    file = getattr(image, "fp", None)
    if file is None:  # loaded and closed: everything has been read
        return False
    here = file.tell()
    try:
        return any(kind in _PNG_METADATA_CHUNKS for kind in _png_chunks_after_pixels(file))
    finally:
        file.seek(here)


def _png_chunks_after_pixels(file: BinaryIO) -> Iterator[bytes]:
    file.seek(8)  # behind the signature
    seen_pixels = False
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            seen_pixels = True
        elif seen_pixels:
            yield kind
        file.seek(length + 4, os.SEEK_CUR)  # the chunk and its checksum


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """Return (width, height) before turning. Pillow gives the size of a sideways TIFF turned from 11.2 on."""
    if image.format == "TIFF" and hasattr(image, "tag_v2"):
        return int(image.tag_v2[256]), int(image.tag_v2[257])
    return image.size


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return a loaded picture of any Pillow mode as mode RGB."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in _ALPHA_MODES or ("transparency" in image.info and not image.mode.startswith("I")):
        return _on_white(image.convert("RGBA"))
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_gray(image).convert("RGB")
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        image = ImageChops.invert(image)  # Pillow takes every CMYK JPEG for Adobe's inverted kind
    return image.convert("RGB")


def _on_white(rgba: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _from_deep_gray(image: Image.Image) -> Image.Image:
    """Scale 16-bit gray to 8 bits; Pillow itself would clip it at 255.

    Cameras store 12 bits in 16. Where no value is over 4095 these are taken to be 12 bits.

    Raises:
        ImageError: If the numbers are not 16-bit: 32-bit and float pictures have no agreed white.
    """
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise ImageError(
            f"expected 8 or 16 bits a channel, got mode {image.mode!r}, {values.min()} to {values.max()}. "
            "Scale it to 0..255 and save it as PNG."
        )
    white = _TWELVE_BITS if _has_twelve_bits(int(values.max()), _TWELVE_BITS) else _SIXTEEN_BITS
    return Image.fromarray(((values.astype(np.uint32) * 255 + white // 2) // white).astype(np.uint8))


def _stretched(rgb: Image.Image) -> Image.Image:
    """Return the upper 8 of 16 bits of colours as they are; of those that have 12 bits only, in 0 to 255."""
    upper = _TWELVE_BITS >> 8
    brightest = int(np.max(rgb.getextrema()))
    return rgb.point(lambda value: value * 255 // upper) if _has_twelve_bits(brightest, upper) else rgb


def _has_twelve_bits(brightest: int, most: int) -> bool:
    """Tell whether a picture of 16 bits holds 12, by its largest value; a black one tells nothing."""
    found = 0 < brightest <= most
    if found:
        warnings.warn(
            "A picture of 16 bits holds no value over 4095: it is taken for one of 12 bits, and made as bright.",
            stacklevel=2,
        )
    return found
