"""A tiny detector and a drawn set of pictures for it: seconds of training, on any machine."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import ops
from PIL import Image

from tests.model.formula import formula_weight
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.model.backbones import BACKBONE_KEY
from tflhelpers.model.checkpoint import RestoreReport
from tflhelpers.model.detector import Detector
from tflhelpers.model.fpn import feature_pyramid
from tflhelpers.model.heads import box_predictor
from tflhelpers.model.layers import batch_norm, conv, relu6
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key

SIDE = 64  # of the network's input
CLASS_NAMES = ("red", "blue")
COLORS = ((220, 30, 30), (30, 30, 220))
SIZE = (70, 91)  # height, width of a drawn picture


def tiny_detector() -> Detector:
    """All parts of a real one, but a backbone of five convolutions, which is traced ten times as fast."""
    images = keras.Input((SIDE, SIDE, 3), name="images")
    x, c = keras.layers.Rescaling(2.0 / 255.0, -1.0, name="preprocess")(images), {}
    for i in range(5):
        x = conv(16, 3, f"{BACKBONE_KEY}{2 * i}", strides=2, name=f"conv{i + 1}_conv")(x)
        x = c[i + 1] = relu6(name=f"relu{i}")(
            batch_norm(f"{BACKBONE_KEY}{2 * i + 1}", name=f"conv{i + 1}_bn")(x)
        )
    pyramid = feature_pyramid(c[3], c[4], c[5], depth=16, separable=True)
    outputs = box_predictor(pyramid, len(CLASS_NAMES), depth=16, separable=True, tower_layers=1)
    architecture = Architecture("ssd_mobilenet_v2_fpnlite", (SIDE, SIDE), {})
    detector = Detector(architecture, CLASS_NAMES, network=keras.Model(images, outputs))
    start_anew(detector)
    return detector


def start_anew(detector: Detector) -> None:
    """Sets all weights by formula: signals and gradients pass through all layers, as after a training."""
    for key, variable in variables_by_key(detector.network).items():
        variable.assign(formula_weight(key, tuple(variable.shape)))


def start_from_extractor(detector: Detector) -> None:
    """Sets all weights as after restoring a feature extractor: the predictor is as built, mean 0 and variance 1."""
    start_anew(detector)
    predictor = {key: v for key, v in variables_by_key(detector.network).items() if "_box_predictor" in key}
    for key, variable in predictor.items():
        shape = tuple(variable.shape)
        value = np.full(shape, 1.0 if "variance" in key or "gamma" in key else 0.0)
        if "kernel" in key:
            value = np.random.default_rng(len(key)).normal(0, 0.03, shape)
        variable.assign(value.astype(np.float32))
    detector.restore_report = RestoreReport("ckpt-0", skipped=tuple(predictor))


def weights(detector: Detector) -> dict[str, np.ndarray]:
    return {
        key: np.array(ops.convert_to_numpy(variable))
        for key, variable in variables_by_key(detector.network).items()
    }


def drawn_pictures(
    folder: Path, count: int, *, negatives: int = 0, size: tuple[int, int] = SIZE
) -> Annotations:
    """`count` pictures with a red or a blue square, the last with both, then `negatives` with none."""
    rng = np.random.default_rng(7)
    items = []
    for number in range(count + negatives):
        picture = rng.integers(90, 160, (*size, 3), dtype=np.uint8)
        labels = [] if number >= count else [0, 1] if number == count - 1 else [number % 2]
        boxes = [_draw_square(picture, label, rng) for label in labels]
        path = folder / f"{number}.png"
        Image.fromarray(picture).save(path)
        items.append((path, Boxes(boxes, labels)))
    return Annotations(CLASS_NAMES, items)


def _draw_square(picture: np.ndarray, label: int, rng: np.random.Generator) -> list[int]:
    """Draws it and returns its box; red ones are on the left, so that two never overlap."""
    side = int(rng.integers(24, 36))
    left = int(rng.integers(4, 9)) + label * 45
    top = int(rng.integers(4, picture.shape[0] - side))
    picture[top : top + side, left : left + side] = COLORS[label]
    return [left, top, min(left + side, picture.shape[1]), top + side]
