"""`BatchNorm` keeps its statistics in training, learns its scale and shift, and is otherwise Keras' own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from tflhelpers.model.layers import BN_EPSILON, BN_MOMENTUM, BatchNorm

CHANNELS = 3


def arrays(seed=0):
    """A batch (4, 5, 7, C) far from mean 0 and variance 1, and weights of a batch norm."""
    rng = np.random.default_rng(seed)
    batch = rng.normal([1.0, -2.0, 30.0], [0.5, 3.0, 0.01], (4, 5, 7, CHANNELS)).astype(np.float32)
    gamma, beta, mean, variance = rng.uniform(0.5, 1.5, (4, CHANNELS)).astype(np.float32)
    return batch, [gamma, beta, mean, variance]


def made(cls, weights, **arguments):
    layer = cls(axis=-1, epsilon=BN_EPSILON, momentum=BN_MOMENTUM, **arguments)
    layer.build((None, 5, 7, CHANNELS))
    layer.set_weights(weights)
    return layer


def values(layer):
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    return {name: ops.convert_to_numpy(getattr(layer, name)) for name in names}


@pytest.mark.parametrize("training", [False, True, None])
def test_moving_statistics_are_used_and_kept_in_training_too(training):
    batch, weights = arrays()
    layer = made(BatchNorm, weights)
    gamma, beta, mean, variance = weights
    expected = gamma * (batch - mean) / np.sqrt(variance + 0.001) + beta
    ours = ops.convert_to_numpy(layer(batch, training=training))
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-3)
    for name, value in zip(("gamma", "beta", "moving_mean", "moving_variance"), weights, strict=True):
        np.testing.assert_array_equal(values(layer)[name], value)


@pytest.mark.parametrize(("batch_statistics", "training"), [(False, True), (True, False), (True, True)])
def test_equals_keras_batch_norm(batch_statistics, training):
    batch, weights = arrays(1)
    ours, theirs = made(BatchNorm, weights), made(layers.BatchNormalization, weights)
    ours.batch_statistics = batch_statistics
    at_work = batch_statistics and training
    np.testing.assert_allclose(
        ops.convert_to_numpy(ours(batch, training=training)),
        ops.convert_to_numpy(theirs(batch, training=at_work)),
        rtol=1e-3,
        atol=2e-3,  # the third channel is 30 +- 0.01: float32 has few digits left for its variance
    )
    for name in ("gamma", "beta", "moving_mean"):
        np.testing.assert_allclose(values(ours)[name], values(theirs)[name], rtol=1e-5, err_msg=name)


def test_batch_statistics_move_the_moving_values_by_the_momentum():
    batch, weights = arrays(2)
    layer = made(BatchNorm, weights)
    layer.batch_statistics = True
    layer(batch, training=True)
    mean, variance = batch.mean(axis=(0, 1, 2)), batch.var(axis=(0, 1, 2), dtype=np.float64)
    if keras.backend.backend() == "tensorflow":
        variance *= 140 / 139  # 4 * 5 * 7 values: its operation, and so the original, divides by one less
    np.testing.assert_allclose(values(layer)["moving_mean"], 0.997 * weights[2] + 0.003 * mean, rtol=1e-5)
    moved = 0.997 * weights[3] + 0.003 * variance
    np.testing.assert_allclose(values(layer)["moving_variance"], moved, rtol=1e-5)
    assert not np.allclose(values(layer)["moving_mean"], weights[2], rtol=1e-4)


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_gamma_and_beta_learn(batch_statistics):
    batch, weights = arrays(3)
    layer = made(BatchNorm, weights)
    layer.batch_statistics = batch_statistics
    assert [v.name for v in layer.trainable_variables] == ["gamma", "beta"]
    model = keras.Sequential([layer])
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    model.train_on_batch(batch, np.zeros_like(batch))
    after = values(layer)
    assert (after["gamma"] != weights[0]).all()
    assert (after["beta"] != weights[1]).all()
    assert np.array_equal(after["moving_mean"], weights[2]) != batch_statistics


def test_a_layer_that_does_not_learn_keeps_its_statistics():
    batch, weights = arrays(4)
    layer = made(BatchNorm, weights)
    layer.batch_statistics, layer.trainable = True, False
    frozen = made(BatchNorm, weights)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(layer(batch, training=True)), ops.convert_to_numpy(frozen(batch, training=True))
    )
    np.testing.assert_array_equal(values(layer)["moving_mean"], weights[2])
