"""255 colours look like all of them, and drawn colours stay exact."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.sharing.palette import OKABE_ITO
from tflhelpers.sharing.quantise import SAMPLE, find_palette, reduce_colours


def slope(height=71, width=103):
    """A soft red-green slope with some blue noise: thousands of colours."""
    y, x = np.mgrid[:height, :width]
    blue = np.random.default_rng(0).integers(90, 120, (height, width))
    return np.stack([x * 255 // width, y * 255 // height, blue], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("dither", [True, False])
def test_few_colours_stay_exact(dither, asymmetric_image):
    indices, palette = reduce_colours(asymmetric_image, dither=dither)
    assert np.array_equal(palette[indices], asymmetric_image)


def test_one_colour():
    image = np.full((5, 3, 3), (1, 2, 3), np.uint8)
    indices, palette = reduce_colours(image)
    assert np.array_equal(palette[indices], image)


@pytest.mark.parametrize("colours", [2, 16, 64, 255])
@pytest.mark.parametrize("dither", [True, False])
def test_indices_stay_below_the_number_of_colours(colours, dither):
    indices, palette = reduce_colours(slope(), colours=colours, dither=dither)
    assert indices.max() < colours
    assert (indices.shape, indices.dtype) == ((71, 103), np.uint8)
    assert (palette.shape, palette.dtype) == ((256, 3), np.uint8)


@pytest.mark.parametrize("dither", [True, False])
@pytest.mark.parametrize("colour", [*OKABE_ITO, (130, 128, 104)])  # the last one is much like the slope
def test_thin_drawn_lines_stay_exact_among_thousands_of_colours(dither, colour):
    image = slope()
    image[10:60, 20] = image[30, 20:90] = colour
    indices, palette = reduce_colours(image, dither=dither)
    drawn = palette[indices]
    assert (drawn[10:60, 20] == colour).all()
    assert (drawn[30, 20:90] == colour).all()


@pytest.mark.parametrize("column", range(60, 67))
def test_a_line_stays_exact_wherever_it_is_in_a_picture_of_which_a_sample_is_taken(column):
    image = slope(300, 400)
    assert image[..., 0].size > 4 * SAMPLE
    image[100:200, column] = (230, 159, 0)  # 0.08 % of the picture
    indices, palette = reduce_colours(image)
    assert (palette[indices][100:200, column] == (230, 159, 0)).all()


def test_close_colours_are_told_apart_when_there_are_few():
    """A soft slope of gray: groups as coarse as those of a colourful picture would leave 16 levels of it."""
    image = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 100, axis=0).repeat(3, axis=2)
    assert len(np.unique(find_palette(image).colours[:, 0])) > 200


@pytest.mark.parametrize("count", [20, 200, 255])
def test_no_colour_is_lost_when_there_are_fewer_than_the_palette_holds(count):
    colours = np.random.default_rng(1).permutation(64**3)[:count]
    image = np.stack([colours >> 12, colours >> 6 & 63, colours & 63], axis=-1).astype(np.uint8) * 4
    palette = find_palette(np.tile(image, (3, 1, 1)))
    assert {*map(tuple, image.tolist())} <= {*map(tuple, palette.colours.tolist())}


def test_small_coloured_things_are_not_painted_over():
    image = slope(300, 400)
    image[100:108, 50:60] = np.random.default_rng(2).integers(
        (0, 0, 200), (60, 60, 256), (8, 10, 3)
    )  # 0.07 %
    indices, palette = reduce_colours(image, dither=False)
    assert np.abs(palette[indices][100:108, 50:60].astype(int) - image[100:108, 50:60]).mean() < 10


def test_dithering_keeps_the_mean_of_small_areas():
    image = slope(72, 104)

    def error_of_means(dither):
        indices, palette = reduce_colours(image, colours=24, dither=dither)
        difference = palette[indices].astype(float) - image
        return np.abs(difference.reshape(9, 8, 13, 8, 3).mean(axis=(1, 3))).mean()

    assert error_of_means(False) > 2 * error_of_means(True)


def test_the_same_picture_gives_the_same_colours():
    first, second = reduce_colours(slope()), reduce_colours(slope())
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
