"""The layers that the backbones, the pyramid and the heads are made of.

Everywhere: SAME padding, channels last, batch norm with epsilon 0.001 and momentum 0.997, relu6, and no bias before a
batch norm. The original's `override_base_feature_extractor_hyperparams` puts these into its backbones too.

Each layer with weights carries `checkpoint_key`: the name of its object in the original's checkpoints. It is set where
the layer is made, so that a builder reads as the network and its checkpoint at once.
"""

from __future__ import annotations

import keras
from keras import layers

BN_EPSILON = 0.001
BN_MOMENTUM = 0.997
CHANNELS = "channels_last"
USE_XLA = keras.backend.backend() == "jax"  # XLA makes TensorFlow's convolutions on a CPU slower


@keras.saving.register_keras_serializable("tflhelpers")
class BatchNorm(layers.BatchNormalization):
    """Batch norm that uses its moving statistics in training too, until `batch_statistics` is set.

    Unlike Keras' `trainable = False`, gamma and beta still learn: the original's `freeze_batchnorm`. A few photos say
    too little about means and variances to replace those of the millions that the detector was trained on.
    """

    batch_statistics = False

    def call(self, inputs, training=None, mask=None):
        batch_statistics = bool(training) and self.batch_statistics and self.trainable
        if keras.backend.backend() == "tensorflow":
            return self._fused(inputs, batch_statistics)
        return super().call(inputs, training=batch_statistics, mask=mask)

    def _fused(self, inputs, batch_statistics: bool):
        """The same by TensorFlow's single operation: training on a CPU takes half the time (docs/decisions.md)."""
        import tensorflow as tf

        moving = [tf.convert_to_tensor(v) for v in (self.moving_mean, self.moving_variance)]
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=gamma,
            offset=beta,
            mean=tf.zeros([0]) if batch_statistics else moving[0],
            variance=tf.zeros([0]) if batch_statistics else moving[1],
            epsilon=self.epsilon,
            is_training=batch_statistics,
        )
        if batch_statistics:
            variables = self.moving_mean, self.moving_variance
            for variable, old, new in zip(variables, moving, (mean, variance), strict=True):
                variable.assign(old * self.momentum + new * (1.0 - self.momentum))
        return outputs


def keyed(layer, key: str):
    """Gives `layer` its object name in the original's checkpoints."""
    layer.checkpoint_key = key
    return layer


def conv(
    filters: int,
    size: int,
    key: str,
    *,
    strides=1,
    bias=False,
    padding="same",
    init="glorot_uniform",
    **kwargs,
):
    layer = layers.Conv2D(
        filters,
        size,
        strides,
        padding,
        use_bias=bias,
        kernel_initializer=init,
        data_format=CHANNELS,
        **kwargs,
    )
    return keyed(layer, key)


def depthwise_conv(size: int, key: str, *, strides=1, init="glorot_uniform", **kwargs):
    layer = layers.DepthwiseConv2D(
        size, strides, "same", use_bias=False, depthwise_initializer=init, data_format=CHANNELS, **kwargs
    )
    return keyed(layer, key)


def separable_conv(
    filters: int, size: int, key: str, *, strides=1, bias=False, depthwise_init="glorot_uniform", **kwargs
):
    layer = layers.SeparableConv2D(
        filters,
        size,
        strides,
        "same",
        use_bias=bias,
        depthwise_initializer=depthwise_init,
        data_format=CHANNELS,
        **kwargs,
    )
    return keyed(layer, key)


def batch_norm(key: str, **kwargs):
    return keyed(BatchNorm(axis=-1, epsilon=BN_EPSILON, momentum=BN_MOMENTUM, **kwargs), key)


def relu6(**kwargs):
    return layers.ReLU(max_value=6.0, **kwargs)


def normal(stddev: float, seed: int | None = None):
    return keras.initializers.RandomNormal(stddev=stddev, seed=seed)


def glorot(seed: int):
    return keras.initializers.GlorotUniform(seed=seed)


def truncated_normal(stddev: float):
    return keras.initializers.TruncatedNormal(stddev=stddev)
