"""Reads the `.index` file of a TensorFlow checkpoint: which tensor lies where, how large, with which
checksum.

The file is a LevelDB table (blocks of key-prefix-compressed entries, each block perhaps Snappy-packed and
always with a checksum) whose values are small protocol buffers: under the empty key a BundleHeaderProto,
under every other key a BundleEntryProto (tensorflow/core/protobuf/tensor_bundle.proto). Reading it here
rather than through TensorFlow makes checkpoints readable on any Keras backend, and gives the figures that a
genuine download is compared with.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.files.checksums import masked_crc32c
from tflhelpers.files.wire_proto import ProtoError, fields_of, number, shape_of, varint
from tflhelpers.model.snappy import unpack_snappy

KEY_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"  # of the key of every variable
MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48
STRING = "string"
DTYPES = {  # tensorflow/core/framework/types.proto
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8",
    7: STRING, 9: "int64", 10: "bool", 14: "bfloat16", 19: "float16",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """Where one tensor lies: data file, byte offset and size in it, and the masked CRC-32C of those bytes."""

    dtype: str
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    masked_crc32c: int
    sliced: bool = False


@dataclass(frozen=True)
class Index:
    """All of a checkpoint's index: the number of data files and the entry of each key, in file order."""

    num_shards: int
    entries: dict[str, Entry]

    def shard_bytes(self, shard: int) -> int:
        """Bytes that data file `shard` must at least have."""
        return max((e.offset + e.size for e in self.entries.values() if e.shard == shard), default=0)


def read_index(path: str | Path) -> Index:
    """Reads an index file.

    Raises:
        ValueError: the file is not an index, is cut, or a checksum in it is wrong; the text says which.
        OSError: the file cannot be read.
    """
    data = Path(path).read_bytes()
    try:
        return _index(dict(_table(data)))
    except (ProtoError, struct.error) as error:
        raise ValueError(f"it ends in the middle of a record, or is damaged: {error}") from None


def _index(records: dict[bytes, bytes]) -> Index:
    if b"" not in records:
        raise ValueError("it has no header record")
    header = fields_of(records.pop(b""))
    if number(header, 2):
        raise ValueError("it was written on a big-endian machine, which is not supported")
    return Index(number(header, 1), {key.decode(): _entry(value) for key, value in records.items()})


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) < FOOTER_BYTES or struct.unpack("<Q", data[-8:])[0] != MAGIC:
        raise ValueError("the mark that ends every checkpoint index is not there")
    footer = data[-FOOTER_BYTES:]
    _, at = _block_handle(footer, 0)  # of the meta index, which TensorFlow leaves empty
    index_handle, _ = _block_handle(footer, at)
    for _, handle in _records(_block(data, *index_handle)):
        yield from _records(_block(data, *_block_handle(handle, 0)[0]))


def _block_handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = varint(data, at)
    size, at = varint(data, at)
    return (offset, size), at


def _block(data: bytes, offset: int, size: int) -> bytes:
    body, (kind, crc) = data[offset : offset + size], struct.unpack_from("<BI", data, offset + size)
    if masked_crc32c(data[offset : offset + size + 1]) != crc:
        raise ValueError("the checksum of one of its blocks is wrong")
    if kind not in (0, 1):
        raise ValueError(f"one of its blocks is packed in an unknown way ({kind})")
    return unpack_snappy(body) if kind else body


def _records(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each record; a key is stored as what it shares with the one before, plus the rest."""
    (restarts,) = struct.unpack("<I", block[-4:])
    end, at, key = len(block) - 4 - 4 * restarts, 0, b""
    while at < end:
        shared, at = varint(block, at)
        rest, at = varint(block, at)
        size, at = varint(block, at)
        key = key[:shared] + block[at : at + rest]
        at += rest
        yield key, block[at : at + size]
        at += size


def _entry(value: bytes) -> Entry:
    fields = fields_of(value)
    dtype = number(fields, 1)
    return Entry(
        dtype=DTYPES.get(dtype, f"type {dtype}"),
        shape=shape_of(fields.get(2, [b""])[-1]),
        shard=number(fields, 3),
        offset=number(fields, 4),
        size=number(fields, 5),
        masked_crc32c=number(fields, 6),
        sliced=7 in fields,
    )
