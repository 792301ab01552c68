"""`tf.train.Example`, encoded and decoded by hand: the dictionary that each TFRecord of the tutorials holds.

The message is `Example {Features features = 1}`, `Features {map<string, Feature> feature = 1}`, and a Feature one of
`bytes_list = 1`, `float_list = 2`, `int64_list = 3` (tensorflow/core/example/feature.proto). Features stay undecoded
until asked for, so that a picture is not copied to learn its name.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import lru_cache

from tflhelpers.files.wire_proto import BYTES, ProtoError, varint, wire_fields

_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3  # fields of Feature
_SMALL = [bytes([value]) for value in range(128)]  # numbers of one byte, encoded
Values = Sequence[bytes] | Sequence[float] | Sequence[int]


def encode_example(features: Mapping[str, Values]) -> bytes:
    """Return the bytes of an Example; a list's kind is that of its first value, and empty ones are left out.

    Raises:
        TypeError: If a list holds something else than bytes, float or int.

    Example:
        >>> encode_example({"n": [1]}).hex(" ")
        '0a 0c 0a 0a 0a 01 6e 12 05 1a 03 0a 01 01'
    """
    entries = [_entry(name, values) for name, values in features.items() if len(values)]
    return _field(1, b"".join(entries))


def split_example(data: bytes) -> dict[str, memoryview]:
    """Return the features of an Example, each still encoded; see `bytes_of` and `numbers_of`.

    Raises:
        ProtoError: If it is none.
    """
    features: dict[str, memoryview] = {}
    for number, message in wire_fields(memoryview(data)):
        if number == 2 and isinstance(message, memoryview):
            raise ProtoError("a SequenceExample, for what comes in sequences. Write one Example a picture")
        if number == 1 and isinstance(message, memoryview):
            for entry_number, entry in wire_fields(message):
                if entry_number == 1 and isinstance(entry, memoryview):
                    parts = dict(wire_fields(entry))
                    name, feature = parts.get(1, b""), parts.get(2, memoryview(b""))
                    if isinstance(name, int) or isinstance(feature, int):
                        raise ProtoError("a number where a feature was expected")
                    features[bytes(name).decode("utf-8", "replace")] = memoryview(feature)
    return features


def bytes_of(feature: memoryview | None) -> list[memoryview]:
    """Return the values of a bytes feature, not copied; none for None or a feature of another kind.

    Raises:
        ProtoError: If the feature is damaged.
    """
    values: list[memoryview] = []
    for kind, content in wire_fields(feature) if feature is not None else ():
        if kind == _BYTES_LIST and isinstance(content, memoryview):
            values += [value for _, value in wire_fields(content) if isinstance(value, memoryview)]
    return values


def numbers_of(feature: memoryview | None) -> list[float] | list[int]:
    """Return the values of a float or int64 feature; none for None or a feature of another kind.

    Raises:
        ProtoError: If the feature is damaged.
    """
    floats: list[float] = []
    ints: list[int] = []
    for kind, content in wire_fields(feature) if feature is not None else ():
        if kind == _FLOAT_LIST and isinstance(content, memoryview):
            floats += _floats(content)
        elif kind == _INT64_LIST and isinstance(content, memoryview):
            ints += _ints(content)
    return floats or ints


def _floats(content: memoryview) -> list[float]:
    values: list[float] = []
    for _, value in wire_fields(content):
        raw = value if isinstance(value, memoryview) else struct.pack("<I", value & 0xFFFFFFFF)
        if len(raw) % 4:
            raise ProtoError(f"{len(raw)} bytes where whole floats of 4 were expected")
        values += struct.unpack(f"<{len(raw) // 4}f", raw)
    return values


def _ints(content: memoryview) -> list[int]:
    values: list[int] = []
    for _, value in wire_fields(content):
        if isinstance(value, int):
            values.append(_signed(value))
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            values.append(_signed(number))
    return values


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _entry(name: str, values: Values) -> bytes:
    return _field(1, _name(name) + _field(2, _feature(name, values)))


@lru_cache(maxsize=1024)
def _name(name: str) -> bytes:
    return _field(1, name.encode())


def _feature(name: str, values: Values) -> bytes:
    first = values[0]
    if isinstance(first, (bytes, memoryview)):
        return _field(_BYTES_LIST, b"".join([_field(1, value) for value in values]))  # type: ignore[arg-type]
    if isinstance(first, float):
        return _field(_FLOAT_LIST, _field(1, struct.pack(f"<{len(values)}f", *values)))
    if isinstance(first, int):
        numbers = b"".join([_varint_bytes(value) for value in values])  # type: ignore[arg-type]
        return _field(_INT64_LIST, _field(1, numbers))
    raise TypeError(f"{name}: expected a list of bytes, float or int, got {type(first).__name__}.")


def _field(number: int, content: bytes) -> bytes:
    return b"".join((_SMALL[number << 3 | BYTES], _varint_bytes(len(content)), content))


def _varint_bytes(value: int) -> bytes:
    if 0 <= value < 0x80:
        return _SMALL[value]
    value &= 0xFFFFFFFFFFFFFFFF  # negative numbers as their two's complement of 64 bits
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
