"""`TFLiteDetector`: a LiteRT file with the `detect` of `Detector`. Needs neither TensorFlow nor Keras."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tflhelpers.files.checksums import sha256_of
from tflhelpers.files.words import counted
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.sharing.export.foreign_run import ForeignDetector
from tflhelpers.sharing.export.litert import interpreter
from tflhelpers.sharing.export.packed_files import is_foreign, read_settings

INPUT = "images"


class TFLiteDetector(ImageDetector):
    """Finds objects in pictures with a file that `export_tflite` wrote, or with one of others.

    Those of others take one RGB picture and give four outputs, as SSD and EfficientDet-Lite files do: boxes ymin, xmin,
    ymax, xmax as fractions, class numbers from 0, scores, and how many there are. Which output is which is told by the
    operation that makes them, else by names, shapes and values. uint8 files get pixels of 0..255; float32 files get
    what their metadata says, without it -1..1.

    Where ai-edge-litert is installed, neither TensorFlow nor Keras is loaded: it runs on a Raspberry Pi.

    Args:
        path: of the file.
        class_names: a name for each of the file's class numbers from 0; None for those in the file.
        threads: None for as many as there are cores, at most four. Files with TFLite_Detection_PostProcess and
            use_regular_nms run on one: on n that operation loses class n.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: `class_names` is a text.
        ValueError: it is no such detector, damaged, or has no class names; the message says what it is.
        ImportError: neither ai-edge-litert nor TensorFlow is installed.

    Attributes:
        class_names: a name for each label.
        image_size: (height, width) in pixels that pictures are resized to.
        threshold: score from 0 to 1 that `detect` asks of a box unless told otherwise; 0.5 in files of others.
        head: "postprocess" (ours knows no boxes with a score below 0.01, and no more than 100) or "raw".
    """

    max_batch = 1

    def __init__(
        self, path: str | os.PathLike, *, class_names: Sequence[str] | None = None, threads: int | None = None
    ) -> None:
        self.path = Path(path)
        if isinstance(class_names, str):
            raise TypeError(
                f"class_names must be a list of names, got {class_names!r}. Write [{class_names!r}]."
            )
        foreign = is_foreign(self.path)
        self._file = (ForeignDetector if foreign else _OwnFile)(self.path, class_names, threads)
        super().__init__(self._file.class_names, self._file.threshold)
        self.head, self.tiles = self._file.head, self._file.tiles

    @property
    def image_size(self) -> tuple[int, int]:
        return self._file.image_size

    def __repr__(self) -> str:
        height, width = self.image_size
        classes = counted(len(self.class_names), "class", "classes")
        return f"TFLiteDetector({self.path.name}, {height}x{width}, {classes}, {self.head})"

    def fingerprint(self) -> str:
        return sha256_of(self.path)

    def network_input(self, image: np.ndarray) -> np.ndarray:
        return self._file.network_input(super().network_input(image))

    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        return self._file.raw_boxes(inputs)


class _OwnFile:
    """A file that `export_tflite` wrote."""

    def __init__(self, path: Path, class_names: Sequence[str] | None, threads: int | None) -> None:
        settings = read_settings(path)
        self.class_names = _checked_names(class_names, settings.class_names)
        self.threshold, self.head, self.image_size = settings.threshold, settings.head, settings.image_size
        self.tiles = settings.tiles
        self._run_file = interpreter(path, threads).get_signature_runner()
        self._input_dtype = self._run_file.get_input_details()[INPUT]["dtype"]

    def network_input(self, resized: np.ndarray) -> np.ndarray:
        return np.rint(resized).astype(np.uint8) if self._input_dtype == np.uint8 else resized

    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        given = self._run_file(**{INPUT: inputs})
        if self.head == "raw":
            return RawBoxes(given["boxes"], given["scores"])
        number = int(given["number of detections"][0])  # rows beyond it hold anything
        boxes, scores, labels = (given[name][:, :number] for name in ("location", "score", "category"))
        return RawBoxes(boxes, scores, labels)


def _checked_names(given: Sequence[str] | None, own: tuple[str, ...]) -> tuple[str, ...]:
    if given is not None and len(given) != len(own):
        raise ValueError(
            f"class_names must hold {len(own)} names, as many as the file has classes ({', '.join(own[:5])}), got "
            f"{len(given)}. Leave it out for the file's own."
        )
    return own if given is None else tuple(given)
