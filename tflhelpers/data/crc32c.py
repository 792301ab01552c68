"""CRC-32C (Castagnoli): the checksum that checkpoints carry for every tensor and TFRecords for every record.

It is computed by the package google-crc32c, with the processor's own instruction, where that is installed. Else
by numpy: a byte-by-byte loop in Python would need a minute for the 131 MB of a ResNet-50 checkpoint. A CRC is
linear over GF(2), so the bytes are cut into equal lanes, all lanes advance together four bytes a step by table
look-up, and the lanes are then folded pairwise: crc(a + b) = shift(crc(a), len(b)) xor crc(b).
"""

from __future__ import annotations

from functools import cache

import numpy as np

try:
    from google_crc32c import implementation
    from google_crc32c import value as _library_crc32c
except ImportError:
    _library_crc32c = None
else:
    if implementation != "c":  # written in Python: slower than ours
        _library_crc32c = None

POLYNOMIAL = 0x82F63B78  # reflected Castagnoli polynomial
MASK_DELTA = 0xA282EAD8
ALL_ONES = 0xFFFFFFFF
SHORT = 1024  # bytes up to which a loop is quicker than starting numpy


def crc32c(data: bytes | np.ndarray) -> int:
    """CRC-32C of bytes or of an array's bytes in C order; `crc32c(b"123456789") == 0xE3069283`."""
    if _library_crc32c is None:
        return crc32c_by_numpy(data)
    return _library_crc32c(data if type(data) is bytes else _as_bytes(data).tobytes())


def crc32c_by_numpy(data: bytes | np.ndarray) -> int:
    """As `crc32c`, without the package google-crc32c."""
    raw = _as_bytes(data)
    if raw.size <= SHORT:
        return _byte_by_byte(raw.tobytes())
    return int(_crc_by_lanes(raw)) ^ ALL_ONES


def masked_crc32c(data: bytes | np.ndarray) -> int:
    """The form stored in files: rotated right by 15 bits, plus a constant, modulo 2^32."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & ALL_ONES


def _as_bytes(data) -> np.ndarray:
    if isinstance(data, np.ndarray):
        return np.ascontiguousarray(data).reshape(-1).view(np.uint8)
    return np.frombuffer(data, np.uint8)


def _byte_by_byte(data: bytes) -> int:
    table, register = _short_table(), ALL_ONES
    for byte in data:
        register = (register >> 8) ^ table[(register ^ byte) & 0xFF]
    return register ^ ALL_ONES


def _crc_by_lanes(raw: np.ndarray) -> np.uint32:
    """The register after at least 4 bytes, not yet inverted.

    Inverting the first four bytes is as good as starting with a register of ones; then zeros may stand in front.
    """
    lanes, steps = _lanes_and_steps(raw.size)
    padded = np.zeros(lanes * steps * 4, np.uint8)
    start = padded.size - raw.size
    padded[start:] = raw
    padded[start : start + 4] ^= 0xFF
    words = np.ascontiguousarray(padded.view("<u4").reshape(lanes, steps).T)
    low, high = _word_tables()
    registers = np.zeros(lanes, np.uint32)
    for step in range(steps):
        registers ^= words[step]
        registers = low[registers & 0xFFFF] ^ high[registers >> 16]
    return _fold(registers, steps * 4)


def _lanes_and_steps(size: int) -> tuple[int, int]:
    """A power of two of lanes, at most 8192, of at least 16 words each where there is enough to cut."""
    words = -(-size // 4)
    lanes = 1
    while lanes < 8192 and words // (2 * lanes) >= 16:
        lanes *= 2
    return lanes, -(-words // lanes)


def _fold(registers: np.ndarray, lane_bytes: int) -> np.uint32:
    over_a_lane = _zeros_operator(lane_bytes)
    while registers.size > 1:
        left, right = registers[0::2], registers[1::2]
        registers = _shift(over_a_lane, left) ^ right
        over_a_lane = _shift(over_a_lane, over_a_lane)
    return registers[0]


def _shift(operator: np.ndarray, registers: np.ndarray) -> np.ndarray:
    """Applies a 32x32 GF(2) matrix, given as its 32 columns, to each register."""
    bits = (registers[:, None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
    return np.bitwise_xor.reduce(bits * operator, axis=1)


def _zeros_operator(count: int) -> np.ndarray:
    """Columns of the matrix that advances a register over `count` zero bytes."""
    columns = np.uint32(1) << np.arange(32, dtype=np.uint32)
    for power in range(count.bit_length()):
        if count >> power & 1:
            columns = _shift(_power_operator(power), columns)
    return columns


@cache
def _power_operator(power: int) -> np.ndarray:
    """Columns of the matrix that advances a register over 2^power zero bytes."""
    if power == 0:
        unit = np.uint32(1) << np.arange(32, dtype=np.uint32)
        return (unit >> np.uint32(8)) ^ _byte_table()[unit & 0xFF]
    half = _power_operator(power - 1)
    return _shift(half, half)


@cache
def _byte_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> np.uint32(1)) ^ ((table & np.uint32(1)) * np.uint32(POLYNOMIAL))
    return table


@cache
def _short_table() -> list[int]:
    return _byte_table().tolist()


@cache
def _word_tables() -> tuple[np.ndarray, np.ndarray]:
    """Two tables of 65,536 that advance a register by four bytes: for its low half and its high half."""
    halves = np.arange(65536, dtype=np.uint32)
    four_bytes = _zeros_operator(4)
    return _shift(four_bytes, halves), _shift(four_bytes, halves << np.uint32(16))
