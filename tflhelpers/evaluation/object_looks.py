"""`looks_of`: where each true object lies, how large, bright and sharp it is, and whether it was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tflhelpers.data.images import ImageError, read_image
from tflhelpers.evaluation.findings import JudgedPicture
from tflhelpers.progress import progress_bar

_CROP = 64  # pixels of the longest side that sharpness is measured at


@dataclass(frozen=True, eq=False)
class ObjectLooks:
    """One entry for each true object that is no crowd; NaN where its picture cannot be read. All (n,).

    Attributes:
        missed: 1 if it was not found (missed, loose box or wrong class), else 0. float64.
        labels: class. int64.
        relative_side: square root of its part of the picture's area, 0 to 1.
        x, y: centre, 0 (left, top) to 1.
        at_edge: whether it touches the picture's edge. bool.
        brightness: mean gray value in its box, 0 to 255.
        sharpness: how much neighbouring pixels differ, for the contrast there is; larger is sharper.
    """

    missed: np.ndarray
    labels: np.ndarray
    relative_side: np.ndarray
    x: np.ndarray
    y: np.ndarray
    at_edge: np.ndarray
    brightness: np.ndarray
    sharpness: np.ndarray


def looks_of(pictures: Sequence[JudgedPicture], *, progress: bool = True) -> ObjectLooks:
    """Measure all true objects; pictures that cannot be read give their boxes' extent as their size."""
    rows: list[tuple[float, ...]] = []
    with progress_bar(len(pictures), "Looking at objects", enabled=progress, delay=2) as bar:
        for picture in pictures:
            rows += _rows(picture)
            bar.update()
    columns = np.array(rows, np.float64).reshape(-1, 8).T
    missed, labels, side, x, y, at_edge, brightness, sharpness = columns
    return ObjectLooks(missed, labels.astype(np.int64), side, x, y, at_edge > 0, brightness, sharpness)


def _rows(picture: JudgedPicture) -> list[tuple[float, ...]]:
    objects = np.flatnonzero(~picture.true.crowd_mask)
    if not len(objects):
        return []
    gray = _gray(picture)
    height, width = gray.shape if gray is not None else _extent(picture)
    found = {finding.truth for finding in picture.findings if finding.kind == "found"}
    rows: list[tuple[float, ...]] = []
    for row in objects.tolist():
        x1, y1, x2, y2 = picture.true.xyxy[row].tolist()
        rows.append(
            (
                float(row not in found),
                float(picture.true.labels[row]),
                float(np.sqrt(max((x2 - x1) * (y2 - y1), 0) / (height * width))),
                (x1 + x2) / 2 / width,
                (y1 + y2) / 2 / height,
                float(min(x1, y1) < 1 or x2 > width - 1 or y2 > height - 1),
                *_brightness_and_sharpness(gray, (x1, y1, x2, y2)),
            )
        )
    return rows


def _gray(picture: JudgedPicture) -> np.ndarray | None:
    try:
        return np.asarray(Image.fromarray(read_image(picture.path)).convert("L"), np.float32)
    except (OSError, ImageError):
        return None


def _extent(picture: JudgedPicture) -> tuple[float, float]:
    right, bottom = picture.true.xyxy[:, 2:].max(axis=0)
    return max(float(bottom), 1.0), max(float(right), 1.0)


def _brightness_and_sharpness(
    gray: np.ndarray | None, xyxy: tuple[float, float, float, float]
) -> tuple[float, float]:
    if gray is None:
        return float("nan"), float("nan")
    x1, y1 = (max(0, int(edge)) for edge in xyxy[:2])
    crop = gray[y1 : max(y1 + 1, int(np.ceil(xyxy[3]))), x1 : max(x1 + 1, int(np.ceil(xyxy[2])))]
    if not crop.size:
        return float(gray.mean()), 0.0
    return float(crop.mean()), sharpness(crop)


def sharpness(gray: np.ndarray) -> float:
    """Mean square of the Laplacian over the variance, at 64 pixels; blurring lowers it, brightness does not.

    Args:
        gray: float32 (h, w), 0 to 255.
    """
    scale = _CROP / max(gray.shape)
    if scale < 1:
        size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
        gray = np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BOX))
    if min(gray.shape) < 3 or gray.var() < 1:
        return 0.0
    middle = gray[1:-1, 1:-1]
    laplacian = gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * middle
    return float(np.square(laplacian).mean() / gray.var())
