"""Examples are those of tf.train.Example, byte for byte in content, and damage never gets past as data."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.files.example_proto import (
    bytes_of,
    encode_example,
    numbers_of,
    split_example,
)
from tflhelpers.files.wire_proto import ProtoError

FEATURES = {
    "one": [b"\xff\x00picture"],
    "names": ["tücke".encode(), b"", b"x" * 300],
    "edges": [0.0, 0.5, -1.25, float("inf")],
    "numbers": [0, 1, 127, 128, 300, -1, 2**62, -(2**63)],
}


def _decoded(data: bytes) -> dict:
    return {
        name: [bytes(value) for value in bytes_of(feature)] or numbers_of(feature)
        for name, feature in split_example(data).items()
    }


def test_decodes_what_it_encodes():
    assert _decoded(encode_example(FEATURES)) == FEATURES


@pytest.mark.parametrize("features", [{}, {"nothing": []}])
def test_empty_examples(features):
    assert encode_example(features) == b"\x0a\x00"
    assert split_example(encode_example(features)) == {}
    assert (bytes_of(None), numbers_of(None)) == ([], [])


def test_tensorflow_reads_ours_and_we_read_its():
    import tensorflow as tf

    theirs = tf.train.Example.FromString(encode_example(FEATURES))
    feature = theirs.features.feature
    assert list(feature["one"].bytes_list.value) == FEATURES["one"]
    assert list(feature["names"].bytes_list.value) == FEATURES["names"]
    assert list(feature["edges"].float_list.value) == FEATURES["edges"]
    assert list(feature["numbers"].int64_list.value) == FEATURES["numbers"]
    assert _decoded(theirs.SerializeToString()) == FEATURES


@pytest.mark.parametrize(
    ("feature", "expected"),
    [  # lists as old writers have them, a value a field: 0x0d is field 1 as four bytes, 0x08 field 1 as a number
        (b"\x12\x0a\x0d\x00\x00\x80\x3f\x0d\x00\x00\x00\x3f", [1.0, 0.5]),
        (b"\x1a\x04\x08\x05\x08\x07", [5, 7]),
        (b"\x12\x00", []),
        (b"", []),
    ],
)
def test_unpacked_and_empty_lists(feature, expected):
    assert numbers_of(memoryview(feature)) == expected


def test_later_features_of_a_name_count():
    one = encode_example({"a": [1]})[2:]
    two = encode_example({"a": [2]})[2:]
    assert _decoded(b"\x0a" + bytes([len(one + two)]) + one + two) == {"a": [2]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x0a\x05", "a field of 5 bytes, of which 0 are there"),
        (b"\x0a", "ends within a number"),
        (b"\xff" * 11, "a number of more than 10 bytes"),
        (b"\x0b", "a field of the unknown kind 3"),
        (b"\x0a\x04\x0a\x02\x08\x01", "a number where a feature was expected"),
        (b"\x0d\x00", "a field of 4 bytes, of which 1 are there"),
        (b"<html>", "unknown kind"),
    ],
)
def test_what_is_no_example_is_refused(data, message):
    with pytest.raises(ProtoError, match=message):
        split_example(data)


def test_three_bytes_are_no_floats():
    with pytest.raises(ProtoError, match="3 bytes where whole floats"):
        numbers_of(memoryview(b"\x12\x05\x0a\x03abc"))


@pytest.mark.parametrize("values", [["text"], [None], [[1]]])
def test_other_values_are_refused(values):
    with pytest.raises(TypeError, match="name: expected a list of bytes, float or int"):
        encode_example({"name": values})


def test_damage_raises_nothing_but_example_error():
    data, random = encode_example(FEATURES), np.random.default_rng(5)
    for _ in range(2000):
        broken = bytearray(data[: random.integers(1, len(data) + 1)])
        for at in random.integers(0, len(broken), 3):
            broken[at] = random.integers(0, 256)
        try:
            values = _decoded(bytes(broken))
        except ProtoError:
            continue
        assert sum(map(len, values.values())) <= len(broken)
