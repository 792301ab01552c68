"""The suppression inside a LiteRT file keeps the boxes that `select_detections` keeps."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.sharing.export.test_nms_graph import LEFT, LEFT_TOO, OUTSIDE, RIGHT
from tflhelpers.model.nms import select_detections
from tflhelpers.sharing.export.tflite_heads import MAX_BOXES, suppressed

suppress = tf.function(lambda boxes, scores: suppressed(boxes, scores, reach=4.0))


def found(boxes, scores):
    """(location (n, 4), category (n,), score (n,)) of the real rows; the others are proven to be zeros."""
    given = suppress(np.array(boxes, np.float32), np.array(scores, np.float32))
    number = int(given["number of detections"][0])
    rows = [given[name][0].numpy() for name in ("location", "category", "score")]
    assert all(len(each) == MAX_BOXES and not each[number:].any() for each in rows)
    return [each[:number] for each in rows]


@pytest.mark.parametrize(
    ("boxes", "scores", "kept"),
    [
        ([LEFT], [[0.0]], []),
        ([LEFT], [[1e-9]], []),
        ([LEFT, RIGHT], [[0.2], [0.9]], [(RIGHT, 0, 0.9), (LEFT, 0, 0.2)]),
        ([LEFT, LEFT_TOO, RIGHT], [[0.8], [0.9], [0.1]], [(LEFT_TOO, 0, 0.9), (RIGHT, 0, 0.1)]),
        ([LEFT, LEFT_TOO], [[0.8, 0.0], [0.0, 0.9]], [(LEFT_TOO, 1, 0.9), (LEFT, 0, 0.8)]),
        ([LEFT], [[0.3, 0.7, 0.5]], [(LEFT, 1, 0.7), (LEFT, 2, 0.5), (LEFT, 0, 0.3)]),
        ([OUTSIDE, RIGHT], [[0.9], [0.2]], [(RIGHT, 0, 0.2)]),
        ([(-0.2, 0.5, 0.4, 1.3)], [[0.9]], [((0.0, 0.5, 0.4, 1.0), 0, 0.9)]),
    ],
)
def test_hand_made_cases(boxes, scores, kept):
    location, category, score = found(boxes, scores)
    np.testing.assert_allclose(location, np.reshape([row[0] for row in kept], (-1, 4)), atol=1e-7)
    np.testing.assert_array_equal(category, [row[1] for row in kept])
    np.testing.assert_array_equal(score, np.array([row[2] for row in kept], np.float32))


@pytest.mark.parametrize(("anchors", "classes"), [(30, 1), (300, 4), (1500, 90)])
def test_random_boxes(anchors, classes):
    """With many classes too: their boxes are moved far apart, and still overlap as before."""
    rng = np.random.default_rng(anchors)
    centres, sides = rng.uniform(0, 1, (anchors, 2)), rng.uniform(0.02, 0.5, (anchors, 2))
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1).astype(np.float32)
    unlike = np.linspace(0, 1, anchors * classes, dtype=np.float32)
    scores = rng.permutation(unlike).reshape(anchors, classes)
    wanted_anchors, wanted_labels = select_detections(boxes, scores)
    location, category, score = found(boxes, scores)
    np.testing.assert_array_equal(category, wanted_labels)
    np.testing.assert_array_equal(location, np.clip(boxes[wanted_anchors], 0, 1))
    np.testing.assert_array_equal(score, scores[wanted_anchors, wanted_labels])
