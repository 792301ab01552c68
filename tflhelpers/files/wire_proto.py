"""The wire form of protocol buffers (protobuf.dev, "Encoding"): a message's fields by their numbers.

Which field is what stands in the `.proto` files that the callers name.
"""

from __future__ import annotations

from typing import Any

_VARINT, _FIXED64, BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_LONGEST_VARINT = 10
Fields = dict[int, list[Any]]


class ProtoError(ValueError):
    """Bytes that are no such message."""


def fields_of(message: bytes | memoryview) -> Fields:
    """Return field number → values in order; numbers as int, everything else as views of bytes.

    Raises:
        ProtoError: If the message is none, or is cut.
        TypeError: If it is a number.

    Example:
        >>> fields_of(bytes.fromhex("08 96 01 12 02 68 69")) == {1: [150], 2: [b"hi"]}
        True
    """
    fields: Fields = {}
    for field, value in wire_fields(memoryview(message)):
        fields.setdefault(field, []).append(value)
    return fields


def number(fields: Fields, field: int) -> int:
    """Return the last number of a field, 0 where there is none."""
    return fields.get(field, [0])[-1]


def text(fields: Fields, field: int) -> str:
    """Return the last string of a field, empty where there is none."""
    return fields.get(field, [memoryview(b"")])[-1].tobytes().decode()


def shape_of(message: bytes | memoryview) -> tuple[int, ...]:
    """Return the sides of a TensorShapeProto (tensorflow/core/framework/tensor_shape.proto)."""
    return tuple(number(fields_of(dimension), 1) for dimension in fields_of(message).get(2, []))


def wire_fields(message: memoryview) -> list[tuple[int, memoryview | int]]:
    """Return (field number, value) of each field in order: bytes as a view, numbers as int.

    Raises:
        ProtoError: If the message is none, or is cut.
    """
    fields: list[tuple[int, memoryview | int]] = []
    at, end = 0, len(message)
    while at < end:
        tag = message[at]
        at += 1
        if tag > 0x7F:
            tag, at = varint(message, at - 1)
        kind = tag & 7
        if kind == BYTES:
            size, at = varint(message, at)
        elif kind == _VARINT:
            number, at = varint(message, at)
            fields.append((tag >> 3, number))
            continue
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise ProtoError(f"a field of the unknown kind {kind}")
        if size > end - at:
            raise ProtoError(f"a field of {size} bytes, of which {end - at} are there")
        value = message[at : at + size]
        fields.append((tag >> 3, value if kind == BYTES else int.from_bytes(value, "little")))
        at += size
    return fields


def varint(message: bytes | memoryview, at: int) -> tuple[int, int]:
    """Return the base-128 number at a place, and the place behind it.

    Raises:
        ProtoError: If the bytes end within it, or it is longer than any 64 bits.
    """
    try:
        byte = message[at]
        if byte < 0x80:  # by far the most frequent
            return byte, at + 1
        value = byte & 0x7F
        for place in range(1, _LONGEST_VARINT):
            byte = message[at + place]
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF, at + place + 1
    except IndexError:
        raise ProtoError("it ends within a number") from None
    raise ProtoError(f"a number of more than {_LONGEST_VARINT} bytes")
