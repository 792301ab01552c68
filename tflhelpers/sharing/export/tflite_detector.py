"""`TFLiteDetector`: an exported LiteRT file with the `detect` of `Detector`. Needs neither TensorFlow nor Keras."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.sharing.export.litert import interpreter
from tflhelpers.sharing.export.packed_files import read_settings

INPUT = "images"


class TFLiteDetector(ImageDetector):
    """Finds objects in pictures with a file that `export_tflite` wrote.

    Where ai-edge-litert is installed, neither TensorFlow nor Keras is loaded: it runs on a Raspberry Pi.

    Args:
        path: of the file.
        threads: None for as many as there are cores, at most four.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is none of ours, or damaged.
        ImportError: neither ai-edge-litert nor TensorFlow is installed.

    Attributes:
        class_names: a name for each label.
        image_size: (height, width) in pixels that pictures are resized to.
        threshold: score from 0 to 1 that `detect` asks of a box unless told otherwise.
        head: "postprocess" (it knows no boxes with a score below 0.01, and no more than 100) or "raw".
    """

    max_batch = 1

    def __init__(self, path: str | os.PathLike, *, threads: int | None = None) -> None:
        settings = read_settings(Path(path))
        super().__init__(settings.class_names, settings.threshold)
        self.path, self.head = Path(path), settings.head
        self._image_size = settings.image_size
        self._run_file = interpreter(path, threads).get_signature_runner()
        self._input_dtype = self._run_file.get_input_details()[INPUT]["dtype"]

    @property
    def image_size(self) -> tuple[int, int]:
        return self._image_size

    def __repr__(self) -> str:
        height, width = self.image_size
        return f"TFLiteDetector({self.path.name}, {height}x{width}, {len(self.class_names)} classes, {self.head})"

    def network_input(self, image: np.ndarray) -> np.ndarray:
        resized = super().network_input(image)
        return np.rint(resized).astype(np.uint8) if self._input_dtype == np.uint8 else resized

    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        given = self._run_file(**{INPUT: inputs})
        if self.head == "raw":
            return RawBoxes(given["boxes"], given["scores"])
        number = int(given["number of detections"][0])  # rows beyond it hold anything
        boxes, scores, labels = (given[name][:, :number] for name in ("location", "score", "category"))
        return RawBoxes(boxes, scores, labels)
