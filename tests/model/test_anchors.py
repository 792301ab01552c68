"""Anchors lie where the original put them: sizes, order, and the offset that depends on the level."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tflhelpers.model.anchors import ANCHORS_PER_CELL, anchors_rel_yxyx, grid_sizes

ROOT = math.sqrt(2.0)
# (height, width) of the six anchors of a cell in strides: aspect ratio outer, octave scale inner
CELL = [(4, 4), (4 * ROOT, 4 * ROOT), (4 / ROOT, 4 * ROOT), (4, 8), (4 * ROOT, 4 / ROOT), (8, 4)]


def level_starts(image_size):
    """Index of the first anchor of each level, and the count of all."""
    return np.cumsum([0, *(ANCHORS_PER_CELL * rows * columns for rows, columns in grid_sizes(image_size))])


@pytest.mark.parametrize(
    ("image_size", "level", "cell", "centre_yx"),
    [
        ((320, 320), 3, (0, 0), (4, 4)),
        ((320, 320), 3, (2, 5), (20, 44)),
        ((320, 320), 6, (4, 1), (288, 96)),
        ((320, 320), 7, (0, 0), (0, 0)),  # 128 does not divide 320: on the corner, not in the middle
        ((320, 320), 7, (0, 1), (0, 128)),
        ((640, 640), 7, (0, 1), (64, 192)),  # 128 divides 640
        ((128, 320), 7, (0, 2), (64, 256)),  # each side by its own rule
        ((320, 128), 7, (2, 0), (256, 64)),
        ((201, 99), 3, (25, 12), (200, 96)),  # odd: no stride divides, and the last cell hangs over
    ],
)
def test_anchors_of_a_cell_are_these_six(image_size, level, cell, centre_yx):
    columns = grid_sizes(image_size)[level - 3][1]
    first = level_starts(image_size)[level - 3] + ANCHORS_PER_CELL * (cell[0] * columns + cell[1])
    ours = anchors_rel_yxyx(image_size)[first : first + ANCHORS_PER_CELL] * np.tile(image_size, 2)
    centre, sides = np.array(centre_yx), 2**level * np.array(CELL)
    expected = np.concatenate([centre - sides / 2, centre + sides / 2], axis=1)
    np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_first_anchor_by_hand():
    # stride 8: centre (4, 4), side 32 pixels of 320
    np.testing.assert_allclose(anchors_rel_yxyx((320, 320))[0], np.array([-12, -12, 20, 20]) / 320, rtol=1e-6)


@pytest.mark.parametrize(
    ("image_size", "grids", "count"),
    [
        ((1, 1), [(1, 1)] * 5, 30),
        ((320, 320), [(40, 40), (20, 20), (10, 10), (5, 5), (3, 3)], 12804),
        ((640, 640), [(80, 80), (40, 40), (20, 20), (10, 10), (5, 5)], 51150),
        ((160, 224), [(20, 28), (10, 14), (5, 7), (3, 4), (2, 2)], 4506),
        ((201, 99), [(26, 13), (13, 7), (7, 4), (4, 2), (2, 1)], 2802),
    ],
)
def test_grids_and_count(image_size, grids, count):
    assert grid_sizes(image_size) == grids
    anchors = anchors_rel_yxyx(image_size)
    assert anchors.shape == (count, 4)
    assert anchors.dtype == np.float32


@pytest.mark.parametrize("image_size", [(320, 320), (160, 224), (201, 99)])
def test_every_anchor_has_the_area_of_its_scale_and_a_centre_in_the_picture_or_its_last_cell(image_size):
    pixels = anchors_rel_yxyx(image_size).astype(np.float64) * np.tile(image_size, 2)
    sides, centres = pixels[:, 2:] - pixels[:, :2], (pixels[:, 2:] + pixels[:, :2]) / 2
    starts = level_starts(image_size)
    for level, first, last in zip(range(3, 8), starts[:-1], starts[1:], strict=True):
        base = (4 * 2**level) ** 2
        areas = np.prod(sides[first:last], axis=1).reshape(-1, 6)
        np.testing.assert_allclose(areas, np.tile([base, 2 * base], (len(areas), 3)), rtol=1e-5)
        assert (centres[first:last] > -1e-3).all()
        assert (centres[first:last] < np.array(image_size) + 2**level).all()
