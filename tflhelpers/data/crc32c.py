"""CRC-32C (Castagnoli) of large arrays in numpy: the checksum that checkpoint files carry for every tensor.

A byte-by-byte loop in Python needs a minute for the 131 MB of a ResNet-50 checkpoint. A CRC is linear over
GF(2), so the bytes are cut into equal lanes, all lanes advance together four bytes a step by table look-up,
and the lanes are then folded pairwise: crc(a + b) = shift(crc(a), len(b)) xor crc(b). The 131 MB take below
a second.
"""

from __future__ import annotations

from functools import cache

import numpy as np

POLYNOMIAL = 0x82F63B78  # reflected Castagnoli polynomial
MASK_DELTA = 0xA282EAD8
ALL_ONES = 0xFFFFFFFF


def crc32c(data: bytes | np.ndarray) -> int:
    """CRC-32C of bytes or of an array's bytes in C order; `crc32c(b"123456789") == 0xE3069283`."""
    raw = _as_bytes(data)
    start = _shift(_zeros_operator(raw.size), np.array([ALL_ONES], np.uint32))[0]
    return int(start ^ _linear_crc(raw)) ^ ALL_ONES


def masked_crc32c(data: bytes | np.ndarray) -> int:
    """The form stored in files: rotated right by 15 bits, plus a constant, modulo 2^32."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & ALL_ONES


def _as_bytes(data) -> np.ndarray:
    if isinstance(data, np.ndarray):
        return np.ascontiguousarray(data).reshape(-1).view(np.uint8)
    return np.frombuffer(data, np.uint8)


def _linear_crc(raw: np.ndarray) -> np.uint32:
    """CRC with register 0 at the start and no inversion, so zero bytes in front change nothing."""
    if raw.size == 0:
        return np.uint32(0)
    lanes, steps = _lanes_and_steps(raw.size)
    padded = np.zeros(lanes * steps * 4, np.uint8)
    padded[padded.size - raw.size :] = raw
    words = padded.view("<u4").reshape(lanes, steps)
    low, high = _word_tables()
    registers = np.zeros(lanes, np.uint32)
    for step in range(steps):
        registers ^= words[:, step]
        registers = low[registers & 0xFFFF] ^ high[registers >> 16]
    return _fold(registers, steps * 4)


def _lanes_and_steps(size: int) -> tuple[int, int]:
    """A power of two of lanes, at most 8192, of at least 128 words each where there is enough to cut."""
    words = -(-size // 4)
    lanes = 1
    while lanes < 8192 and words // (2 * lanes) >= 128:
        lanes *= 2
    return lanes, -(-words // lanes)


def _fold(registers: np.ndarray, lane_bytes: int) -> np.uint32:
    while registers.size > 1:
        left, right = registers[0::2], registers[1::2]
        registers = _shift(_zeros_operator(lane_bytes), left) ^ right
        lane_bytes *= 2
    return registers[0]


def _shift(operator: np.ndarray, registers: np.ndarray) -> np.ndarray:
    """Applies a 32x32 GF(2) matrix, given as its 32 columns, to each register."""
    out = np.zeros_like(registers)
    for bit in range(32):
        out ^= ((registers >> np.uint32(bit)) & np.uint32(1)) * operator[bit]
    return out


@cache
def _zeros_operator(count: int) -> np.ndarray:
    """Columns of the matrix that advances a register over `count` zero bytes."""
    if count == 0:
        return np.uint32(1) << np.arange(32, dtype=np.uint32)
    if count == 1:
        unit = np.uint32(1) << np.arange(32, dtype=np.uint32)
        return (unit >> np.uint32(8)) ^ _byte_table()[unit & 0xFF]
    half = _zeros_operator(count // 2)
    whole = _shift(half, half)
    return _shift(_zeros_operator(1), whole) if count % 2 else whole


@cache
def _byte_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> np.uint32(1)) ^ ((table & np.uint32(1)) * np.uint32(POLYNOMIAL))
    return table


@cache
def _word_tables() -> tuple[np.ndarray, np.ndarray]:
    """Two tables of 65,536 that advance a register by four bytes: for its low half and its high half."""
    halves = np.arange(65536, dtype=np.uint32)
    four_bytes = _zeros_operator(4)
    return _shift(four_bytes, halves), _shift(four_bytes, halves << np.uint32(16))
