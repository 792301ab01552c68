"""Looks for the mistake of the wrong unit: fractions where pixels belong, pixels where fractions do.

A set that is in the other unit as a whole is read so. Single boxes in the other unit are refused: as pixels they would
be less than one, as fractions cover the whole picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from tflhelpers.data.formats.box_repair import to_numbers
from tflhelpers.data.formats.raw import RawPicture
from tflhelpers.data.formats.report import ReportBuilder

_ROUNDING = 0.1  # fractions reach beyond 0 and 1 by so much where boxes are partly outside


def in_own_unit(pictures: Iterable[RawPicture], report: ReportBuilder) -> Iterator[RawPicture]:
    """Yield the pictures; if not one box of all fits the unit of their format, with the other unit, reported.

    No more pictures are held at once than come before the first box that fits, which in a sound set is the first.
    """
    rest = iter(pictures)
    held: list[RawPicture] = []
    for picture in rest:
        held.append(picture)
        if _fits(_readable(picture), picture.fractions).any():
            break
    else:
        _change_unit(held, report)
    yield from chain(held, rest)


def are_fractions(xyxy: np.ndarray) -> np.ndarray:
    """Tell which boxes in pixels must be fractions: all edges about 0 to 1, and not all whole. bool (n,)."""
    off = np.maximum(-xyxy, xyxy - 1).max(axis=1, initial=-np.inf)  # NaN where an edge is none
    whole = (xyxy == np.rint(xyxy)).all(axis=1)
    return np.array((off <= _ROUNDING) & ~whole)


def are_no_fractions(xyxy: np.ndarray) -> np.ndarray:
    """Tell which boxes are too far outside the picture for edges in 0..1. bool (n,)."""
    return np.isfinite(xyxy).all(axis=1) & ~_fits(xyxy, True)


def _fits(xyxy: np.ndarray, fractions: bool) -> np.ndarray:
    """Tell which boxes can be meant in this unit. bool (n,)."""
    if fractions:
        return np.all((xyxy >= -1) & (xyxy <= 2), axis=1)
    return ~are_fractions(xyxy)


def _fits_only_the_other(xyxy: np.ndarray, fractions: bool) -> np.ndarray:
    """Tell which boxes must be meant in the other unit. bool (n,)."""
    if fractions:
        return np.all(xyxy >= -1, axis=1) & np.any(xyxy > 2, axis=1)
    return are_fractions(xyxy)


def _readable(picture: RawPicture) -> np.ndarray:
    xyxy = to_numbers([box.xyxy for box in picture.boxes])
    return xyxy[np.isfinite(xyxy).all(axis=1)]


def _change_unit(pictures: Sequence[RawPicture], report: ReportBuilder) -> None:
    wrong = [(picture, xyxy) for picture in pictures if len(xyxy := _wrong(picture))]
    if not wrong:
        return
    (first, examples), count = wrong[0], sum(len(xyxy) for _, xyxy in wrong)
    shown = ", ".join(f"{edge:.6g}" for edge in examples[0].tolist())
    if first.fractions:
        how = f"pixels where fractions belong: none of {count} boxes lies between 0 and 1 ({shown}), read as pixels"
    else:
        how = f"fractions where pixels belong: all edges of {count} boxes lie between 0 and 1 ({shown}), read as such"
    report.repaired(first.where, f"{how}. Look at contact_sheet(annotations)")
    for picture in pictures:
        picture.fractions, picture.precision = not picture.fractions, 0.0


def _wrong(picture: RawPicture) -> np.ndarray:
    xyxy = _readable(picture)
    return xyxy[_fits_only_the_other(xyxy, picture.fractions)]
