"""How alike the objects of a set are: by the correlation of small thumbnails in colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError, read_image
from tflhelpers.data.likeness import likeness

MOST_OBJECTS = 300  # that are compared, spread over all
_SIDE = 16  # of a thumbnail, in pixels


@dataclass(frozen=True, eq=False)
class ObjectLikeness:
    """How much each object resembles each other one.

    Attributes:
        photo, labels: of each object, int64 (n,).
        likeness: the higher of two correlations, as they are and with one mirrored. float64 (n, n), -1 to 1.
    """

    photo: np.ndarray
    labels: np.ndarray
    likeness: np.ndarray

    def to_nearest(self, *, of_same_class: bool) -> np.ndarray:
        """Likeness to the most similar object on another photo, of the same class or of others. (n,), -inf for none."""
        asked = self.photo[:, None] != self.photo[None]
        asked &= (self.labels[:, None] == self.labels[None]) == of_same_class
        return np.where(asked, self.likeness, -np.inf).max(axis=1, initial=-np.inf)


def likeness_of_objects(annotations: Annotations) -> ObjectLikeness:
    """Compare the objects of a set; photos that cannot be read are left out."""
    objects = [
        (number, label, small)
        for number, rows in enumerate(_chosen_rows(annotations))
        for label, small in _objects_of(annotations, number, rows)
    ]
    shape = (len(objects), _SIDE, _SIDE, 3)
    thumbnails = np.array([small for *_, small in objects], np.float32).reshape(shape)
    as_is, mirrored = (each.reshape(shape[0], _SIDE**2 * 3) for each in (thumbnails, thumbnails[:, :, ::-1]))
    return ObjectLikeness(
        np.array([number for number, _, _ in objects], np.int64),
        np.array([label for _, label, _ in objects], np.int64),
        np.maximum(likeness(as_is, as_is), likeness(as_is, mirrored)),
    )


def _chosen_rows(annotations: Annotations) -> list[list[int]]:
    """Rows of the boxes to look at on each photo: every n-th of the set's, without crowds and empty ones."""
    rows = [np.flatnonzero(~boxes.crowd_mask & (boxes.area > 0)) for _, boxes in annotations]
    step, before = max(1, -(-sum(map(len, rows)) // MOST_OBJECTS)), 0
    chosen = []
    for its in rows:
        chosen.append(its[-before % step :: step].tolist())
        before += len(its)
    return chosen


def _objects_of(annotations: Annotations, number: int, rows: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    """(label, thumbnail uint8 (16, 16, 3)) of some boxes of a photo."""
    path, boxes = annotations.pictures[number].path, annotations.pictures[number].boxes
    if not rows:
        return
    try:
        photo = read_image(path)
    except (OSError, ImageError):
        return
    for row in rows:
        seen = _crop(photo, boxes, row)
        if seen.size:
            small = Image.fromarray(seen).resize((_SIDE, _SIDE), Image.Resampling.BOX)
            yield int(boxes.labels[row]), np.asarray(small)


def _crop(photo: np.ndarray, boxes: Boxes, row: int) -> np.ndarray:
    """What a box shows, a pixel at least where it is inside the photo."""
    x1, y1, x2, y2 = boxes.clip(photo.shape[:2]).xyxy[row]
    left, top = int(x1), int(y1)
    return photo[top : max(top + 1, round(float(y2))), left : max(left + 1, round(float(x2)))]
