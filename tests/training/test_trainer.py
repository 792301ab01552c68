"""`DetectorTrainer` learns from what the losses say, also from pictures without objects."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from tests.training.tiny import start_anew, tiny_detector, weights
from tflhelpers.training.losses import detection_losses
from tflhelpers.training.matching import PADDING, encode_targets
from tflhelpers.training.trainer import DetectorTrainer


@pytest.fixture(scope="module")
def made():
    """A tiny detector and its trainer, which learns one step at a time without being compiled."""
    detector = tiny_detector()
    trainer = DetectorTrainer(detector.network, detector.anchors_rel_yxyx, 2)
    trainer.compile(keras.optimizers.SGD(0.01), jit_compile=False)
    return detector, trainer


NOTHING = {"boxes_rel_yxyx": np.zeros((2, 2, 4), np.float32), "labels": np.full((2, 2), PADDING, np.int32)}
# in the first picture one box as large as an anchor, and one far smaller than all of them
SOMETHING = {
    "boxes_rel_yxyx": np.float32([[[0.25, 0.25, 0.75, 0.75], [0.9, 0.9, 0.92, 0.93]], [[0] * 4] * 2]),
    "labels": np.int32([[1, 0], [PADDING, PADDING]]),
}
IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)


@pytest.mark.parametrize("truth", [NOTHING, SOMETHING], ids=["negatives only", "boxes"])
def test_one_step_reports_the_losses_and_moves_every_part(made, truth):
    detector, trainer = made
    start_anew(detector)
    targets = encode_targets(detector.anchors_rel_yxyx, truth["boxes_rel_yxyx"], truth["labels"], 2)
    losses = detection_losses(detector.network(IMAGES, training=False), targets)
    localization, classification = (float(ops.convert_to_numpy(loss)) for loss in losses)
    before = weights(detector)
    trainer.reset_metrics()
    logs = trainer.train_on_batch(IMAGES, truth, return_dict=True)
    expected = {
        "loss": localization + classification,
        "box_loss": localization,
        "class_loss": classification,
        "matched": float(ops.convert_to_numpy(ops.sum(targets["matched"]))),
    }
    np.testing.assert_allclose([float(logs[name]) for name in expected], list(expected.values()), rtol=1e-3)
    assert np.isfinite(classification)
    assert classification > 0
    moved = {key for key, value in weights(detector).items() if not np.array_equal(value, before[key])}
    assert any("class_predictor_layers" in key for key in moved)  # negatives teach the classes
    assert any("box_encoder_layers" in key for key in moved) == (truth is SOMETHING)
    assert any("classification_backbone/layer_with_weights-0/" in key for key in moved)
    assert not any("moving_" in key for key in moved)


def test_a_box_smaller_than_every_anchor_is_learned_from(made):
    _, trainer = made
    small = {"boxes_rel_yxyx": np.float32([[[0.9, 0.9, 0.92, 0.93]]] * 2), "labels": np.int32([[0]] * 2)}
    trainer.reset_metrics()
    logs = trainer.test_on_batch(IMAGES, small, return_dict=True)
    assert float(logs["matched"]) == 2
    assert float(logs["box_loss"]) > 0


def test_learning_from_negatives_lowers_their_scores(made):
    detector, trainer = made
    start_anew(detector)
    losses = []
    for _ in range(4):
        trainer.reset_metrics()
        losses.append(float(trainer.train_on_batch(IMAGES, NOTHING, return_dict=True)["class_loss"]))
    assert (np.diff(losses) < 0).all()


def test_losses_are_pythons_numbers_whatever_keras_gives(made, monkeypatch):
    """Keras before 3.14 gives arrays without axes, which `round` does not take."""
    _, trainer = made
    given = {"loss": np.array(1.5, np.float32), "matched": np.array(2.0), "wrong": np.array([0.25, 0.5])}
    monkeypatch.setattr(type(trainer), "train_on_batch", lambda *_, **__: given)
    losses = trainer.learn(IMAGES, NOTHING, 0.1)
    assert {name: type(losses[name]) for name in ("loss", "matched")} == {"loss": float, "matched": float}
    assert (round(losses["matched"]), losses["wrong"].tolist()) == (2, [0.25, 0.5])
