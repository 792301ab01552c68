"""Snappy blocks written out by hand from the format's description."""

from __future__ import annotations

import pytest

from tflhelpers.model.snappy import unpack_snappy


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        (b"\x00", b""),
        (b"\x03\x08abc", b"abc"),  # literal of 3: tag (3 - 1) << 2
        (b"\x06\x08abc\x0a\x03\x00", b"abcabc"),  # copy with a 2-byte offset, length 3
        (b"\x08\x0cabcd\x01\x04", b"abcdabcd"),  # copy with a 1-byte offset, length 4
        (b"\x0a\x00a\x15\x01", b"a" * 10),  # overlapping copy: 9 bytes from 1 back
        (b"\x05\x00a\x0f\x01\x00\x00\x00", b"aaaaa"),  # copy with a 4-byte offset, length 4
        (b"\x3d\xf0\x3c" + bytes(range(61)), bytes(range(61))),  # literal whose length stands in 1 byte
        (b"\xac\x02\xf4\x2b\x01" + b"x" * 300, b"x" * 300),  # literal whose length stands in 2 bytes
    ],
)
def test_unpacks(packed, expected):
    assert unpack_snappy(packed) == expected


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"", "ends in the middle"),
        (b"\x03\x08ab", "ends in the middle"),
        (b"\x04\x00a\x0a\x01", "ends in the middle"),
        (b"\x04\x00a\x0a\x05\x00", "reaches 5 bytes back where only 1 stand"),
        (b"\x04\x00a\x0a\x00\x00", "reaches 0 bytes back"),
        (b"\x04\x08abc", "unpacks to 3 bytes, expected 4"),
    ],
)
def test_damaged_blocks_are_refused(packed, message):
    with pytest.raises(ValueError, match=message):
        unpack_snappy(packed)
