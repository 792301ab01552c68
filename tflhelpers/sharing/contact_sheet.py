"""`contact_sheet`: many pictures side by side in one, to look at them together."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable

import numpy as np

from tflhelpers.data.images import letterbox, read_image

_PAPER = (255, 255, 255)


def contact_sheet(
    images: Iterable[np.ndarray | str | os.PathLike],
    *,
    columns: int | None = None,
    width: int = 1200,
    gap: int = 6,
) -> np.ndarray:
    """Lay pictures out in rows on white, each in proportion in a cell of its own.

    Args:
        images: RGB uint8 (H, W, 3) arrays of any sizes, or picture files.
        columns: pictures a row; None: as many rows as columns, about.
        width: of the sheet, in pixels.
        gap: pixels between pictures.

    Returns:
        uint8 (height, width, 3). The cells have the middle one of the pictures' shapes.

    Raises:
        ValueError: no pictures, or no room for them.

    Example:
        >>> black = np.zeros((30, 40, 3), np.uint8)
        >>> contact_sheet([black, black, black], columns=2, width=86, gap=6).shape
        (66, 86, 3)
    """
    pictures = [read_image(image) if isinstance(image, str | os.PathLike) else image for image in images]
    if not pictures:
        raise ValueError("images must hold at least one picture, got none. Give arrays or picture files.")
    columns = min(columns or math.ceil(math.sqrt(len(pictures))), len(pictures))
    cell_width = (width - gap * (columns - 1)) // columns
    if columns < 1 or cell_width < 1:
        raise ValueError(
            f"width must have room for {columns} pictures a row, got {width}. Use fewer columns."
        )
    shape = sorted(picture.shape[0] / picture.shape[1] for picture in pictures)[len(pictures) // 2]
    cell_height = max(1, round(cell_width * shape))
    rows = math.ceil(len(pictures) / columns)
    sheet = np.full((rows * (cell_height + gap) - gap, width, 3), _PAPER, np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        top, left = row * (cell_height + gap), column * (cell_width + gap)
        cell = letterbox(picture, (cell_height, cell_width), _PAPER)[0]
        sheet[top : top + cell_height, left : left + cell_width] = cell
    return sheet
