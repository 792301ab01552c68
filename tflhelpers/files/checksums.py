"""Checksums of bytes and files: CRC-32C, which checkpoints and TFRecords carry, and SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import google_crc32c
import numpy as np

MASK_DELTA = 0xA282EAD8
ALL_ONES = 0xFFFFFFFF
_PIECE = 1 << 20  # bytes of a file read at a time


def crc32c(data: bytes | np.ndarray) -> int:
    """Return the CRC-32C (Castagnoli) of bytes, or of an array's in C order.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    return google_crc32c.value(data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes())


def masked_crc32c(data: bytes | np.ndarray) -> int:
    """Return the form stored in files: rotated right by 15 bits, plus a constant, modulo 2^32."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & ALL_ONES


def sha256_of_arrays(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of arrays with their names, types and shapes, in whatever order they come."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
