"""The pictures that a classifier gets most wrong, side by side, with what they are and were taken for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tflhelpers.classification.labelled import LabelledPictures
from tflhelpers.classification.scored import Mistake
from tflhelpers.data.images import letterbox
from tflhelpers.sharing.captions import PAPER, text_line

_GAP = 8


def wrong_gallery(
    pictures: LabelledPictures, shown: Sequence[Mistake], total: int, columns: int, width: int
) -> np.ndarray:
    """A sheet of the pictures in `shown`, in rows, under a line that says how many of how many they are.

    Args:
        pictures: that were judged.
        shown: the mistakes to show.
        total: mistakes there are.
        columns: pictures a row.
        width: of the sheet in pixels.

    Returns:
        uint8 (H, width, 3).

    Raises:
        ValueError: no column, or columns of less than 80 pixels.
    """
    if columns < 1 or width < 80 * columns:
        raise ValueError(
            f"a gallery needs a column and 80 pixels for each, got columns={columns}, width={width}."
        )
    letters = max(12, min(18, width // columns // 13))
    if not shown:
        return text_line(f"None of {len(pictures)} pictures is wrong.", width, letters)
    title = f"{total} of {len(pictures)} pictures are wrong" + (
        f", the {len(shown)} surest:" if len(shown) < total else ":"
    )
    side = (width - _GAP * (columns - 1)) // columns
    cells = [_cell(pictures, mistake, side, letters) for mistake in shown]
    parts = [text_line(title, width, letters + 2)]
    for start in range(0, len(cells), columns):
        strip = np.full((cells[0].shape[0] + _GAP, width, 3), PAPER, np.uint8)
        for column, cell in enumerate(cells[start : start + columns]):
            left = column * (side + _GAP)
            strip[: len(cell), left : left + side] = cell
        parts.append(strip)
    return np.concatenate(parts)


def _cell(pictures: LabelledPictures, mistake: Mistake, side: int, letters: int) -> np.ndarray:
    picture, _ = letterbox(np.ascontiguousarray(pictures[mistake.row].read()), (side, side), fill=255)
    lines = [
        text_line(f"is {mistake.truth}", side, letters),
        text_line(
            f"taken for {mistake.predicted}, {mistake.probability:.0%} sure", side, letters, ink=(176, 58, 0)
        ),
    ]
    return np.concatenate([picture, *lines])
