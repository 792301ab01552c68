"""Pictures reach the network as in the original, but huge ones are averaged first."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.data.resizing import legacy_resize
from tflhelpers.model.preprocess import network_input, shrink_huge


def noise(height, width):
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("picture_size", "image_size"),
    [
        ((1, 1), (16, 24)),
        ((16, 24), (16, 24)),  # the network's own size
        ((37, 53), (16, 24)),
        ((63, 95), (16, 24)),  # a pixel short of four times
        ((400, 95), (16, 24)),  # one side alone does not count
        ((63, 400), (16, 24)),
    ],
)
def test_below_four_times_it_is_the_original_bit_for_bit(picture_size, image_size):
    picture = noise(*picture_size)
    ours = network_input(picture, image_size)
    np.testing.assert_array_equal(ours, legacy_resize(picture, image_size))
    assert shrink_huge(picture, image_size) is picture
    assert ours.dtype == np.float32


def test_the_networks_own_size_is_left_as_it_is():
    picture = noise(16, 24)
    np.testing.assert_array_equal(network_input(picture, (16, 24)), picture.astype(np.float32))


@pytest.mark.parametrize(
    ("picture_size", "block"),
    [((64, 96), 2), ((95, 143), 2), ((96, 144), 3), ((128, 4000), 4)],  # of the network's (16, 24)
)
def test_from_four_times_it_is_averaged_over_blocks(picture_size, block):
    picture = noise(*picture_size)
    shrunk = shrink_huge(picture, (16, 24))
    assert shrunk.shape[:2] == tuple(-(-side // block) for side in picture_size)
    means = picture[: 2 * block, : 3 * block].reshape(2, block, 3, block, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shrunk[:2, :3], means, atol=0.6)  # Pillow rounds in fixed point
    np.testing.assert_array_equal(network_input(picture, (16, 24)), legacy_resize(shrunk, (16, 24)))


def test_a_checkerboard_of_12_megapixels_becomes_gray():
    board = np.zeros((3000, 4000, 3), np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 255
    np.testing.assert_allclose(network_input(board, (320, 320)), 127.5, atol=0.51)
    aliased = legacy_resize(board, (320, 320))  # what the original would see: no gray at all
    assert np.ptp(aliased) > 200


def test_left_stays_left_and_up_stays_up():
    picture = np.zeros((512, 768, 3), np.uint8)
    picture[:128, :192] = (200, 100, 50)
    ours = network_input(picture, (64, 96))
    np.testing.assert_array_equal(ours[:15, :23], np.broadcast_to(np.float32([200, 100, 50]), (15, 23, 3)))
    assert not ours[17:].any()
    assert not ours[:, 25:].any()
