"""LiteRT files taken apart and put together: one behind another, names, order, metadata.

They are FlatBuffers; their schema is the one that TensorFlow and ai-edge-litert ship.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

IDENTIFIER = b"TFL3"
ALIGNMENT = 16  # bytes, as the schema demands of weights
MIN_RUNTIME = b"min_runtime_version"


def opened(content: bytes):
    """The file as objects, `ModelT` of the schema."""
    return schema.ModelT.InitFromPackedBuf(bytearray(content), 0)


def packed(model) -> bytes:
    """The file's bytes. No two tensors of a graph have one name; inputs and outputs keep theirs."""
    for graph in model.subgraphs:
        _make_names_unique(graph)
    for buffer in model.buffers:
        buffer.__class__ = _AlignedBuffer
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def _make_names_unique(graph) -> None:
    """Numbers the later tensors of a name: OpenVINO finds them by name, and would take another's constants."""
    kept = {int(index): None for index in (*graph.inputs, *graph.outputs)}
    taken: set[bytes] = set()
    for index in kept | dict.fromkeys(range(len(graph.tensors))):
        tensor = graph.tensors[index]
        name = bytes(tensor.name)
        numbered = (b"%s;%d" % (name, number) for number in count(2))
        tensor.name = name if name not in taken else next(each for each in numbered if each not in taken)
        taken.add(tensor.name)


class _AlignedBuffer(schema.BufferT):
    """Weights that begin where processors like it: the schema's own writer puts them anywhere."""

    def Pack(self, builder):
        data = np.asarray(self.data if self.data is not None else [], np.uint8)
        if len(data):
            builder.StartVector(1, len(data), ALIGNMENT)
            builder.head -= len(data)
            builder.Bytes[builder.head : builder.head + len(data)] = data.tobytes()
            vector = builder.EndVector()
        schema.BufferStart(builder)
        if len(data):
            schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)


def joined(first, second):
    """`first` with `second` behind it, whose inputs are the outputs of that name.

    Args:
        first, second: of `opened`, with one subgraph and one signature each; `first` is changed.
    """
    graph, added = first.subgraphs[0], second.subgraphs[0]
    given = by_name(first.signatureDefs[0].outputs)
    taken = by_name(second.signatureDefs[0].inputs)
    place = {taken[name]: given[name] for name in taken}  # index of a tensor in `second` -> in the whole
    buffers, codes = len(first.buffers), len(first.operatorCodes)
    for index, tensor in enumerate(added.tensors):
        if index not in place:
            tensor.buffer = tensor.buffer + buffers if tensor.buffer else 0
            place[index] = len(graph.tensors)
            graph.tensors.append(tensor)
    for operator in added.operators:
        operator.opcodeIndex += codes
        operator.inputs, operator.outputs = (
            _placed(each, place) for each in (operator.inputs, operator.outputs)
        )
        graph.operators.append(operator)
    first.buffers += second.buffers
    first.operatorCodes += second.operatorCodes
    graph.outputs = _placed(added.outputs, place)
    outputs = second.signatureDefs[0].outputs
    for output in outputs:
        output.tensorIndex = place[output.tensorIndex]
    first.signatureDefs[0].outputs = outputs
    newest = max((min_runtime(model) for model in (first, second)), key=_version)
    set_metadata(first, MIN_RUNTIME, newest.ljust(ALIGNMENT, b"\0"))
    return first


def _placed(indices: Iterable[int], place: Mapping[int, int]) -> list[int]:
    return [place[int(index)] if index >= 0 else -1 for index in indices]  # -1 is an input left out


def by_name(tensor_maps) -> dict[str, int]:
    """Names of a signature's inputs or outputs -> indices of tensors."""
    return {entry.name.decode(): entry.tensorIndex for entry in tensor_maps}


def name_and_order(model, outputs: Iterable[str]) -> None:
    """Gives inputs and outputs the signature's names, and the outputs an order."""
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    indices = by_name(signature.outputs)
    for name, index in {**by_name(signature.inputs), **indices}.items():
        graph.tensors[index].name = name.encode()
    graph.outputs = [indices[name] for name in outputs]


def min_runtime(model) -> bytes:
    """The oldest interpreter that runs the file, as it says: b"2.3.0"."""
    for entry in model.metadata or ():
        if entry.name == MIN_RUNTIME:
            return bytes(bytearray(model.buffers[entry.buffer].data)).rstrip(b"\0")
    return b"1.0.0"


def _version(text: bytes) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(b"."))


def set_metadata(model, name: bytes, content: bytes) -> None:
    """Puts an entry in place of the one of that name, if there is one."""
    model.metadata = [entry for entry in model.metadata or () if entry.name != name]
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(content, np.uint8)
    model.buffers.append(buffer)
    entry.name, entry.buffer = name, len(model.buffers) - 1
    model.metadata.append(entry)
