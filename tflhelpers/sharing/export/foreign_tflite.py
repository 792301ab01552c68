"""What a LiteRT file is that does not say how to run it: somebody else's, a classifier's, or a cut one of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tflhelpers.sharing.export.litert import interpreter

_IDENTIFIER = slice(4, 8), b"TFL3"
_OURS = ({"boxes", "scores"}, {"location", "category", "score", "number of detections"})


def is_litert(path: Path) -> bool:
    """Whether a file begins as LiteRT files do."""
    place, mark = _IDENTIFIER
    with path.open("rb") as file:
        return file.read(place.stop)[place] == mark


def refusal(path: Path) -> str:
    """Why `TFLiteDetector` does not run a LiteRT file without `detector.json`: what it is, and what to do.

    Raises:
        ImportError: neither ai-edge-litert nor TensorFlow is installed.
    """
    try:
        ready = interpreter(path)
    except ValueError as error:
        reason = str(error).removeprefix(f"{path} cannot be run: ").split("\n")[0]
        return (
            f"{path}: expected a detector that export_tflite wrote, got a LiteRT file that is damaged, cut, or needs "
            f"operations that LiteRT does not have ({reason}). Copy or export it again."
        )
    takes, gives = ready.get_input_details(), ready.get_output_details()
    if {each["name"] for each in gives} in _OURS and [each["name"] for each in takes] == ["images"]:
        return f"{path}: its end is cut off, where detector.json lies. Copy it again, or export the detector again."
    return (
        f"{path}: a LiteRT file of another program or of a classifier, {_kind(takes, gives)}; TFLiteDetector runs only "
        f"detectors that export_tflite wrote. It takes {_listed(takes)} and gives {_listed(gives)}: run it with the "
        "Interpreter of ai-edge-litert."
    )


def _kind(takes: list[Mapping[str, Any]], gives: list[Mapping[str, Any]]) -> str:
    shapes = sorted((tuple(map(int, each["shape"])) for each in gives), key=len)
    takes_image = len(takes) == 1 and len(takes[0]["shape"]) == 4
    if takes_image and [len(shape) for shape in shapes] == [1, 2, 2, 3] and shapes[3][2] == 4:
        return f"a detector with four post-processed outputs, {shapes[3][1]} boxes at most"
    if takes_image and len(shapes) == 1 and len(shapes[0]) == 2:
        return f"a classifier of {shapes[0][1]} classes"
    return "no detector with the usual outputs"


def _listed(details: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{each['dtype'].__name__} ({', '.join(map(str, map(int, each['shape'])))})" for each in details
    )
