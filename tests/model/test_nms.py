"""Suppression in one pass gives what suppressing class by class over all anchors gives."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.model.nms import select_detections


def iou(a, b):
    height, width = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if height <= 0 or width <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return height * width / (sum(areas) - height * width)


def by_brute_force(boxes, scores, max_boxes, min_score=1e-8, iou_threshold=0.6):
    """Each class by itself; merge, sort, clip, drop what is empty, take the first. First index on ties."""
    kept = []
    for label in range(scores.shape[1]):
        mine = []
        for anchor in np.argsort(-scores[:, label], kind="stable"):
            if scores[anchor, label] <= min_score or len(mine) == max_boxes:
                break
            if all(iou(boxes[anchor], boxes[other]) <= iou_threshold for other in mine):
                mine.append(anchor)
        kept += [(-scores[anchor, label], anchor, label) for anchor in mine]
    inside = [(anchor, label) for _, anchor, label in sorted(kept) if visible(boxes[anchor])]
    return inside[:max_boxes]


def visible(box):
    return min(box[2], 1) > max(box[0], 0) and min(box[3], 1) > max(box[1], 0)


def selected(boxes, scores, **arguments):
    anchors, labels = select_detections(np.float32(boxes), np.float32(scores), **arguments)
    return list(zip(anchors.tolist(), labels.tolist(), strict=True))


def crowded_scene(seed, num_anchors, num_classes, levels=None):
    """Clusters of boxes, some outside; with `levels` the scores take only so many values."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-0.2, 1.2, (6, 2))[rng.integers(6, size=num_anchors)]
    centres = centres + rng.normal(0, 0.03, centres.shape)
    sides = rng.uniform(0.1, 0.3, centres.shape)
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1).astype(np.float32)
    scores = rng.uniform(0, 1, (num_anchors, num_classes)) ** 3
    if levels:
        scores = np.round(scores * levels) / levels  # ties, and many exact zeros
    return boxes, scores.astype(np.float32)


@pytest.mark.parametrize(
    ("num_anchors", "num_classes", "levels", "arguments"),
    [
        (0, 1, None, {}),
        (1, 1, None, {}),
        (150, 1, None, {}),
        (150, 5, None, {}),
        (150, 5, None, {"max_boxes": 7}),
        (150, 5, None, {"max_boxes": 1}),
        (150, 5, None, {"max_boxes": 0}),
        (150, 5, None, {"min_score": 0.4}),
        (150, 20, 4, {"max_boxes": 30}),  # ties everywhere
        (1500, 3, 3, {"max_boxes": 40}),  # more ties than one piece of the candidates holds
        (700, 2, None, {"max_boxes": 1000}),  # nothing ends it early: every piece is gone through
        (150, 4, None, {"iou_threshold": 0.2}),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_brute_force(seed, num_anchors, num_classes, levels, arguments):
    boxes, scores = crowded_scene(seed, num_anchors, num_classes, levels)
    expected = by_brute_force(boxes, scores, **({"max_boxes": 100} | arguments))
    assert selected(boxes, scores, **arguments) == expected


def test_scenes_suppress_clip_and_cut():
    """The scenes above are no walkover: without the rules they would give something else."""
    boxes, scores = crowded_scene(0, 150, 5)
    unsuppressed = by_brute_force(boxes, scores, 1000, iou_threshold=1.1)
    assert len(unsuppressed) > 1.5 * len(by_brute_force(boxes, scores, 1000))
    assert sum(not visible(box) for box in boxes) > 5


LEFT, LEFT_AGAIN, RIGHT = [0.1, 0.1, 0.5, 0.5], [0.1, 0.12, 0.5, 0.5], [0.5, 0.5, 0.9, 0.9]
OUTSIDE = [[1.1, 0.1 * i, 1.3, 0.1 * i + 0.09] for i in range(3)]


@pytest.mark.parametrize(
    ("boxes", "scores", "arguments", "expected"),
    [
        ([LEFT, RIGHT], [[0.0], [1e-9]], {}, []),  # all below the lowest score
        ([LEFT, RIGHT], [[0.5], [0.5]], {"min_score": 0.5}, []),  # it must be passed, not reached
        ([LEFT, LEFT_AGAIN, RIGHT], [[0.8], [0.9], [0.1]], {}, [(1, 0), (2, 0)]),
        ([LEFT, LEFT_AGAIN], [[0.8, 0.0], [0.0, 0.9]], {}, [(1, 1), (0, 0)]),  # classes do not compete
        ([LEFT, LEFT], [[0.7], [0.7]], {}, [(0, 0)]),  # the first on ties
        ([LEFT], [[0.3, 0.9, 0.6]], {}, [(0, 1), (0, 2), (0, 0)]),
        # what is clipped to nothing has used up its class, but not another one
        ([*OUTSIDE, LEFT], [[0.9, 0], [0.9, 0], [0.9, 0], [0.5, 0.4]], {"max_boxes": 3}, [(3, 1)]),
        ([*OUTSIDE, LEFT], [[0.9, 0], [0.9, 0], [0.9, 0], [0.5, 0.4]], {"max_boxes": 4}, [(3, 0), (3, 1)]),
        # overlap is of the boxes as decoded: clipped, both would be the right half of the picture
        ([[0, 0.5, 1, 1.0], [0, 0.5, 1, 2.0]], [[0.9], [0.8]], {}, [(0, 0), (1, 0)]),
        # a box without area suppresses nothing and is not shown
        ([[0.2, 0.2, 0.2, 0.6], LEFT], [[0.9], [0.8]], {}, [(1, 0)]),
    ],
)
def test_cases_by_hand(boxes, scores, arguments, expected):
    assert selected(boxes, scores, **arguments) == expected


def test_what_is_not_a_number_is_left_out():
    boxes = np.float32([LEFT, [-np.inf, -np.inf, np.inf, np.inf], RIGHT])
    with np.errstate(invalid="ignore"):
        assert selected(boxes, [[0.5], [0.7], [np.nan]]) == [(1, 0), (0, 0)]
