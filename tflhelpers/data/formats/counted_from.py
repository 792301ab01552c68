"""Tells sets whose pixels seem to be counted from 1, as the VOC challenge and supervision write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tflhelpers.data.formats.box_repair import to_numbers
from tflhelpers.data.formats.raw import RawPicture
from tflhelpers.data.formats.report import ReportBuilder

_MANY = 5  # boxes that end at the edge: that as many begin at none is no chance


def noting_if_from_one(
    pictures: Iterable[RawPicture], where: str, report: ReportBuilder
) -> Iterator[RawPicture]:
    """Yield the pictures; note at the end if no box begins at 0 though some end where their picture does.

    It takes two boxes, one of which begins at 1, or five that end at the edge. LabelImg, too, writes 1 for 0: it is
    no more than a note.
    """
    found = np.zeros(4, int)  # boxes that begin before 1, begin at 1, end at the edge, do one of the latter
    for picture in pictures:
        yield picture
        if picture.size is not None and picture.boxes:
            found += _count(to_numbers([box.xyxy for box in picture.boxes]), picture.size)
    before, begin, end, either = found.tolist()
    if end and not before and ((begin and either > 1) or end >= _MANY):
        report.note(
            where,
            f"pixels may be counted from 1: no box begins at 0, and {end} end at the edge of their picture. "
            "If the tool does that (the VOC challenge and supervision do), import again with one_based=True",
        )


def _count(xyxy: np.ndarray, size: tuple[int, int]) -> list[int]:
    before, begin = np.any(xyxy[:, :2] < 1, axis=1), np.any(xyxy[:, :2] == 1, axis=1)
    end = np.any(xyxy[:, 2:] == np.array(size[::-1]), axis=1)
    return [int(np.count_nonzero(each)) for each in (before, begin, end, begin | end)]
