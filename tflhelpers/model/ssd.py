"""The two SSD-FPN families, as functions that return a `keras.Model`.

Input: (B, H, W, 3) RGB in 0..255, already at the network's size. Output: a dict of `box_encodings` (B, A, 4) and
`class_logits` (B, A, N + 1), A anchors as in `anchors.anchors_rel_yxyx`, slot 0 of the logits the background slot.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers

from tflhelpers.model.backbones import mobilenet_v2, resnet
from tflhelpers.model.checkpoint_index import KEY_SUFFIX
from tflhelpers.model.fpn import feature_pyramid
from tflhelpers.model.heads import CLASS_HEAD_KEY, box_predictor

IMAGENET_MEANS_RGB = (123.68, 116.779, 103.939)
GROUPS = ("stem", "backbone", "fpn", "tower", "heads")
# The backbone's layers up to stride 4, MobileNetV2's and ResNet's: they see edges and colours, of whatever thing.
STEM = ("Conv1", "bn_Conv1", "expanded_conv_", "block_1_", "block_2_", "conv1_", "conv2_")


def ssd_resnet_fpn(
    image_size=(640, 640), num_classes: int = 90, *, depth: int = 50, fpn_depth: int = 256
) -> keras.Model:
    """SSD with a ResNet v1 FPN ("RetinaNet"): model zoo `ssd_resnet{50,101,152}_v1_fpn_*`.

    Args:
        image_size: (height, width) of the input in pixels.
        num_classes: foreground classes.
        depth: of the ResNet: 50, 101 or 152.
        fpn_depth: channels of the pyramid and the towers.
    """
    images = keras.Input((*image_size, 3), name="images")
    x = layers.Rescaling(1.0, [-mean for mean in IMAGENET_MEANS_RGB], name="preprocess")(images)
    c = resnet(x, depth=depth)
    pyramid = feature_pyramid(c[3], c[4], c[5], depth=fpn_depth, separable=False)
    outputs = box_predictor(pyramid, num_classes, depth=fpn_depth, separable=False)
    return keras.Model(images, outputs, name="ssd_resnet_fpn")


def ssd_mobilenet_v2_fpnlite(
    image_size=(320, 320),
    num_classes: int = 90,
    *,
    alpha: float = 1.0,
    fpn_depth: int = 128,
    tower_layers: int = 4,
) -> keras.Model:
    """SSD with a MobileNetV2 FPNLite: model zoo `ssd_mobilenet_v2_fpnlite_*`.

    Args:
        image_size: (height, width) of the input in pixels.
        num_classes: foreground classes.
        alpha: width multiplier of the backbone.
        fpn_depth: channels of the pyramid and the tower.
        tower_layers: convolutions in the tower.
    """
    images = keras.Input((*image_size, 3), name="images")
    x = layers.Rescaling(2.0 / 255.0, -1.0, name="preprocess")(images)
    c = mobilenet_v2(x, alpha=alpha)
    pyramid = feature_pyramid(c[3], c[4], c[5], depth=fpn_depth, separable=True)
    outputs = box_predictor(pyramid, num_classes, depth=fpn_depth, separable=True, tower_layers=tower_layers)
    return keras.Model(images, outputs, name="ssd_mobilenet_v2_fpnlite")


FAMILIES: dict[str, Callable[..., keras.Model]] = {
    "ssd_resnet_fpn": ssd_resnet_fpn,
    "ssd_mobilenet_v2_fpnlite": ssd_mobilenet_v2_fpnlite,
}


def variables_by_key(model: keras.Model) -> dict[str, keras.Variable]:
    """The network's weights under their names in the original's checkpoints (`zoo` and training runs alike)."""
    found: dict[str, keras.Variable] = {}
    for layer in model.layers:
        key = getattr(layer, "checkpoint_key", None)
        if key is not None:
            found |= {f"{key}/{leaf}{KEY_SUFFIX}": variable for leaf, variable in _leaves(layer)}
    return found


def _leaves(layer):
    for variable in layer.weights:
        leaf = variable.name
        if isinstance(layer, layers.DepthwiseConv2D) and leaf == "kernel":
            leaf = "depthwise_kernel"
        yield leaf, variable


def layer_group(layer) -> str | None:
    """Which of `GROUPS` a layer belongs to, by its checkpoint key; None for layers without weights."""
    key = getattr(layer, "checkpoint_key", None)
    if key is None:
        return None
    if "classification_backbone" in key:
        return "stem" if layer.name.startswith(STEM) else "backbone"
    if "_feature_extractor" in key:
        return "fpn"
    return "heads" if "_box_prediction_head" in key or "_prediction_heads" in key else "tower"


def is_class_head(key: str) -> bool:
    """Whether a checkpoint key belongs to the class head, the only part whose shape depends on the classes."""
    return key.startswith(CLASS_HEAD_KEY)
