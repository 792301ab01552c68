"""Reads the raw Snappy format, in which the model zoo's own checkpoint indexes are compressed.

Format: the unpacked length, then literals and back-references ("copies"); the two low bits of each tag byte
say which (https://github.com/google/snappy/blob/main/format_description.txt). An index is some 30 KB, so
plain Python is enough.
"""

from __future__ import annotations

from tflhelpers.files.wire_proto import ProtoError, varint


def unpack_snappy(packed: bytes) -> bytes:
    """Bytes of a raw Snappy block. Raises ValueError if the block is cut or damaged."""
    try:
        return _unpack(packed)
    except (IndexError, ProtoError):
        raise ValueError("the Snappy block ends in the middle of an element") from None


def _unpack(packed: bytes) -> bytes:
    length, at = varint(packed, 0)
    out = bytearray()
    while at < len(packed):
        tag = packed[at]
        if tag & 3 == 0:
            at = _literal(packed, at, out)
        else:
            at = _copy(packed, at, out)
    if len(out) != length:
        raise ValueError(f"the Snappy block unpacks to {len(out)} bytes, expected {length}")
    return bytes(out)


def _literal(packed: bytes, at: int, out: bytearray) -> int:
    size = packed[at] >> 2
    at += 1
    if size >= 60:  # the size itself follows in 1 to 4 bytes
        extra = size - 59
        size = int.from_bytes(packed[at : at + extra], "little")
        at += extra
    size += 1
    if at + size > len(packed):
        raise IndexError
    out += packed[at : at + size]
    return at + size


def _copy(packed: bytes, at: int, out: bytearray) -> int:
    tag = packed[at]
    kind = tag & 3
    if kind == 1:
        size, offset, end = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | packed[at + 1], at + 2
    else:
        width = 2 if kind == 2 else 4
        size, end = (tag >> 2) + 1, at + 1 + width
        if end > len(packed):
            raise IndexError
        offset = int.from_bytes(packed[at + 1 : end], "little")
    if not 0 < offset <= len(out):
        raise ValueError(f"a Snappy copy reaches {offset} bytes back where only {len(out)} stand")
    for _ in range(size):  # byte by byte: a copy may overlap what it writes
        out.append(out[-offset])
    return end
