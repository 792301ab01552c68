"""The bytes of an animated GIF, frame after frame, so that memory does not grow with the number of frames.

Pillow compresses (its `gif` encoder); the blocks around that are written here, after the GIF89a specification
(https://www.w3.org/Graphics/GIF/spec-gif89a.txt). Pillow's own `save_all`, which imageio calls too, was not
enough: it merges equal consecutive frames, keeps all frames in memory, and cannot leave unchanged pixels as
they are when each frame has a palette of its own.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

import numpy as np
from PIL import Image

TRANSPARENT = 255  # the palette index that shows the frame before
HOLD = 2  # a pixel stays as it is while no channel of its source has moved by more (of 255 levels)
MAX_SIDE = 65535


class GifStream:
    """Writes an endlessly looping GIF to an open binary file, one frame at a time.

    Pixels whose source has not changed since they were last drawn are left as shown: still backgrounds
    do not flicker and cost next to nothing.

    Attributes:
        image_size: (height, width) in pixels.
        checksums: CRC-32 of the RGB bytes of each frame as a viewer shows it.
        bytes_written: size of the file so far.
    """

    def __init__(self, file: BinaryIO, image_size: tuple[int, int], centiseconds: int) -> None:
        self.checksums: list[int] = []
        self.bytes_written = 0
        self._file = file
        self.image_size = image_size
        self._centiseconds = centiseconds
        self._source: np.ndarray | None = None  # the source of each pixel when it was last drawn
        self._shown: np.ndarray | None = None  # what a viewer shows now

    def add(self, source: np.ndarray, indices: np.ndarray, palette: np.ndarray) -> None:
        """Add a frame.

        Args:
            source: the true picture, uint8 (H, W, 3).
            indices: the same in the palette, uint8 (H, W), each below 255.
            palette: uint8 (256, 3).
        """
        if self._source is None or self._shown is None:
            self._write(_screen(self.image_size, palette))
            self._source, self._shown = source.copy(), palette[indices]
            changed = np.ones(self.image_size, bool)
        else:
            changed = _moved(source, self._source)
            _copy(source, self._source, changed)
            _copy(np.take(palette, indices, axis=0), self._shown, changed)
        self._write(_frame(np.where(changed, indices, TRANSPARENT), changed, palette, self._centiseconds))
        self.checksums.append(zlib.crc32(self._shown.tobytes()))

    def close(self) -> None:
        """End the GIF; the file stays open."""
        self._write(b";")

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.bytes_written += len(data)


def frame_bytes(
    source: np.ndarray, before: np.ndarray | None, indices: np.ndarray, palette: np.ndarray
) -> int:
    """What a frame takes in a file.

    Args:
        source, indices, palette: as for `GifStream.add`.
        before: the source of the frame before; None for the first frame of a file, whose head counts too.
    """
    if before is None:
        size = indices.shape[0], indices.shape[1]
        everything = np.ones(size, bool)
        return len(_screen(size, palette)) + len(_frame(indices, everything, palette, 2))
    changed = _moved(source, before)
    return len(_frame(np.where(changed, indices, TRANSPARENT), changed, palette, 2))


def _moved(source: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Where a picture differs by more than `HOLD` from what was drawn: bool (H, W)."""
    far = np.maximum(source, drawn) - np.minimum(source, drawn) > HOLD  # (H, W, 3)
    return far[..., 0] | far[..., 1] | far[..., 2]


def _copy(source: np.ndarray, target: np.ndarray, where: np.ndarray) -> None:
    """Copy the RGB pixels at which `where`, bool (H, W), is True: whole pixels, for channels take 15 times as long."""
    pixels = np.ascontiguousarray(source).view("V3")
    np.copyto(target.view("V3"), pixels, where=where[..., None])


def _screen(image_size: tuple[int, int], palette: np.ndarray) -> bytes:
    """Header, picture size, 256 colours for all, and the loop extension: 0 is for ever."""
    height, width = image_size
    size = struct.pack("<HHBBB", width, height, 0b1_111_0_111, 0, 0)
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
    return b"GIF89a" + size + palette.tobytes() + loop


def _frame(indices: np.ndarray, changed: np.ndarray, palette: np.ndarray, centiseconds: int) -> bytes:
    """One frame, cut to what changed, with its own colours and display time; drawn over the one before."""
    top, left, bottom, right = _extent(changed)
    cut = indices[top:bottom, left:right]
    flags = 0b000_001_0_0 if changed.all() else 0b000_001_0_1  # leave in place; has transparent pixels or not
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, flags, centiseconds, TRANSPARENT, 0)
    place = struct.pack("<BHHHHB", 0x2C, left, top, right - left, bottom - top, 0b1_0_0_00_111)
    picture = Image.frombytes("P", (right - left, bottom - top), cut.tobytes())
    compressed = picture.tobytes("gif", "P", 8, 0)  # 8 bits a pixel, not interlaced
    return control + place + palette.tobytes() + b"\x08" + compressed + b"\x00"


def _extent(changed: np.ndarray) -> tuple[int, int, int, int]:
    """Top, left, bottom, right around all True; one pixel if there is none: no GIF frame is empty."""
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
