"""Protocol buffers by hand."""

import pytest

from tflhelpers.files.wire_proto import ProtoError, fields_of, number, shape_of, text, varint


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("", {}),
        ("08 96 01", {1: [150]}),  # the example of protobuf.dev: 0x16 + 1 · 128
        ("12 02 68 69", {2: [b"hi"]}),
        ("08 01 08 02 12 00", {1: [1, 2], 2: [b""]}),
        ("1d 01 00 00 80", {3: [0x80000001]}),
        ("82 01 01 41", {16: [b"A"]}),  # tag 130 = 16 · 8 + 2
    ],
)
def test_fields_by_hand(message, fields):
    assert fields_of(bytes.fromhex(message)) == fields


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("12 03 68 69", "a field of 3 bytes, of which 2 are there"),
        ("08", "ends within a number"),
        ("0b 00", "unknown kind 3"),
    ],
)
def test_damage_is_noticed(message, sentence):
    with pytest.raises(ProtoError, match=sentence):
        fields_of(bytes.fromhex(message))


def test_the_last_value_counts_and_absent_ones_are_zero():
    fields = fields_of(bytes.fromhex("08 01 08 02 12 01 61 12 02 c3 9f"))
    assert (number(fields, 1), number(fields, 5), text(fields, 2), text(fields, 5)) == (2, 0, "ß", "")


def test_a_shape_of_3_by_300_and_no_shape():
    assert shape_of(bytes.fromhex("12 02 08 03 12 03 08 ac 02")) == (3, 300)
    assert shape_of(b"") == ()


@pytest.mark.parametrize(
    ("data", "expected"), [(b"\x00", (0, 1)), (b"\x7f", (127, 1)), (b"\xac\x02!", (300, 2))]
)
def test_varint(data, expected):
    assert varint(data, 0) == expected
