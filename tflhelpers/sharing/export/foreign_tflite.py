"""Which detectors of others `TFLiteDetector` runs, which output is which, and what the others are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.sharing.export.foreign_file import ForeignFile, Tensor

_OURS = ({"boxes", "scores"}, {"location", "category", "score", "number of detections"})
_INPUTS = {"uint8", "int8", "float32"}
_WORDS = {  # what outputs are called, told in this order: "num_detections", "class_scores", "detection_classes"
    "count": re.compile(r"\bnum|_num|count"),
    "scores": re.compile(r"score|prob|confidence"),
    "classes": re.compile(r"class|categor|label"),
    "boxes": re.compile(r"box|location"),
}


@dataclass(frozen=True)
class Places:
    """Where in a file's outputs the boxes, classes, scores and their number are.

    Attributes:
        sure: whether classes and scores are told apart; else only their values show which is which.
    """

    boxes: int
    classes: int
    scores: int
    count: int
    sure: bool = True


def places(file: ForeignFile) -> Places | None:
    """Which output is which: by the operation that makes them, by their names, else by their shapes and types.

    The order in the file is none to go by: converters sort outputs by name. Nor are names that their shapes contradict.
    """
    if len(file.gives) != 4:
        return None
    if file.postprocess is not None:
        boxes, classes, scores, count = file.postprocess
        return Places(boxes, classes, scores, count)
    named = (
        file.metadata.outputs if file.metadata else [],
        file.signature,
        [each.name for each in file.gives],
    )
    by_name = (_by_names(names, file.gives) for names in named)
    return next((found for found in by_name if found), None) or _by_shapes(file.gives)


def _by_names(names: Sequence[str], gives: Sequence[Tensor]) -> Places | None:
    roles = [next((role for role, word in _WORDS.items() if word.search(name.lower())), "") for name in names]
    if sorted(roles) != sorted(_WORDS):
        return None
    boxes, classes, scores, count = map(roles.index, ("boxes", "classes", "scores", "count"))
    found = Places(boxes, classes, scores, count)
    shaped = _by_shapes(gives)
    fit = shaped is not None and (found.boxes, found.count) == (shaped.boxes, shaped.count)
    return found if fit else None


def _by_shapes(gives: Sequence[Tensor]) -> Places | None:
    """With or without a first side of 1, for the one picture."""
    most = max(len(each.shape) for each in gives)
    boxes = [at for at, each in enumerate(gives) if len(each.shape) == most and each.shape[-1:] == (4,)]
    if not boxes:
        return None
    rows = gives[boxes[0]].shape[:-1]
    pair = [at for at, each in enumerate(gives) if each.shape == rows]
    count = [at for at, each in enumerate(gives) if at not in pair and set(each.shape) <= {1}]
    if (len(boxes), len(count), len(pair)) != (1, 1, 2):
        return None
    whole = [gives[at].dtype in ("int32", "int64") for at in pair]
    classes, scores = reversed(pair) if whole == [False, True] else pair
    return Places(boxes[0], classes, scores, count[0], sure=any(whole))


def runs(file: ForeignFile) -> bool:
    """Whether the file is a detector of the usual kind: one picture in, four post-processed outputs."""
    usual_boxes = file.metadata is None or file.metadata.usual_boxes
    usual = _picture_size(file.takes) is not None and places(file) is not None and usual_boxes
    return usual and not _is_cut_off(file)


def _is_cut_off(file: ForeignFile) -> bool:
    """Whether `export_tflite` wrote the file, whose end is gone."""
    return {each.name for each in file.gives} in _OURS and [each.name for each in file.takes] == ["images"]


def _picture_size(takes: Sequence[Tensor]) -> tuple[int, int] | None:
    """(height, width) of the picture that a file takes, if that is what it takes."""
    if len(takes) != 1 or len(takes[0].shape) != 4 or takes[0].dtype not in _INPUTS:
        return None
    batch, height, width, channels = takes[0].shape
    return (height, width) if abs(batch) == 1 and channels == 3 and min(height, width) > 1 else None


def refusal(path: Path, file: ForeignFile) -> str:
    """Why `TFLiteDetector` does not run a file: what it is, and what to do."""
    if _is_cut_off(file):
        return f"{path}: its end is cut off, where detector.json lies. Copy it again, or export the detector again."
    return (
        f"{path}: a LiteRT file of another program or of a classifier, {_kind(file)}; TFLiteDetector runs detectors "
        "that export_tflite wrote, and others with one picture in and four post-processed outputs: boxes, classes, "
        f"scores and their number. It takes {_listed(file.takes)} and gives {_listed(file.gives)}: run it with the "
        "Interpreter of ai-edge-litert."
    )


def _kind(file: ForeignFile) -> str:
    if "edgetpu-custom-op" in file.custom:
        return "compiled for Coral's Edge TPU (give the file that was compiled)"
    if _picture_size(file.takes) is None:
        return f"no detector with the usual outputs, since {_why_no_picture(file.takes)}"
    if places(file) is not None:
        return "a detector whose boxes are not ymin, xmin, ymax, xmax as fractions"
    return _kind_by_outputs([each.shape for each in file.gives])


def _why_no_picture(takes: Sequence[Tensor]) -> str:
    if len(takes) != 1 or len(takes[0].shape) != 4:
        return "it takes no picture"
    batch, height, _, channels = takes[0].shape
    if takes[0].dtype not in _INPUTS:
        return f"it takes pictures of {takes[0].dtype}"
    if height == 3 and channels != 3:
        return "it takes channels first, as PyTorch does"
    if channels != 3:
        return f"it takes pictures of {channels} channel{'s' * (channels != 1)}"
    return "it takes pictures of any size" if abs(batch) == 1 else f"it takes {batch} pictures at once"


def _kind_by_outputs(shapes: Sequence[tuple[int, ...]]) -> str:
    if len(shapes) == 1:
        return _kind_of_one(shapes[0])
    if [len(shape) for shape in shapes] == [3, 3] and 4 in (shapes[0][2], shapes[1][2]):
        return f"a detector of {shapes[0][1]} anchors before its boxes are chosen, as MediaPipe's are"
    if len(shapes) > 1 and all(len(shape) in (4, 5) for shape in shapes):
        return f"a YOLO head or another network of {len(shapes)} maps, before its boxes are chosen"
    return "no detector with the usual outputs"


def _kind_of_one(shape: tuple[int, ...]) -> str:
    sides = [side for side in shape[1:] if side != 1]
    if len(sides) <= 1 and len(shape) in (2, 4):
        return f"a classifier of {sides[0] if sides else 1} classes"
    if len(shape) == 3 and shape[2] in (6, 7):
        return f"a detector with one output of {shape[1]} rows of {shape[2]} numbers, as newer YOLOs give"
    if len(shape) == 3:
        return f"a YOLO head of shape {shape}, before its boxes are chosen"
    if len(shape) == 4:
        return "no detector with the usual outputs, since a map of the picture comes out"
    return "no detector with the usual outputs"


def _listed(tensors: Iterable[Tensor]) -> str:
    return ", ".join(f"{each.dtype} ({', '.join(map(str, each.shape))})" for each in tensors)
