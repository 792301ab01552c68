"""The numbers that the figures show, by hand: formats, overlaps, anchors, losses, suppression, transfer's checks."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.data.boxes import Boxes
from tflhelpers.explaining import (
    anchor_table,
    background_share,
    box_formats,
    cell_anchors,
    loss_of,
    measure_transfer,
    nms_steps,
    overlap_by_hand,
)
from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.model.nms import select_detections


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xyxy", (10, 20, 50, 80)),
        ("xywh", (10, 20, 40, 60)),
        ("rel_cxcywh", (30 / 200, 50 / 100, 40 / 200, 60 / 100)),
        ("rel_yxyx", (0.2, 0.05, 0.8, 0.25)),
    ],
)
def test_one_box_in_four_formats(name, expected):
    assert box_formats([10, 20, 50, 80], (100, 200))[name] == pytest.approx(expected)


@pytest.mark.parametrize("wrong", [[], [1, 2, 3], [50, 0, 10, 5], [0, 9, 5, 1]])
def test_what_is_no_box_is_a_sentence(wrong):
    with pytest.raises(ValueError, match="must be four edges x1, y1, x2, y2"):
        box_formats(wrong, (10, 10))
    with pytest.raises(ValueError, match="b_xyxy must be four edges"):
        overlap_by_hand([0, 0, 1, 1], wrong)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0, 0, 0, 0], [0, 0, 0, 0], (0, 0, 0, 0, 0)),  # no area, no overlap
        ([0, 0, 10, 10], [0, 0, 10, 10], (100, 100, 100, 100, 1)),
        ([0, 0, 10, 10], [5, 0, 15, 10], (100, 100, 50, 150, 1 / 3)),
        ([0, 0, 10, 10], [10, 0, 20, 10], (100, 100, 0, 200, 0)),  # an edge in common is nothing in common
        ([0, 0, 10, 10], [30, 40, 32, 45], (100, 10, 0, 110, 0)),
        ([0, 0, 10, 8], [2, 2, 6, 7], (80, 20, 20, 80, 0.25)),  # one inside the other
        ([20, 20, 120, 120], [60, 50, 160, 150], (10_000, 10_000, 4_200, 15_800, 42 / 158)),  # the notebook's
    ],
)
def test_iou_by_hand(a, b, expected):
    assert overlap_by_hand(a, b) == pytest.approx(expected)
    area_b, area_a, *rest = expected
    assert overlap_by_hand(b, a) == pytest.approx((area_a, area_b, *rest))


def test_the_anchors_of_the_embedded_detector():
    table = anchor_table((256, 256))
    assert [level.level for level in table] == [3, 4, 5, 6, 7]
    assert [level.stride for level in table] == [8, 16, 32, 64, 128]
    assert [level.grid for level in table] == [(32, 32), (16, 16), (8, 8), (4, 4), (2, 2)]
    assert [level.anchors for level in table] == [6 * cells for cells in (1024, 256, 64, 16, 4)]
    assert [level.sides for level in table] == [
        (s, pytest.approx(1.4142 * s, abs=0.1)) for s in (32, 64, 128, 256, 512)
    ]


@pytest.mark.parametrize("size", [(256, 256), (320, 192), (100, 260)])
def test_the_table_counts_every_anchor(size):
    assert sum(level.anchors for level in anchor_table(size)) == len(anchors_rel_yxyx(size))


def test_the_anchors_of_one_cell():
    """Row 2, column 5 of level 3: its middle is at (44, 20); sides 32; width / height 1, 2, 1/2 of equal area."""
    anchors = cell_anchors((256, 128), 3, (2, 5))
    np.testing.assert_allclose((anchors[:, :2] + anchors[:, 2:]) / 2, [[44, 20]] * 6, atol=1e-3)
    width, height = (anchors[:, 2:] - anchors[:, :2]).T
    np.testing.assert_allclose(width / height, [1, 1, 2, 2, 0.5, 0.5], rtol=1e-4)
    np.testing.assert_allclose(width * height, [1024, 2048] * 3, rtol=1e-4)


@pytest.mark.parametrize(
    ("level", "cell", "sentence"),
    [
        (2, (0, 0), "level must be 3 to 7, got 2"),
        (8, (0, 0), "level must be 3 to 7, got 8"),
        (7, (2, 0), r"2 x 1 cells of level 7, got \(2, 0\)"),
        (7, (0, 1), r"2 x 1 cells of level 7, got \(0, 1\)"),
        (3, (-1, 0), r"32 x 16 cells of level 3, got \(-1, 0\)"),
    ],
)
def test_no_such_cell(level, cell, sentence):
    with pytest.raises(ValueError, match=sentence):
        cell_anchors((256, 128), level, cell)


@pytest.mark.parametrize(
    ("p", "gamma", "expected"),
    [(1.0, 0, 0), (1.0, 2, 0), (0.5, 0, 0.6931), (0.5, 2, 0.1733), (0.9, 2, 0.001054), (0.1, 2, 1.8651)],
)
def test_losses_by_hand(p, gamma, expected):
    assert float(loss_of(p, gamma)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_gamma_2_is_the_loss_that_detectors_learn_with(target):
    from tflhelpers.training.losses import focal_loss

    logits = np.linspace(-4, 4, 9, dtype=np.float32)
    p = 1 / (1 + np.exp(-logits if target else logits))  # of the right answer
    weight = 0.25 if target else 0.75
    np.testing.assert_allclose(
        focal_loss(logits, np.full(9, target, np.float32)), weight * loss_of(p, 2), rtol=1e-4
    )


def test_background_drowns_objects_in_cross_entropy_only():
    """900 anchors that are 90% sure: 900 * 0.10536 = 94.8 against 0.693; with gamma 2, 0.948 against 0.173."""
    one = {"easy": 900, "easy_p": 0.9, "hard": 1, "hard_p": 0.5}
    assert background_share(0, **one) == pytest.approx(94.824 / (94.824 + 0.6931), abs=1e-4)
    assert background_share(2, **one) == pytest.approx(0.94824 / (0.94824 + 0.17329), abs=1e-4)
    assert [round(background_share(gamma), 3) for gamma in (0, 2)] == [0.909, 0.002], (
        "the notebook's sentence"
    )


def test_a_negative_gamma_is_a_sentence():
    with pytest.raises(ValueError, match=r"gamma must be 0 or more, got -1"):
        loss_of(0.5, -1)


# 0 and 1 share 80 of 120 (IoU 2/3), 1 and 2 as well; 0 and 2 share 60 of 140 (3/7). 3 is far off, 4 of another class.
CHAIN = [[0, 0, 10, 10], [2, 0, 12, 10], [4, 0, 14, 10], [50, 50, 60, 60], [0, 0, 10, 10]]
LABELS, SCORES = [0, 0, 0, 0, 1], [0.9, 0.8, 0.7, 0.6, 0.5]


@pytest.mark.parametrize(
    ("threshold", "kept", "struck"),
    [
        (0.3, [0, 3, 4], [(1, 2), (), ()]),
        (0.5, [0, 2, 3, 4], [(1,), (), (), ()]),  # 1 is gone, so that it cannot strike out 2
        (0.7, [0, 1, 2, 3, 4], [()] * 5),
    ],
)
def test_nms_by_hand(threshold, kept, struck):
    steps = nms_steps(Boxes(CHAIN, LABELS, SCORES), threshold)
    assert [step.kept for step in steps] == kept
    assert [step.struck for step in steps] == struck


def test_nms_tells_overlaps_and_what_waits():
    first, second, *_ = nms_steps(Boxes(CHAIN, LABELS, SCORES), 0.4)
    assert first == (0, (1, 2), (pytest.approx(2 / 3, abs=1e-4), pytest.approx(3 / 7, abs=1e-4)), (3, 4))
    assert second == (3, (), (), (4,))


def test_nms_goes_by_score_not_by_row():
    steps = nms_steps(Boxes(CHAIN[:3], [0, 0, 0], [0.1, 0.9, 0.2]), 0.5)
    assert [(step.kept, step.struck) for step in steps] == [(1, (2, 0))]


def test_nms_of_nothing():
    assert nms_steps(Boxes.empty(with_scores=True)) == []


@pytest.mark.parametrize("seed", range(5))
def test_nms_keeps_what_the_detectors_keep(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.6, (60, 2))
    corners = np.float32(
        np.concatenate([low, low + rng.uniform(0.05, 0.4, (60, 2))], axis=1)
    )  # ymin, xmin, …
    scores = np.float32(rng.permutation(60) + 1) / 100
    kept, _ = select_detections(corners, scores[:, None], iou_threshold=0.5)
    steps = nms_steps(Boxes(corners[:, [1, 0, 3, 2]], np.zeros(60, int), scores), 0.5)
    assert [step.kept for step in steps] == kept.tolist()


@pytest.mark.parametrize(
    ("boxes", "threshold", "sentence"),
    [
        (Boxes(CHAIN, LABELS), 0.5, "boxes must have scores"),
        (Boxes(CHAIN, LABELS, SCORES), 1.2, "iou_threshold must be 0 to 1, got 1.2"),
    ],
)
def test_nms_refuses(boxes, threshold, sentence):
    with pytest.raises(ValueError, match=sentence):
        nms_steps(boxes, threshold)


def test_an_unknown_way_to_learn_lists_the_known_ones():
    with pytest.raises(ValueError, match="from nothing, feature extraction, fine-tuning, got 'magic'"):
        measure_transfer(None, None, ways=["magic"])
