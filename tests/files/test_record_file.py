"""TFRecord files are TensorFlow's own, and damage is located: what is whole is read."""

from __future__ import annotations

import gzip
import struct
import zlib

import pytest

from tflhelpers.files.checksums import masked_crc32c
from tflhelpers.files.record_file import RecordError, read_record, read_records, write_record

RECORDS = [b"", b"a", b"duck" * 100, bytes(range(256))]
OFFSETS = [0, 16, 33, 449]  # each record has 16 bytes beside its data


@pytest.fixture
def path(tmp_path):
    with (tmp_path / "four.record").open("wb") as file:
        for data in RECORDS:
            write_record(file, data)
    return tmp_path / "four.record"


def _read(path):
    faults = []
    found = list(read_records(path, lambda offset, why: faults.append((offset, why))))
    return found, faults


def test_one_record_by_hand(tmp_path):
    with (tmp_path / "a.record").open("wb") as file:
        write_record(file, b"a")
    length = struct.pack("<Q", 1)
    checksums = [struct.pack("<I", masked_crc32c(part)) for part in (length, b"a")]
    assert (tmp_path / "a.record").read_bytes() == length + checksums[0] + b"a" + checksums[1]
    rotated = (0xC1D04330 >> 15) | (0xC1D04330 << 17 & 0xFFFFFFFF)  # the published CRC-32C of "a"
    assert checksums[1] == struct.pack("<I", (rotated + 0xA282EAD8) % 2**32)


def test_reads_what_was_written(path):
    found, faults = _read(path)
    assert found == list(zip(OFFSETS, RECORDS, strict=True))
    assert faults == []
    assert [read_record(path, offset) for offset in OFFSETS] == RECORDS


def test_tensorflow_reads_ours_and_we_read_its(path, tmp_path):
    import tensorflow as tf

    assert list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator()) == RECORDS
    with tf.io.TFRecordWriter(str(tmp_path / "theirs.record")) as writer:
        for data in RECORDS:
            writer.write(data)
    assert (tmp_path / "theirs.record").read_bytes() == path.read_bytes()


def test_an_empty_file_holds_no_record(tmp_path):
    (tmp_path / "empty.record").write_bytes(b"")
    assert _read(tmp_path / "empty.record") == ([], [])


@pytest.mark.parametrize(
    ("at", "left", "offset", "why"),
    [  # the byte that is flipped; records left; where and why
        (0, [], 0, "no TFRecord file: "),  # of a length
        (9, [], 0, "no TFRecord file: "),  # of a length's checksum
        (28, [0, 2, 3], 16, "damaged record: the checksum of its 1 bytes"),  # of data
        (30, [0, 2, 3], 16, "damaged record: "),  # of a data's checksum
        (33, [0, 1], 33, "damaged length: its checksum is wrong, so the 688 bytes from here on"),
        (500, [0, 1, 2], 449, "damaged record: the checksum of its 256 bytes"),
    ],
)
def test_a_flipped_bit_costs_one_record_or_what_follows_a_length(path, at, left, offset, why):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)
    found, faults = _read(path)
    assert found == [(OFFSETS[index], RECORDS[index]) for index in left]
    assert [(fault[0], fault[1][: len(why)]) for fault in faults] == [(offset, why)]
    with pytest.raises(RecordError, match=why.partition(":")[0]):
        read_record(path, offset)


@pytest.mark.parametrize(
    ("kept", "whole", "offset", "why"),
    [
        (5, 0, 0, "truncated file: a record of 16 bytes or more, of which 5 are there"),
        (12, 0, 0, "truncated file: a record of 16 bytes or more, of which 12 are there"),
        (32, 1, 16, "truncated file: a record of 17 bytes or more, of which 16 are there"),
        (448, 2, 33, "truncated file: a record of 416 bytes or more, of which 415 are there"),
    ],
)
def test_a_cut_file_gives_the_records_before(path, kept, whole, offset, why):
    path.write_bytes(path.read_bytes()[:kept])
    found, faults = _read(path)
    assert [record.data for record in found] == RECORDS[:whole]
    assert [(fault[0], fault[1][: len(why)]) for fault in faults] == [(offset, why)]


def test_a_huge_length_asks_for_no_memory(tmp_path):
    length = struct.pack("<Q", 2**63)
    (tmp_path / "huge.record").write_bytes(length + struct.pack("<I", masked_crc32c(length)) + bytes(99))
    found, ((offset, why),) = _read(tmp_path / "huge.record")
    assert (found, offset, why[:15]) == ([], 0, "truncated file:")


@pytest.mark.parametrize(
    ("pack", "why"),
    [(gzip.compress, "compressed by gzip: unpack it first"), (zlib.compress, "compressed by zlib: ")],
)
def test_compressed_files_are_named(path, pack, why):
    path.write_bytes(pack(path.read_bytes()))
    found, faults = _read(path)
    assert found == []
    assert faults[0][1].startswith(why)


@pytest.mark.parametrize("offset", [1, 721, -1, 10**18])
def test_no_record_begins_anywhere_else(path, offset):
    with pytest.raises(RecordError):
        read_record(path, offset)
