"""Splits pictures so that what looks alike stays together: a copy on both sides would make a score a lie.

`data.collect.perceptual_hash` measures how alike two pictures look: the difference hash and the colours of 72 cells.
For collecting, where each of five photos counts, its limits are strict; here colours may differ more than twice as far:
a picture that is kept on the wrong side for nothing costs little. Photos of one scene in which things moved are apart:
hold out whole places yourself, as `validation=`, where that matters.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import closing

import numpy as np

from tflhelpers.data.collect.perceptual_hash import COPY_BITS, COPY_STEPS, PerceptualHash
from tflhelpers.files.prefetch import prefetch
from tflhelpers.progress import progress_bar

NEAR_BITS, NEAR_STEPS = COPY_BITS, 2 * COPY_STEPS + 8
_BLOCK = 12  # cells in one of `_coarse`
_ONES = np.array([number.bit_count() for number in range(1 << 16)], np.uint8)  # bits set in each number


def split_by_look(
    pictures, validation: float, seed: int, *, progress: bool = True
) -> tuple[list[int], list[int]]:
    """Rows to learn from and rows to judge with, of `LabelledPictures`; a file that cannot be decoded is in neither."""
    from tflhelpers.data.images import ImageError

    def cells(_, picture) -> np.ndarray | None:
        try:
            return PerceptualHash.of(picture.read()).cells
        except (ImageError, OSError):
            return None

    with (
        progress_bar(len(pictures), "Comparing", enabled=progress, delay=1) as bar,
        closing(prefetch(cells, pictures, ahead=8)) as looked,
    ):
        looks = []
        for look in looked:
            looks.append(look)
            bar.update()
    rows = [row for row, look in enumerate(looks) if look is not None]
    groups = near_groups(
        np.stack([look for look in looks if look is not None]), [pictures[row].path for row in rows]
    )
    learn, judge = deal_out(groups, pictures.labels[rows], validation, seed)
    return [rows[i] for i in learn], [rows[i] for i in judge]


def near_groups(cells: np.ndarray, sources: Sequence) -> np.ndarray:
    """A number for each picture, equal for those that look alike or are parts of one file; through others too.

    Args:
        cells: of `Look`s, uint8 (n, 8, 9, 3).
        sources: the file of each.

    Returns:
        int64 (n,): the row of the first picture of its group.
    """
    rows_of: dict[Hashable, list[int]] = {}
    for row, source in enumerate(sources):
        rows_of.setdefault(source, []).append(row)
    group, left = np.full(len(cells), -1, np.int64), _Left(cells)
    for first in range(len(cells)):
        reached = [first] if group[first] < 0 else []
        group[reached] = first
        while reached:
            row = reached.pop()
            near = [*rows_of.pop(sources[row], []), *left.take_near(row)]
            new = [each for each in near if group[each] < 0]
            group[new] = first
            reached += new
    return group


class _Left:
    """Rows that no group has taken yet: each is looked at once, however many look alike.

    Args:
        cells: of `Look`s, uint8 (n, 8, 9, 3).
    """

    def __init__(self, cells: np.ndarray) -> None:
        self._rows = np.arange(len(cells))
        self._hashes = _hashes(cells)
        self._coarse, self._fine = _coarse(cells), cells.reshape(len(cells), -1).astype(np.int16)

    def take_near(self, row: int) -> list[int]:
        """Remove the rows that look like one, and return them."""
        rows = self._rows
        differing = sum(_ONES[part[rows] ^ part[row]] for part in self._hashes)
        places = np.flatnonzero(differing <= NEAR_BITS)
        for colours, limit in ((self._coarse, NEAR_STEPS * _BLOCK), (self._fine, NEAR_STEPS)):
            places = places[_within(colours[rows[places]], colours[row], limit)]
        self._rows = np.delete(rows, places)
        return list(rows[places].tolist())


def copies_in_two_classes(cells: np.ndarray, labels: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows that show the same picture, saved at another size or quality, but differ in their label.

    Args:
        cells: of `Look`s, uint8 (n, 8, 9, 3).
        labels: (n,).
    """
    hashes, coarse, fine = _hashes(cells), _coarse(cells), cells.reshape(len(cells), -1).astype(np.int16)
    for row in range(len(cells)):
        later = row + 1 + np.flatnonzero(labels[row + 1 :] != labels[row])
        later = later[sum(_ONES[part[later] ^ part[row]] for part in hashes) <= NEAR_BITS]
        for colours, limit in ((coarse, COPY_STEPS * _BLOCK), (fine, COPY_STEPS)):
            later = later[_within(colours[later], colours[row], limit)]
        yield from ((row, other) for other in later.tolist())


def _within(colours: np.ndarray, other: np.ndarray, limit: int) -> np.ndarray:
    return np.abs(colours - other).max(axis=1, initial=0) <= limit


def _hashes(cells: np.ndarray) -> list[np.ndarray]:
    """The 64 bits of each as four columns. uint16 (n,) each."""
    bits = np.array([PerceptualHash(each).bits for each in cells], bool).reshape(len(cells), 64)
    return list(np.packbits(bits, axis=1).view(np.uint16).T.copy())


def _coarse(cells: np.ndarray) -> np.ndarray:
    """The colours of blocks of 4 × 3 cells, added up: cheap to compare, and never further apart. int32 (n, 18)."""
    return cells.reshape(-1, 2, 4, 3, 3, 3).sum(axis=(2, 4), dtype=np.int32).reshape(-1, 18)


def deal_out(groups: np.ndarray, labels: np.ndarray, part: float, seed: int) -> tuple[list[int], list[int]]:
    """Two lists of rows, the second with about `part` of each class, no group in both.

    A class of at least two groups is in both lists; one of a single group is only learned from.

    Raises:
        ValueError: `part` is not between 0 and 1.
    """
    if not 0 < part < 1:
        raise ValueError(f"validation must be a part of the pictures between 0 and 1, got {part}.")
    kinds = int(labels.max(initial=0)) + 1
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    sizes = np.array([np.bincount(labels[rows], minlength=kinds) for rows in members])
    total = sizes.sum(axis=0)
    wanted = np.clip(np.round(part * total), np.minimum(1, total), np.maximum(total - 1, 0))
    order = np.random.default_rng(seed).permutation(len(members))
    taken, held = np.zeros(len(members), bool), np.zeros(kinds)
    for number in order:
        if (held + sizes[number] <= wanted).all():
            taken[number], held = True, held + sizes[number]
    for kind in np.flatnonzero((held == 0) & (total > 0)):  # its groups are all larger than what was wanted
        with_it = [n for n in order if sizes[n][kind] and not taken[n]]
        left = (sizes[~taken]).sum(axis=0)
        fitting = [n for n in with_it if (left - sizes[n] >= np.minimum(1, left)).all()]
        if fitting:
            smallest = min(fitting, key=lambda n: sizes[n].sum())
            taken[smallest], held = True, held + sizes[smallest]
    judge = sorted(int(row) for n in np.flatnonzero(taken) for row in members[n])
    learn = sorted(int(row) for n in np.flatnonzero(~taken) for row in members[n])
    return learn, judge
