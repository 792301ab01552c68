"""Guesses from a checkpoint's keys which network wrote it, so that a refusal can name it."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Layers with weights (convolutions and batch norms) of each backbone.
BACKBONES = {
    54: "MobileNetV1",
    104: "MobileNetV2",
    106: "ResNet-50",
    208: "ResNet-101",
    310: "ResNet-152",
}
BACKBONE_LAYER = re.compile(r"_feature_extractor/classification_backbone/layer_with_weights-(\d+)/")
MARKS = (  # (part of a key, what writes it), the first that occurs counts
    ("_bifpn_stage", "EfficientDet"),
    ("_second_stage", "Faster R-CNN"),
    ("_first_stage", "Faster R-CNN"),
    ("_prediction_head_dict", "CenterNet"),
    ("FeatureExtractor/", "a TensorFlow 1 Object Detection model"),
    ("BoxPredictor_0/", "a TensorFlow 1 Object Detection model"),
)


def guess_architecture(keys: Iterable[str]) -> str | None:
    """A name such as "SSD ResNet-50 FPN" for the network with these keys; None where they tell nothing."""
    keys = list(keys)
    for mark, name in MARKS:
        if any(mark in key for key in keys):
            return name
    numbers = [int(found[1]) for key in keys if (found := BACKBONE_LAYER.search(key))]
    if not numbers:
        return None
    count = 1 + max(numbers)
    return f"SSD {BACKBONES.get(count, f'with a backbone of {count} layers')}{_pyramid(keys)}"


def _pyramid(keys: list[str]) -> str:
    pyramid = [key for key in keys if "_fpn_features_generator" in key]
    if not pyramid:
        return " without a feature pyramid"
    return " FPNLite" if any("depthwise_kernel" in key for key in pyramid) else " FPN"
