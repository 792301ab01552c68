"""`drawn_clothes`: shirts and trousers in camouflage and in normal patterns, drawn by Pillow when they are needed.

Both classes wear the same palettes on the same grounds, so the colours of a picture say nothing about its class: the
pattern of the cloth does. Normal is plain, striped, checked, dotted or two-tone; camouflage is blotches or blocks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tflhelpers.files.atomic_file import atomic_file

CLOTHES_CLASSES = ("camouflage", "normal")
PALETTES = (
    ((74, 83, 52), (48, 56, 38), (120, 110, 72), (92, 70, 48)),  # woodland
    ((196, 176, 138), (168, 142, 104), (138, 112, 82), (214, 200, 170)),  # desert
    ((128, 132, 136), (90, 94, 100), (168, 170, 172), (58, 60, 66)),  # town
    ((44, 66, 104), (30, 44, 74), (82, 110, 148), (120, 142, 170)),  # navy
    ((132, 52, 58), (92, 34, 42), (168, 92, 88), (66, 30, 38)),  # wine
    ((204, 158, 60), (168, 120, 44), (226, 190, 104), (128, 94, 40)),  # mustard
    ((46, 118, 112), (30, 84, 84), (96, 158, 148), (150, 186, 172)),  # teal
)
_Colours = np.ndarray  # float32 (4, 3)
# Outlines in fractions of the picture: x, y.
_SHIRT = (
    (0.40, 0.12),
    (0.60, 0.12),
    (0.72, 0.17),
    (0.92, 0.42),
    (0.80, 0.52),
    (0.70, 0.40),
    (0.71, 0.90),
    (0.29, 0.90),
    (0.30, 0.40),
    (0.20, 0.52),
    (0.08, 0.42),
    (0.28, 0.17),
)
_TROUSERS = (
    (0.30, 0.08),
    (0.70, 0.08),
    (0.76, 0.50),
    (0.74, 0.94),
    (0.56, 0.94),
    (0.51, 0.42),
    (0.49, 0.42),
    (0.44, 0.94),
    (0.26, 0.94),
    (0.24, 0.50),
)


def drawn_clothes(
    folder: str | os.PathLike[str], count: int = 100, *, seed: int = 0, size: tuple[int, int] = (176, 160)
) -> Path:
    """Draws `count` pictures of each class into `folder`/camouflage and `folder`/normal.

    Equal arguments draw equal pictures; one that is there already is left as it is.

    Args:
        folder: made if absent.
        count: pictures of each class.
        seed: other seeds draw others.
        size: (height, width) of a picture.

    Returns:
        `folder`.

    Raises:
        ValueError: a count below 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1 picture of each class, got {count}.")
    folder = Path(folder)
    for label, name in enumerate(CLOTHES_CLASSES):
        for number in range(count):
            path = folder / name / f"{seed}_{number:04d}.jpg"
            if not path.exists():
                picture, quality = _drawn(np.random.default_rng([seed, label, number]), label, size)
                with atomic_file(path) as file:
                    picture.save(file, "JPEG", quality=quality)
    return folder


def _drawn(rng: np.random.Generator, label: int, size: tuple[int, int]) -> tuple[Image.Image, int]:
    colours, around = (_jittered(rng, PALETTES[rng.integers(len(PALETTES))]) for _ in range(2))
    cloth = (_camouflage if label == 0 else _normal)(rng, size, colours)
    cloth *= 0.8 + 0.3 * _smooth(rng, size, rng.uniform(18, 40))[..., None]  # folds
    mask = _garment(rng, size)
    picture = np.where(mask[..., None], cloth, _ground(rng, size, around))
    picture = _seams(rng, picture, mask) + rng.normal(0, rng.uniform(1, 6), picture.shape)
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    blurred = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.9)))
    return blurred, int(rng.integers(72, 95))


def _jittered(rng: np.random.Generator, palette: Sequence[Sequence[int]]) -> _Colours:
    """The palette a little brighter or darker, redder or bluer, in another order."""
    colours = np.array(palette, np.float32) * rng.uniform(0.75, 1.2) + rng.normal(0, 8, 3)
    return np.clip(rng.permutation(colours), 5, 250)


def _camouflage(rng: np.random.Generator, size: tuple[int, int], colours: _Colours) -> np.ndarray:
    """Blotches, or blocks as on digital camouflage, of all four colours. float32 (H, W, 3)."""
    block = int(rng.choice([1, 1, 4, 6]))
    height, width = (-(-side // block) for side in size)
    scale = rng.uniform(9, 22) / block
    fields = [_smooth(rng, (height, width), scale) for _ in colours]
    which = np.argmax(fields, axis=0).repeat(block, 0).repeat(block, 1)[: size[0], : size[1]]
    return colours[which]


def _normal(rng: np.random.Generator, size: tuple[int, int], colours: _Colours) -> np.ndarray:
    """Plain, stripes, checks, dots or two-tone, of one to three of the colours. float32 (H, W, 3)."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    kind = rng.choice(["plain", "stripes", "checks", "dots", "two-tone"], p=[0.6, 0.12, 0.1, 0.1, 0.08])
    angle, step = rng.uniform(-0.2, 0.2), rng.uniform(7, 14) if kind == "dots" else rng.uniform(10, 26)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bands = (u if rng.random() < 0.5 else v) % step < step * rng.uniform(0.3, 0.6)
    which = np.zeros(size, np.int64)
    if kind == "stripes":
        which = bands.astype(np.int64)
    elif kind == "checks":
        which = (u % step < step / 2).astype(np.int64) + (v % step < step / 2)
    elif kind == "dots":
        which = ((u % step - step / 2) ** 2 + (v % step - step / 2) ** 2 < (step / 4) ** 2).astype(np.int64)
    elif kind == "two-tone":
        which = (y > size[0] * rng.uniform(0.35, 0.65)).astype(np.int64)
    return colours[which]


def _ground(rng: np.random.Generator, size: tuple[int, int], colours: _Colours) -> np.ndarray:
    """A wall, planks, bricks, leaves or speckles behind the garment. float32 (H, W, 3)."""
    y, x = np.mgrid[: size[0], : size[1]]
    kind = rng.choice(["wall", "planks", "bricks", "leaves", "speckles"])
    step = int(rng.integers(12, 30))
    if kind == "wall":
        part = _smooth(rng, size, 60)[..., None]
        return colours[0] * part + colours[1] * (1 - part)
    if kind == "planks":
        joints = (x % step < 2)[..., None] * -30.0
        return colours[(x // step) % 2] * 0.5 + colours[0] * 0.5 + joints
    if kind == "bricks":
        shift = (y // step) % 2 * step
        joints = (y % step < 2) | ((x + shift) % (2 * step) < 2)
        return np.where(joints[..., None], colours[3], colours[((x + shift) // (2 * step) + y // step) % 3])
    if kind == "leaves":
        return _leaves(rng, size, colours)
    return colours[0] + rng.normal(0, 18, (*size, 1)).astype(np.float32)


def _leaves(rng: np.random.Generator, size: tuple[int, int], colours: _Colours) -> np.ndarray:
    """Slender leaves over one another, in all directions. float32 (H, W, 3)."""
    canvas = Image.new("RGB", size[::-1], tuple(colours[3].astype(int).tolist()))
    pen = ImageDraw.Draw(canvas)
    length = rng.uniform(14, 30)
    for _ in range(int(6 * size[0] * size[1] / length**2)):
        middle, turn = rng.uniform(0, size[::-1]), rng.uniform(0, np.pi)
        along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
        ends = [middle + along * length / 2, middle + across * length / 8]
        ends += [middle - along * length / 2, middle - across * length / 8]
        shade = colours[rng.integers(3)] * rng.uniform(0.85, 1.1)
        pen.polygon([tuple(end) for end in ends], fill=tuple(np.clip(shade, 0, 255).astype(int).tolist()))
    return np.asarray(canvas, np.float32)


def _smooth(rng: np.random.Generator, size: tuple[int, int], scale: float) -> np.ndarray:
    """Random hills, some `scale` pixels wide, from 0 to 1. float32 (H, W)."""
    height, width = (max(2, round(side / scale) + 1) for side in size)
    grid = Image.fromarray(rng.random((height, width), np.float32))
    return np.clip(np.asarray(grid.resize(size[::-1], Image.Resampling.BICUBIC)), 0, 1)


def _garment(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Where the garment is: a shirt or trousers, moved, scaled, turned. bool (H, W)."""
    outline = np.array(_SHIRT if rng.random() < 0.5 else _TROUSERS) - 0.5
    outline = outline * rng.uniform(0.85, 1.15, 2) + rng.normal(0, 0.012, outline.shape)
    turn = rng.normal(0, 0.12)
    outline = outline @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    outline += 0.5 + rng.uniform(-0.06, 0.06, 2)
    mask = Image.new("1", size[::-1])
    ImageDraw.Draw(mask).polygon([(x * size[1], y * size[0]) for x, y in outline], fill=1)
    return np.asarray(mask)


def _seams(rng: np.random.Generator, picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The picture with a dark edge around the garment, and often a pocket or buttons on it. float64 (H, W, 3)."""
    inside = np.asarray(Image.fromarray(mask).convert("L").filter(ImageFilter.MinFilter(3))) > 0
    drawn = Image.new("L", mask.shape[::-1])
    pen, (height, width) = ImageDraw.Draw(drawn), mask.shape
    x, y = rng.uniform(0.35, 0.55) * width, rng.uniform(0.25, 0.4) * height
    if rng.random() < 0.5:
        pen.rectangle((x, y, x + 0.12 * width, y + 0.1 * height), outline=255)
    if rng.random() < 0.5:
        for row in np.arange(0.2, 0.85, 0.1) * height:
            pen.ellipse((width / 2 - 1.5, row - 1.5, width / 2 + 1.5, row + 1.5), fill=255)
    dark = (mask & ~inside) | ((np.asarray(drawn) > 0) & mask)
    return np.where(dark[..., None], picture * 0.6, picture).astype(np.float64)
