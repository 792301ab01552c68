"""The wire form of protocol buffers (protobuf.dev, "Encoding"): a message's fields by their numbers.

Which field is what stands in the `.proto` files that the callers name. Only what TensorFlow's checkpoints and object
graphs use: groups and 64-bit values raise.
"""

from __future__ import annotations

import struct

from tflhelpers.model.snappy import read_varint

Fields = dict[int, list]


def fields_of(message: bytes) -> Fields:
    """Field number → values in order; numbers as int, everything else as bytes.

    Raises:
        ValueError: a field of a kind that is not expected, or one that ends behind the message.
        IndexError, struct.error: the message ends in the middle of a number.

    Example:
        >>> fields_of(bytes.fromhex("08 96 01 12 02 68 69"))
        {1: [150], 2: [b'hi']}
    """
    fields: Fields = {}
    at = 0
    while at < len(message):
        value: int | bytes
        tag, at = read_varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = read_varint(message, at)
        elif kind == 2:
            size, at = read_varint(message, at)
            value, at = message[at : at + size], at + size
        elif kind == 5:
            value, at = struct.unpack_from("<I", message, at)[0], at + 4
        else:
            raise ValueError(f"one of its records holds a field of the unexpected kind {kind}")
        if at > len(message):
            raise ValueError("one of its records is cut short")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def number(fields: Fields, field: int) -> int:
    """The last number of a field, 0 where there is none."""
    return fields.get(field, [0])[-1]


def text(fields: Fields, field: int) -> str:
    """The last string of a field, empty where there is none."""
    return fields.get(field, [b""])[-1].decode()


def shape_of(message: bytes) -> tuple[int, ...]:
    """The sides of a TensorShapeProto (tensorflow/core/framework/tensor_shape.proto)."""
    return tuple(number(fields_of(dimension), 1) for dimension in fields_of(message).get(2, []))
