"""The rules from a variable's name in the original to its checkpoint key."""

from __future__ import annotations

import keras
import pytest

from tests.model.synthetic_checkpoints import weight_shapes
from tests.model.synthetic_saved_models import original_names
from tflhelpers.model.backbones import BACKBONE_KEY, mobilenet_v2, resnet
from tflhelpers.model.original_names import backbone_layers, checkpoint_keys

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
EXTRACTOR, PREDICTOR = "model/_feature_extractor", "model/_box_predictor"
TOWER_BN = f"{PREDICTOR}/_base_tower_layers_for_heads"


@pytest.mark.parametrize(("model", "count"), [("mobilenet", 384), ("resnet50", 463)])
def test_all_names_that_the_original_writes_get_its_keys(model, count):
    names = original_names(model)
    assert len(names) == count
    assert set(names) == set(weight_shapes(model))
    assert checkpoint_keys(names.values()) == {name: key for key, name in names.items()}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Conv1/kernel", f"{EXTRACTOR}/classification_backbone/layer_with_weights-0/kernel"),
        ("block_1_expand_BN/gamma", f"{EXTRACTOR}/classification_backbone/layer_with_weights-7/gamma"),
        ("Conv_1_bn/moving_mean", f"{EXTRACTOR}/classification_backbone/layer_with_weights-103/moving_mean"),
        (
            "any/FeatureMaps/top_down/projection_3/bias",
            f"{EXTRACTOR}/_fpn_features_generator/top_layers/0/bias",
        ),
        (
            "any/FeatureMaps/top_down/projection_1/kernel",
            f"{EXTRACTOR}/_fpn_features_generator/residual_blocks/1/0/kernel",
        ),
        (
            "any/FeatureMaps/top_down/smoothing_2_batchnorm/beta",
            f"{EXTRACTOR}/_fpn_features_generator/conv_layers/0/1/beta",
        ),
        (
            "any/bottom_up_Conv2d_21_depthwise_conv/pointwise_kernel",
            f"{EXTRACTOR}/_coarse_feature_layers/1/0/pointwise_kernel",
        ),
        ("any/bottom_up_block5_batchnorm/beta", f"{EXTRACTOR}/_coarse_feature_layers/0/1/beta"),
        ("any/PredictionTower/conv2d_2/BatchNorm/feature_4/beta", f"{TOWER_BN}/box_encodings/4/7/beta"),
        (
            "any/ClassPredictionTower/conv2d_3/BatchNorm/feature_0/gamma",
            f"{TOWER_BN}/class_predictions_with_background/0/10/gamma",
        ),
        (
            "any/BoxPredictionTower/conv2d_1/kernel",
            f"{PREDICTOR}/_head_scope_conv_layers/BoxPredictionTower/1/kernel",
        ),
    ],
)
def test_names_by_hand(name, key):
    assert checkpoint_keys([name]) == {name: key + SUFFIX}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "global_step",
        "kernel",
        "conv_pw_1/kernel",
        "a/top_down/projection_4/kernel",
        "Conv1x/kernel",
        "a/MaskPredictionTower/conv2d_0/BatchNorm/feature_0/beta",
    ],
)
def test_other_names_have_no_key(name):
    assert checkpoint_keys([name]) == {}


@pytest.mark.parametrize(("depth", "count"), [(None, 104), (50, 106), (101, 208), (152, 310)])
def test_backbones_are_counted_as_our_networks_count_them(depth, count):
    images = keras.Input((32, 32, 3))
    levels = mobilenet_v2(images) if depth is None else resnet(images, depth=depth)
    keyed = [layer for layer in keras.Model(images, levels[5]).layers if hasattr(layer, "checkpoint_key")]
    ours = {layer.checkpoint_key: layer.name for layer in keyed}
    assert ours == {f"{BACKBONE_KEY}{i}": name for i, name in enumerate(backbone_layers(depth))}
    assert len(ours) == count


@pytest.mark.parametrize(
    ("last_block", "layer_number"),
    [  # conv5_block1_1_conv follows 2 + (3, 4 and 6, 23 or 36 blocks of 6) + 2 for each of three shortcuts
        ("conv4_block6", 2 + 6 * (3 + 4 + 6) + 3 * 2),
        ("conv4_block23", 2 + 6 * (3 + 4 + 23) + 3 * 2),
        ("conv4_block36", 2 + 6 * (3 + 8 + 36) + 3 * 2),
    ],
)
def test_the_depth_is_read_off_the_names(last_block, layer_number):
    extra = ["conv3_block8_1_conv/kernel"] if last_block == "conv4_block36" else []
    keys = checkpoint_keys(["conv5_block1_1_conv/kernel", f"{last_block}_1_conv/kernel", *extra])
    assert keys["conv5_block1_1_conv/kernel"] == f"{BACKBONE_KEY}{layer_number}/kernel{SUFFIX}"
