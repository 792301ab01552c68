"""Boxes become offsets from anchors and offsets become the same boxes again."""

from __future__ import annotations

import math

import numpy as np
import pytest
from keras import ops

from tflhelpers.model.box_coding import decode_boxes, encode_boxes

ANCHOR = [0.2, 0.2, 0.6, 0.6]  # centre (0.4, 0.4), sides 0.4
LN2 = math.log(2.0)


def encode(boxes, anchors):
    return ops.convert_to_numpy(encode_boxes(np.float32(boxes), np.float32(anchors)))


def decode(codes, anchors):
    return ops.convert_to_numpy(decode_boxes(np.float32(codes), np.float32(anchors)))


CODES = [
    (np.zeros((0, 4)), np.zeros((0, 4))),
    ([ANCHOR], [[0, 0, 0, 0]]),
    ([[0.3, 0.2, 0.5, 1.0]], [[0, 5, -5 * LN2, 5 * LN2]]),  # half as high, twice as wide, to the right
    ([[0.6, 0.2, 1.0, 0.6]], [[10, 0, 0, 0]]),  # down by one side
    ([[-0.4, 0.3, 0.4, 0.5]], [[-10, 0, 5 * LN2, -5 * LN2]]),  # reaches out of the picture
]


@pytest.mark.parametrize(("boxes", "codes"), CODES)
def test_codes_by_hand(boxes, codes):
    anchors = np.tile(np.float32(ANCHOR), (len(boxes), 1))
    np.testing.assert_allclose(encode(boxes, anchors), codes, atol=1e-5)
    np.testing.assert_allclose(decode(codes, anchors), boxes, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_decoding_undoes_encoding(seed):
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-0.5, 1.5, (2, 3, 50, 2, 2))  # two times (3, 50) boxes of two corners
    boxes, anchors = (np.sort(c, axis=-2).reshape(3, 50, 4) for c in corners)
    boxes[..., 2:] += 0.001
    anchors[..., 2:] += 0.01
    np.testing.assert_allclose(decode(encode(boxes, anchors), anchors), boxes, atol=1e-5)


def test_anchors_are_shared_by_the_pictures_of_a_batch():
    boxes = np.float32([[[0.1, 0.2, 0.5, 0.4]], [[0.5, 0.5, 0.9, 0.8]]])  # (2, 1, 4)
    ours = encode(boxes, [ANCHOR])
    np.testing.assert_array_equal(ours[1], encode(boxes[1], [ANCHOR]))
    np.testing.assert_allclose(ours[1], [[7.5, 6.25, 0, 5 * math.log(0.75)]], atol=1e-4)


@pytest.mark.parametrize(
    "box", [[0.4, 0.4, 0.4, 0.4], [0.3, 0.4, 0.5, 0.4], [0.4, 0.3, 0.4, 0.5]], ids=["point", "line", "column"]
)
def test_a_box_without_area_has_finite_codes_that_give_it_back(box):
    codes = encode([box], [ANCHOR])
    assert np.isfinite(codes).all()
    assert codes.min() == pytest.approx(5 * math.log(1e-8 / 0.4), rel=1e-4)  # the epsilon instead of log 0
    np.testing.assert_allclose(decode(codes, [ANCHOR]), [box], atol=1e-6)
