"""Proof that an export finds what the Keras detector finds, made before the export is handed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import fit_within
from tflhelpers.data.samples import duck_photos
from tflhelpers.model.detector import Detector
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.nms import IOU_THRESHOLD
from tflhelpers.model.postprocess import pixels_xyxy
from tflhelpers.model.preprocess import checked_image

PICTURES = 5
LONGEST_SIDE = 1024  # pixels of the pictures compared: the limits are in theirs
MAX_BOXES = 100
LESS = 0.9  # than the lowest score that is compared: an export's may be a little lower


class ExportMismatch(RuntimeError):
    """An export does not find what the Keras detector finds; the message holds the figures. Nothing was written."""


@dataclass(frozen=True)
class Limits:
    """How far an export may be from Keras.

    Attributes:
        pixels: an edge of a box, in pixels of a picture whose longest side is at most 1024.
        score: a score.
        min_score: boxes with lower scores are not compared, but for the best one of a picture.
    """

    pixels: float
    score: float
    min_score: float


@dataclass(frozen=True)
class Equality:
    """How far an export is from Keras: the largest differences.

    Attributes:
        pictures: that were compared.
        boxes: that the export found in them.
        pixels: between edges of boxes, in pixels of the picture.
        score: between scores.
        missed: boxes of Keras that the export has nothing for.
    """

    pictures: int
    boxes: int
    pixels: float
    score: float
    missed: int

    def __str__(self) -> str:
        missed = f", {self.missed} missed" if self.missed else ""
        return (
            f"{self.boxes} boxes in {self.pictures} pictures, edges within {self.pixels:.2g} px and "
            f"scores within {self.score:.1e} of Keras{missed}"
        )


def pictures_of(
    images: Annotations | Iterable | None, *, longest: int | None = LONGEST_SIDE
) -> list[np.ndarray]:
    """RGB uint8 pictures: the first five of `images`, else of the package's own.

    Args:
        images: annotations, or paths, RGB uint8 arrays and labelled pictures.
        longest: pixels a side at most; None for as large as they are.

    Raises:
        ValueError: `images` holds none.
    """
    if images is None:
        images = duck_photos()
    paths = images.image_paths if isinstance(images, Annotations) else images
    pictures = [_read(image) for image in islice(paths, PICTURES)]
    if not pictures:
        raise ValueError(
            "images must hold at least one picture, got none. Leave it out for the package's own."
        )
    return pictures if longest is None else [fit_within(picture, longest) for picture in pictures]


def _read(image) -> np.ndarray:
    return np.ascontiguousarray(image.read()) if hasattr(image, "label") else checked_image(image)


def prove_equal(
    detector: Detector,
    exported: ImageDetector,
    pictures: Sequence[np.ndarray],
    limits: Limits,
    *,
    arguments: str = "images=",
) -> Equality:
    """How far what was exported is from `detector` on the pictures, if that is within the limits.

    Every box of the export must be one that Keras' network gives for some anchor, edges and score; and of the boxes
    that Keras' `detect` keeps, each must be there, or give way to one of its class that overlaps it. So two boxes that
    are equally good may change places, and nothing else may.

    Args:
        arguments: of the person's call, that may be changed where it is not equal.

    Raises:
        ExportMismatch: it is not.
    """
    engine, detector.engine = detector.engine, "keras"
    try:
        parts = [_compared(detector, exported, picture, limits) for picture in pictures]
    finally:
        detector.engine = engine
    equality = Equality(
        len(pictures),
        sum(part.boxes for part in parts),
        max(part.pixels for part in parts),
        max(part.score for part in parts),
        sum(part.missed for part in parts),
    )
    if equality.pixels > limits.pixels or equality.score > limits.score or equality.missed:
        raise ExportMismatch(
            f"expected edges within {limits.pixels} px and scores within {limits.score} of Keras, got {equality}. "
            f"Nothing was written. Another {arguments} may help; else please report it."
        )
    return equality


def _compared(detector: Detector, exported: ImageDetector, picture: np.ndarray, limits: Limits) -> Equality:
    found = detector.detect(picture, threshold=0.0, max_boxes=MAX_BOXES)
    floor = min([limits.min_score, *_scores(found)[:1]])  # where nothing is found, the best box is compared
    got = exported.detect(picture, threshold=floor * LESS, max_boxes=MAX_BOXES)
    wanted = found[_scores(found) >= floor + limits.score]
    if len(got) == MAX_BOXES:  # those below the last one may be beyond the hundredth place
        wanted = wanted[_scores(wanted) > _scores(got)[-1] + limits.score]
    raw = detector.raw_boxes(detector.network_input(picture)[None])
    candidates, scores = pixels_xyxy(raw.boxes_rel_yxyx[0], picture.shape[:2]), raw.scores[0]
    differences = [
        _nearest(xyxy, score, candidates, scores[:, label], limits)
        for xyxy, score, label in zip(got.xyxy, _scores(got), got.labels, strict=True)
    ]
    pixels, score = np.max([(0.0, 0.0), *differences], axis=0)
    return Equality(1, len(got), float(pixels), float(score), _missed(wanted, got, limits))


def _scores(boxes: Boxes) -> np.ndarray:
    return np.zeros(0, np.float32) if boxes.scores is None else boxes.scores


def _nearest(xyxy, score, candidates, scores, limits: Limits) -> tuple[float, float]:
    """(pixels, score) between a box and the anchor's box that is most like it."""
    pixels = np.abs(candidates - xyxy).max(axis=1)
    apart = np.abs(scores - score)
    best = np.argmin(np.maximum(pixels / limits.pixels, apart / limits.score))
    return pixels[best], apart[best]


def _missed(wanted: Boxes, got: Boxes, limits: Limits) -> int:
    """Boxes that the export has neither as they are nor an overlapping one of their class, about as good or better."""
    same = wanted.labels[:, None] == got.labels[None, :]
    as_good = _scores(got)[None, :] >= _scores(wanted)[:, None] - limits.score
    overlaps = wanted.iou(got) > IOU_THRESHOLD - 0.1  # clipped: suppression looked at them before
    return int((~(same & as_good & overlaps).any(axis=1)).sum())
