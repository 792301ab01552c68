"""Smaller weights for LiteRT files, and what an 8-bit network is calibrated on."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tflhelpers.model.preprocess import checked_image, network_input

MOST_PICTURES = 100
FILTER = 1  # the input of a convolution that holds its weights
HALF_DEQUANTIZE_VERSION, CHANNELS_DEQUANTIZE_VERSION = (
    3,
    5,
)  # the first to take float16; a scale for each channel


def calibration_samples(images: Iterable, image_size: tuple[int, int]) -> list[np.ndarray]:
    """What the network meets: the first hundred pictures and their mirror images, float32 (1, height, width, 3)."""
    samples = []
    for image in list(images)[:MOST_PICTURES]:
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
    graph, tensors = model.subgraphs[0], model.subgraphs[0].tensors
    filters = _filters(model, schema.BuiltinOperator.CONV_2D)
    model.operatorCodes.append(_dequantize(HALF_DEQUANTIZE_VERSION))
    added, halved = [], set()
    for index in filters:
        place = tensors[index].buffer
        if tensors[index].type == schema.TensorType.FLOAT32 and model.buffers[place].data is not None:
            added.append(_unpacked(model, index))
            tensors[-1].type, tensors[-1].buffer = schema.TensorType.FLOAT16, len(model.buffers)
            model.buffers.append(_half(model.buffers[place].data))
            halved.add(place)
    for place in halved:
        model.buffers[place].data = None
    graph.operators = added + graph.operators


def _half(content) -> schema.BufferT:
    buffer = schema.BufferT()
    buffer.data = np.asarray(content, np.uint8).view(np.float32).astype(np.float16).view(np.uint8)
    return buffer


def compute_in_float(model) -> None:
    """Turns the 8-bit weights of convolutions to float32 when the file is loaded.

    So only weights are rounded. LiteRT's own way, dynamic range, rounds each layer's input as well, anew for every
    picture: it took twice as long, and its boxes were three times as far from Keras'.

    Args:
        model: of `tflite_file.opened`; changed.
    """
    graph, tensors = model.subgraphs[0], model.subgraphs[0].tensors
    filters = _filters(model, schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D)
    model.operatorCodes.append(_dequantize(CHANNELS_DEQUANTIZE_VERSION))
    small = [index for index in filters if tensors[index].type == schema.TensorType.INT8]
    graph.operators = [_unpacked(model, index) for index in small] + graph.operators


def _filters(model, *kinds: int) -> list[int]:
    """Indices of the tensors that hold the weights of all operations of these kinds."""
    codes = [index for index, code in enumerate(model.operatorCodes) if code.builtinCode in kinds]
    operators = [operator for operator in model.subgraphs[0].operators if operator.opcodeIndex in codes]
    return sorted({int(operator.inputs[FILTER]) for operator in operators})


def _dequantize(version: int):
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = version
    return code


def _unpacked(model, index: int):
    """The operation, of the code added last, that fills a tensor with float32 from its like, which is added."""
    tensors = model.subgraphs[0].tensors
    tensor, like, operator = tensors[index], copy.copy(tensors[index]), schema.OperatorT()
    like.name = tensor.name + b"_packed"
    tensor.type, tensor.quantization, tensor.buffer = schema.TensorType.FLOAT32, None, 0
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs, operator.outputs = [len(tensors)], [index]
    tensors.append(like)
    return operator
