"""Detectors to export: a tiny one of odd shape, and the one that was really trained."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from tests.model.golden_case import picture
from tflhelpers.model.anchors import ANCHORS_PER_CELL
from tflhelpers.model.detector import Detector
from tflhelpers.model.settings import Architecture

TINY = Architecture(
    "ssd_mobilenet_v2_fpnlite", (64, 96), {}
)  # what it says of itself; the network is another
TINY_ANCHORS = ANCHORS_PER_CELL * (8 * 12 + 4 * 6 + 2 * 3 + 1 * 2 + 1 * 1)
MOBILENET_320 = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
HANDS = ("open", "closed", "pinch", "point", "face", "pointtip", "pinchtip")


def tiny_network(num_classes: int) -> keras.Model:
    """Five levels and three convolutions with weights by chance: quick to export, and finds boxes in everything."""
    images = keras.Input((64, 96, 3), name="images")
    x = layers.Rescaling(1 / 127.5, -1.0)(images)
    x = layers.Conv2D(16, 9, 8, "same", activation="relu6", kernel_initializer=_normal(0.15, 0))(x)
    levels = [x]
    while len(levels) < 5:
        levels.append(layers.MaxPooling2D(2, padding="same")(levels[-1]))
    boxes = layers.Conv2D(ANCHORS_PER_CELL * 4, 3, 1, "same", kernel_initializer=_normal(0.1, 1))
    classes = layers.Conv2D(
        ANCHORS_PER_CELL * (num_classes + 1), 3, 1, "same", kernel_initializer=_normal(0.1, 2)
    )
    logits = _rows([classes(level) for level in levels], num_classes + 1)
    outputs = {
        "box_encodings": _rows([boxes(level) for level in levels], 4),
        "class_logits": layers.Rescaling(1.0, -2.0)(logits),
    }
    return keras.Model(images, outputs, name="tiny")


def _normal(stddev: float, seed: int):
    return keras.initializers.RandomNormal(stddev=stddev, seed=seed)


def _rows(maps, width):
    return layers.Concatenate(axis=1)([layers.Reshape((-1, width))(each) for each in maps])


@pytest.fixture(scope="session")
def tiny() -> Detector:
    """64 rows by 96 columns, three classes."""
    names = ["duck", "toy boat", 'a "quoted" größe']
    return Detector(TINY, names, threshold=0.25, network=tiny_network(len(names)))


@pytest.fixture(scope="session")
def hands(shared_data) -> Detector:
    """The detector of hands and faces that others trained with the original implementation."""
    checkpoint = shared_data / "handtrack_320" / "checkpoint"
    return Detector.from_zoo(MOBILENET_320, class_names=HANDS, checkpoint=checkpoint)


@pytest.fixture(scope="session")
def pictures() -> list[np.ndarray]:
    """Three pictures of unlike shapes: wide, tall and huge (it is averaged before it is resized)."""
    return [picture(0, 75, 120), picture(1, 140, 61), picture(0, 300, 431)]
