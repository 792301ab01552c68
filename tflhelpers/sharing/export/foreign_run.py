"""Runs a detector of others: pictures as it wants them, and boxes from its four outputs."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tflhelpers.files.text import decode_text
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.sharing.export.foreign_file import ForeignFile, read_foreign
from tflhelpers.sharing.export.foreign_tflite import places, refusal, runs
from tflhelpers.sharing.export.litert import interpreter

DEFAULT_THRESHOLD = 0.5
_MEAN, _STD = (127.5,), (127.5,)  # what TensorFlow's MobileNets were trained with
_FARTHEST = 10.0  # fractions of a picture; what lies beyond is no fraction


class ForeignDetector:
    """A LiteRT file of others that takes one picture and gives boxes, classes, scores and their number.

    Attributes:
        class_names: a name for each of the file's class numbers.
        image_size: (height, width) in pixels.
        threshold, head: as of files that `export_tflite` wrote.
    """

    threshold, head, tiles = DEFAULT_THRESHOLD, "postprocess", None

    def __init__(self, path: Path, class_names: Sequence[str] | None, threads: int | None) -> None:
        file = read_foreign(path)
        found = places(file)
        if not runs(file) or found is None:
            raise ValueError(refusal(path, file))
        given = _checked_number(class_names, file)
        self.class_names = given or tuple(_class_names(path, file))
        self._places, self._sure = found, found.sure
        # On n > 1 threads, regular suppression never looks at class n.
        self._ready = interpreter(path, 1 if file.options.get("use_regular_nms") else threads)
        (self._taken,), self._given = self._ready.get_input_details(), self._ready.get_output_details()
        self.image_size = int(self._taken["shape"][1]), int(self._taken["shape"][2])
        said = file.metadata
        self._mean = np.asarray(said.mean if said and said.mean else _MEAN, np.float32)
        self._std = np.asarray(said.std if said and said.std else _STD, np.float32)

    def network_input(self, resized: np.ndarray) -> np.ndarray:
        """What the file takes of a picture of its size, float32 RGB in 0..255; whole numbers are pixels themselves."""
        dtype = self._taken["dtype"]
        if dtype == np.float32:
            return (resized - self._mean) / self._std
        pixels = np.rint(resized).astype(np.int16)
        return (pixels if dtype == np.uint8 else pixels - 128).astype(dtype)

    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        """The boxes of classes that have a name.

        Raises:
            ValueError: the boxes are no fractions of the picture.
        """
        self._ready.set_tensor(self._taken["index"], inputs)
        self._ready.invoke()
        at = self._places
        boxes, classes, scores = (self._value(place) for place in (at.boxes, at.classes, at.scores))
        number = int(np.nan_to_num(self._value(at.count).flat[0]))  # rows beyond it hold anything
        boxes = boxes.reshape(-1, 4)[: max(number, 0)]
        classes, scores = self._told_apart(
            classes.reshape(-1)[: len(boxes)], scores.reshape(-1)[: len(boxes)]
        )
        known = (classes >= 0) & (classes < len(self.class_names)) & np.isfinite(boxes).all(axis=1)
        _check_fractions(boxes[known])
        return RawBoxes(boxes[known][None], scores[known][None], np.rint(classes[known])[None])

    def _value(self, place: int) -> np.ndarray:
        detail = self._given[place]
        scale, zero = detail["quantization"]
        value = self._ready.get_tensor(detail["index"]).astype(np.float32)
        return (value - zero) * scale if scale else value

    def _told_apart(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Classes and scores, by their values where nothing else tells: classes are whole."""
        if not self._sure and _has_parts(first) != _has_parts(second):
            self._sure = True
            if _has_parts(first):
                at = self._places
                self._places = replace(at, classes=at.scores, scores=at.classes)
                return second, first
        return first, second


def _has_parts(values: np.ndarray) -> bool:
    return bool((values != np.rint(values)).any())


def _check_fractions(boxes_rel_yxyx: np.ndarray) -> None:
    farthest = float(np.abs(boxes_rel_yxyx).max(initial=0.0))
    if farthest > _FARTHEST:
        raise ValueError(
            f"expected boxes as fractions of the picture from the LiteRT file, got {farthest:.1f}, as in pixels. "
            "Run it with the Interpreter of ai-edge-litert and make Boxes of what it gives."
        )


def _checked_number(class_names: Sequence[str] | None, file: ForeignFile) -> tuple[str, ...]:
    """The names that were given; too few would lose boxes without a word, where the file says how many it takes."""
    given = () if class_names is None else tuple(class_names)
    wanted = file.options.get("num_classes", 0)
    if given and len(given) < wanted:
        raise ValueError(
            f"class_names must hold {wanted} names, one for each of the file's class numbers from 0, got {len(given)}."
        )
    return given


def _class_names(path: Path, file: ForeignFile) -> list[str]:
    names = _labels(path, file.metadata.labels_files if file.metadata else [])
    if not names:
        of = f" of {file.options['num_classes']} classes" if "num_classes" in file.options else ""
        raise ValueError(
            f"{path}: expected a file of class names at its end, got none{of}. Give class_names=, a name for each of "
            "its class numbers from 0."
        )
    return (
        names[1:] if len(names) - 1 == file.options.get("num_classes") else names
    )  # the first is the background's


def _labels(path: Path, named: Sequence[str]) -> list[str]:
    """The lines of the file of class names behind the model: the one named so, else the only text."""
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        texts = [name for name in archive.namelist() if name.lower().endswith(".txt")]
        chosen = next(
            (name for name in named if name in archive.namelist()), texts[0] if len(texts) == 1 else ""
        )
        lines = decode_text(archive.read(chosen))[0].splitlines() if chosen else []
    while lines and not lines[-1].strip():
        del lines[-1]
    return [line.strip() for line in lines]
