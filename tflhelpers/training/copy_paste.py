"""Copy-paste: objects are put into photos of other classes, to be learned in front of more than their own ground.

As in "Cut, Paste and Learn" (Dwibedi et al. 2017), but from boxes: what is copied is the box's inside, rounded at the
corners and soft at the edge.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tflhelpers.data.boxes import shared_areas
from tflhelpers.training.matching import PADDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MARGIN = 0.06  # of the box's sides, copied around it
SCALE = (0.7, 1.4)  # of the object's size, as a share of the picture's
LEAST_SIDE = 4  # pixels
TRIES = 10  # for a size and a place where nothing else is
MOST_COVERED = 0.1  # of an object's box may be another's, for it to be copied
MAX_SOURCES = 32  # photos a class that objects are copied from
ROUNDNESS = 4.0  # exponent of the superellipse that is copied; 2 is an ellipse, infinity the box
SOFT = (0.92, 1.08)  # from where to where it fades, in half sides of the box


class CopyPaste:
    """Photos of a set with now and then an object of another in them, of a class that they lack.

    With a class that is there already they would get what every photo of that class teaches: on the five photos of one
    thing that made the boxes looser. Only those of rare classes are put beside others of their own, and more of them:
    a few boxes beside hundreds teach little (benchmarks/rare_things.py). Pictures without objects stay what they are.

    Args:
        pictures: anything that gives for an index (picture uint8 (H, W, 3), boxes_rel_yxyx float32 (G, 4), labels
            int32 (G,), below 0 as in `matching`).
        labels: of each picture's objects.
        probability: of a photo to get one.
        flip: probability that it is mirrored.
        seed: equal seeds give equal photos.
        extra: label -> objects of that class that each photo with objects gets besides, in the mean; of
            `rare_classes.copies_of_rare`.
    """

    def __init__(
        self,
        pictures,
        labels: Sequence[np.ndarray],
        *,
        probability: float,
        flip: float,
        seed: int,
        extra: Mapping[int, float] | None = None,
    ) -> None:
        self.pictures, self.probability, self.flip, self.seed = pictures, probability, flip, seed
        self._has = [set(np.asarray(its, int).tolist()) for its in labels]
        self._extra = dict(extra or {})
        self._most_pasted = 1 + sum(math.ceil(copies) for copies in self._extra.values())
        shown_on: dict[int, list[int]] = {}
        for index, its in enumerate(self._has):
            for label in its:
                shown_on.setdefault(label, []).append(index)
        self._sources = {
            label: [on[at] for at in np.linspace(0, len(on) - 1, min(len(on), MAX_SOURCES)).astype(int)]
            for label, on in sorted(shown_on.items())
        }

    def photo(self, index: int, view: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Photo `index` with its boxes and labels, which have a row for each object it may get, or padding."""
        picture, boxes, labels = self.pictures[index]
        rng = np.random.default_rng((self.seed, index, view))
        given = len(labels)
        for label in self._chosen(index, rng):
            pasted = self._paste(label, picture, boxes[labels != PADDING], rng)
            if pasted is not None:
                picture, box, label = pasted
                boxes, labels = np.vstack([boxes, box]), np.append(labels, label)
        unused = self._most_pasted - (len(labels) - given)
        boxes = np.vstack([boxes, np.zeros((unused, 4))]).astype(np.float32)
        return picture, boxes, np.append(labels, np.full(unused, PADDING)).astype(np.int32)

    def _chosen(self, index: int, rng: np.random.Generator) -> Iterator[int]:
        """The classes of the objects that a photo gets: now and then one that it lacks, and those that are rare."""
        lacking = [label for label in self._sources if label not in self._has[index]]
        if self._has[index] and lacking and rng.random() < self.probability:
            yield int(rng.choice(lacking))
        for label, copies in self._extra.items() if self._has[index] else ():
            yield from [label] * math.floor(copies + rng.random())

    def _paste(
        self, label: int, picture: np.ndarray, taken: np.ndarray, rng: np.random.Generator
    ) -> tuple | None:
        """(picture, box, label) with an object in it, None if there is none to be had or no room."""
        source, boxes, labels = self.pictures[int(rng.choice(self._sources[label]))]
        rows = [row for row in np.flatnonzero(labels == label).tolist() if _stands_free(row, boxes, labels)]
        if not rows:
            return None
        crop, inside = cut_out(source, boxes[rng.choice(rows)])
        if rng.random() < self.flip:
            crop = crop[:, ::-1]
            inside = np.array([inside[0], 1.0 - inside[3], inside[2], 1.0 - inside[1]])
        sides = np.array(picture.shape[:2])
        fitting = float((sides / source.shape[:2]).min())
        for _ in range(TRIES):
            scale = fitting * np.exp(rng.uniform(*np.log(SCALE)))
            size = np.rint(np.array(crop.shape[:2]) * scale).astype(int)
            if (size < LEAST_SIDE).any() or (size > sides).any():
                continue
            corner = rng.integers(0, sides - size + 1)
            window = np.concatenate([corner, corner + size]) / np.tile(sides, 2)
            if not shared_areas(window[None], taken).any():
                box = (np.tile(corner, 2) + inside * np.tile(size, 2)) / np.tile(sides, 2)
                return blend(picture, crop, inside, corner, size), box, label
        return None


def cut_out(picture: np.ndarray, box_rel_yxyx: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is inside a box and a little around it, and where in that the box is, in 0..1."""
    sides = np.tile(picture.shape[:2], 2)
    box = box_rel_yxyx * sides
    margin = MARGIN * np.tile(box[2:] - box[:2], 2) * [-1, -1, 1, 1]
    low, high = np.floor((box + margin)[:2]), np.ceil((box + margin)[2:])
    low, high = np.maximum(low, 0).astype(int), np.minimum(high, sides[2:]).astype(int)
    crop = picture[low[0] : high[0], low[1] : high[1]]
    return crop, (box - np.tile(low, 2)) / np.tile(high - low, 2)


def blend(
    picture: np.ndarray, crop: np.ndarray, inside: np.ndarray, corner: np.ndarray, size: np.ndarray
) -> np.ndarray:
    """A copy of the picture with the crop, scaled to `size`, at `corner`; it covers only what is near `inside`."""
    height, width = size
    scaled = np.asarray(Image.fromarray(crop).resize((width, height), Image.Resampling.BILINEAR), np.float32)
    down, across = (
        np.abs((np.arange(count) + 0.5) / count - (low + high) / 2) * 2 / (high - low)
        for count, low, high in ((height, inside[0], inside[2]), (width, inside[1], inside[3]))
    )
    radius = (down[:, None] ** ROUNDNESS + across[None, :] ** ROUNDNESS) ** (1 / ROUNDNESS)
    cover = np.clip((SOFT[1] - radius) / (SOFT[1] - SOFT[0]), 0.0, 1.0)[..., None]
    result = picture.copy()
    part = result[corner[0] : corner[0] + height, corner[1] : corner[1] + width]
    part[:] = np.rint(part * (1.0 - cover) + scaled * cover).astype(np.uint8)
    return result


def _stands_free(row: int, boxes: np.ndarray, labels: np.ndarray) -> bool:
    """Whether no other box, crowds included, covers much of the row's; it would come along unlabelled."""
    others = boxes[(labels != PADDING) & (np.arange(len(labels)) != row)]
    box = boxes[row]
    area = float(np.prod(box[2:] - box[:2]))
    return area > 0 and bool((shared_areas(box[None], others) <= MOST_COVERED * area).all())
