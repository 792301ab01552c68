"""The names that the original's variables have in its program, and the checkpoint keys that belong to them.

A checkpoint names a weight by the objects that lead to it, a SavedModel by its name: "block_1_expand/kernel". The
backbones' layers are those of `keras.applications`, which checkpoints count in the order of the network; the other
names follow the rules in `RULES` (read in the object graphs that the original writes, `zoo_data/object_graph_*`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tflhelpers.model.backbones import BACKBONE_KEY, MOBILENET_V2_STAGES, RESNET_BLOCKS
from tflhelpers.model.checkpoint_index import KEY_SUFFIX
from tflhelpers.model.fpn import COARSE_KEY, FPN_KEY
from tflhelpers.model.heads import BOX_HEAD_KEY, CLASS_HEAD_KEY, PREDICTOR_KEY

COARSE_LEVELS = {"Conv2d_20": 0, "Conv2d_21": 1, "block5": 0, "block6": 1}  # P6 and P7, by family
PARTS = {"conv": 0, "depthwise_conv": 0, "batchnorm": 1}
SCOPES = {  # of a tower's batch norms; FPNLite's one tower serves both heads and counts as the box head's
    "PredictionTower": "box_encodings",
    "BoxPredictionTower": "box_encodings",
    "ClassPredictionTower": "class_predictions_with_background",
}
RULES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (  # a layer's name → its key
    (r".*/WeightSharedConvolutionalBoxHead/BoxPredictor", lambda m: BOX_HEAD_KEY),
    (r".*/WeightSharedConvolutionalClassHead/ClassPredictor", lambda m: CLASS_HEAD_KEY),
    (
        r".*/((?:Box|Class)?PredictionTower)/conv2d_(\d{1,9})",
        lambda m: f"{PREDICTOR_KEY}/_head_scope_conv_layers/{m[1]}/{m[2]}",
    ),
    (
        r".*/((?:Box|Class)?PredictionTower)/conv2d_(\d{1,9})/BatchNorm/feature_(\d{1,9})",
        lambda m: f"{PREDICTOR_KEY}/_base_tower_layers_for_heads/{SCOPES[m[1]]}/{m[3]}/{3 * int(m[2]) + 1}",
    ),
    (
        r".*/bottom_up_(Conv2d_2[01]|block[56])_(conv|depthwise_conv|batchnorm)",
        lambda m: f"{COARSE_KEY}/{COARSE_LEVELS[m[1]]}/{PARTS[m[2]]}",
    ),
    (r".*/top_down/projection_3", lambda m: f"{FPN_KEY}/top_layers/0"),
    (r".*/top_down/projection_([12])", lambda m: f"{FPN_KEY}/residual_blocks/{2 - int(m[1])}/0"),
    (
        r".*/top_down/smoothing_([12])_(conv|depthwise_conv|batchnorm)",
        lambda m: f"{FPN_KEY}/conv_layers/{2 - int(m[1])}/{PARTS[m[2]]}",
    ),
)


def checkpoint_keys(names: Iterable[str]) -> dict[str, str]:
    """Variable name → checkpoint key, for each of the names that the two families' networks have.

    Args:
        names: of all variables of one network; which backbone it has is read off them.

    Example:
        >>> checkpoint_keys(["Conv1/kernel", "x/PredictionTower/conv2d_2/BatchNorm/feature_4/beta", "step"])
        ... # doctest: +ELLIPSIS
        {'Conv1/kernel': 'model/_feature_extractor/...-0/kernel/...', 'x/Pred...': '.../box_encodings/4/7/beta/...'}
    """
    layers = {name: name.rpartition("/")[0] for name in names}
    backbone = _backbone(set(layers.values()))
    keys = {name: backbone.get(layer) or _by_rule(layer) for name, layer in layers.items()}
    return {name: f"{key}/{name.rpartition('/')[2]}{KEY_SUFFIX}" for name, key in keys.items() if key}


def backbone_layers(depth: int | None) -> list[str]:
    """The layers with weights of a backbone in checkpoint order: of the ResNet of that depth, or of MobileNetV2."""
    return _mobilenet_layers() if depth is None else _resnet_layers(depth)


def _backbone(layers: set[str]) -> dict[str, str]:
    """Layer name → key in the backbone that most of the layers belong to, of equals the smallest."""
    known = [backbone_layers(depth) for depth in (None, *sorted(RESNET_BLOCKS))]
    best = max(known, key=lambda names: (len(layers.intersection(names)), -len(names)))
    return {name: f"{BACKBONE_KEY}{i}" for i, name in enumerate(best)}


def _mobilenet_layers() -> list[str]:
    blocks = sum(repeats for _, _, repeats, _ in MOBILENET_V2_STAGES)
    names = ["Conv1", "bn_Conv1"]
    names += [f"expanded_conv_{part}{end}" for part in ("depthwise", "project") for end in ("", "_BN")]
    for i in range(1, blocks + 1):
        names += [
            f"block_{i}_{part}{end}" for part in ("expand", "depthwise", "project") for end in ("", "_BN")
        ]
    return [*names, "Conv_1", "Conv_1_bn"]


def _resnet_layers(depth: int) -> list[str]:
    names = ["conv1_conv", "conv1_bn"]
    for stage, blocks in enumerate(RESNET_BLOCKS[depth], start=2):
        for block in range(1, blocks + 1):
            last = ("0_conv", "3_conv", "0_bn", "3_bn") if block == 1 else ("3_conv", "3_bn")
            parts = ("1_conv", "1_bn", "2_conv", "2_bn", *last)
            names += [f"conv{stage}_block{block}_{part}" for part in parts]
    return names


def _by_rule(layer: str) -> str | None:
    return next((key(found) for rule, key in RULES if (found := re.fullmatch(rule, layer))), None)
