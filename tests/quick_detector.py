"""A detector that needs no network, for jobs of many files: its boxes tell which image it saw."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from PIL import Image

from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.postprocess import RawBoxes


class ByBrightness(ImageDetector):
    """Finds the upper half of an image in the second class; its score is the brightness."""

    def __init__(self, class_names=("dark", "bright"), threshold=0.0, seconds=0.0, weights="1"):
        super().__init__(class_names, threshold)
        self.seconds, self.weights, self.seen = seconds, weights, 0

    image_size = (4, 6)

    def fingerprint(self):
        return f"ByBrightness {self.weights}"

    def raw_boxes(self, inputs):
        time.sleep(self.seconds)
        self.seen += len(inputs)
        bright = inputs.mean(axis=(1, 2, 3), dtype=np.float32)[:, None] / 255
        half = np.tile(np.float32([0, 0, 0.5, 1]), (len(inputs), 1, 1))
        return RawBoxes(half, np.stack([np.zeros_like(bright), bright], axis=-1))


def write_images(folder: Path, count: int) -> list[str]:
    """Write images of different sizes and brightness; return their paths, sorted."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03d}.png" for number in range(count)]
    for number, path in enumerate(paths):
        image = np.full((20 + number % 7, 30 + number % 5, 3), 1 + number % 250, np.uint8)
        Image.fromarray(image).save(path)
    return [str(path) for path in paths]
