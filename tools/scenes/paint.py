"""Colours and patterns: a paint maps points (3, n) to sRGB colours (3, n) in 0..1."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np

Color = tuple[float, float, float]
Paint = Callable[[np.ndarray], np.ndarray]


def hsv(hue: float, saturation: float, value: float) -> Color:
    """sRGB colour from hue (turns, any real), saturation and value (0..1)."""
    return colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))


def any_color(rng: np.random.Generator) -> Color:
    """A random colour: mostly vivid, sometimes pastel, white, black, gray or brown."""
    style = rng.random()
    if style < 0.55:
        return hsv(rng.random(), rng.uniform(0.6, 1.0), rng.uniform(0.55, 1.0))
    if style < 0.7:
        return hsv(rng.random(), rng.uniform(0.15, 0.45), rng.uniform(0.75, 1.0))
    if style < 0.9:
        return hsv(rng.random(), rng.uniform(0.0, 0.1), rng.choice([0.08, 0.3, 0.6, 0.95]))
    return wood_color(rng)


def wood_color(rng: np.random.Generator) -> Color:
    """A brown between birch and walnut."""
    return hsv(rng.uniform(0.05, 0.11), rng.uniform(0.35, 0.75), rng.uniform(0.3, 0.85))


def near(
    rng: np.random.Generator, hue: float, saturation: float, value: float, spread: float = 0.04
) -> Color:
    """A colour near the given one."""
    return hsv(
        hue + rng.uniform(-spread, spread),
        saturation + rng.uniform(-3, 1.5) * spread,
        value + rng.uniform(-3, 2) * spread,
    )


def _column(color: Color) -> np.ndarray:
    return np.array(color, np.float32)[:, None]


def mix(first: Color, second: Color, share: np.ndarray) -> np.ndarray:
    """Colours (3, n) from `first` (share 0) to `second` (share 1)."""
    return _column(first) * (1 - share) + _column(second) * share


def plain(color: Color) -> Paint:
    """One colour."""
    return lambda p: np.repeat(_column(color), p.shape[1], axis=1)


def stripes(first: Color, second: Color, direction: np.ndarray, period: float, share: float = 0.5) -> Paint:
    """Bands across `direction` (3,); `share` of each period has the second colour."""
    unit = (np.asarray(direction, np.float32) / np.linalg.norm(direction)) / period
    return lambda p: mix(first, second, (np.mod(unit @ p + 100.0, 1.0) < share).astype(np.float32))


def dots(first: Color, second: Color, period: float, share: float = 0.33) -> Paint:
    """Round spots on a cubic lattice."""

    def paint(p: np.ndarray) -> np.ndarray:
        cell = np.mod(p / period + 100.25, 1.0) - 0.5
        return mix(first, second, ((cell * cell).sum(axis=0) < share * share).astype(np.float32))

    return paint


def checks(first: Color, second: Color, period: float) -> Paint:
    """Cubes of alternating colour."""
    return lambda p: mix(
        first, second, (np.floor(p / period + 0.13).sum(axis=0).astype(np.int32) & 1).astype(np.float32)
    )


def wedges(colors: list[Color]) -> Paint:
    """Sectors about the y axis, as on a beach ball or an umbrella."""
    table = np.array(colors, np.float32).T

    def paint(p: np.ndarray) -> np.ndarray:
        turn = np.mod(np.arctan2(p[2], p[0]) / (2 * np.pi), 1.0)
        return table[:, np.minimum((turn * len(colors)).astype(np.int32), len(colors) - 1)]

    return paint


def waves(rng: np.random.Generator, size: float) -> Callable[[np.ndarray], np.ndarray]:
    """Smooth random values (n,) in about -1..1 with features of the given size."""
    directions = rng.normal(size=(6, 3)).astype(np.float32) * (2.2 / size)
    phases = rng.uniform(0, 2 * np.pi, (6, 1)).astype(np.float32)
    return lambda p: np.sin(directions @ p + phases).sum(axis=0) / 2.4


def blotches(rng: np.random.Generator, first: Color, second: Color, size: float, sharp: float = 4.0) -> Paint:
    """Irregular patches of two colours."""
    value = waves(rng, size)
    return lambda p: mix(first, second, np.clip(0.5 + sharp * value(p), 0, 1))


def mottled(rng: np.random.Generator, color: Color, amount: float = 0.15, size: float = 0.25) -> Paint:
    """One colour, lighter and darker in places."""
    value = waves(rng, size)
    return lambda p: np.clip(_column(color) * (1 + amount * value(p)), 0, 1)


def wood(rng: np.random.Generator, color: Color) -> Paint:
    """Grain along a random horizontal axis."""
    bend, period = waves(rng, 0.7), rng.uniform(0.06, 0.14)
    dark = tuple(0.68 * channel for channel in color)
    tilt = rng.normal(size=3).astype(np.float32) * 0.6

    def paint(p: np.ndarray) -> np.ndarray:
        rings = (tilt @ p + 0.12 * bend(p)) / period
        return mix(color, dark, 0.5 + 0.5 * np.sin(6.28 * rings))

    return paint


def gradient(first: Color, second: Color, low: float, high: float) -> Paint:
    """From the first colour at height `low` to the second at `high`."""
    return lambda p: mix(first, second, np.clip((p[1] - low) / (high - low), 0, 1))


def any_paint(rng: np.random.Generator, color: Color | None = None) -> Paint:
    """A random pattern in random colours (or on the given one); half of the time it is plain."""
    color = any_color(rng) if color is None else color
    other, period = any_color(rng), rng.uniform(0.18, 0.5)
    style = rng.random()
    if style < 0.5:
        return plain(color)
    if style < 0.64:
        direction = [(0, 1, 0), (1, 0, 0), (0.7, 0.7, 0.1), tuple(rng.normal(size=3))][rng.integers(4)]
        return stripes(color, other, np.array(direction), period, rng.uniform(0.2, 0.6))
    if style < 0.74:
        return dots(color, other, period, rng.uniform(0.25, 0.42))
    if style < 0.8:
        return checks(color, other, period)
    if style < 0.88:
        return mottled(rng, color, rng.uniform(0.1, 0.3))
    if style < 0.94:
        return gradient(color, other, -0.8, 0.8)
    return blotches(rng, color, other, rng.uniform(0.2, 0.6))
