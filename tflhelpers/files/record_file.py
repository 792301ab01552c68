"""TFRecord files: byte strings one after the other, each with checksums, so that damage is seen and located.

A record is its length (8 bytes), the length's checksum (4), the data, and the data's checksum (4), little-endian;
checksums are masked CRC-32C (tensorflow/core/lib/io/record_writer.h).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tflhelpers.files.checksums import masked_crc32c
from tflhelpers.files.stand_ins import stand_in_at

_HEADER = struct.Struct("<QI")
_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
_AROUND = _HEADER.size + _CHECKSUM.size  # bytes that a record has beside its data
_GZIP_MAGIC, _ZLIB_MAGICS = b"\x1f\x8b", (b"\x78\x01", b"\x78\x9c", b"\x78\xda")
_Told = Callable[[int, str], None]


class RecordError(ValueError):
    """A record that cannot be read; the message says what is wrong with it."""


class Record(NamedTuple):
    """One record: `offset` is the byte in the file at which it begins."""

    offset: int
    data: bytes


def write_record(file: BinaryIO, data: bytes) -> None:
    """Write one record to a file that is open for writing bytes."""
    length = _LENGTH.pack(len(data))
    head = _HEADER.pack(len(data), masked_crc32c(length))
    file.write(b"".join((head, data, _CHECKSUM.pack(masked_crc32c(data)))))


def read_records(path: Path, on_fault: _Told) -> Iterator[Record]:
    """Read the whole records of a file, one in memory at a time.

    A record whose data is damaged is left out and reading goes on behind it. Where the length is damaged, or the
    file ends within a record, nobody knows where the next one begins: reading ends there.

    Args:
        path: The file.
        on_fault: Called with the offset of each record that is not whole, and what is wrong with it, beginning
            with the kind of fault and a colon.

    Raises:
        OSError: If the file cannot be read.
    """
    if found := stand_in_at(path):
        on_fault(0, found)
        return
    with path.open("rb") as file:
        end, offset = os.fstat(file.fileno()).st_size, 0
        while offset < end:
            try:
                size = _data_size(file, offset, end)
            except RecordError as error:
                on_fault(offset, str(error))
                return
            data = file.read(size)
            if masked_crc32c(data) == _CHECKSUM.unpack(file.read(_CHECKSUM.size))[0]:
                yield Record(offset, data)
            else:
                on_fault(offset, _damaged(size))
            offset += size + _AROUND


def read_record(path: Path, offset: int) -> bytes:
    """Return the data of the record that begins at a byte of the file.

    Raises:
        RecordError: If no whole record begins there.
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        if not 0 <= offset < end:
            raise RecordError(
                f"no record there: the file has {end} bytes. Was it rewritten? Import it again."
            )
        file.seek(offset)
        size = _data_size(file, offset, end)
        data = file.read(size)
        if masked_crc32c(data) != _CHECKSUM.unpack(file.read(_CHECKSUM.size))[0]:
            raise RecordError(_damaged(size))
        return data


def _data_size(file: BinaryIO, offset: int, end: int) -> int:
    """Read the head of the record at `offset`, where the file stands; return the bytes of its data."""
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        raise RecordError(_truncated(_AROUND, end - offset))
    size, checksum = _HEADER.unpack(head)
    if masked_crc32c(head[: _LENGTH.size]) != checksum:
        raise RecordError(_no_length(head, offset, end))
    if size > end - offset - _AROUND:
        raise RecordError(_truncated(size + _AROUND, end - offset))
    return size


def _truncated(expected: int, got: int) -> str:
    return f"truncated file: a record of {expected} bytes or more, of which {got} are there. Copy the file again."


def _damaged(size: int) -> str:
    return f"damaged record: the checksum of its {size} bytes is wrong. Copy the file again."


def _no_length(head: bytes, offset: int, end: int) -> str:
    if offset == 0 and head[:2] == _GZIP_MAGIC:
        return "compressed by gzip: unpack it first (gunzip), so that pictures can be read one by one."
    if offset == 0 and head[:2] in _ZLIB_MAGICS:
        return (
            "compressed by zlib: write it again without compression, so that pictures can be read one by one."
        )
    if offset == 0:
        return "no TFRecord file: the checksum of the first length is wrong."
    return (
        f"damaged length: its checksum is wrong, so the {end - offset} bytes from here on cannot be read. "
        "Copy the file again."
    )
