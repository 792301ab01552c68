"""Pictures inside TFRecord files, addressed by paths: `FOLDER/pets.record/OFFSET+NAME.jpg`.

The parent is the record file, OFFSET the byte at which the picture's record begins, NAME only for people. Nothing
is unpacked: `read_image` reads the one record, so that a training streams its pictures from the file.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import BinaryIO

from tflhelpers.files.example_proto import bytes_of, split_example
from tflhelpers.files.record_file import RecordError, read_record
from tflhelpers.files.wire_proto import ProtoError

ENCODED = "image/encoded"
_NAME = re.compile(r"(\d{1,18})\+(.+)", re.S)
_UNFIT = re.compile(r"[\x00-\x1f/\\\x7f]+")


class RecordPictureError(ValueError):
    """A picture that cannot be read from its record; the message says why."""


def record_picture_path(record_file: Path, offset: int, name: str) -> Path:
    """Return the path of the picture in the record that begins at byte `offset` of a file.

    Args:
        record_file: The TFRecord file.
        offset: Of the record, 0 or more.
        name: What the picture is called; of folders in it only the last part is kept.

    Example:
        >>> record_picture_path(Path("pets.record"), 18446, "cats/tom.jpg").as_posix()
        'pets.record/18446+tom.jpg'
    """
    bare = _UNFIT.sub("_", re.split(r"[/\\]", name.rstrip("/\\"))[-1])
    return record_file / f"{offset}+{bare or 'picture'}"


def is_record_picture(path: Path) -> bool:
    """Tell whether a path means a picture inside a record file that is there."""
    return _NAME.fullmatch(path.name) is not None and path.parent.is_file()


def open_record_picture(path: Path) -> BinaryIO:
    """Return the encoded picture that such a path means, as an open file in memory.

    Raises:
        RecordPictureError: If the record is damaged, is no Example or holds no picture.
        OSError: If the record file cannot be read.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise RecordPictureError(f"expected OFFSET+NAME behind the record file, got {path.name!r}.")
    try:
        pictures = bytes_of(split_example(read_record(path.parent, int(match[1]))).get(ENCODED))
    except ProtoError as error:
        raise RecordPictureError(f"the record is no tf.train.Example ({error}).") from error
    except RecordError as error:
        raise RecordPictureError(str(error)) from error
    if not pictures:
        raise RecordPictureError(f"the record holds no picture ({ENCODED} is missing).")
    return io.BytesIO(pictures[0])
