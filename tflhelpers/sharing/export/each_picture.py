"""`detect` and `detect_all` as `Detector` has them, for whatever looks at one picture after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sized
from contextlib import closing

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError
from tflhelpers.model.picture_boxes import check_many, checked_image, checked_threshold
from tflhelpers.model.reading_ahead import in_order
from tflhelpers.progress import progress_bar

AHEAD = 4  # pictures read before their turn
READERS = 2  # threads that read them
Prepared = tuple[np.ndarray, tuple[int, ...]]  # what the network takes in, and (height, width) of the picture


class PictureDetector(ABC):
    """Finds objects of its classes in pictures.

    Attributes:
        class_names: a name for each label.
        threshold: score from 0 to 1 that `detect` asks of a box unless told otherwise.
    """

    def __init__(self, class_names: Iterable[str], threshold: float) -> None:
        self.class_names = tuple(class_names)
        self.threshold = checked_threshold(threshold)

    @property
    @abstractmethod
    def image_size(self) -> tuple[int, int] | None:
        """(height, width) in pixels that pictures are resized to; None where they are taken in as they are."""

    @abstractmethod
    def _network_input(self, picture: np.ndarray) -> np.ndarray:
        """What the network takes in of RGB uint8 (H, W, 3); called in threads."""

    @abstractmethod
    def _boxes(
        self, inputs: np.ndarray, picture_size: tuple[int, ...], threshold: float, max_boxes: int
    ) -> Boxes:
        """What is found, best first, in pixels of the picture."""

    def detect(self, image, *, threshold: float | None = None, max_boxes: int = 100) -> Boxes:
        """The objects in one picture, best first.

        Args:
            image: a path, or RGB uint8 (H, W, 3) of any size.
            threshold: lowest score from 0 to 1; None for the detector's own.
            max_boxes: at most so many.

        Returns:
            Boxes with scores, in pixels of the picture, clipped to it.
        """
        threshold = checked_threshold(self.threshold if threshold is None else threshold)
        picture = checked_image(image)
        return self._boxes(self._network_input(picture), picture.shape[:2], threshold, max_boxes)

    def detect_all(
        self,
        images: Iterable,
        *,
        batch_size: int = 8,
        progress: bool = True,
        threshold: float | None = None,
        max_boxes: int = 100,
    ) -> list[Boxes]:
        """The objects in each of many pictures, of which a few at a time are in memory.

        Args:
            images: paths or RGB uint8 (H, W, 3) arrays; a generator will do.
            batch_size: taken for the sake of `Detector.detect_all`; the file looks at one picture at a time.
            progress: show a bar.
            threshold, max_boxes: as for `detect`.

        Raises:
            ImageError, FileNotFoundError: a file is no picture or absent; the message names it.
            ValueError: an array is no picture; the message says which.
        """
        threshold = checked_threshold(self.threshold if threshold is None else threshold)
        check_many(images, batch_size)
        total = len(images) if isinstance(images, Sized) else None
        found: list[Boxes] = []
        ready = in_order(self._prepared, images, ahead=AHEAD, threads=READERS)
        with progress_bar(total, "Detecting", enabled=progress) as bar, closing(ready):
            for inputs, picture_size in ready:
                found.append(self._boxes(inputs, picture_size, threshold, max_boxes))
                bar.update()
        return found

    def _prepared(self, number: int, image) -> Prepared:
        try:
            picture = checked_image(image)
        except ImageError:
            raise  # names the file
        except ValueError as error:
            raise ValueError(f"images[{number}]: {error}") from error
        return self._network_input(picture), picture.shape[:2]
