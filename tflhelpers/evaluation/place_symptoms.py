"""Boxes in the wrong place: as fractions, with x and y swapped, or drawn on a picture that lay on its side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.diagnosis import Cause

OVERLAP = 0.5
SELDOM, OFTEN = 0.3, 0.6  # parts of the objects that are hit: as annotated, and if the cause is put right
_FRACTION = 1.5  # pixels: the largest edge of boxes that are meant as 0 to 1
_OUTSIDE_PX = 2.0

Size = tuple[int, int]


def _swapped(x: np.ndarray, y: np.ndarray, size: Size) -> tuple[np.ndarray, np.ndarray]:
    return y, x


def _clockwise(x: np.ndarray, y: np.ndarray, size: Size) -> tuple[np.ndarray, np.ndarray]:
    return size[1] - y, x


def _counterclockwise(x: np.ndarray, y: np.ndarray, size: Size) -> tuple[np.ndarray, np.ndarray]:
    return y, size[0] - x


def _half(x: np.ndarray, y: np.ndarray, size: Size) -> tuple[np.ndarray, np.ndarray]:
    return size[1] - x, size[0] - y


# Where a point of the picture as it was annotated lies in the upright one of `size` (height, width).
TURNS: dict[str, Callable[[np.ndarray, np.ndarray, Size], tuple[np.ndarray, np.ndarray]]] = {
    "x and y are swapped": _swapped,
    "a quarter to the right": _clockwise,
    "a quarter to the left": _counterclockwise,
    "upside down": _half,
}
SWAPPED = "x and y are swapped"


def fraction_causes(true: Sequence[Boxes], predictions: Sequence[Boxes]) -> Iterator[Cause]:
    """Boxes that lie in 0 to 1 instead of in pixels, in the annotations or from the detector."""
    sides = (("annotated", true), ("detected", predictions))
    for name, boxes in sides:
        edges = np.concatenate([np.zeros((0, 4)), *[each.xyxy for each in boxes]])
        if len(edges) and 0 < edges.max() <= _FRACTION:
            yield Cause(
                "boxes are given as fractions",
                f"The largest edge of all {len(edges)} {name} boxes is {edges.max():.2f}, which in pixels would be "
                "a box of one pixel.",
                "Boxes are in pixels: multiply x by the picture's width and y by its height "
                "(boxes.scale(width, height)).",
            )


def place_causes(
    true: Sequence[Boxes],
    surest: Sequence[Boxes],
    sizes: Sequence[Size],
    annotated_sizes: Sequence[Size | None],
    stored_sideways: Sequence[bool],
) -> Iterator[Cause]:
    """Boxes that would fit if x and y were swapped or the picture turned.

    Args:
        true: the annotated boxes of each picture.
        surest: the detector's surest boxes there.
        sizes: (height, width) of the upright pictures.
        annotated_sizes: the same as the annotation file has them.
        stored_sideways: whether the picture's file holds it turned.
    """
    n = sum(map(len, true))
    as_is = n_hit(true, surest)
    turned = {name: n_hit(turn_boxes(true, sizes, name), surest) for name in TURNS}
    best = max(turned, key=lambda name: turned[name])
    if as_is <= SELDOM * n and turned[best] >= max(OFTEN * n, as_is + 1):
        told = f"The detector's surest boxes fit {as_is} of {n} annotated ones as they are"
        yield (
            _swap(f"{told}, but {turned[best]} with x and y swapped.")
            if best == SWAPPED
            else _turned(f"{told}, but {turned[best]} after turning them {best}.")
        )
        return
    if as_is > SELDOM * n:
        return
    sideways = [
        size == upright[::-1] != upright for size, upright in zip(annotated_sizes, sizes, strict=True) if size
    ]
    if any(sideways):
        yield _turned(f"{sum(sideways)} of {len(sizes)} pictures were annotated lying on their side.")
        return
    outside = [
        _leaves(boxes, upright) and not _leaves(boxes, upright[::-1])
        for boxes, upright in zip(true, sizes, strict=True)
    ]
    if any(outside):
        told = f"On {sum(outside)} of {len(sizes)} pictures, boxes reach outside the picture, but would fit inside if "
        in_exif = any(out and on_side for out, on_side in zip(outside, stored_sideways, strict=True))
        yield _turned(told + "it were turned.") if in_exif else _swap(told + "x and y were swapped.")


def n_hit(true: Sequence[Boxes], surest: Sequence[Boxes]) -> int:
    """Number of boxes that one of the picture's surest overlaps by half, whatever its class."""
    overlaps = [a.iou(b) for a, b in zip(true, surest, strict=True)]
    return int(sum((each.max(axis=1, initial=0) >= OVERLAP).sum() for each in overlaps))


def turn_boxes(true: Sequence[Boxes], sizes: Sequence[Size], turn: str) -> list[Boxes]:
    """The boxes as they lie in the upright pictures, if they were annotated in ones that need this turn."""
    turned = []
    for boxes, size in zip(true, sizes, strict=True):
        x1, y1, x2, y2 = boxes.xyxy.astype(np.float64).T
        (ax, ay), (bx, by) = TURNS[turn](x1, y1, size), TURNS[turn](x2, y2, size)
        edges = [np.minimum(ax, bx), np.minimum(ay, by), np.maximum(ax, bx), np.maximum(ay, by)]
        turned.append(Boxes(np.stack(edges, axis=1), boxes.labels))
    return turned


def _leaves(boxes: Boxes, size: Size) -> bool:
    if not len(boxes):
        return False
    right, bottom = boxes.xyxy[:, 2:].max(axis=0)
    return bool(right > size[1] + _OUTSIDE_PX or bottom > size[0] + _OUTSIDE_PX)


def _swap(evidence: str) -> Cause:
    return Cause(
        SWAPPED,
        evidence,
        "Boxes are x1, y1, x2, y2: if they came as y1, x1, y2, x2 (as TensorFlow has them), reorder the columns "
        "with xyxy[:, [1, 0, 3, 2]].",
    )


def _turned(evidence: str) -> Cause:
    return Cause(
        "boxes were drawn on pictures that were not turned upright",
        evidence,
        "The photos carry an EXIF tag that says how to hold them, and the tool that drew the boxes ignored it. "
        "Draw them here, or turn the boxes once, with their pictures, when importing.",
    )
