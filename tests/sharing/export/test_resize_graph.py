"""The graph's resize is `network_input`, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tflhelpers.model.preprocess import network_input
from tflhelpers.sharing.export.resize_graph import network_input_graph

SIZE = (64, 96)


@pytest.fixture(scope="module")
def resized():
    signature = [tf.TensorSpec((1, None, None, 3), tf.uint8)]
    return tf.function(lambda images: network_input_graph(images, SIZE), input_signature=signature)


@pytest.mark.parametrize(
    "picture_size",
    [
        (1, 1),
        (37, 53),
        (64, 96),
        (480, 601),
        (255, 900),  # one row short of the averaging
        (256, 384),  # the least that is averaged, by 2
        (257, 385),  # a row and a column of half blocks at the edges
        (400, 601),  # by 3
        (899, 1000),  # by 5
        (64 * 14 + 5, 96 * 14 + 11),  # by 7
        (64 * 24 + 1, 96 * 26 + 7),  # by 12
    ],
)
def test_it_is_the_resize_of_detect(resized, picture_size):
    picture = np.random.default_rng(0).integers(0, 256, (*picture_size, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resized(picture[None])[0], network_input(picture, SIZE))


@pytest.mark.parametrize("value", [0, 1, 127, 255])
def test_an_even_picture_stays_as_it_is(resized, value):
    picture = np.full((1, 64 * 5, 96 * 6 + 1, 3), value, np.uint8)
    np.testing.assert_array_equal(resized(picture), np.full((1, *SIZE, 3), value, np.float32))
