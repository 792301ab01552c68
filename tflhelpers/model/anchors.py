"""Anchor boxes of the SSD-FPN detectors."""

from __future__ import annotations

import math

import numpy as np

MIN_LEVEL, MAX_LEVEL = 3, 7
ANCHOR_SCALE = 4.0  # base anchor side in strides
OCTAVE_SCALES = (1.0, math.sqrt(2.0))
ASPECT_RATIOS = (1.0, 2.0, 0.5)  # width / height
ANCHORS_PER_CELL = len(OCTAVE_SCALES) * len(ASPECT_RATIOS)


def grid_sizes(image_size: tuple[int, int]) -> list[tuple[int, int]]:
    """(rows, columns) of each pyramid level, finest first, for a network input of `image_size` (height, width)."""
    levels = range(MIN_LEVEL, MAX_LEVEL + 1)
    return [(math.ceil(image_size[0] / 2**level), math.ceil(image_size[1] / 2**level)) for level in levels]


def anchors_rel_yxyx(image_size: tuple[int, int]) -> np.ndarray:
    """Anchors of all levels, in the order of the network's outputs.

    Rows run over level (3 to 7), then y, x, and the anchor of the cell: aspect ratio outer, octave scale inner.
    A level whose stride does not divide the image has its anchors centred on the cells' corners, not their middles:
    so did the original, and its checkpoints expect it (320 px at level 7).

    Args:
        image_size: (height, width) of the network's input in pixels.

    Returns:
        float32 (A, 4): ymin, xmin, ymax, xmax as fractions of the image; they may reach outside 0..1.
    """
    levels = range(MIN_LEVEL, MAX_LEVEL + 1)
    per_level = [
        _level_anchors(2**level, grid, image_size)
        for level, grid in zip(levels, grid_sizes(image_size), strict=True)
    ]
    return np.concatenate(per_level)


def _level_anchors(stride: int, grid: tuple[int, int], image_size: tuple[int, int]) -> np.ndarray:
    sizes = _cell_sizes(stride)  # (6, 2) height, width
    offsets = [stride / 2 if side % stride == 0 else 0.0 for side in image_size]
    y = np.arange(grid[0], dtype=np.float32) * np.float32(stride) + np.float32(offsets[0])
    x = np.arange(grid[1], dtype=np.float32) * np.float32(stride) + np.float32(offsets[1])
    centres = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)[:, :, None, :]  # (rows, columns, 1, 2)
    half = np.float32(0.5) * sizes
    corners = np.concatenate([centres - half, centres + half], axis=-1).reshape(-1, 4)
    to_fraction = np.float32(1.0) / np.asarray(image_size, np.float32)
    return corners * np.tile(to_fraction, 2)


def _cell_sizes(stride: int) -> np.ndarray:
    """float32 (6, 2) heights and widths in pixels of the anchors of one cell."""
    base = np.float32(ANCHOR_SCALE * stride)
    values = np.asarray(ASPECT_RATIOS, np.float32), np.asarray(OCTAVE_SCALES, np.float32)
    ratios, scales = np.meshgrid(*values, indexing="ij")
    root = np.sqrt(ratios.ravel())
    heights = scales.ravel() / root * base
    widths = scales.ravel() * root * base
    return np.stack([heights, widths], axis=-1)
