"""LiteRT files for browsers: their weights travel small and are float32 when the network runs.

LiteRT.js does not fold the operations that turn small weights to float32, as LiteRT does elsewhere: it runs them for
every picture and, as weights are no constants to it then, runs the convolutions four times as slowly
(``benchmarks/web_page.py``). So a page gets a file without these operations, and its weights are widened once, by
``web/js/weights.js``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from tflhelpers.sharing.export.tflite_file import opened, packed

HALF, BYTE = "float16", "int8"


def for_browsers(content: bytes) -> tuple[bytes, dict[str, Any]]:
    """The bytes that travel, and what ``web/js/weights.js`` must know to make the file of them.

    Args:
        content: of a LiteRT file; files at its end are left out.

    Returns:
        The file with small weights in place of float32 ones; and ``bytes`` (how many travel), ``whole_bytes`` (how many
        the file has) and ``small``, for each place in the file that is widened, in order: ``at`` (its first byte),
        ``count`` (of numbers) and ``kind``: "float16"; or "int8", with ``channels``, the number of scales, float32,
        that come before the numbers, and ``inner``, how many numbers in a row have one scale.
    """
    model = opened(content)
    small = dict(_widen_weights(model))
    whole = packed(model)
    places = []
    for buffer, (narrow, said) in small.items():
        places.append(({"at": _position(whole, buffer), **said}, narrow))
    places.sort(key=lambda place: place[0]["at"])
    parts, done = [], 0
    for said, narrow in places:
        parts += [whole[done : said["at"]], narrow]
        done = said["at"] + said["count"] * np.dtype(np.float32).itemsize
    travels = b"".join([*parts, whole[done:]])
    said_of_all = {"bytes": len(travels), "whole_bytes": len(whole), "small": [said for said, _ in places]}
    return travels, said_of_all


def _widen_weights(model) -> Iterator[tuple[int, tuple[bytes, dict[str, Any]]]]:
    """Puts float32 weights in place of small ones and of the operations that widen them.

    Yields:
        The index of each buffer that holds them now; the small ones, and what there is to know of them.
    """
    graph = model.subgraphs[0]
    kept = []
    for operator in graph.operators:
        if not _widens_weights(model, operator):
            kept.append(operator)
            continue
        source, target = (graph.tensors[int(index)] for index in (operator.inputs[0], operator.outputs[0]))
        narrow, wide, said = _widened(source, model.buffers[source.buffer])
        target.buffer = len(model.buffers)
        buffer = schema.BufferT()
        buffer.data = wide.view(np.uint8)
        model.buffers.append(buffer)
        source.type, source.quantization, source.buffer = schema.TensorType.FLOAT32, None, 0
        yield target.buffer, (narrow, said)
    graph.operators = kept
    used = {tensor.buffer for tensor in graph.tensors} | {entry.buffer for entry in model.metadata or ()}
    for index, buffer in enumerate(model.buffers):
        if index not in used:
            buffer.data = None


def _widens_weights(model, operator) -> bool:
    code = model.operatorCodes[operator.opcodeIndex].builtinCode
    if code != schema.BuiltinOperator.DEQUANTIZE:
        return False
    tensor = model.subgraphs[0].tensors[int(operator.inputs[0])]
    is_small = tensor.type in (schema.TensorType.FLOAT16, schema.TensorType.INT8)
    return is_small and model.buffers[tensor.buffer].data is not None


def _widened(tensor, buffer) -> tuple[bytes, np.ndarray, dict[str, Any]]:
    """Weights as they travel, the same as float32, and what there is to know to get from one to the other."""
    content = np.asarray(buffer.data, np.uint8)
    if tensor.type == schema.TensorType.FLOAT16:
        wide = content.view(np.float16).astype(np.float32)
        return content.tobytes(), wide, {"count": wide.size, "kind": HALF}
    scales = np.asarray(tensor.quantization.scale, np.float32)
    shape = [int(side) for side in tensor.shape]
    axis = int(tensor.quantization.quantizedDimension)
    across = [1] * len(shape)
    across[axis] = len(scales)
    wide = (content.view(np.int8).reshape(shape) * scales.reshape(across)).astype(np.float32).reshape(-1)
    inner = int(np.prod(shape[axis + 1 :])) if len(scales) > 1 else wide.size
    said = {"count": wide.size, "kind": BYTE, "channels": len(scales), "inner": inner}
    return scales.tobytes() + content.tobytes(), wide, said


def _position(content: bytes, buffer: int) -> int:
    """Where in a file a buffer's bytes begin."""
    data = schema.Model.GetRootAs(content, 0).Buffers(buffer).DataAsNumpy()
    return data.ctypes.data - np.frombuffer(content, np.uint8).ctypes.data
