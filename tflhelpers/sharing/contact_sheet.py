"""`contact_sheet`: many pictures side by side in one, to look at them together, with their boxes if they have any."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError, image_size, letterbox, read_image
from tflhelpers.files.kinds import check_kind
from tflhelpers.progress import progress_bar
from tflhelpers.sharing.draw import draw_boxes

_PAPER = (255, 255, 255)
_ANNOTATED_COLUMNS = 4  # at most, so that names on boxes are legible at the usual width
_LINE_WIDTH, _FONT_SIZE = 2, 11


class _Item(NamedTuple):
    """A picture of the sheet, read only when its turn comes."""

    image: np.ndarray | str | os.PathLike
    size: tuple[int, int]
    boxes: Boxes | None = None


def contact_sheet(
    images: Annotations | Iterable[np.ndarray | str | os.PathLike],
    *,
    columns: int | None = None,
    width: int = 1200,
    gap: int = 6,
    max_images: int = 200,
    progress: bool = True,
) -> np.ndarray:
    """Lay pictures out in rows on white, each in proportion in a cell of its own.

    Of annotations it draws the boxes too, with their names, to check them by eye: lines and letters have the
    size of the sheet, however large the photos are. Pictures that are missing or unreadable are left out with a
    warning.

    Args:
        images: RGB uint8 (H, W, 3) arrays of any sizes, or picture files, or annotations.
        columns: pictures a row; None: as many rows as columns, about, and of annotations at most 4.
        width: of the sheet, in pixels.
        gap: pixels between pictures.
        max_images: of annotations with more pictures, so many are shown, evenly spread, with a warning.
        progress: show a bar where it takes longer than two seconds.

    Returns:
        uint8 (height, width, 3). The cells have the middle one of the pictures' shapes.

    Raises:
        ValueError: no pictures, or no room for them.
        TypeError: one picture or a folder instead of several.

    Example:
        >>> black = np.zeros((30, 40, 3), np.uint8)
        >>> contact_sheet([black, black, black], columns=2, width=86, gap=6).shape
        (66, 86, 3)
    """
    _check_images(images)
    class_names: Sequence[str] = ()
    if isinstance(images, Annotations):
        items, class_names = _annotated(images, max_images), images.class_names
        columns = columns or min(_ANNOTATED_COLUMNS, math.ceil(math.sqrt(len(items))))
    else:
        items = [_Item(image, _size_of(image)) for image in images]
    if not items:
        raise ValueError("images must hold at least one picture, got none. Give arrays or picture files.")
    columns = min(columns or math.ceil(math.sqrt(len(items))), len(items))
    cell_width = (width - gap * (columns - 1)) // columns
    if columns < 1 or cell_width < 1:
        raise ValueError(
            f"width must have room for {columns} pictures a row, got {width}. Use fewer columns."
        )
    shape = sorted(item.size[0] / item.size[1] for item in items)[len(items) // 2]
    cell_height = max(1, round(cell_width * shape))
    rows = math.ceil(len(items) / columns)
    sheet = np.full((rows * (cell_height + gap) - gap, width, 3), _PAPER, np.uint8)
    with progress_bar(len(items), "Drawing", enabled=progress, delay=2) as bar:
        for number, item in enumerate(items):
            row, column = divmod(number, columns)
            top, left = row * (cell_height + gap), column * (cell_width + gap)
            cell = _cell(item, (cell_height, cell_width), class_names)
            sheet[top : top + cell_height, left : left + cell_width] = cell
            bar.update()
    return sheet


def _annotated(annotations: Annotations, max_images: int) -> list[_Item]:
    """Return the pictures of annotations that can be shown, at most `max_images`.

    Raises:
        ValueError: if none of them can.
    """
    if max_images < 1:
        raise ValueError(f"max_images must be 1 or more pictures, got {max_images}.")
    items, missing = [], []
    shown = annotations.pictures
    if len(shown) > max_images:
        shown = tuple(shown[number * len(shown) // max_images] for number in range(max_images))
        warnings.warn(
            f"the sheet shows {max_images} of {len(annotations)} pictures, evenly spread. For others give a part: "
            f"contact_sheet(annotations[:{max_images}]).",
            stacklevel=3,
        )
    for picture in shown:
        try:
            items.append(_Item(picture.path, image_size(picture.path), picture.boxes))
        except (OSError, ImageError):
            missing.append(str(picture.path))
    if missing:
        told = (
            f"{len(missing)} of {len(shown)} pictures are missing or unreadable: "
            f"{', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}."
        )
        if not items:
            raise ValueError(
                f"expected pictures to draw on, {told} Load or import with images= their folder."
            )
        warnings.warn(f"{told} They are not on the sheet.", stacklevel=3)
    return items


def _check_images(images: Any) -> None:
    """Raise TypeError where one picture or a folder was given for several."""
    wanted = "images must be a list of pictures, or Annotations"
    if isinstance(images, str | os.PathLike):
        one = str(images)
        write = f'sorted(Path({one!r}).glob("*.jpg"))' if Path(one).is_dir() else f"[{one!r}]"
        raise TypeError(f"{wanted}, got the single path {one}. Write {write}.")
    if isinstance(images, np.ndarray) and images.ndim == 3:
        raise TypeError(f"{wanted}, got one of {images.shape}. Write [image].")
    check_kind(isinstance(images, Iterable), images, wanted, "Write [image]")


def _size_of(image: np.ndarray | str | os.PathLike) -> tuple[int, int]:
    if isinstance(image, str | os.PathLike):
        return image_size(image)
    wanted = "images must be a list of paths and arrays, or Annotations"
    check_kind(isinstance(image, np.ndarray), image, wanted, "Write contact_sheet(annotations) to see boxes")
    return image.shape[0], image.shape[1]


def _cell(item: _Item, size: tuple[int, int], class_names: Sequence[str]) -> np.ndarray:
    """Return a picture in its cell, uint8 (height, width, 3), with its boxes drawn in the cell's own pixels."""
    picture = read_image(item.image) if isinstance(item.image, str | os.PathLike) else item.image
    cell, placement = letterbox(picture, size, _PAPER)
    if item.boxes is None or not len(item.boxes):
        return cell
    boxes = placement.apply(item.boxes)
    return draw_boxes(cell, boxes, class_names, line_width=_LINE_WIDTH, font_size=_FONT_SIZE)
