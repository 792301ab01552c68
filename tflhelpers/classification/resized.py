"""Pictures at the network's size, decoded once: in memory, or where they are too many in a temporary file."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np

from tflhelpers.classification.classifier import BATCH_SIZE, Classifier, run_padded
from tflhelpers.classification.labelled import LabelledPictures
from tflhelpers.classification.linear_head import class_weights, mean_loss
from tflhelpers.files.atomic_folder import temporary_scratch
from tflhelpers.files.prefetch import prefetch
from tflhelpers.model.preprocess import network_input
from tflhelpers.progress import progress_bar

MEMORY_BYTES = 2**30


class ResizedPictures:
    """Pictures as uint8 (H, W, 3) by row, for as long as the `with` block lasts.

    Attributes:
        labels: int64 (n,).
        on_disk: whether they would take more than `MEMORY_BYTES`.
    """

    def __init__(
        self,
        pictures: LabelledPictures | None,
        image_size: tuple[int, int],
        progress: bool,
        *,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.pictures, self.image_size, self.progress = pictures, image_size, progress
        self.labels = np.zeros(0, np.int64) if pictures is None else pictures.labels
        self.shape = (len(self.labels), *image_size, 3)
        self.on_disk = int(np.prod(self.shape)) > memory_bytes
        self._folder: Path | None = None
        self._images: np.ndarray = np.empty((0, *image_size, 3), np.uint8)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self._images[rows])

    def __enter__(self) -> ResizedPictures:
        if self.on_disk:
            self._folder = temporary_scratch("pictures")
            self._images = np.lib.format.open_memmap(self._folder / "images.npy", "w+", np.uint8, self.shape)
        else:
            self._images = np.empty(self.shape, np.uint8)
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception) -> None:
        self._images = np.empty((0, *self.shape[1:]), np.uint8)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def loss(self, classifier: Classifier) -> float:
        """Mean of -log p(true class), each class weighing the same."""
        logits = [
            run_padded(classifier, self._images[i : i + BATCH_SIZE].astype(np.float32), "logits", BATCH_SIZE)
            for i in range(0, len(self), BATCH_SIZE)
        ]
        weights = class_weights(self.labels, len(classifier.class_names))
        return mean_loss(np.concatenate(logits), self.labels, weights)

    def _fill(self) -> None:
        def resized(_, picture) -> np.ndarray:
            return np.rint(network_input(np.ascontiguousarray(picture.read()), self.image_size)).astype(
                np.uint8
            )

        ready = prefetch(resized, self.pictures or (), ahead=16)
        with progress_bar(len(self), "Reading", enabled=self.progress, delay=1) as bar, closing(ready):
            for row, image in enumerate(ready):
                self._images[row] = image
                bar.update()
