"""Focal and Huber loss have the values of their formulas, and the batch is divided by its matched anchors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from keras import ops

from tflhelpers.training.losses import detection_losses, focal_loss, huber_loss

LN2 = math.log(2.0)
POSITIVE, NEGATIVE = 0.0625 * LN2, 0.1875 * LN2  # of a logit of 0: 1/4 * 1/4 * ln 2 and 3/4 * 1/4 * ln 2


def number(value):
    return ops.convert_to_numpy(value)


@pytest.mark.parametrize(
    ("logit", "target", "expected"),
    [
        (0.0, 1.0, POSITIVE),
        (0.0, 0.0, NEGATIVE),
        (math.log(3), 1.0, 0.25 * 0.0625 * math.log(4 / 3)),  # p = 3/4
        (math.log(3), 0.0, 0.75 * 0.5625 * math.log(4)),
        (-math.log(3), 1.0, 0.25 * 0.5625 * math.log(4)),
        (40.0, 1.0, 0.0),
        (-1e4, 1.0, 0.25 * 1e4),  # wrong and sure of it: linear, never infinite
        (1e4, 0.0, 0.75 * 1e4),
        (1e4, 1.0, 0.0),
        (-1e4, 0.0, 0.0),
        (1e30, 0.0, 0.75e30),
    ],
)
def test_focal_loss_by_hand(logit, target, expected):
    ours = number(focal_loss(np.float32([logit]), np.float32([target])))
    np.testing.assert_allclose(ours, [expected], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    ("predicted", "target", "expected"),
    [
        (0, 0, 0),
        (0.5, 0, 0.125),
        (0, 0.5, 0.125),
        (1, 0, 0.5),
        (-1, 0, 0.5),
        (3, 1, 1.5),
        (-3, 1, 3.5),
        (1e6, 0, 999999.5),
    ],
)
def test_huber_loss_by_hand(predicted, target, expected):
    ours = number(huber_loss(np.float32([predicted]), np.float32([target])))
    np.testing.assert_allclose(ours, [expected], rtol=1e-6)


def batch(matched, class_targets, logits=None, weights=None):
    """Predictions and targets of (B, A) anchors; the boxes are off by (1/2, 2, 0, -3) everywhere."""
    matched, class_targets = np.float32(matched), np.float32(class_targets)
    codes = np.zeros((*matched.shape, 4), np.float32)
    predictions = {
        "box_encodings": codes + np.float32([0.5, 2, 0, -3]),
        "class_logits": np.zeros_like(class_targets) if logits is None else np.float32(logits),
    }
    targets = {
        "matched": matched,
        "box_encodings": codes,
        "class_targets": class_targets,
        "class_weights": np.ones_like(matched) if weights is None else np.float32(weights),
    }
    return predictions, targets


BOX_LOSS = (0.125 + 1.5 + 0 + 2.5) / 4  # of one anchor


@pytest.mark.parametrize(
    ("given", "localization", "classification"),
    [
        # no box in the batch: all logits count, divided by 1
        (batch([[0, 0]], [[[0, 0], [0, 0]]]), 0, 4 * NEGATIVE),
        (batch([[1, 0]], [[[0, 1], [0, 0]]]), BOX_LOSS, POSITIVE + 3 * NEGATIVE),
        (batch([[1, 1]], [[[0, 1], [0, 1]]]), BOX_LOSS, (2 * POSITIVE + 2 * NEGATIVE) / 2),
        # over the batch, not over each picture
        (
            batch([[1, 1, 1], [0, 0, 0]], [[[0, 1]] * 3, [[0, 0]] * 3]),
            BOX_LOSS,
            (3 * POSITIVE + 9 * NEGATIVE) / 3,
        ),
        # ignored anchors count for nothing, but matched ones divide
        (batch([[1, 0]], [[[0, 1], [0, 0]]], weights=[[1, 0]]), BOX_LOSS, POSITIVE + NEGATIVE),
        # the background slot counts: logits (0, sure) cost what slot 0 costs
        (batch([[1]], [[[0, 1]]], logits=[[[0, 40]]]), BOX_LOSS, NEGATIVE),
        (batch([[1]], [[[0, 0, 0, 1]]]), BOX_LOSS, POSITIVE + 3 * NEGATIVE),
    ],
)
def test_losses_of_a_batch_by_hand(given, localization, classification):
    ours = [float(number(loss)) for loss in detection_losses(*given)]
    np.testing.assert_allclose(ours, [localization, classification], rtol=1e-5)


def test_absurd_predictions_give_finite_losses():
    predictions, targets = batch([[1, 0]], [[[0, 1], [0, 0]]], logits=[[[1e6, -1e6], [1e6, 1e6]]])
    predictions["box_encodings"] = predictions["box_encodings"] * np.float32(1e8)
    assert np.isfinite([number(loss) for loss in detection_losses(predictions, targets)]).all()
