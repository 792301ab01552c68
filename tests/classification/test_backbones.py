"""Backbones: what they are called, and that their own preprocessing is inside."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pytest

from tflhelpers.classification import backbones
from tflhelpers.classification.backbones import (
    WeightsUnavailable,
    backbone_size,
    feature_maps,
    known_backbones,
    preprocessing,
)
from tflhelpers.classification.classifier import Classifier
from tflhelpers.model.detector import Detector


def test_the_seeds_networks_are_known():
    assert {"embedded", "VGG19", "ResNet50", "MobileNetV2", "EfficientNetV2B0"} <= set(known_backbones())


@pytest.mark.parametrize(
    ("name", "size"),
    [("embedded", 224), ("VGG19", 224), ("Xception", 299), ("EfficientNetB3", 300), ("MobileNetV2", 224)],
)
def test_sizes(name, size):
    assert backbone_size(name) == (size, size)


@pytest.mark.parametrize(
    "name", ["VGG19", "ResNet50", "MobileNetV2", "EfficientNetV2B0", "DenseNet121", "ConvNeXtTiny"]
)
def test_preprocessing_is_that_of_keras(name):
    """Of the five ways that there are: BGR minus means, -1 to 1, the network's own, means and deviations."""
    function = sys.modules[getattr(keras.applications, name).__module__].preprocess_input
    picture = np.random.default_rng(3).integers(0, 256, (1, 5, 7, 3)).astype(np.float32)
    images = keras.Input((5, 7, 3))
    inside = keras.Model(images, keras.layers.Identity()(preprocessing(function, images)))
    np.testing.assert_allclose(inside.predict_on_batch(picture), function(picture.copy()), atol=1e-3)


def test_preprocessing_that_mixes_channels_is_refused():
    with pytest.raises(ValueError, match="must scale and move each channel"):
        preprocessing(lambda x: x @ np.ones((3, 3), np.float32), keras.Input((4, 4, 3)))


def test_the_embedded_backbone_is_the_detectors():
    images = keras.Input((320, 320, 3))
    ours = keras.Model(images, feature_maps("embedded", images, "imagenet")[-1])
    theirs = Detector.embedded().network
    theirs = keras.Model(theirs.input, theirs.get_layer("block_16_depthwise_relu").output)
    picture = np.random.default_rng(0).uniform(0, 255, (1, 320, 320, 3)).astype(np.float32)
    np.testing.assert_allclose(ours.predict_on_batch(picture), theirs.predict_on_batch(picture), atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a", "b"], "MobileNetV9"), "backbone must be one of embedded, ConvNeXtBase.*got 'MobileNetV9'"),
        ((["a", "b"], "embedded", "train"), "mode must be one of features, fine-tune, got 'train'"),
        ((["a"], "embedded"), "at least 2 different classes"),
        ((["a", "a"], "embedded"), "at least 2 different classes"),
        ((["a", " "], "embedded"), "each class needs a name that a file can hold, got ' '"),
        ((["a", "M\udcf6we"], "embedded"), r"got 'M\\udcf6we'\. Give it another, or rename its folder"),
    ],
)
def test_what_cannot_be_built(arguments, message):
    with pytest.raises(ValueError, match=message):
        Classifier.build(*arguments)


@pytest.mark.parametrize(
    "error",
    [Exception("URL fetch failure on https://x: None -- [Errno -3] Name or service"), OSError("no route")],
)
def test_no_network_names_the_backbone_that_needs_none(monkeypatch, error):
    def build(**arguments):
        raise error

    build.__module__ = keras.applications.MobileNetV2.__module__
    monkeypatch.setattr(backbones, "_applications", lambda: {"MobileNetV2": build})
    with pytest.raises(WeightsUnavailable, match=r'MobileNetV2 could not be downloaded.*backbone="embedded"'):
        Classifier.build(["a", "b"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "VGG19", "ResNet50", "EfficientNetV2B0"])
def test_others_are_built_and_classify(name):
    classifier = Classifier.build(["a", "b"], name, weights=None, image_size=64)
    found = classifier.predict(np.zeros((50, 40, 3), np.uint8))
    np.testing.assert_allclose(found.probabilities, [[0.5, 0.5]], atol=1e-6)
