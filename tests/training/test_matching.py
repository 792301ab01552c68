"""Every anchor answers for the box that the original's matcher gives it, and is told to predict that box."""

from __future__ import annotations

import math

import numpy as np
import pytest
from keras import ops

from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.model.box_coding import encode_boxes
from tflhelpers.training.matching import IGNORE, PADDING, encode_targets, match_anchors, pairwise_iou

TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, WHOLE = (0, 0, 0.5, 0.5), (0, 0.5, 0.5, 1), (0.5, 0, 1, 0.5), (0, 0, 1, 1)
ANCHORS = np.float32([TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, WHOLE])
SMALL = (0.6, 0.1, 0.7, 0.2)  # in BOTTOM_LEFT and WHOLE, and far smaller than both
SMALL_TOO = (0.8, 0.3, 0.9, 0.4)
NOTHING = ((0, 0, 0, 0), PADDING)


def matched(rows):
    """Matches of one picture with these (box, label) rows."""
    boxes, labels = (np.array(values)[None] for values in zip(*rows, strict=True))
    return ops.convert_to_numpy(match_anchors(ANCHORS, np.float32(boxes), np.int32(labels)))[0].tolist()


CASES = [  # rows of (box, label), and the row that each of the four anchors answers for
    ([NOTHING], [-1, -1, -1, -1]),
    ([(TOP_RIGHT, 0)], [-1, 0, -1, -1]),  # IoU 1 there, 1/4 with the whole
    ([((0, 0, 1, 0.9), 0)], [-1, -1, -1, 0]),
    ([((0, 0, 0.5, 0.75), 0)], [0, -1, -1, -1]),  # IoU 2/3, 1/5 and 3/8
    ([((0, 0, 1, 0.5), 0)], [0, -1, 0, 0]),  # exactly 1/2 with three of them
    ([(SMALL, 0)], [-1, -1, 0, -1]),  # IoU 0.04: by force
    ([((0, 0.25, 0.5, 0.75), 0)], [0, -1, -1, -1]),  # 1/3 with both at the top: by force, the first
    ([(SMALL, 0), (SMALL_TOO, 0)], [-1, -1, 0, -1]),  # both want the same one: the first box gets it
    ([(TOP_LEFT, 0), ((0, 0, 0.4, 0.4), 0)], [0, -1, -1, -1]),
    ([((0, 0, 0.4, 0.4), 0), (TOP_LEFT, 0)], [0, -1, -1, -1]),  # force goes before the better overlap
    ([(SMALL, 0), (BOTTOM_LEFT, 0)], [-1, -1, 0, -1]),
    ([(TOP_LEFT, 3), (TOP_RIGHT, 1), (SMALL, 2)], [0, 1, 2, -1]),
    ([NOTHING, (TOP_LEFT, 0)], [1, -1, -1, -1]),  # rows keep their numbers
    ([(TOP_LEFT, PADDING), (TOP_RIGHT, 0)], [-1, 1, -1, -1]),  # what padding holds does not count
    ([(TOP_LEFT, IGNORE), (TOP_RIGHT, 0)], [-1, 1, -1, -1]),
    ([(TOP_LEFT, IGNORE)], [-1, -1, -1, -1]),
]


@pytest.mark.parametrize(("rows", "expected"), CASES)
def test_matches_by_hand(rows, expected):
    assert matched(rows) == expected


def test_pictures_of_a_batch_are_matched_each_by_itself():
    filled = [rows + [NOTHING] * (3 - len(rows)) for rows, _ in CASES]
    boxes = np.float32([[box for box, _ in rows] for rows in filled])
    labels = np.int32([[label for _, label in rows] for rows in filled])
    ours = ops.convert_to_numpy(match_anchors(ANCHORS, boxes, labels))
    np.testing.assert_array_equal(ours, [expected for _, expected in CASES])
    assert ours.dtype == np.int32


def plain_iou(box, anchors):
    """IoU of one box with each anchor; float32 and in the usual order, as ties must fall alike."""
    low, high = np.maximum(box[:2], anchors[:, :2]), np.minimum(box[2:], anchors[:, 2:])
    sides = np.maximum(high - low, np.float32(0))
    shared = sides[:, 0] * sides[:, 1]
    areas = (anchors[:, 2] - anchors[:, 0]) * (anchors[:, 3] - anchors[:, 1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return np.where(shared > 0, shared / (areas + area - shared), np.float32(0))


def plain_match(anchors, boxes):
    """The original's matcher as its description reads: by overlap, then by force, the first box first."""
    match = np.full(len(anchors), -1)
    if not len(boxes):
        return match
    iou = np.stack([plain_iou(box, anchors) for box in boxes])  # (G, A)
    for anchor in range(len(anchors)):
        best = iou[:, anchor].argmax()
        if iou[best, anchor] >= 0.5:
            match[anchor] = best
    taken = set()
    for number, overlaps in enumerate(iou):
        wanted = overlaps.argmax()
        if wanted not in taken:
            match[wanted] = number
            taken.add(wanted)
    return match


@pytest.mark.parametrize("image_size", [(96, 160), (75, 201)])
@pytest.mark.parametrize("seed", range(4))
def test_equals_a_plain_matcher_on_random_boxes(seed, image_size):
    rng = np.random.default_rng(seed)
    anchors = anchors_rel_yxyx(image_size)
    counts = [0, 1, 3, 12]
    centres, sides = rng.uniform(0, 1, (4, 12, 2)), np.exp(rng.uniform(-4, 0, (4, 12, 2)))
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=2).clip(0, 1).astype(np.float32)
    labels = np.where(np.arange(12) < np.array(counts)[:, None], 0, PADDING).astype(np.int32)
    ours = ops.convert_to_numpy(match_anchors(anchors, boxes, labels))
    for picture, count in enumerate(counts):
        np.testing.assert_array_equal(ours[picture], plain_match(anchors, boxes[picture, :count]))
    assert (ours[3] >= 0).sum() > (ours[1] >= 0).sum() >= 1


def targets(rows, num_classes=3):
    boxes, labels = (np.array(values)[None] for values in zip(*rows, strict=True))
    made = encode_targets(ANCHORS, np.float32(boxes), np.int32(labels), num_classes)
    return {name: ops.convert_to_numpy(value)[0] for name, value in made.items()}


def test_targets_of_a_batch_without_boxes_are_background_everywhere():
    made = targets([NOTHING, NOTHING])
    for name, shape in (("matched", (4,)), ("box_encodings", (4, 4)), ("class_targets", (4, 4))):
        np.testing.assert_array_equal(made[name], np.zeros(shape), err_msg=name)
    np.testing.assert_array_equal(made["class_weights"], np.ones(4))


def test_class_k_is_in_slot_k_plus_1_and_slot_0_is_never_used():
    made = targets([(TOP_RIGHT, 2), (SMALL, 0), (WHOLE, 1)])
    np.testing.assert_array_equal(
        made["class_targets"], [[0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 1, 0]]
    )
    np.testing.assert_array_equal(made["matched"], [0, 1, 1, 1])


def test_codes_are_those_of_the_box_and_nothing_elsewhere():
    box = (0, 0.5, 0.4, 0.9)
    codes = targets([(box, 0)])["box_encodings"]
    # the anchor's centre (0.25, 0.75) and sides 0.5; the box's (0.2, 0.7) and 0.4
    np.testing.assert_allclose(codes[1], [-1, -1, 5 * math.log(0.8), 5 * math.log(0.8)], atol=1e-5)
    np.testing.assert_array_equal(codes[[0, 2, 3]], np.zeros((3, 4)))
    np.testing.assert_array_equal(codes[1], ops.convert_to_numpy(encode_boxes(np.float32(box), ANCHORS[1])))


@pytest.mark.parametrize(
    ("rows", "weights"),
    [
        ([NOTHING], [1, 1, 1, 1]),
        ([((0, 0, 1, 1), IGNORE)], [0, 0, 0, 0]),
        ([((0, 0, 0.5, 0.9), IGNORE)], [0, 0, 1, 1]),  # 4/5 of the second, 9/20 of the whole
        ([((0, 0, 0.5, 0.9), IGNORE), (TOP_RIGHT, 0)], [0, 1, 1, 1]),  # an anchor with a box is judged
        ([((0, 0, 0.5, 0.75), IGNORE)], [0, 0, 1, 1]),  # exactly half of the second
        ([((0, 0, 0.5, 0.3), IGNORE), ((0, 0.3, 0.5, 0.6), IGNORE)], [0, 1, 1, 1]),  # each region by itself
        ([((0.5, 0, 0.5, 0.5), IGNORE)], [1, 1, 1, 1]),  # a region that a view has lost
        ([((0, 0, 1, 1), PADDING)], [1, 1, 1, 1]),
    ],
)
def test_ignored_regions_are_left_out_of_the_judgement(rows, weights):
    made = targets(rows)
    np.testing.assert_array_equal(made["class_weights"], weights)
    assert not made["class_targets"][made["class_weights"] == 0].any()


def test_a_box_without_area_gives_finite_codes():
    made = targets([((0.2, 0.3, 0.2, 0.3), 0)])
    assert all(np.isfinite(value).all() for value in made.values())


def test_iou_by_hand():
    boxes = np.float32([[(0, 0, 0.5, 1), (0.5, 0.5, 1, 1), (0.2, 0.2, 0.2, 0.4)]])
    ours = ops.convert_to_numpy(pairwise_iou(ANCHORS, boxes))[0]
    np.testing.assert_allclose(ours, [[0.5, 0, 0], [0.5, 0, 0], [0, 0, 0], [0.5, 0.25, 0]], atol=1e-6)
