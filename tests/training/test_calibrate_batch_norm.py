"""A predictor that starts anew gets batch-norm statistics of the pictures; restored ones keep theirs."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from tests.training.tiny import drawn_pictures, start_from_extractor, tiny_detector, weights
from tflhelpers.model.checkpoint import RestoreReport
from tflhelpers.model.layers import BatchNorm
from tflhelpers.model.preprocess import network_input
from tflhelpers.model.ssd import layer_group
from tflhelpers.training.batches import TrainingPictures
from tflhelpers.training.calibrate_batch_norm import calibrate_batch_norm


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    annotations = drawn_pictures(tmp_path_factory.mktemp("pictures"), 3)
    return TrainingPictures(annotations, (64, 64))


@pytest.fixture
def detector():
    """As after restoring a feature extractor: the predictor is as it is built, mean 0 and variance 1."""
    made = tiny_detector()
    start_from_extractor(made)
    return made


def norms(detector, group):
    layers = [layer for layer in detector.network.layers if isinstance(layer, BatchNorm)]
    return [layer for layer in layers if layer_group(layer) == group]


def outputs_of(detector, layer, images):
    import keras

    return ops.convert_to_numpy(keras.Model(detector.network.inputs, layer.output)(images))


def test_what_a_fresh_batch_norm_gives_has_mean_0_and_variance_1(detector, pictures):
    before = weights(detector)
    images = np.stack([network_input(pictures[i][0], (64, 64)) for i in range(3)])
    flat = max(outputs_of(detector, layer, images).std() for layer in norms(detector, "tower"))
    assert flat < 0.5
    assert calibrate_batch_norm(detector, pictures) == 5  # one for each level
    for layer in norms(detector, "tower"):
        given = outputs_of(detector, layer, images)
        np.testing.assert_allclose(given.mean((0, 1, 2)), 0.0, atol=2e-2)
        if given.shape[1] > 1:  # three values of a channel may be nearly equal
            np.testing.assert_allclose(given.std((0, 1, 2)), 1.0, atol=5e-2)
    after = weights(detector)
    changed = {key for key in before if not np.array_equal(before[key], after[key])}
    assert {key.rsplit("/", 3)[1] for key in changed} == {"moving_mean", "moving_variance", "gamma"}
    assert all("_box_predictor" in key for key in changed)


def test_layers_are_left_as_they_were_but_for_their_statistics(detector, pictures):
    calibrate_batch_norm(detector, pictures)
    for layer in norms(detector, "tower"):
        assert (layer.batch_statistics, layer.momentum, layer.trainable) == (False, 0.997, True)


@pytest.mark.parametrize("report", [None, RestoreReport("ckpt-0")], ids=["no checkpoint", "all restored"])
def test_restored_batch_norms_keep_their_statistics(detector, pictures, report):
    detector.restore_report = report
    before = weights(detector)
    assert calibrate_batch_norm(detector, pictures) == 0
    after = weights(detector)
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_a_second_training_does_not_settle_again(detector, pictures):
    assert calibrate_batch_norm(detector, pictures) == 5
    assert calibrate_batch_norm(detector, pictures) == 0
