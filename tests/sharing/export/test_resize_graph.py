"""The graph's resize is `network_input`, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tflhelpers.model.preprocess import network_input
from tflhelpers.sharing.export.resize_graph import _averaged, _rounded_mean, network_input_graph

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


@pytest.mark.parametrize(
    "sides", [(1, 1), (2, 2), (2, 3), (3, 3), (5, 7), (12, 11), (31, 32), (63, 61), (63, 63)]
)
def test_means_are_pillows_whatever_is_summed(sides):
    count = sides[0] * sides[1]
    sums = np.unique(
        np.concatenate(
            [
                np.arange(256)[:, None] * count
                + [0, 1, count // 2 - 1, count // 2, (count + 1) // 2, count - 1],
                np.random.default_rng(0).integers(0, 255 * count, (50, 6)),
            ]
        ).clip(0, 255 * count)
    )
    wanted = (sums + count // 2) * (2**24 // count) >> 24
    got = _rounded_mean(tf.constant(sums, tf.float32), tf.constant(count, tf.float32))
    np.testing.assert_array_equal(got, wanted)


def test_it_computes_in_types_that_every_engine_has(resized):
    """OpenVINO computes int64 in 32 bits; tf2onnx knows no shifts."""
    graph = resized.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    types = {
        tf.as_dtype(attribute.type) for node in nodes for attribute in node.attr.values() if attribute.type
    }
    assert types <= {tf.uint8, tf.int32, tf.float32, tf.bool}
    assert {"Range", "ResizeBilinear"} <= {node.op for node in nodes}
    assert not {"RightShift", "BitwiseAnd"} & {node.op for node in nodes}


def test_the_branch_that_is_not_taken_can_be_computed():
    """Some engines do: a range must not have the step 0."""
    small = tf.constant(np.arange(2 * 3 * 3, dtype=np.uint8).reshape(1, 2, 3, 3))
    np.testing.assert_array_equal(_averaged(small, tf.constant(0)), tf.cast(small, tf.float32))
