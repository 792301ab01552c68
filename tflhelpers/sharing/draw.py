"""`draw_boxes`: boxes and their names on a copy of a picture, to be read at any size."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.files.kinds import check_kind
from tflhelpers.sharing.fonts import showable
from tflhelpers.sharing.palette import Colour, class_colour, contrast_colour
from tflhelpers.sharing.tags import Rectangle, make_tag, place_tag

# Sizes follow the geometric mean of the picture's sides: 720 px (960x540) gives lines of 3 and letters of 20.
_SIDE_PER_LINE = 250
_SIDE_PER_FONT_SIZE = 36
_SMALLEST_FONT = 9


def draw_boxes(
    image: np.ndarray | str | os.PathLike,
    boxes: Boxes,
    class_names: Sequence[str],
    *,
    scores: bool = True,
    line_width: int | None = None,
    font_size: int | None = None,
    font: str | os.PathLike | None = None,
) -> np.ndarray:
    """Draw boxes with their class names; the picture itself stays as it is.

    Colours belong to classes and can be told apart by colour-blind people (see `palette`); lines and tags
    have a black or white border, so that they are seen on any ground. Tags stay inside the picture: they
    move, shrink, at last are shortened, and in pictures under some 25 pixels are left out. Crowd boxes
    (regions to ignore) are dashed. A box wholly outside is not drawn.

    Args:
        image: RGB uint8 (H, W, 3), or a picture file.
        boxes: truth or predictions, in pixels of `image`.
        class_names: the name of each label; `[]` draws boxes without tags.
        scores: whether to write the scores, in percent, if the boxes have any.
        line_width: pixels; None: after the picture's size.
        font_size: pixels; None: after the picture's size.
        font: file of a font to prefer, for class names in letters that the fonts here lack.

    Returns:
        A new picture, uint8 (H, W, 3).

    Raises:
        TypeError: `boxes` is no `Boxes`, or `class_names` no list of names.
        ValueError: `image` is no RGB uint8 picture, a label has no name, or a size is below 1.

    Example:
        >>> gray = np.full((60, 80, 3), 128, np.uint8)
        >>> drawn = draw_boxes(gray, Boxes([[20, 30, 60, 50]], [0], [0.87]), ["duck"])
        >>> drawn[40, 20].tolist()  # on the left line: the orange of class 0
        [230, 159, 0]
    """
    canvas = _copy_of(image)
    names = _checked_names(boxes, class_names)
    side = math.sqrt(canvas.shape[0] * canvas.shape[1])
    line = _checked_size(line_width, "line_width", max(1, round(side / _SIDE_PER_LINE)))
    letters = _checked_size(font_size, "font_size", max(_SMALLEST_FONT, round(side / _SIDE_PER_FONT_SIZE)))
    border = max(1, line // 3)

    places = [_frame_place(xyxy, line + 2 * border, canvas.shape) for xyxy in boxes.xyxy]
    for row in np.argsort(-boxes.area, kind="stable"):  # small boxes over large ones
        if (place := places[row]) is not None:
            _draw_frame(canvas, place, line, border, class_colour(boxes.labels[row]), boxes.crowd_mask[row])
    if names:
        percents = boxes.scores if scores else None
        _draw_tags(canvas, places, boxes.labels, percents, names, letters, border, font)
    return canvas


def _draw_tags(
    canvas: np.ndarray,
    places: list[Rectangle | None],
    labels: np.ndarray,
    scores: np.ndarray | None,
    names: Sequence[str],
    font_size: int,
    border: int,
    font: str | os.PathLike | None,
) -> None:
    """Draw all tags; the surest boxes choose their places first, and lie on top where there is no room."""
    order = range(len(places)) if scores is None else np.argsort(-scores, kind="stable")
    font = None if font is None else Path(font)
    room = (canvas.shape[0] // 2, canvas.shape[1])  # a higher tag would hide the picture
    tags: list[np.ndarray] = []
    taken = np.zeros((len(places), 4), np.int64)
    for row in order:
        if (place := places[row]) is None:
            continue
        label = int(labels[row])
        tag = make_tag(
            showable(names[label], label, font),
            "" if scores is None else percent(scores[row]),
            class_colour(label),
            font_size=font_size,
            border=border,
            room=room,
            font=font,
        )
        if tag is not None:
            taken[len(tags)] = place_tag(tag.shape[:2], place, canvas.shape[:2], taken[: len(tags)])
            tags.append(tag)
    rectangles = taken[: len(tags)].tolist()
    for tag, (left, top, right, bottom) in zip(reversed(tags), reversed(rectangles), strict=True):
        canvas[top:bottom, left:right] = tag


def percent(score: float) -> str:
    """A score for people: 100% is only what is exactly sure.

    >>> percent(0.874), percent(0.998), percent(1.0)
    ('87%', '99%', '100%')
    """
    return f"{100 if score >= 1 else min(99, math.floor(100 * float(score) + 0.5))}%"


def _frame_place(xyxy: np.ndarray, band: int, shape: tuple[int, ...]) -> Rectangle | None:
    """Outer edges of a frame whose band is centred on the box, cut to the picture; None if all is outside."""
    height, width = shape[:2]
    if xyxy[0] >= width or xyxy[1] >= height or xyxy[2] <= 0 or xyxy[3] <= 0:
        return None
    left, top = (max(0, math.floor(edge - band / 2 + 0.5)) for edge in xyxy[:2])
    right = min(width, math.floor(xyxy[2] + band / 2 + 0.5))
    bottom = min(height, math.floor(xyxy[3] + band / 2 + 0.5))
    return left, top, right, bottom


def _draw_frame(
    canvas: np.ndarray, place: Rectangle, line: int, border: int, colour: Colour, dashed: bool
) -> None:
    """Draw a coloured line within `place`, with a border on both of its sides."""
    left, top, right, bottom = place
    border = min(border, (min(right - left, bottom - top) - 1) // 3)  # something of the colour is always seen
    core = (left + border, top + border, right - border, bottom - border)
    strokes = list(_strokes(core, line, 4 * line if dashed else None))
    for x1, y1, x2, y2 in strokes:
        rows = slice(max(top, y1 - border), min(bottom, y2 + border))
        columns = slice(max(left, x1 - border), min(right, x2 + border))
        canvas[rows, columns] = contrast_colour(colour)
    for x1, y1, x2, y2 in strokes:
        canvas[y1:y2, x1:x2] = colour


def _strokes(core: Rectangle, line: int, dash: int | None) -> Iterator[Rectangle]:
    """The four sides, each whole or in dashes with gaps as long, as rectangles inside `core`."""
    left, top, right, bottom = core
    for x1, x2 in _pieces(left, right, dash):
        yield x1, top, x2, min(top + line, bottom)
        yield x1, max(bottom - line, top), x2, bottom
    for y1, y2 in _pieces(top, bottom, dash):
        yield left, y1, min(left + line, right), y2
        yield max(right - line, left), y1, right, y2


def _pieces(start: int, stop: int, dash: int | None) -> Iterator[tuple[int, int]]:
    """Start and stop of each dash from corner to corner; one piece if `dash` is None or the side is short."""
    if dash is None or stop - start < 3 * dash:
        yield start, stop
        return
    count = 2 * round(((stop - start) / dash - 1) / 2) + 1  # odd: a dash at each corner
    edges = np.linspace(start, stop, count + 1).round().astype(int)
    yield from zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True)


def _copy_of(image: np.ndarray | str | os.PathLike) -> np.ndarray:
    if isinstance(image, str | os.PathLike):
        return read_image(image)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        got = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(
            f"image must be a uint8 array, 0 to 255, got {got}. "
            "For floats from 0 to 1 write (image * 255).round().astype('uint8')."
        )
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(
            f"image must have shape (height, width, 3), RGB, got {image.shape}. read_image makes gray, "
            "transparent and other pictures RGB."
        )
    return image.copy()


def _checked_names(boxes: Boxes, class_names: Sequence[str]) -> list[str]:
    if not isinstance(boxes, Boxes):
        raise TypeError(f"boxes must be Boxes, got {type(boxes).__name__}. Write Boxes(xyxy, labels).")
    if isinstance(class_names, str):
        raise TypeError(f"class_names must be a list of names, got {class_names!r}. Write [{class_names!r}].")
    wanted = "class_names must be a list of names"
    check_kind(isinstance(class_names, Iterable), class_names, wanted, "Write detector.class_names")
    names = list(class_names)
    if names and len(boxes) and boxes.labels.max() >= len(names):
        known = ", ".join(map(str, names[:5])) + (", …" if len(names) > 5 else "")
        raise ValueError(
            f"boxes.labels must be below {len(names)}, the number of class_names ({known}), "
            f"got {boxes.labels.max()}. Give the names of all classes, in their order."
        )
    return names


def _checked_size(given: int | None, name: str, default: int) -> int:
    if given is None:
        return default
    if given < 1 or given != int(given):
        raise ValueError(
            f"{name} must be whole pixels, at least 1, got {given}. Leave it out for a fitting one."
        )
    return int(given)
