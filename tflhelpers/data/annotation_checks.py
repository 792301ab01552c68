"""Finds what is wrong with annotations: boxes nobody meant to draw, pictures that are not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError, image_size, read_image
from tflhelpers.data.pictures import Picture
from tflhelpers.progress import progress_bar

_OUTSIDE_PX = 0.01  # files that store 0..1 miss the edge by rounding
_DUPLICATE_PX = 0.5


@dataclass(frozen=True)
class Problem:
    """One finding of `Annotations.check`.

    Attributes:
        kind: "missing_picture", "unreadable_picture", "duplicate_picture", "size_mismatch", "out_of_range",
            "zero_area" or "duplicate_box".
        image: The picture's path.
        box: Which of its boxes, from 0, or None where the picture as a whole is meant.
        message: What was expected, what is there, and what to do.
    """

    kind: str
    image: Path
    box: int | None
    message: str

    def __str__(self) -> str:
        where = self.image if self.box is None else f"{self.image}, box {self.box}"
        return f"{where}: {self.message}"


def find_problems(
    pictures: Sequence[Picture], *, decode: bool = False, progress: bool = True
) -> list[Problem]:
    """Return the problems of all pictures, in their order; see `Annotations.check`."""
    listed = Counter(picture.path for picture in pictures)
    problems: list[Problem] = []
    with progress_bar(len(pictures), "Checking", enabled=progress, delay=2) as bar:
        for picture in pictures:
            problems += _problems_of(picture, listed[picture.path], decode)
            bar.update()
    return problems


def _problems_of(picture: Picture, times_listed: int, decode: bool) -> Iterator[Problem]:
    if times_listed > 1:
        message = f"is listed {times_listed} times. Merge the entries, or training sees it that often."
        yield Problem("duplicate_picture", picture.path, None, message)
    true_size, problem = _read_size(picture.path, _size_by_decoding if decode else image_size)
    if problem:
        yield problem
    yield from _size_problems(picture, true_size)
    yield from _box_problems(picture, true_size or picture.size)


def _size_by_decoding(path: Path) -> tuple[int, int]:
    height, width = read_image(path).shape[:2]
    return height, width


def _read_size(
    path: Path, measure: Callable[[Path], tuple[int, int]]
) -> tuple[tuple[int, int] | None, Problem | None]:
    try:
        return measure(path), None
    except FileNotFoundError:
        message = (
            "there is no such file. Give the folder of the pictures: Annotations.load(path, images=...)."
        )
        return None, Problem("missing_picture", path, None, message)
    except (ImageError, OSError) as error:
        return None, Problem("unreadable_picture", path, None, str(error))


def _size_problems(picture: Picture, true_size: tuple[int, int] | None) -> Iterator[Problem]:
    if true_size is None or picture.size is None or true_size == picture.size:
        return
    message = f"expected height and width {picture.size} as annotated, the upright picture has {true_size}. "
    if picture.size == true_size[::-1]:
        message += "The boxes were probably drawn on the picture before turning it upright."
    else:
        message += "Is it the same picture, or was it resized after annotating?"
    yield Problem("size_mismatch", picture.path, None, message)


def _box_problems(picture: Picture, size: tuple[int, int] | None) -> Iterator[Problem]:
    boxes = picture.boxes
    duplicates = _duplicates(boxes)
    for row, xyxy in enumerate(boxes.xyxy):
        if size is not None and _is_outside(xyxy, size):
            message = (
                f"{xyxy.tolist()} lies partly outside the picture of {size[0]} × {size[1]} (height × width). "
            )
            yield Problem(
                "out_of_range", picture.path, row, message + "Cut it with boxes.clip((height, width))."
            )
        if boxes.area[row] == 0:
            message = f"{xyxy.tolist()} has zero area: a click without a drag? Remove it."
            yield Problem("zero_area", picture.path, row, message)
        if row in duplicates:
            message = f"is the same as box {duplicates[row]}, class and all. Remove one of them."
            yield Problem("duplicate_box", picture.path, row, message)


def _is_outside(xyxy: np.ndarray, size: tuple[int, int]) -> bool:
    limit = np.array([size[1], size[0]]) + _OUTSIDE_PX
    return bool((xyxy[:2] < -_OUTSIDE_PX).any() or (xyxy[2:] > limit).any())


def _duplicates(boxes: Boxes) -> dict[int, int]:
    """Return for each box that repeats an earlier one of its class, that earlier box."""
    apart = np.abs(boxes.xyxy[:, None] - boxes.xyxy[None]).max(axis=-1, initial=0)  # (n, n)
    same = (apart <= _DUPLICATE_PX) & (boxes.labels[:, None] == boxes.labels[None])
    first = {row: int(np.argmax(same[row])) for row in range(len(boxes))}
    return {row: other for row, other in first.items() if other < row}
