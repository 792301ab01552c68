"""The detection network as an OpenVINO graph, made layer by layer from the Keras network in a fraction of a second.

OpenVINO's own converter takes seconds, for it needs the network traced by TensorFlow first. Here maps are (B, C, H, W),
as OpenVINO has them, up to the rows of the heads.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from tflhelpers.model.box_coding import CENTRE_SCALE, SIZE_SCALE
from tflhelpers.model.layer_calls import LayerCall, layer_calls
from tflhelpers.model.layers import BatchNorm


class UnknownLayer(ValueError):
    """A layer that `openvino_graph` cannot make; the message names it."""


def openvino_graph(network: keras.Model, anchors_rel_yxyx: np.ndarray):
    """The same function as `inference.detection_network`, with the present weights as constants, for one picture.

    Args:
        network: of `ssd`.
        anchors_rel_yxyx: (A, 4).

    Returns:
        An `openvino.Model` from (1, H, W, 3) RGB in 0..255 to boxes (1, A, 4) and scores (1, A, N).

    Raises:
        UnknownLayer: the network is none of `ssd`.
    """
    import openvino
    from openvino import opset13 as ov

    twin, calls = layer_calls(network)
    images = ov.parameter([1, *twin.input.shape[1:]], np.float32, "images")
    nodes = {id(twin.input): ov.transpose(images, [0, 3, 1, 2])}
    builder = _Builder(ov)
    for call in calls:
        nodes[id(call.outputs[0])] = builder.node(call, [nodes[id(each)] for each in call.inputs])
    encodings, logits = (nodes[id(twin.output[name])] for name in ("box_encodings", "class_logits"))
    scores = ov.sigmoid(ov.slice(logits, [1], [logits.shape[2]], [1], [2]))
    return openvino.Model([_decoded(ov, encodings, anchors_rel_yxyx), scores], [images])


def unknown_layer(network: keras.Model) -> str:
    """The kind of the first layer that `openvino_graph` cannot make; "" if there is none."""
    kinds = (type(layer) for layer in network.layers if not isinstance(layer, layers.InputLayer))
    return next((kind.__name__ for kind in kinds if kind not in _MAKERS), "")


def _decoded(ov, encodings, anchors_rel_yxyx):
    """`box_coding.decode_boxes`, centres and sizes as pairs (1, A, 2)."""
    low, high = np.split(np.asarray(anchors_rel_yxyx, np.float32)[None], 2, axis=-1)
    size = high - low
    moved, stretched = ov.split(encodings, 2, 2).outputs()
    centre = ov.add(ov.multiply(moved, size / np.float32(CENTRE_SCALE)), low + size / 2)
    half = ov.multiply(ov.exp(ov.multiply(stretched, np.float32(1 / SIZE_SCALE))), size / 2)
    return ov.concat([ov.subtract(centre, half), ov.add(centre, half)], 2)


class _Builder:
    """Makes the node of a layer's call. Layers that are called on several levels keep one constant."""

    def __init__(self, ov) -> None:
        self.ov = ov
        self._constants: dict[int, object] = {}

    def node(self, call: LayerCall, inputs: list):
        maker = _MAKERS.get(type(call.layer))
        if maker is None:
            raise UnknownLayer(f"no OpenVINO operation is known for a {type(call.layer).__name__}")
        return maker(self, call.layer, *inputs)

    def _rescaled(self, layer, x):
        offset = np.asarray(layer.offset, np.float32).reshape(1, -1, 1, 1)
        return self.ov.add(self.ov.multiply(x, np.float32(layer.scale)), offset)

    def _padded(self, layer, x):
        (top, bottom), (left, right) = layer.padding
        return self.ov.pad(x, [0, 0, top, left], [0, 0, bottom, right], "constant")

    def _convolved(self, layer, x):
        kernel = self._constant(layer.kernel, lambda k: k.transpose(3, 2, 0, 1))
        return self._biased(layer, self.ov.convolution(x, kernel, **_how(layer)))

    def _convolved_by_channel(self, layer, x):
        return self._by_channel(layer, layer.kernel, x)

    def _convolved_separably(self, layer, x):
        kernel = self._constant(layer.pointwise_kernel, lambda k: k.transpose(3, 2, 0, 1))
        mixed = self.ov.convolution(self._by_channel(layer, layer.depthwise_kernel, x), kernel, **_PLAIN)
        return self._biased(layer, mixed)

    def _by_channel(self, layer, kernel, x):
        kernel = self._constant(kernel, lambda k: k.transpose(2, 3, 0, 1)[:, :, None])
        return self.ov.group_convolution(x, kernel, **_how(layer))

    def _biased(self, layer, x):
        return self.ov.add(x, _by_channel(ops.convert_to_numpy(layer.bias))) if layer.use_bias else x

    def _normed(self, layer, x):
        gamma, beta, mean, variance = map(ops.convert_to_numpy, layer.weights)
        scale = gamma / np.sqrt(variance + np.float32(layer.epsilon))
        return self.ov.add(self.ov.multiply(x, _by_channel(scale)), _by_channel(beta - mean * scale))

    def _cut(self, layer, x):
        return self.ov.clamp(x, 0.0, layer.max_value)

    def _pooled(self, layer, x):
        how = {"pads_begin": [0, 0], "pads_end": [0, 0], "auto_pad": _PADDING[layer.padding]}
        return self.ov.max_pool(
            x, list(layer.strides), [1, 1], kernel_shape=list(layer.pool_size), **how
        ).output(0)

    def _added(self, layer, a, b):
        return self.ov.add(a, b)

    def _joined(self, layer, *rows):
        return self.ov.concat(list(rows), layer.axis)

    def _doubled(self, layer, x):
        scales = np.asarray(layer.size, np.float32)
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.ov.interpolate(x, scales, "nearest", "scales", axes=[2, 3], **how)

    def _cropped(self, layer, x):
        (top, bottom), (left, right) = layer.cropping
        height, width = list(x.shape)[2:]
        return self.ov.slice(x, [top, left], [height - bottom, width - right], [1, 1], [2, 3])

    def _rows(self, layer, x):
        shape = np.array([1, *layer.target_shape], np.int64)
        return self.ov.reshape(self.ov.transpose(x, [0, 2, 3, 1]), shape, False)

    def _constant(self, variable, turned: Callable[[np.ndarray], np.ndarray]):
        if id(variable) not in self._constants:
            values = np.ascontiguousarray(turned(ops.convert_to_numpy(variable)))
            self._constants[id(variable)] = self.ov.constant(values)
        return self._constants[id(variable)]


_MAKERS: dict[type, Callable] = {
    layers.Rescaling: _Builder._rescaled,
    layers.ZeroPadding2D: _Builder._padded,
    layers.Conv2D: _Builder._convolved,
    layers.DepthwiseConv2D: _Builder._convolved_by_channel,
    layers.SeparableConv2D: _Builder._convolved_separably,
    BatchNorm: _Builder._normed,
    layers.ReLU: _Builder._cut,
    layers.MaxPooling2D: _Builder._pooled,
    layers.Add: _Builder._added,
    layers.UpSampling2D: _Builder._doubled,
    layers.Cropping2D: _Builder._cropped,
    layers.Reshape: _Builder._rows,
    layers.Concatenate: _Builder._joined,
}
_PADDING = {"same": "same_upper", "valid": "valid"}
_PLAIN = {"strides": [1, 1], "pads_begin": [0, 0], "pads_end": [0, 0], "dilations": [1, 1]}


def _how(layer) -> dict:
    return {**_PLAIN, "strides": list(layer.strides), "auto_pad": _PADDING[layer.padding]}


def _by_channel(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32).reshape(1, -1, 1, 1)
