"""Batch norm folded into the convolutions before it: the same network, with fewer passes over its maps."""

from __future__ import annotations

import math
from collections import Counter

import keras
from keras import layers, ops

from tflhelpers.model.layer_calls import layer_calls
from tflhelpers.model.layers import CHANNELS, BatchNorm


@keras.saving.register_keras_serializable("tflhelpers")
class FoldedConv(layers.Layer):
    """A convolution and the batch norm behind it as one convolution with bias, computed from their present weights.

    Faster than one after the other, since a map is passed over once, not three times. Nothing is stored: both layers
    learn through it, where batch norm keeps its moving statistics.
    """

    def __init__(self, convolution: layers.Layer, batch_norm: BatchNorm, **kwargs) -> None:
        super().__init__(**kwargs)
        self.convolution, self.batch_norm = convolution, batch_norm

    def compute_output_shape(self, input_shape):
        return self.convolution.compute_output_shape(input_shape)

    def call(self, x):
        convolution, norm = self.convolution, self.batch_norm
        scale = norm.gamma * ops.rsqrt(norm.moving_variance + norm.epsilon)
        how = {"strides": convolution.strides, "padding": convolution.padding, "data_format": CHANNELS}
        if isinstance(convolution, layers.SeparableConv2D):
            x = ops.depthwise_conv(x, ops.convert_to_tensor(convolution.depthwise_kernel), **how)
            x = ops.conv(x, convolution.pointwise_kernel * scale, data_format=CHANNELS)
        elif isinstance(convolution, layers.DepthwiseConv2D):
            x = ops.depthwise_conv(x, convolution.kernel * scale[:, None], **how)
        else:
            x = ops.conv(x, convolution.kernel * scale, **how)
        return x + (norm.beta - norm.moving_mean * scale)


def folded_network(network: keras.Model, largest: float = math.inf) -> keras.Model:
    """`network` with batch norms folded into their convolutions: the same weights, to detect and to fine-tune with.

    Left as they are: convolutions that several batch norms share (the towers).

    Args:
        network: of `ssd`.
        largest: convolutions of more weights are left as they are: the scaled copies of all are in memory at once.
    """
    norms = _convolutions(network)
    users = Counter(id(convolution) for convolution in norms.values())
    foldable = {id(norm): c for norm, c in norms.items() if users[id(c)] == 1 and c.count_params() <= largest}
    skipped = {id(convolution) for convolution in foldable.values()}

    def call(layer, *args, **kwargs):
        if id(layer) in skipped:
            return args[0]  # its batch norm convolves
        if id(layer) in foldable:
            return FoldedConv(foldable[id(layer)], layer, name=f"{layer.name}_folded")(args[0])
        return layer(*args, **kwargs)

    return keras.models.clone_model(network, clone_function=lambda layer: layer, call_function=call)


def _convolutions(network: keras.Model) -> dict[BatchNorm, layers.Layer]:
    """Each batch norm and the layer that gives it its input."""
    _, calls = layer_calls(network)
    giver = {id(output): call.layer for call in calls for output in call.outputs}
    return {call.layer: giver[id(call.inputs[0])] for call in calls if isinstance(call.layer, BatchNorm)}
