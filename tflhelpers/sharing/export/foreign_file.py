"""A LiteRT file of others, looked at and never run: what runs it would trust it, and a cut one ends the program."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from flatbuffers import flexbuffers

from tflhelpers.sharing.export.tflite_metadata_reader import METADATA_NAME, FileMetadata, read_metadata

_IDENTIFIER = slice(4, 8), b"TFL3"
_UNREADABLE = (  # what flatbuffers and flexbuffers raise where they are led astray
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    AssertionError,
    RecursionError,
)
_POSTPROCESS = b"TFLite_Detection_PostProcess"
_BYTES = {"float32": 4, "float16": 2, "int32": 4, "uint8": 1, "int8": 1, "int64": 8, "int16": 2, "bool": 1}


class DamagedLiteRT(ValueError):
    """A LiteRT file that is cut, or whose parts do not fit each other."""


class Tensor(NamedTuple):
    """What goes in or comes out; a side of `shape` is -1 where the file leaves it open."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class ForeignFile(NamedTuple):
    """What a LiteRT file says of itself.

    Attributes:
        takes, gives: the first graph's inputs and outputs.
        custom: names of operations that are no built-in ones.
        postprocess: places in `gives` of what TFLite_Detection_PostProcess makes: boxes, classes, scores, count. None
            where there is no such operation, or its results are no outputs.
        options: of that operation; {} where there is none.
        signature: names that a signature gives the outputs, "" for those without one.
        metadata: None where there is none.
    """

    takes: list[Tensor]
    gives: list[Tensor]
    custom: list[str]
    postprocess: tuple[int, ...] | None
    options: dict[str, Any]
    signature: list[str]
    metadata: FileMetadata | None


def is_litert(path: Path) -> bool:
    """Whether a file begins as LiteRT files do."""
    place, mark = _IDENTIFIER
    with path.open("rb") as file:
        return file.read(place.stop)[place] == mark


def read_foreign(path: Path) -> ForeignFile:
    """What a file says of itself, after a look at all its parts.

    Raises:
        DamagedLiteRT: it is cut, or its parts do not fit each other.
        ImportError: neither ai-edge-litert nor TensorFlow is installed.
    """
    schema = _schema()
    try:
        return _described(schema, path.read_bytes())
    except _UNREADABLE as error:
        raise DamagedLiteRT(
            f"{path}: expected a detector that export_tflite wrote, got a LiteRT file that is damaged or cut. Copy or "
            "export it again."
        ) from error


def _schema() -> ModuleType:
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        from tensorflow.lite.python import schema_py_generated as schema
    return schema


def _described(schema: ModuleType, content: bytes) -> ForeignFile:
    """Raises one of `_UNREADABLE` where something is not as it should be."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    dtypes = {
        value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)
    }
    _check(model, dtypes, len(content))
    graph = model.subgraphs[0]
    outputs = [int(index) for index in graph.outputs]
    operation = _postprocess(model, graph)
    return ForeignFile(
        [_tensor(graph.tensors[index], dtypes) for index in graph.inputs],
        [_tensor(graph.tensors[index], dtypes) for index in outputs],
        [bytes(code.customCode).decode() for code in model.operatorCodes if code.customCode],
        _places(operation, outputs),
        _options(operation),
        _signature_names(model, outputs),
        _metadata(model),
    )


def _check(model, dtypes: dict[int, str], size: int) -> None:
    """Whatever refers to something must find it: the interpreter does not look."""
    for buffer in model.buffers:
        _require(buffer.offset + buffer.size <= size)
    for graph in model.subgraphs:
        count = len(graph.tensors)
        _require_all([*graph.inputs, *graph.outputs], 0, count)
        for operator in graph.operators:
            _require_all([operator.opcodeIndex], 0, len(model.operatorCodes))
            _require_all(_listed(operator.inputs), -1, count)  # -1 is an input left out
            _require_all(_listed(operator.outputs), 0, count)
        for tensor in graph.tensors:
            _require_all([tensor.buffer], 0, len(model.buffers))
            _check_size(tensor, dtypes[tensor.type], model.buffers[tensor.buffer])


def _check_size(tensor, dtype: str, buffer) -> None:
    """That a constant has as many bytes as its shape needs."""
    given = len(_listed(buffer.data))
    if given and dtype in _BYTES and tensor.sparsity is None:
        _require(given == _BYTES[dtype] * int(np.prod(_listed(tensor.shape), dtype=np.int64)))


def _require_all(indices: Iterable[int], first: int, end: int) -> None:
    _require(all(first <= index < end for index in indices))


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError("the parts of the file do not fit each other")


def _listed(vector):
    return [] if vector is None else vector


def _tensor(tensor, dtypes: dict[int, str]) -> Tensor:
    sides = _listed(tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape)
    return Tensor(bytes(tensor.name or b"").decode(), tuple(int(side) for side in sides), dtypes[tensor.type])


def _postprocess(model, graph):
    codes = [code.customCode for code in model.operatorCodes]
    found = [each for each in graph.operators if codes[each.opcodeIndex] == _POSTPROCESS]
    return found[0] if len(found) == 1 else None


def _places(operation, outputs: list[int]) -> tuple[int, ...] | None:
    made = [] if operation is None else [int(index) for index in operation.outputs[:4]]
    return tuple(map(outputs.index, made)) if len(made) == 4 and set(made) <= set(outputs) else None


def _options(operation) -> dict[str, Any]:
    if operation is None or operation.customOptions is None:
        return {}
    return dict(flexbuffers.Loads(bytes(bytearray(operation.customOptions))))


def _signature_names(model, outputs: list[int]) -> list[str]:
    named = {
        int(entry.tensorIndex): bytes(entry.name).decode()
        for signature in model.signatureDefs or ()
        if signature.subgraphIndex == 0
        for entry in signature.outputs
    }
    return [named.get(index, "") for index in outputs]


def _metadata(model) -> FileMetadata | None:
    for entry in model.metadata or ():
        if bytes(entry.name) == METADATA_NAME:
            return read_metadata(bytes(bytearray(model.buffers[entry.buffer].data)))
    return None
