"""Backgrounds without objects: noise, stripes, checks, wood, brick, tiles, grass, soft shapes, rooms."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tools.scenes.paint import any_color, hsv, wood_color

TEXTURE_SIZE = 512
Rng = np.random.Generator


def value_noise(rng: Rng, cells: int, size: int = TEXTURE_SIZE) -> np.ndarray:
    """Smooth noise (size, size) in 0..1 with about `cells` bumps across."""
    grid = (rng.random((cells + 3, cells + 3)) * 255).astype(np.uint8)
    span = size * (cells + 3) // cells
    big = Image.fromarray(grid).resize((span, span), Image.Resampling.BICUBIC)
    start = (span - size) // 2
    return np.asarray(big, np.float32)[start : start + size, start : start + size] / 255


def fractal_noise(rng: Rng, *, coarsest: int = 3, octaves: int = 6, decay: float = 0.55) -> np.ndarray:
    """Several octaves of noise, stretched to 0..1."""
    total = sum(decay**i * value_noise(rng, coarsest * 2**i) for i in range(octaves))
    low, high = np.percentile(total, [1, 99])
    return np.clip((total - low) / (high - low), 0, 1)


def mix(first: tuple, second: tuple, share: np.ndarray) -> np.ndarray:
    """Float picture (h, w, 3) in 0..1 between two colours."""
    return np.float32(first) * (1 - share[..., None]) + np.float32(second) * share[..., None]


def coordinates(rng: Rng, tilt: float = 180.0) -> tuple[np.ndarray, np.ndarray]:
    """Pixel coordinates in 0..1, turned by up to `tilt` degrees."""
    y, x = np.mgrid[0:TEXTURE_SIZE, 0:TEXTURE_SIZE].astype(np.float32) / TEXTURE_SIZE
    angle = np.deg2rad(rng.uniform(-tilt, tilt))
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def calm_color(rng: Rng) -> tuple:
    """A colour that a wall or a floor may have."""
    return (
        hsv(rng.random(), rng.uniform(0, 0.45), rng.uniform(0.15, 0.95))
        if rng.random() < 0.7
        else any_color(rng)
    )


def plain_gradient(rng: Rng) -> np.ndarray:
    """Two or three colours along a line."""
    x, _ = coordinates(rng)
    share = np.clip((x - x.min()) / np.ptp(x), 0, 1)
    return mix(calm_color(rng), calm_color(rng), share ** rng.uniform(0.5, 2))


def noisy(rng: Rng) -> np.ndarray:
    """Fractal noise between two colours: cloth, stone, clouds, plaster."""
    noise = fractal_noise(rng, coarsest=int(rng.integers(2, 24)), octaves=5, decay=rng.uniform(0.4, 0.85))
    if rng.random() < 0.3:
        noise = np.abs(2 * noise - 1)
    if rng.random() < 0.3:
        noise = np.clip((noise - 0.5) * rng.uniform(2, 8) + 0.5, 0, 1)
    return mix(calm_color(rng), calm_color(rng), noise)


def stripe(rng: Rng) -> np.ndarray:
    """Stripes or a plaid."""
    x, y = coordinates(rng)
    count = rng.uniform(4, 40)
    share = (np.mod(x * count, 1) < rng.uniform(0.2, 0.8)).astype(np.float32)
    if rng.random() < 0.4:
        share = (share + (np.mod(y * count, 1) < 0.5)) / 2
    if rng.random() < 0.3:
        share = 0.5 + 0.5 * np.sin(x * count * 6.28)
    return mix(calm_color(rng), calm_color(rng), share)


def check(rng: Rng) -> np.ndarray:
    """Checkerboard or spots."""
    x, y = coordinates(rng, rng.choice([0, 45, 180]))
    count = rng.uniform(3, 24)
    if rng.random() < 0.5:
        share = np.mod(np.floor(x * count) + np.floor(y * count), 2)
    else:
        near = np.hypot(np.mod(x * count, 1) - 0.5, np.mod(y * count, 1) - 0.5)
        share = (near < rng.uniform(0.15, 0.45)).astype(np.float32)
    return mix(calm_color(rng), calm_color(rng), share)


def planks(rng: Rng) -> np.ndarray:
    """Wooden boards with grain and gaps."""
    x, y = coordinates(rng, 8)
    if rng.random() < 0.5:
        x, y = y, x
    count, tone = int(rng.integers(1, 9)), wood_color(rng)
    board = np.floor(x * count).astype(int) % 16
    lightness, offset = rng.uniform(0.75, 1.1, 16)[board], rng.uniform(0, 9, 16)[board]
    grain = fractal_noise(rng, coarsest=4, octaves=4)
    rings = 0.5 + 0.5 * np.sin(x * rng.uniform(40, 140) + 6 * grain + offset + 2 * np.sin(y * 3 + offset))
    fine = value_noise(rng, 120)
    gap = (np.abs(np.mod(x * count, 1) - 0.5) > 0.5 - 0.012 * count / 2) & (count > 1)
    share = np.where(gap, 1.0, 0.35 * rings + 0.2 * fine)
    return mix(tone, tuple(0.35 * c for c in tone), share) * lightness[..., None]


def bricks(rng: Rng) -> np.ndarray:
    """Bricks or tiles with mortar."""
    x, y = coordinates(rng, 4)
    rows, ratio = rng.uniform(4, 20), rng.uniform(1, 3)
    row = np.floor(y * rows)
    shift = 0.5 * np.mod(row, 2) if rng.random() < 0.6 else 0.0
    column = np.floor(x * rows / ratio + shift)
    fx, fy = np.mod(x * rows / ratio + shift, 1), np.mod(y * rows, 1)
    gap = rng.uniform(0.02, 0.1)
    mortar = (fx < gap / ratio) | (fy < gap)
    tone = hsv(rng.uniform(0, 0.08), 0.6, 0.6) if rng.random() < 0.4 else calm_color(rng)
    lightness = rng.uniform(1 - rng.uniform(0, 0.4), 1.1, 997)[(row * 31 + column * 17).astype(int) % 997]
    noise = 0.85 + 0.3 * fractal_noise(rng, coarsest=16, octaves=4)
    face = np.float32(tone) * (lightness * noise)[..., None]
    return np.where(mortar[..., None], np.float32(calm_color(rng)), face)


def grass(rng: Rng) -> np.ndarray:
    """Many short strokes: grass, fur, straw, carpet."""
    base = hsv(rng.uniform(0.18, 0.38), rng.uniform(0.4, 0.8), rng.uniform(0.25, 0.6))
    if rng.random() < 0.35:
        base = calm_color(rng)
    sheet = Image.new("RGB", (TEXTURE_SIZE, TEXTURE_SIZE), tuple(int(200 * c) for c in base))
    pen = ImageDraw.Draw(sheet)
    count, long, lean = int(rng.integers(2000, 5000)), rng.uniform(6, 26), rng.uniform(0, 6.28)
    x, y = rng.uniform(-20, TEXTURE_SIZE + 20, (2, count))
    angle, light = rng.normal(lean, 0.45, count), rng.uniform(0.5, 1.35, count)
    for i in range(count):
        color = tuple(int(min(255, 255 * c * light[i])) for c in base)
        end = (x[i] + long * np.cos(angle[i]), y[i] + long * np.sin(angle[i]))
        pen.line([(x[i], y[i]), end], fill=color, width=1 + i % 2)
    return np.asarray(sheet, np.float32) / 255


def soft_shapes(rng: Rng) -> np.ndarray:
    """Large blurred ellipses and polygons, as a background out of focus."""
    sheet = Image.new("RGB", (TEXTURE_SIZE, TEXTURE_SIZE), tuple(int(255 * c) for c in calm_color(rng)))
    scatter_shapes(rng, sheet, int(rng.integers(6, 30)), 40, 260)
    return np.asarray(sheet.filter(ImageFilter.GaussianBlur(rng.uniform(4, 24))), np.float32) / 255


def clutter(rng: Rng) -> np.ndarray:
    """Many sharp shapes of all sizes."""
    sheet = Image.new("RGB", (TEXTURE_SIZE, TEXTURE_SIZE), tuple(int(255 * c) for c in calm_color(rng)))
    scatter_shapes(rng, sheet, int(rng.integers(30, 160)), 8, 120)
    noise = 0.8 + 0.4 * fractal_noise(rng, coarsest=6)
    return (
        np.asarray(sheet.filter(ImageFilter.GaussianBlur(rng.uniform(0, 2))), np.float32)
        / 255
        * noise[..., None]
    )


def scatter_shapes(rng: Rng, sheet: Image.Image, count: int, least: float, most: float) -> None:
    """Draws random ellipses, rectangles, polygons and lines onto the sheet."""
    pen = ImageDraw.Draw(sheet)
    for _ in range(count):
        x, y = rng.uniform(0, TEXTURE_SIZE, 2)
        w, h = np.exp(rng.uniform(np.log(least), np.log(most), 2)) / 2
        color, style = tuple(int(255 * c) for c in any_color(rng)), rng.integers(4)
        if style == 0:
            pen.ellipse([x - w, y - h, x + w, y + h], fill=color)
        elif style == 1:
            pen.rectangle([x - w, y - h, x + w, y + h], fill=color)
        elif style == 2:
            turns = np.sort(rng.uniform(0, 6.28, int(rng.integers(3, 7))))
            pen.polygon([(x + w * np.cos(t), y + h * np.sin(t)) for t in turns], fill=color)
        else:
            pen.line([x - w, y - h, x + w, y + h], fill=color, width=int(rng.integers(1, 9)))


def room(rng: Rng) -> np.ndarray:
    """A floor in perspective before a wall, each with a texture of its own."""
    wall, floor = (PATTERNS[rng.integers(len(PATTERNS))](rng) for _ in range(2))
    horizon = int(rng.uniform(0.25, 0.75) * TEXTURE_SIZE)
    depth = np.arange(1, TEXTURE_SIZE - horizon + 1, dtype=np.float32) / (TEXTURE_SIZE - horizon)
    away = 1 / (0.25 + depth)
    row = ((4 - away) / 3.2 * 511 * rng.uniform(0.8, 2)).astype(int) % TEXTURE_SIZE
    across = (np.arange(TEXTURE_SIZE) - TEXTURE_SIZE / 2)[None, :] * away[:, None] * 0.8
    column = (across + TEXTURE_SIZE / 2).astype(int) % TEXTURE_SIZE
    picture = wall.copy()
    picture[horizon:] = floor[row[:, None], column] * (0.65 + 0.35 * depth)[:, None, None]
    return picture


PATTERNS = (
    plain_gradient,
    noisy,
    noisy,
    stripe,
    check,
    planks,
    planks,
    bricks,
    bricks,
    grass,
    soft_shapes,
    clutter,
)


def draw_texture(seed: int) -> np.ndarray:
    """One background uint8 (TEXTURE_SIZE, TEXTURE_SIZE, 3); the same seed gives the same bytes."""
    rng = np.random.default_rng([seed, 7])
    picture = room(rng) if rng.random() < 0.3 else PATTERNS[rng.integers(len(PATTERNS))](rng)
    if rng.random() < 0.6:
        light = 1 + rng.uniform(0.1, 0.5) * (value_noise(rng, int(rng.integers(1, 4))) - 0.5) * 2
        picture = picture * light[..., None]
    if rng.random() < 0.4:
        picture = picture * (0.9 + 0.2 * value_noise(rng, 170))[..., None]
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
