"""The index reader against TensorFlow's own, on files that TensorFlow wrote."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from tests.model.synthetic_checkpoints import index_file, write_checkpoint
from tflhelpers.files.checksums import masked_crc32c
from tflhelpers.model.checkpoint_index import MAGIC, read_index

TENSORS = {
    "a/scalar": np.array(-3, np.int64),
    "a/empty": np.zeros((0, 4), np.float32),
    "b/matrix": np.array([[1.5, -2.0, 0.0], [4.0, 5.0, 6.5]], np.float32),
    "b/matrix_of_double": np.array([[1e300]], np.float64),
    "c/flags": np.array([True, False, True]),
    "c/text": np.array(b"hello"),
}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    many = {f"many/{i:04d}/with/a/long/shared/beginning": np.full(i % 7, i, np.float32) for i in range(300)}
    return write_checkpoint(tmp_path_factory.mktemp("index") / "ckpt-1", TENSORS | many)


def test_shapes_and_types_are_those_that_tensorflow_reads(prefix):
    import tensorflow as tf

    entries = read_index(index_file(prefix)).entries
    reader = tf.train.load_checkpoint(str(prefix))
    assert {key: list(e.shape) for key, e in entries.items()} == reader.get_variable_to_shape_map()
    types = {key: dtype.name for key, dtype in reader.get_variable_to_dtype_map().items()}
    assert {key: entry.dtype for key, entry in entries.items()} == types


def test_sizes_offsets_and_checksums(prefix):
    index = read_index(index_file(prefix))
    data = prefix.with_name("ckpt-1.data-00000-of-00001").read_bytes()
    assert index.num_shards == 1
    assert index.shard_bytes(0) == len(data)
    for key, tensor in TENSORS.items():
        if key != "c/text":
            entry = index.entries[key]
            assert data[entry.offset : entry.offset + entry.size] == tensor.tobytes()
            assert entry.masked_crc32c == masked_crc32c(tensor)


def test_reads_what_the_zoo_writes_snappy_blocks(prefix, tmp_path):
    import tensorflow as tf

    packed = tmp_path / "ckpt-1"
    index_file(packed).write_bytes(repack_with_snappy(index_file(prefix).read_bytes()))
    data_name = "ckpt-1.data-00000-of-00001"
    (tmp_path / data_name).write_bytes(prefix.with_name(data_name).read_bytes())
    assert index_file(packed).stat().st_size < index_file(prefix).stat().st_size
    reader = tf.train.load_checkpoint(str(packed))  # proves the repacked file itself
    assert reader.get_tensor("b/matrix").tolist() == TENSORS["b/matrix"].tolist()
    assert read_index(index_file(packed)) == read_index(index_file(prefix))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"", "the mark that ends every checkpoint index is not there"),
        (lambda data: data[:-1], "the mark that ends every checkpoint index is not there"),
        (
            lambda data: b"<html>Quota exceeded</html>" * 9,
            "the mark that ends every checkpoint index is not there",
        ),
        (
            lambda data: data[:99] + bytes([data[99] ^ 1]) + data[100:],
            "the checksum of one of its blocks is wrong",
        ),
        (
            lambda data: data[: len(data) // 2] + data[-48:],
            "in the middle of a record|checksum of one of its blocks",
        ),
    ],
)
def test_damaged_index_says_what_is_wrong(prefix, tmp_path, damage, message):
    path = tmp_path / "ckpt-1.index"
    path.write_bytes(damage(index_file(prefix).read_bytes()))
    with pytest.raises(ValueError, match=message):
        read_index(path)


def repack_with_snappy(data: bytes) -> bytes:
    """The same table with its data blocks Snappy-packed, as older TensorFlow versions wrote them."""
    from tflhelpers.model.checkpoint_index import _block, _block_handle, _records

    out = bytearray()
    _, at = _block_handle(data[-48:], 0)
    index_at, _ = _block_handle(data[-48:], at)
    handles = [
        (key, _append(out, _pack(_block(data, *_block_handle(handle, 0)[0])), kind=1))
        for key, handle in _records(_block(data, *index_at))
    ]
    meta = _append(out, _block_of([]), kind=0)
    index = _append(out, _block_of(handles), kind=0)
    return bytes(out) + (meta + index).ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def _append(out: bytearray, body: bytes, kind: int) -> bytes:
    handle = _varint(len(out)) + _varint(len(body))
    body += bytes([kind])
    out += body + struct.pack("<I", masked_crc32c(body))
    return handle


def _block_of(records: list[tuple[bytes, bytes]]) -> bytes:
    """A block in which every record is a restart point, as in TensorFlow's index blocks."""
    out, restarts = b"", []
    for key, value in records:
        restarts.append(len(out))
        out += _varint(0) + _varint(len(key)) + _varint(len(value)) + key + value
    restarts = restarts or [0]
    return out + struct.pack(f"<{len(restarts)}I", *restarts) + struct.pack("<I", len(restarts))


def _pack(body: bytes) -> bytes:
    """A plain Snappy packer: literals, and copies of 4 to 60 bytes found by their first four."""
    out, literal, seen, at = bytearray(_varint(len(body))), bytearray(), {}, 0
    while at < len(body):
        start = seen.get(body[at : at + 4])
        seen[body[at : at + 4]] = at
        length = 0
        while (
            start is not None
            and length < 60
            and at + length < len(body)
            and body[start + length] == body[at + length]
        ):
            length += 1
        if length < 4 or at - start > 65535:
            literal.append(body[at])
            at += 1
            continue
        _flush(out, literal)
        out += bytes([(length - 1) << 2 | 2]) + struct.pack("<H", at - start)
        at += length
    _flush(out, literal)
    return bytes(out)


def _flush(out: bytearray, literal: bytearray) -> None:
    for start in range(0, len(literal), 60):
        piece = literal[start : start + 60]
        out += bytes([(len(piece) - 1) << 2]) + piece
    literal.clear()


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
