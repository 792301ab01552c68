"""Training on tiles: crops of the photos at the magnification at which a detector will look at tiles of an image."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import shared_areas
from tflhelpers.data.images import image_size as size_of_picture
from tflhelpers.model.tiles import MOST_TILES, Tiles, magnification, view_count, windows_of
from tflhelpers.training.advice import sides_of
from tflhelpers.training.augment import LEAST_SEEN
from tflhelpers.training.batches import TrainingPictures
from tflhelpers.training.matching import IGNORE, PADDING

WANTED_SIDE = 32.0  # pixels of the network: the side of its smallest anchors
SMALL_SIDE = 24.0  # pixels of the network: what is no smaller is learned as well from whole photos
LEAST_SIDE = 8.0  # pixels of the network that an object must have to be learned from a view
MOST_ENLARGED = 1.5  # times its own pixels that a photo is shown: beyond that tiles show nothing new
SMALL_PART = 0.25  # of a class's objects are smaller than the one that tiles are chosen by


def choose_tiles(annotations: Annotations, image_size: tuple[int, int]) -> Tiles | None:
    """The fewest tiles in which all but a quarter of each class's objects are as large as the smallest anchor.

    Args:
        annotations: only the sizes of the photos are read.
        image_size: (height, width) of the network's input.

    Returns:
        (rows, columns), equal; None where the whole image shows the objects large enough, or the photos have no more
        pixels than the network sees of them.
    """
    sides, labels, paths = sides_of(annotations, image_size)
    of_classes = [np.quantile(sides[labels == label], SMALL_PART) for label in np.unique(labels)]
    side = float(min(of_classes, default=np.inf))
    if side >= SMALL_SIDE:
        return None
    enough = (count for count in range(1, MOST_TILES) if side * magnification(count) >= WANTED_SIDE)
    most = MOST_ENLARGED * _pixels_there(set(paths), image_size)
    count = max(n for n in range(1, next(enough, MOST_TILES) + 1) if n == 1 or magnification(n) <= most)
    return None if count == 1 else (count, count)


def _pixels_there(paths: Iterable[Path], image_size: tuple[int, int]) -> float:
    """How many pixels the photo in the middle has on a side for each that the network sees of it."""
    return float(
        np.sqrt(np.median([np.prod(size_of_picture(path)[:2]) for path in paths]) / np.prod(image_size))
    )


def training_pictures(
    annotations: Annotations, image_size: tuple[int, int], tiles: Tiles | None
) -> TrainingPictures:
    """The photos whole, or as crops."""
    if tiles is None:
        return TrainingPictures(annotations, image_size)
    return TiledPictures(annotations, image_size, tiles)


def size_in_tiles(image_size: tuple[int, int], tiles: Tiles | None) -> tuple[int, int]:
    """The size (height, width) at which the network sees an image in tiles."""
    rows, columns = tiles or (1, 1)
    return round(image_size[0] * magnification(rows)), round(image_size[1] * magnification(columns))


def in_tiles(tiles: Tiles) -> str:
    """What a training on tiles has to tell."""
    rows, columns = tiles
    return (
        f"Some objects are small in the photos, so it learned from crops as large as {rows} x {columns} overlapping "
        f"tiles, and looks in as many: {view_count(tiles)} times as long for each image. "
        "detect(..., tiles=None) looks at the whole image alone."
    )


class TiledPictures(TrainingPictures):
    """The photos of a set as crops: each whole, each tile that shows an object, and as many that show none.

    Where a crop shows less than a quarter of an object, that part counts neither as the object nor as background.

    Args:
        annotations: the photos and boxes.
        image_size: (height, width) of the network's input.
        tiles: (rows, columns), those that the detector will look at.
    """

    def __init__(self, annotations: Annotations, image_size: tuple[int, int], tiles: Tiles) -> None:
        super().__init__(annotations, image_size)
        self._tiles = tiles
        crops = [
            (photo, window, labels)
            for photo, path in enumerate(self._photo_paths)
            for window, labels in self._chosen(photo, size_of_picture(path))
        ]
        self._crops = [(photo, window) for photo, window, _ in crops]
        self.paths = [self._photo_paths[photo] for photo, _ in self._crops]
        self.labels = [labels for _, _, labels in crops]

    @property
    def _working_size(self) -> tuple[int, int]:
        (height, width), (rows, columns) = self.image_size, self._tiles
        return height * rows, width * columns

    def _chosen(self, photo: int, size: tuple[int, ...]) -> list[tuple[tuple[float, ...], np.ndarray]]:
        """Windows of a photo with the labels seen in them; as fractions y1, x1, y2, x2, as it is kept smaller."""
        windows = windows_of(size, self._tiles)
        seen = [self._seen_in(photo, window) for window in windows]
        shows = np.array([len(labels) > 0 for labels in seen])
        empty = np.flatnonzero(~shows[1:]) + 1
        count = min(len(empty), int(shows[1:].sum()))
        even = empty[np.linspace(0, len(empty) - 1, count).astype(int)] if count else empty[:0]
        kept = [0, *sorted({*np.flatnonzero(shows).tolist(), *even.tolist()} - {0})]
        height, width = size[:2]
        return [
            ((top / height, left / width, bottom / height, right / width), seen[number])
            for number, (left, top, right, bottom) in zip(kept, windows[kept].tolist(), strict=True)
        ]

    def _seen_in(self, photo: int, window_xyxy: np.ndarray) -> np.ndarray:
        """Labels of the objects of which a window shows enough, and large enough."""
        boxes = self._boxes[photo]
        real = ~boxes.crowd_mask & (boxes.area > 0)
        inside = shared_areas(boxes.xyxy[real], window_xyxy[None].astype(np.float32))[:, 0]
        scale = np.prod(self.image_size) / np.prod(window_xyxy[2:] - window_xyxy[:2])
        large = np.sqrt(inside * scale) >= LEAST_SIDE
        return boxes.labels[real][large & (inside >= LEAST_SEEN * boxes.area[real])]

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        photo, window = self._crops[index]
        picture, boxes, labels = self._photo(photo)
        sides = np.tile(picture.shape[:2], 2)
        top, left, bottom, right = np.rint(np.array(window) * sides).astype(int)
        bottom, right = max(bottom, top + 1), max(right, left + 1)
        boxes, labels = _in_window(boxes, labels, np.array(window, np.float32))
        return picture[top:bottom, left:right], boxes, self._without_tiny(boxes, labels)

    def _without_tiny(self, boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Labels (G,); of what this view shows too small to be learned, nothing is asked."""
        sides = np.sqrt(np.prod((boxes[:, 2:] - boxes[:, :2]) * self.image_size, axis=1))
        return np.where((labels >= 0) & (sides < LEAST_SIDE), IGNORE, labels).astype(np.int32)


def _in_window(boxes: np.ndarray, labels: np.ndarray, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (G, 4) and labels (G,) as the window has them; what it does not show becomes padding."""
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    seen = shared_areas(boxes, window[None])[:, 0] / np.maximum(areas, 1e-12)
    labels = np.where((labels >= 0) & (seen < LEAST_SEEN), IGNORE, labels)
    labels = np.where(seen > 0, labels, PADDING)
    origin, sides = np.tile(window[:2], 2), np.tile(window[2:] - window[:2], 2)
    boxes = np.clip((boxes - origin) / sides, 0.0, 1.0)
    return np.where((labels != PADDING)[:, None], boxes, 0.0).astype(np.float32), labels.astype(np.int32)
