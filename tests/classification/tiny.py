"""A backbone of two convolutions and pictures it can learn: seconds of work, on any machine."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from PIL import Image

from tflhelpers.classification.classifier import Classifier

CLASS_NAMES = ("checked", "striped")
SIDE = 24


def tiny_maps(name, images, weights, seed=0, width=None):
    """Stands for `backbones.feature_maps`: a batch norm and two maps, of strides 2 and 4."""
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(images)
    init = [keras.initializers.GlorotUniform(seed=seed + i) for i in range(2)]
    x = keras.layers.Conv2D(8, 3, 2, "same", activation="relu", kernel_initializer=init[0], name="conv0")(x)
    fine = keras.layers.BatchNormalization(name="bn")(x)
    coarse = keras.layers.Conv2D(
        12, 3, 2, "same", activation="relu", kernel_initializer=init[1], name="conv1"
    )(fine)
    return [fine, coarse]


def tiny_classifier(
    monkeypatch, mode: str = "features", class_names=CLASS_NAMES, size=(SIDE, SIDE)
) -> Classifier:
    monkeypatch.setattr("tflhelpers.classification.classifier.feature_maps", tiny_maps)
    return Classifier.build(class_names, "embedded", mode, image_size=size)


def striped_and_checked(folder: Path, count: int, *, seed: int = 0, size: tuple[int, int] = (30, 41)) -> Path:
    """`count` pictures a class in `folder`/checked and `folder`/striped, of random colours."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    for name in CLASS_NAMES:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            step, shift = rng.integers(3, 6), rng.integers(0, 6)
            bands = (x + shift) // step + ((y + shift) // step if name == "checked" else 0)
            colours = rng.integers(0, 256, (2, 3))
            picture = colours[bands % 2] + rng.normal(0, 6, (*size, 3))
            Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder
