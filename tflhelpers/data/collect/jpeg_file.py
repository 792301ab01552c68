"""Writes a picture as JPEG: no EXIF, quality 95, on the disk when it returns."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

QUALITY = 95


def save_jpeg(image: np.ndarray, file: Path) -> str:
    """Write RGB uint8 (H, W, 3) to a file, whatever its name ends in, and return the file's SHA-256."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=QUALITY)
    content = buffer.getvalue()
    with file.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    return hashlib.sha256(content).hexdigest()
