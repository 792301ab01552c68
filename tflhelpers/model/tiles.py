"""Small things: an image is looked at in overlapping tiles and whole, and what is found in all of them is merged.

As in "Slicing Aided Hyper Inference" (Akyon et al. 2022), but boxes that the edge of a tile has cut give way to those
that another view has seen whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tflhelpers.data.boxes import Boxes, iou_matrix, shared_areas
from tflhelpers.files.json_file import Check

Tiles = tuple[int, int]  # (rows, columns)

OVERLAP = (
    0.25  # of a tile's side that it shares with its neighbour: what is no larger is whole in one of them
)
MOST_TILES = 8  # rows, or columns
SAME_IOU = 0.5  # of two boxes of a class that overlap more than this, the weaker goes
MOST_INSIDE = 0.5  # of a cut box may lie in another of its class, or it is a part of that one's object
_EDGE = 0.01  # of a tile's side: a box that ends so near its edge may have been cut there
_LEAST_EDGE = 2.0  # pixels
_LOOKED_AT = 10  # times as many boxes as are asked for, the surest


def checked_tiles(tiles: Any) -> Tiles | None:
    """`tiles`; None for none, also where it is (1, 1).

    Raises:
        ValueError: it is no pair (rows, columns) of whole numbers from 1 to 8.
    """
    if tiles is None:
        return None
    if not _are_tiles(tiles):
        raise ValueError(
            f"tiles must be (rows, columns), each from 1 to {MOST_TILES}, None for the whole image alone, or "
            f"'auto', got {tiles!r}."
        )
    rows, columns = (int(n) for n in tiles)
    return None if (rows, columns) == (1, 1) else (rows, columns)


def _are_tiles(value: Any) -> bool:
    whole = isinstance(value, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in value)
    return whole and len(value) == 2 and all(1 <= n <= MOST_TILES and n is not True for n in value)


TILES: Check = (
    (lambda value: value is None or _are_tiles(value)),
    f"two numbers from 1 to {MOST_TILES}, or null",
)


def view_count(tiles: Tiles | None) -> int:
    """How many times a detector looks at an image: whole, and at each tile.

    >>> view_count((2, 3)), view_count(None)
    (7, 1)
    """
    rows, columns = tiles or (0, 0)
    return 1 + rows * columns


def magnification(count: int) -> float:
    """How many times as large a side of an image is in `count` tiles as in the whole.

    >>> magnification(1), magnification(2), magnification(4)
    (1.0, 1.75, 3.25)
    """
    return count - (count - 1) * OVERLAP


def windows_of(image_size: Sequence[int], tiles: Tiles) -> np.ndarray:
    """The whole image and its tiles, row by row: int64 (1 + rows * columns, 4), x1, y1, x2, y2 in pixels.

    Neighbours share `OVERLAP` of a tile's side, and together they cover the image. A tile has a pixel at least.

    Args:
        image_size: (height, width).
        tiles: (rows, columns).
    """
    height, width = (int(side) for side in image_size[:2])
    tops, bottoms = _cuts(height, tiles[0])
    lefts, rights = _cuts(width, tiles[1])
    parts = [
        (left, top, right, bottom)
        for top, bottom in zip(tops, bottoms, strict=True)
        for left, right in zip(lefts, rights, strict=True)
    ]
    return np.array([(0, 0, width, height), *parts], np.int64)


def _cuts(length: int, count: int) -> tuple[list[int], list[int]]:
    side = length / magnification(count)
    starts = np.linspace(0.0, length - side, count)
    firsts = np.minimum(np.floor(starts).astype(int), length - 1)
    ends = np.maximum(np.ceil(starts + side - 1e-9).astype(int), firsts + 1)
    return firsts.tolist(), np.minimum(ends, length).tolist()


def merged(found: Sequence[Boxes], windows: np.ndarray, max_boxes: int) -> Boxes:
    """The boxes of all views as those of one image, best first, each thing once.

    Args:
        found: the boxes of each view, in its pixels, with scores.
        windows: (V, 4), of `windows_of`; the first is the whole image.
        max_boxes: at most so many.
    """
    xyxy = np.concatenate(
        [boxes.xyxy + window[[0, 1, 0, 1]] for boxes, window in zip(found, windows, strict=True)]
    ).astype(np.float32)
    labels = np.concatenate([boxes.labels for boxes in found])
    scores = np.concatenate([np.asarray(boxes.scores, np.float32) for boxes in found])
    cut = np.concatenate(
        [_is_cut(boxes.xyxy, window, windows[0]) for boxes, window in zip(found, windows, strict=True)]
    )
    surest = np.argsort(-scores, kind="stable")[: _LOOKED_AT * max_boxes]
    xyxy, labels, scores, cut = xyxy[surest], labels[surest], scores[surest], cut[surest]
    kept = np.sort(_best(xyxy, labels, scores, cut))[:max_boxes]
    return Boxes(xyxy[kept], labels[kept], scores[kept])


def _is_cut(xyxy: np.ndarray, window: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Which boxes end at an edge of their tile that is not the image's: bool (n,)."""
    sides = np.tile(window[2:] - window[:2], 2)
    near = np.maximum(_EDGE * sides, _LEAST_EDGE)
    edges = np.concatenate([[0, 0], window[2:] - window[:2]])
    inner = window != whole
    return ((np.abs(xyxy - edges) <= near) & inner).any(axis=1)


def _best(xyxy: np.ndarray, labels: np.ndarray, scores: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Rows that stay: those seen whole first, by score, and then what was cut and is a part of none of them."""
    order = np.lexsort((-scores, cut))
    kept: list[int] = []
    alive = np.ones(len(order), bool)
    areas = np.prod(xyxy[:, 2:] - xyxy[:, :2], axis=1)
    for row in order.tolist():
        if not alive[row]:
            continue
        kept.append(row)
        mine = xyxy[row : row + 1]
        same = labels == labels[row]
        inside = shared_areas(xyxy, mine)[:, 0] > MOST_INSIDE * areas
        alive &= ~(same & ((iou_matrix(xyxy, mine)[:, 0] > SAME_IOU) | (cut & inside)))
    return np.array(kept, np.int64)
