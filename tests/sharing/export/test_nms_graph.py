"""The graph keeps the boxes that `select_detections` keeps."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tflhelpers.model.nms import select_detections
from tflhelpers.sharing.export.nms_graph import MAX_BOXES, select_detections_graph

select = tf.function(select_detections_graph)
LEFT, LEFT_TOO, RIGHT = (0.1, 0.1, 0.5, 0.5), (0.1, 0.12, 0.5, 0.5), (0.1, 0.6, 0.5, 0.9)
OUTSIDE = (1.2, 0.1, 1.5, 0.5)


@pytest.mark.parametrize(
    ("boxes", "scores", "kept"),
    [
        ([LEFT], [[0.0]], []),
        ([LEFT], [[1e-9]], []),  # not above the lowest score
        ([LEFT, RIGHT], [[0.2], [0.9]], [(1, 0), (0, 0)]),
        ([LEFT, LEFT_TOO, RIGHT], [[0.8], [0.9], [0.1]], [(1, 0), (2, 0)]),  # left two overlap by 0.95
        ([LEFT, LEFT_TOO], [[0.8, 0.0], [0.0, 0.9]], [(1, 1), (0, 0)]),  # of unlike classes
        ([LEFT], [[0.3, 0.7, 0.5]], [(0, 1), (0, 2), (0, 0)]),
        ([OUTSIDE, RIGHT], [[0.9], [0.2]], [(1, 0)]),  # clipped to nothing
    ],
)
def test_hand_made_cases(boxes, scores, kept):
    anchors, labels, best, number = select(np.array(boxes, np.float32), np.array(scores, np.float32))
    assert number == len(kept)
    assert list(zip(anchors[:number].numpy(), labels[:number].numpy(), strict=True)) == kept
    np.testing.assert_array_equal(best[:number], np.array([scores[a][c] for a, c in kept], np.float32))
    for padding in (anchors, labels, best):
        assert not padding[number:].numpy().any()
        assert len(padding) == MAX_BOXES


@pytest.mark.parametrize(("anchors", "classes"), [(30, 1), (300, 4), (2000, 3)])
def test_random_boxes(anchors, classes):
    rng = np.random.default_rng(anchors)
    centres, sides = rng.uniform(-0.2, 1.2, (anchors, 2)), rng.uniform(0.02, 0.5, (anchors, 2))
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1).astype(np.float32)
    unlike = np.linspace(
        0, 1, anchors * classes, dtype=np.float32
    )  # which of two equal ones is first, is open
    scores = rng.permutation(unlike).reshape(anchors, classes)
    wanted_anchors, wanted_labels = select_detections(boxes, scores)
    got_anchors, got_labels, _, number = select(boxes, scores)
    np.testing.assert_array_equal(got_anchors[:number], wanted_anchors)
    np.testing.assert_array_equal(got_labels[:number], wanted_labels)
