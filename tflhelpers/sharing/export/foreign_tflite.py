"""What a LiteRT file is that does not say how to run it: somebody else's, a classifier's, or a cut one of ours."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

_IDENTIFIER = slice(4, 8), b"TFL3"
_UNREADABLE = (struct.error, ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError)
_OURS = ({"boxes", "scores"}, {"location", "category", "score", "number of detections"})


def is_litert(path: Path) -> bool:
    """Whether a file begins as LiteRT files do."""
    place, mark = _IDENTIFIER
    with path.open("rb") as file:
        return file.read(place.stop)[place] == mark


class _Tensor(NamedTuple):
    name: str
    shape: tuple[int, ...]
    dtype: str


def refusal(path: Path) -> str:
    """Why `TFLiteDetector` does not run a LiteRT file without `detector.json`: what it is, and what to do.

    The file is looked at, never run: what runs LiteRT files trusts them, and a cut one can end the whole program.

    Raises:
        ImportError: neither ai-edge-litert nor TensorFlow is installed.
    """
    schema = _schema()
    try:
        takes, gives = _ends(schema, path.read_bytes())
    except _UNREADABLE:
        return (
            f"{path}: expected a detector that export_tflite wrote, got a LiteRT file that is damaged or cut. Copy or "
            "export it again."
        )
    if {each.name for each in gives} in _OURS and [each.name for each in takes] == ["images"]:
        return f"{path}: its end is cut off, where detector.json lies. Copy it again, or export the detector again."
    return (
        f"{path}: a LiteRT file of another program or of a classifier, {_kind(takes, gives)}; TFLiteDetector runs only "
        f"detectors that export_tflite wrote. It takes {_listed(takes)} and gives {_listed(gives)}: run it with the "
        "Interpreter of ai-edge-litert."
    )


def _schema() -> ModuleType:
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        from tensorflow.lite.python import schema_py_generated as schema
    return schema


def _ends(schema: ModuleType, content: bytes) -> tuple[list[_Tensor], list[_Tensor]]:
    """What the first graph of a file takes and gives; raises one of `_UNREADABLE` where the file is cut."""
    model = schema.Model.GetRootAs(content, 0)
    for index in range(model.BuffersLength()):
        model.Buffers(index).DataAsNumpy()
    graph = model.Subgraphs(0)
    names = {value: name.lower() for name, value in vars(schema.TensorType).items() if isinstance(value, int)}

    def described(index: int) -> _Tensor:
        tensor = graph.Tensors(int(index))
        shape = tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength()))
        return _Tensor(tensor.Name().decode(), shape, names[tensor.Type()])

    takes = [described(graph.Inputs(each)) for each in range(graph.InputsLength())]
    return takes, [described(graph.Outputs(each)) for each in range(graph.OutputsLength())]


def _kind(takes: list[_Tensor], gives: list[_Tensor]) -> str:
    shapes = sorted((each.shape for each in gives), key=len)
    takes_image = len(takes) == 1 and len(takes[0].shape) == 4
    if takes_image and [len(shape) for shape in shapes] == [1, 2, 2, 3] and shapes[3][2] == 4:
        return f"a detector with four post-processed outputs, {shapes[3][1]} boxes at most"
    if takes_image and len(shapes) == 1 and len(shapes[0]) == 2:
        return f"a classifier of {shapes[0][1]} classes"
    return "no detector with the usual outputs"


def _listed(tensors: Iterable[_Tensor]) -> str:
    return ", ".join(f"{each.dtype} ({', '.join(map(str, each.shape))})" for each in tensors)
