"""The networks have the original's layers under its names, at any size and for any number of classes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from tests.model.formula import formula_weight
from tests.model.synthetic_checkpoints import weight_shapes
from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.model.backbones import mobilenet_v2
from tflhelpers.model.heads import CLASS_BIAS
from tflhelpers.model.ssd import (
    GROUPS,
    is_class_head,
    layer_group,
    ssd_mobilenet_v2_fpnlite,
    ssd_resnet_fpn,
    variables_by_key,
)

SMALL = {"alpha": 0.35, "fpn_depth": 16, "tower_layers": 1}


@pytest.fixture(scope="module")
def mobilenet():
    return ssd_mobilenet_v2_fpnlite((160, 224), 3, **SMALL)


@pytest.fixture(scope="module")
def resnet():
    return ssd_resnet_fpn((64, 64), 90)


def shapes(network):
    return {key: tuple(variable.shape) for key, variable in variables_by_key(network).items()}


@pytest.mark.parametrize("num_classes", [1, 90])
def test_mobilenet_weights_are_those_of_the_zoo(num_classes):
    assert shapes(ssd_mobilenet_v2_fpnlite((64, 64), num_classes)) == weight_shapes("mobilenet", num_classes)


def test_resnet_weights_are_those_of_the_zoo(resnet):
    assert shapes(resnet) == weight_shapes("resnet50")


def test_deeper_resnets_have_more_blocks_and_the_rest_of_the_same_shape(resnet):
    deep, shallow = shapes(ssd_resnet_fpn((64, 64), 90, depth=101)), shapes(resnet)
    backbone = {key for key in deep if "classification_backbone" in key}
    numbers = {int(key.split("layer_with_weights-")[1].split("/")[0]) for key in backbone}
    assert numbers == set(range(208))  # 17 more blocks of 3 convolutions with batch norm: 106 + 17 * 6
    others = {key: shape for key, shape in deep.items() if key not in backbone}
    assert others == {key: shape for key, shape in shallow.items() if "classification_backbone" not in key}


@pytest.mark.parametrize("image_size", [(1, 1), (160, 224), (200, 200), (201, 99)])
def test_there_is_an_output_for_every_anchor(image_size):
    network = ssd_mobilenet_v2_fpnlite(image_size, 3, **SMALL)
    count = len(anchors_rel_yxyx(image_size))
    assert {name: output.shape for name, output in network.output.items()} == {
        "box_encodings": (None, count, 4),
        "class_logits": (None, count, 4),
    }


@pytest.mark.parametrize("image_size", [(200, 72)])
def test_there_is_a_resnet_output_for_every_anchor(image_size):
    network = ssd_resnet_fpn(image_size, 2, fpn_depth=8)
    assert network.output["class_logits"].shape == (None, len(anchors_rel_yxyx(image_size)), 3)


@pytest.mark.parametrize(
    ("alpha", "channels"),  # of the four outputs
    [(1.0, [24, 32, 96, 1280]), (0.35, [8, 16, 32, 448]), (1.4, [32, 48, 136, 1280])],
)
def test_alpha_widens_the_backbone_to_multiples_of_8(alpha, channels):
    outputs_by_level = mobilenet_v2(keras.Input((32, 64, 3)), alpha=alpha)
    assert [output.shape[1:] for output in outputs_by_level.values()] == [
        (8, 16, channels[0]),
        (4, 8, channels[1]),
        (2, 4, channels[2]),
        (1, 2, channels[3]),
    ]


def test_fpn_depth_and_tower_layers_are_those_asked_for():
    network = ssd_mobilenet_v2_fpnlite((32, 32), 1, alpha=0.35, fpn_depth=24, tower_layers=2)
    convolutions = [layer for layer in network.layers if type(layer).__name__ == "SeparableConv2D"]
    assert {layer.name: layer.filters for layer in convolutions} == {
        "fpn_smooth4_conv": 24,
        "fpn_smooth3_conv": 24,
        "fpn_coarse6_conv": 24,
        "fpn_coarse7_conv": 24,
        "PredictionTower_0": 24,
        "PredictionTower_1": 24,
        "box_head": 6 * 4,
        "class_head": 6 * 2,
    }


def test_each_layer_with_weights_has_a_group(mobilenet, resnet):
    for network in (mobilenet, resnet):
        groups = {layer.name: layer_group(layer) for layer in network.layers}
        assert {name for name, group in groups.items() if group is None} == {
            layer.name for layer in network.layers if not layer.weights
        }
        assert set(groups.values()) == {None, *GROUPS}


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("preprocess", None),
        ("Conv1", "stem"),
        ("block_2_project_BN", "stem"),
        ("block_3_expand", "backbone"),
        ("block_13_depthwise", "backbone"),
        ("Conv_1_bn", "backbone"),
        ("fpn_lateral3", "fpn"),
        ("fpn_coarse7_bn", "fpn"),
        ("PredictionTower_0", "tower"),
        ("PredictionTower_0_level5_bn", "tower"),
        ("box_head", "heads"),
        ("class_head", "heads"),
    ],
)
def test_layer_group(mobilenet, name, group):
    assert layer_group(mobilenet.get_layer(name)) == group


@pytest.mark.parametrize(
    ("name", "group"),
    [("conv1_conv", "stem"), ("conv2_block3_3_bn", "stem"), ("conv3_block1_0_conv", "backbone")],
)
def test_layer_group_of_a_resnet(resnet, name, group):
    assert layer_group(resnet.get_layer(name)) == group


def test_only_the_class_head_depends_on_the_classes(mobilenet):
    other = shapes(ssd_mobilenet_v2_fpnlite((160, 224), 5, **SMALL))
    differing = {key for key, shape in shapes(mobilenet).items() if other[key] != shape}
    assert {key for key in other if is_class_head(key)} >= differing
    assert len(differing) == 2  # pointwise kernel and bias
    assert sum(is_class_head(key) for key in other) == 3


def rows(image_size):
    """Slice of each level's anchors."""
    counts = [6 * -(-image_size[0] // 2**i) * -(-image_size[1] // 2**i) for i in range(3, 8)]
    ends = np.cumsum(counts)
    return [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]


def outputs(network, picture):
    return {name: ops.convert_to_numpy(value)[0] for name, value in network(picture, training=False).items()}


def changed_levels(before, after, image_size):
    return [
        level
        for level, part in enumerate(rows(image_size), 3)
        if not np.array_equal(before["class_logits"][part], after["class_logits"][part])
    ]


def test_one_kernel_serves_all_levels_and_each_level_has_its_own_batch_norm(mobilenet):
    for key, variable in variables_by_key(mobilenet).items():
        variable.assign(formula_weight(key, tuple(variable.shape)))
    picture = np.random.default_rng(0).uniform(0, 255, (1, 160, 224, 3)).astype(np.float32)
    start = outputs(mobilenet, picture)
    gamma = mobilenet.get_layer("PredictionTower_0_level5_bn").gamma
    gamma.assign(2.0 * gamma)
    one_level = outputs(mobilenet, picture)
    assert changed_levels(start, one_level, (160, 224)) == [5]
    kernel = mobilenet.get_layer("PredictionTower_0").pointwise_kernel
    kernel.assign(-1.0 * kernel)
    assert changed_levels(one_level, outputs(mobilenet, picture), (160, 224)) == [3, 4, 5, 6, 7]


def test_outputs_are_rows_of_y_x_and_anchor_with_the_class_innermost():
    """A bias for each (anchor, class) comes out at its anchor and class in every cell."""
    network = ssd_mobilenet_v2_fpnlite((64, 96), 2, **SMALL)
    head = network.get_layer("class_head")
    head.pointwise_kernel.assign(ops.zeros_like(head.pointwise_kernel))
    head.bias.assign(np.arange(18, dtype=np.float32))
    ours = outputs(network, np.zeros((1, 64, 96, 3), np.float32))["class_logits"]
    assert len(ours) == 6 * (8 * 12 + 4 * 6 + 2 * 3 + 1 * 2 + 1 * 1)
    for cell in ours.reshape(-1, 6, 3):
        np.testing.assert_array_equal(cell, np.arange(18).reshape(6, 3))


def test_a_fresh_detector_takes_nearly_everything_for_background(resnet):
    for network in (resnet, ssd_mobilenet_v2_fpnlite((64, 64), 2, **SMALL)):
        size = network.input_shape[1:3]
        logits = outputs(network, np.full((1, *size, 3), 127, np.float32))["class_logits"]
        np.testing.assert_allclose(logits, CLASS_BIAS, atol=0.5)


def test_the_input_is_scaled_as_the_original_did(mobilenet, resnet):
    pixel = np.array([[[[0, 127.5, 255]]]], np.float32)
    for network, expected in ((mobilenet, [-1, 0, 1]), (resnet, [-123.68, 10.721, 151.061])):
        scaled = ops.convert_to_numpy(network.get_layer("preprocess")(pixel))
        np.testing.assert_allclose(scaled[0, 0, 0], expected, rtol=1e-6, atol=1e-6)


def test_a_network_survives_being_saved_by_keras(tmp_path):
    network = ssd_mobilenet_v2_fpnlite((32, 64), 2, **SMALL)
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    picture = np.random.default_rng(1).uniform(0, 255, (1, 32, 64, 3)).astype(np.float32)
    for name, value in outputs(again, picture).items():
        np.testing.assert_array_equal(value, outputs(network, picture)[name])
