"""The box predictor: towers and heads shared by all levels, with a batch norm of each level's own."""

from __future__ import annotations

import keras
from keras import layers

from tflhelpers.model.anchors import ANCHORS_PER_CELL
from tflhelpers.model.layers import batch_norm, conv, glorot, normal, relu6, separable_conv

PREDICTOR_KEY = "model/_box_predictor"
BOX_HEAD_KEY = f"{PREDICTOR_KEY}/_box_prediction_head/_box_encoder_layers/0"
CLASS_HEAD_KEY = (
    f"{PREDICTOR_KEY}/_prediction_heads/class_predictions_with_background/_class_predictor_layers/0"
)
CLASS_BIAS = (
    -4.6
)  # sigmoid(-4.6) = 0.01: at first nearly everything is background (focal loss paper, section 4.1)
HEAD_SEED = 0  # a class head for new classes is the same each time, so that fine-tuning can be repeated


def box_predictor(
    pyramid: list, num_classes: int, *, depth: int, separable: bool, tower_layers: int = 4
) -> dict:
    """Box offsets and class logits for every anchor.

    FPN detectors have one tower for boxes and one for classes; FPNLite detectors share a single tower.

    Args:
        pyramid: maps of levels 3 to 7, `depth` channels each.
        num_classes: foreground classes N.
        depth: channels of the towers.
        separable: separable convolutions and one shared tower (FPNLite).
        tower_layers: convolutions in a tower.

    Returns:
        {"box_encodings": (B, A, 4), "class_logits": (B, A, N + 1)}; slot 0 is the background slot, class k is at k + 1.
    """
    if separable:
        box_maps = class_maps = _tower(
            pyramid, "PredictionTower", "box_encodings", depth, tower_layers, separable
        )
    else:
        box_maps = _tower(pyramid, "BoxPredictionTower", "box_encodings", depth, tower_layers, separable)
        scope = "class_predictions_with_background"
        class_maps = _tower(pyramid, "ClassPredictionTower", scope, depth, tower_layers, separable)
    box_head, class_head = _heads(num_classes, separable)
    return {
        "box_encodings": flatten_levels([box_head(x) for x in box_maps], 4, "box_encodings"),
        "class_logits": flatten_levels([class_head(x) for x in class_maps], num_classes + 1, "class_logits"),
    }


def _tower(pyramid, tower, scope, depth, tower_layers, separable):
    outputs = list(pyramid)
    for i in range(tower_layers):
        key = f"{PREDICTOR_KEY}/_head_scope_conv_layers/{tower}/{i}"
        name = f"{tower}_{i}"
        if separable:
            shared = separable_conv(depth, 3, key, depthwise_init=normal(0.01), name=name)
        else:
            shared = conv(depth, 3, key, init=normal(0.01), name=name)
        for level, x in enumerate(outputs):
            bn_key = f"{PREDICTOR_KEY}/_base_tower_layers_for_heads/{scope}/{level}/{3 * i + 1}"
            x = batch_norm(bn_key, name=f"{name}_level{level + 3}_bn")(shared(x))
            outputs[level] = relu6(name=f"{name}_level{level + 3}_relu")(x)
    return outputs


def _heads(num_classes, separable):
    def head(channels, key, bias, name):
        bias_init = keras.initializers.Constant(bias)
        if not separable:
            init = normal(0.01, seed=HEAD_SEED)
            return conv(channels, 3, key, bias=True, init=init, bias_initializer=bias_init, name=name)
        init = {"depthwise_init": glorot(HEAD_SEED), "pointwise_initializer": glorot(HEAD_SEED)}
        return separable_conv(channels, 3, key, bias=True, bias_initializer=bias_init, name=name, **init)

    box_head = head(ANCHORS_PER_CELL * 4, BOX_HEAD_KEY, 0.0, "box_head")
    class_head = head(ANCHORS_PER_CELL * (num_classes + 1), CLASS_HEAD_KEY, CLASS_BIAS, "class_head")
    return box_head, class_head


def flatten_levels(maps, width, name):
    """(B, H, W, 6 * width) of each level to (B, A, width) of all: rows over level, y, x, anchor."""
    rows = [layers.Reshape((-1, width), name=f"{name}_rows{i + 3}")(x) for i, x in enumerate(maps)]
    return layers.Concatenate(axis=1, name=name)(rows)
