"""Smaller weights for LiteRT files, and what an 8-bit network is calibrated on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tflhelpers.model.picture_boxes import checked_image
from tflhelpers.model.preprocess import network_input

MOST_PICTURES = 100
FILTER = 1  # the input of a convolution that holds its weights
HALF_DEQUANTIZE_VERSION = 3  # the first that takes float16


def calibration_samples(photos: Iterable, image_size: tuple[int, int]) -> list[np.ndarray]:
    """What the network meets: the first hundred pictures and their mirror images, float32 (1, height, width, 3)."""
    samples = []
    for image in list(photos)[:MOST_PICTURES]:
        resized = network_input(checked_image(image), image_size)[None]
        samples += [resized, np.ascontiguousarray(resized[:, :, ::-1])]
    return samples


def halve_convolutions(model) -> None:
    """Stores the weights of all full convolutions as float16, each turned to float32 when the file is loaded.

    Depthwise weights and biases stay float32: they are a thirtieth of the bytes, and halving them moves scores by
    eight times as much as halving all the rest does.

    Args:
        model: of `tflite_file.opened`; changed.
    """
    graph = model.subgraphs[0]
    convolutions = [
        index
        for index, code in enumerate(model.operatorCodes)
        if code.builtinCode == schema.BuiltinOperator.CONV_2D
    ]
    filters = {
        int(operator.inputs[FILTER]) for operator in graph.operators if operator.opcodeIndex in convolutions
    }
    model.operatorCodes.append(_half_dequantize())
    added = []
    for index in sorted(filters):
        tensor = graph.tensors[index]
        if tensor.type == schema.TensorType.FLOAT32 and model.buffers[tensor.buffer].data is not None:
            added.append(_turned(model, index))
    graph.operators = added + graph.operators


def _half_dequantize():
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = HALF_DEQUANTIZE_VERSION
    return code


def _turned(model, index: int):
    """The operation that turns a float16 copy of a constant tensor to float32 in its place."""
    graph = model.subgraphs[0]
    tensor = graph.tensors[index]
    weights = np.asarray(model.buffers[tensor.buffer].data, np.uint8).view(np.float32)
    half, buffer, operator = schema.TensorT(), schema.BufferT(), schema.OperatorT()
    buffer.data = weights.astype(np.float16).view(np.uint8)
    half.shape, half.type, half.name = tensor.shape, schema.TensorType.FLOAT16, tensor.name + b"_half"
    half.buffer = len(model.buffers)
    model.buffers.append(buffer)
    model.buffers[tensor.buffer].data = None
    tensor.buffer = 0
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = [len(graph.tensors)], [index]
    graph.tensors.append(half)
    return operator
