"""Folding changes how fast the network runs, not what it says nor what it learns."""

import keras
import numpy as np
import pytest
from keras import ops

from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.model.folding import FoldedConv, folded_network
from tflhelpers.model.layers import BatchNorm, batch_norm, conv, depthwise_conv, relu6, separable_conv
from tflhelpers.model.ssd import ssd_mobilenet_v2_fpnlite
from tflhelpers.training.trainer import DetectorTrainer

SIZE = (64, 96)


def small_network() -> keras.Model:
    """A convolution, a depthwise and a separable one with a norm each, and one shared by two norms."""
    pictures = keras.Input((*SIZE, 3))
    x = relu6()(batch_norm("n1")(conv(4, 3, "c1", strides=2)(pictures)))
    x = relu6()(batch_norm("n2")(depthwise_conv(3, "c2")(x)))
    x = relu6()(batch_norm("n3")(separable_conv(6, 3, "c3")(x)))
    shared = conv(5, 1, "c4")
    levels = [
        batch_norm(f"n4{i}")(shared(level)) for i, level in enumerate((x, ops.max(x, axis=1, keepdims=True)))
    ]
    return keras.Model(pictures, levels)


def unsettled(network: keras.Model) -> keras.Model:
    """The network with norms that do something: statistics, gammas and betas away from 0 and 1."""
    rng = np.random.default_rng(3)
    for layer in network.layers:
        if isinstance(layer, BatchNorm):
            n = layer.gamma.shape[0]
            layer.set_weights(
                [rng.uniform(0.5, 2, n), rng.normal(size=n), rng.normal(size=n), rng.uniform(0.2, 3, n)]
            )
    return network


def test_the_folded_network_gives_the_same_maps_and_folds_what_is_not_shared():
    network = unsettled(small_network())
    folded = folded_network(network)
    pictures = np.random.default_rng(0).uniform(-1, 1, (2, *SIZE, 3)).astype("float32")
    for ours, theirs in zip(folded(pictures), network(pictures), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    assert sum(isinstance(layer, FoldedConv) for layer in folded.layers) == 3
    assert {id(v) for v in folded.trainable_variables} == {id(v) for v in network.trainable_variables}


@pytest.mark.parametrize("frozen", [(), ("backbone",)])
def test_learning_through_the_folded_network_moves_every_weight_as_without_folding(frozen):
    """Three steps of SGD from the same weights, all layers or all but the first half."""
    batch = np.random.default_rng(1).uniform(0, 255, (2, *SIZE, 3)).astype("float32")
    boxes = np.array([[[0.2, 0.3, 0.7, 0.8]], [[0.1, 0.1, 0.5, 0.4]]], "float32")
    truth = {"boxes_rel_yxyx": boxes, "labels": np.zeros((2, 1), "int32")}
    learned = []
    for through in (lambda network: network, folded_network):
        keras.utils.set_random_seed(5)
        network = ssd_mobilenet_v2_fpnlite(SIZE, 1)
        for layer in network.layers[:100] if frozen else ():
            layer.trainable = False
        before = [ops.convert_to_numpy(v).copy() for v in network.weights]
        trainer = DetectorTrainer(through(network), anchors_rel_yxyx(SIZE), 1)
        trainer.prepare(keras.optimizers.SGD(0.0, momentum=0.9))
        losses = [float(trainer.learn(batch, truth, 0.01)["loss"]) for _ in range(3)]
        learned.append(
            (losses, [ops.convert_to_numpy(v) - b for v, b in zip(network.weights, before, strict=True)])
        )
    np.testing.assert_allclose(learned[1][0], learned[0][0], rtol=1e-4)
    assert learned[0][0][2] < learned[0][0][0]
    for variable, plain, folded in zip(network.weights, learned[0][1], learned[1][1], strict=True):
        np.testing.assert_allclose(
            folded, plain, atol=1e-3 * max(1e-3, np.abs(plain).max()), err_msg=variable.path
        )
