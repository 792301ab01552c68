"""The record of a training: which images and boxes a detector learns from."""

from __future__ import annotations

import zlib
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.record_pictures import RecordPictureError, is_record_picture, open_record_picture
from tflhelpers.model.training_record import TrainingRecord

_CHUNK = 1 << 20


def training_record(annotations: Annotations, *, start: str = "") -> TrainingRecord:
    """The record of a training on these annotations; images that cannot be read are left out, as training does."""
    keys = ((image_key(path), boxes) for path, boxes in annotations)
    return TrainingRecord(
        annotations.class_names,
        {key: _boxes_key(boxes) for key, boxes in keys if key},
        sum(len(boxes) for _, boxes in annotations),
        datetime.now(timezone.utc).isoformat(timespec="seconds"),
        start,
    )


def contents_mark(record: TrainingRecord) -> str:
    """Differs where photos of the same names show something else, or each what another showed."""
    return f"{zlib.crc32(repr(list(record.images)).encode()):08x}"


def image_key(path: Path) -> str:
    """The same for the same file, wherever it lies and whatever it is called; "" where it cannot be read."""
    try:
        with open_record_picture(path) if is_record_picture(path) else path.open("rb") as file:
            return _key_of(file)
    except (OSError, RecordPictureError):
        return ""


def _key_of(file: BinaryIO) -> str:
    crc = size = 0
    while chunk := file.read(_CHUNK):
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    return f"{size:x}-{crc:08x}"


def _boxes_key(boxes: Boxes) -> str:
    """Tenths of a pixel count, digits behind them do not: another file format may have rounded them."""
    rows = np.column_stack([np.round(boxes.xyxy * 10), boxes.labels, boxes.crowd_mask]).astype(np.int64)
    return f"{zlib.crc32(rows[np.lexsort(rows.T)].tobytes()):08x}"
