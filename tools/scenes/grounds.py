"""Floors, water and skies for whole pictures: paints of ground points and of directions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.scenes.paint import Color, Paint, mix, waves

Field = Callable[[np.ndarray], np.ndarray]


def outdoor_sky(seed: int) -> Field:
    """Blue above, pale at the horizon, soft clouds."""
    cloud, fine = waves(np.random.default_rng(seed), 0.5), waves(np.random.default_rng(seed + 1), 0.16)

    def sky(rays: np.ndarray) -> np.ndarray:
        up = np.clip(rays[1], 0, 1)
        blue = mix((0.8, 0.9, 0.97), (0.34, 0.62, 0.92), np.clip(up * 2.2, 0, 1) ** 0.8)
        flat = rays * np.array([[1.0], [2.5], [1.0]], np.float32)
        share = np.clip(1.3 * cloud(flat) + 0.45 * fine(flat) - 0.1, 0, 1) * np.clip(up * 6, 0, 1)
        return blue * (1 - 0.8 * share) + 0.8 * share

    return sky


def indoor_air(low: Color, high: Color) -> Field:
    """The rest of a room, out of focus: one tone below, another above."""
    return lambda rays: mix(low, high, np.clip(rays[1] * 0.8 + 0.5, 0, 1))


def pool_tiles(turn: float) -> Paint:
    """Turquoise tiles under a net of light that moves; `turn` in 0..1 is the place in the loop."""
    angle = 2 * np.pi * turn

    def paint(p: np.ndarray) -> np.ndarray:
        x, z = p[0], p[2]
        grout = np.minimum(_groove(x, 0.9, 0.05), _groove(z, 0.9, 0.05))
        shade = 0.5 + 0.5 * np.sin(12.9898 * np.floor(x / 0.9) + 78.233 * np.floor(z / 0.9))
        tile = mix((0.16, 0.66, 0.76), (0.28, 0.76, 0.84), shade)
        color = tile * grout + np.array([[0.62], [0.88], [0.9]], np.float32) * (1 - grout)
        warp_x = x + 0.35 * np.sin(1.9 * z + angle) + 0.2 * np.sin(3.1 * x - 2 * angle)
        warp_z = z + 0.35 * np.sin(1.7 * x - angle + 1.0) + 0.2 * np.sin(2.7 * z + 2 * angle)
        net = np.abs(np.sin(2.1 * warp_x) + np.sin(2.4 * warp_z + 0.8) + np.sin(1.7 * (warp_x - warp_z)))
        return color * (0.86 + 0.34 * np.exp(-3.2 * net))

    return paint


def _groove(x: np.ndarray, period: float, width: float) -> np.ndarray:
    """0 in a groove of the given width around each multiple of the period, 1 elsewhere, with soft sides."""
    away = np.abs(np.mod(x / period + 0.5, 1.0) - 0.5) * period
    return np.clip((away - width / 2) / (width * 0.6) + 0.5, 0, 1)


def ripples(turn: float, ring_center: tuple[float, float], seed: int = 4) -> Field:
    """Slope of the water: small waves and rings about a floating thing, periodic in `turn`."""
    rng = np.random.default_rng(seed)
    angles, lengths = rng.uniform(0, 2 * np.pi, 9), np.exp(rng.uniform(np.log(0.6), np.log(3.2), 9))
    phases, speeds = rng.uniform(0, 2 * np.pi, 9), rng.integers(2, 5, 9)

    def slope(p: np.ndarray) -> np.ndarray:
        total = np.zeros((2, p.shape[1]), np.float32)
        for angle, length, phase, speed in zip(angles, lengths, phases, speeds, strict=True):
            way = np.array([np.cos(angle), np.sin(angle)], np.float32)
            wave = np.cos(
                (way[0] * p[0] + way[1] * p[2]) * (2 * np.pi / length) - 2 * np.pi * speed * turn + phase
            )
            total += way[:, None] * wave * np.float32(0.028)
        x, z = p[0] - ring_center[0], p[2] - ring_center[1]
        far = np.sqrt(x * x + z * z) + 1e-3
        ring = 0.2 * np.exp(-0.55 * np.maximum(far - 0.7, 0)) * np.cos(2 * np.pi * (far / 0.75 - 8 * turn))
        return total + np.stack([x / far, z / far]) * ring

    return slope


def planks(tone: Color, width: float = 1.1, seed: int = 2) -> Paint:
    """Boards along x with grain, knots left out."""
    bend = waves(np.random.default_rng(seed), 1.6)
    dark = tuple(0.62 * c for c in tone)

    def paint(p: np.ndarray) -> np.ndarray:
        board = np.floor(p[2] / width)
        shift = 7.3 * np.mod(board * 0.618, 1.0)
        q = np.stack([p[0] * 0.22 + shift, shift + 0 * p[1], p[2]])
        rings = np.sin(34 * (p[2] + shift) * 0.35 + 3.2 * bend(q) + 0.6 * np.sin(p[0] * 0.7 + shift))
        fine = np.sin(p[2] * 160 + 5 * bend(q * 3))
        light = 0.9 + 0.16 * np.mod(board * 0.754, 1.0)
        share = np.clip(0.28 + 0.2 * rings + 0.06 * fine, 0, 1)
        return np.clip(mix(tone, dark, share) * light * (0.45 + 0.55 * _groove(p[2], width, 0.035)), 0, 1)

    return paint


def gingham(color: Color, period: float = 1.0) -> Paint:
    """A checked cloth: white, the colour, and half of it where only one thread has it."""

    def paint(p: np.ndarray) -> np.ndarray:
        across = (np.mod(p[0] / period, 1) < 0.5).astype(np.float32)
        along = (np.mod(p[2] / period, 1) < 0.5).astype(np.float32)
        weave = 0.96 + 0.04 * np.sin(p[0] * 70) * np.sin(p[2] * 70)
        return mix((0.97, 0.96, 0.93), color, (across + along) / 2) * weave

    return paint


def cloth_on_lawn(cloth: Paint, half: float, lawn: Paint) -> Paint:
    """A square cloth about the origin, half side `half`, turned by 20 degrees, on a lawn."""
    cos, sin = np.cos(np.deg2rad(20)), np.sin(np.deg2rad(20))

    def paint(p: np.ndarray) -> np.ndarray:
        q = np.stack([cos * p[0] + sin * p[2], p[1], cos * p[2] - sin * p[0]])
        inside = np.maximum(np.abs(q[0]), np.abs(q[2])) < half
        return np.where(inside, cloth(q), lawn(p))

    return paint


def lawn(seed: int = 5) -> Paint:
    """Mown grass: light and dark tufts."""
    rng = np.random.default_rng(seed)
    broad, fine, finest = waves(rng, 2.5), waves(rng, 0.28), waves(rng, 0.07)

    def paint(p: np.ndarray) -> np.ndarray:
        share = np.clip(0.5 + 0.22 * broad(p) + 0.3 * fine(p) + 0.3 * finest(p), 0, 1)
        return mix((0.22, 0.42, 0.12), (0.52, 0.7, 0.24), share)

    return paint


def rug(first: Color, second: Color, seed: int = 6) -> Paint:
    """A round rug with rings of two colours and a woollen pile."""
    pile = waves(np.random.default_rng(seed), 0.06)

    def paint(p: np.ndarray) -> np.ndarray:
        far = np.sqrt(p[0] * p[0] + p[2] * p[2])
        ring = np.clip(np.sin(far * 2.6) * 6 + 0.5, 0, 1)
        return mix(first, second, ring) * (1 + 0.09 * pile(p))

    return paint


def stone(tone: Color, seed: int = 7) -> Paint:
    """Polished stone with faint clouds and veins."""
    rng = np.random.default_rng(seed)
    cloud, vein = waves(rng, 1.8), waves(rng, 0.9)

    def paint(p: np.ndarray) -> np.ndarray:
        line = np.exp(-np.abs(vein(p) + 0.4 * cloud(p * 2.1)) * 16)
        return np.clip(np.array(tone, np.float32)[:, None] * (1 + 0.06 * cloud(p)) - 0.05 * line, 0, 1)

    return paint


def wall_tiles(tone: Color, size: float = 0.9) -> Paint:
    """Glazed square tiles on an upright wall across z."""

    def paint(p: np.ndarray) -> np.ndarray:
        grout = np.minimum(_groove(p[0], size, 0.04), _groove(p[1], size, 0.04))
        shade = 0.97 + 0.03 * np.sin(
            12.9898 * np.floor(p[0] / size + 0.5) + 78.2 * np.floor(p[1] / size + 0.5)
        )
        return np.array(tone, np.float32)[:, None] * (0.72 + 0.28 * grout) * shade

    return paint


def foliage(seed: int, color: Color) -> Paint:
    """Leaves: coarse and fine light and dark."""
    rng = np.random.default_rng(seed)
    broad, fine, finest = waves(rng, 0.9), waves(rng, 0.21), waves(rng, 0.09)
    column = np.array(color, np.float32)[:, None]
    return lambda p: np.clip(column * (1 + 0.2 * broad(p) + 0.17 * fine(p) + 0.12 * finest(p)), 0, 1)
