"""CRC-32C and SHA-256 against published values, a byte-by-byte computation, and the genuine zoo figures."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from tflhelpers.files.checksums import crc32c, masked_crc32c, sha256_of
from tflhelpers.model.zoo import FIGURES_FOLDER

POLYNOMIAL = 0x82F63B78  # reflected Castagnoli polynomial


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"a", 0xC1D04330),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # this and the next two: RFC 3720, B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_published_values(data, expected):
    assert crc32c(data) == expected


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 511, 512, 1023, 1024, 1025, 1026, 1027, 4099, 70_001])
def test_equals_the_bit_by_bit_definition(size):
    data = np.random.RandomState(size).bytes(size)
    assert crc32c(data) == _bit_by_bit(data)


def test_array_counts_its_bytes_in_c_order():
    array = np.arange(6, dtype="<f4").reshape(2, 3)
    assert crc32c(array.T) == crc32c(array.T.copy().tobytes()) != crc32c(array)


@pytest.mark.parametrize(
    ("name", "counter"),
    [  # the only small integers with these checksums: checkpoint 51 and 27 of the training runs
        ("ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", 51),
        ("ssd_resnet50_v1_fpn_640x640_coco17_tpu-8", 27),
    ],
)
def test_genuine_zoo_save_counter(name, counter):
    figures = json.loads((FIGURES_FOLDER / f"{name}.json").read_text())
    entry = figures["entries"]["save_counter/.ATTRIBUTES/VARIABLE_VALUE"]
    assert masked_crc32c(np.array(counter, "<i8")) == entry["masked_crc32c"]


@pytest.mark.parametrize("size", [0, 3, (1 << 20) + 1])
def test_the_sha256_of_a_file_is_that_of_its_bytes(tmp_path, size):
    data = np.random.RandomState(size).bytes(size)
    (tmp_path / "a").write_bytes(data)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def _bit_by_bit(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (POLYNOMIAL if register & 1 else 0)
    return register ^ 0xFFFFFFFF
