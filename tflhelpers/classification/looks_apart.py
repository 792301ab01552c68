"""Splits pictures so that what looks alike stays together: a copy on both sides would make a score a lie.

`data.collect.perceptual_hash` measures how alike two pictures look: the difference hash and the colours of 72 cells.
For collecting, where each of five photos counts, its limits are strict; here colours may differ more than twice as far:
a picture that is kept on the wrong side for nothing costs little. Photos of one scene in which things moved are apart:
hold out whole places yourself, as `validation=`, where that matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np

from tflhelpers.data.collect.perceptual_hash import COPY_BITS, COPY_STEPS, PerceptualHash
from tflhelpers.files.prefetch import prefetch
from tflhelpers.progress import progress_bar

NEAR_BITS, NEAR_STEPS = COPY_BITS, 2 * COPY_STEPS + 8
_CHUNK = 512  # rows of the table of all pairs that are in memory at once
_PAIRS = 20_000  # whose cells are compared at once


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
    leader = np.arange(len(cells))

    def find(row: int) -> int:
        while leader[row] != row:
            leader[row] = leader[leader[row]]
            row = leader[row]
        return int(row)

    first: dict = {}
    same_file = [(first.setdefault(source, row), row) for row, source in enumerate(sources)]
    for a, b in (*same_file, *_near_pairs(cells, NEAR_STEPS)):
        low, high = sorted((find(a), find(b)))
        leader[high] = low
    return np.array([find(row) for row in range(len(cells))], np.int64)


def copies_in_two_classes(cells: np.ndarray, labels: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of rows that show the same picture, saved at another size or quality, but differ in their label.

    Args:
        cells: of `Look`s, uint8 (n, 8, 9, 3).
        labels: (n,).
    """
    return [(a, b) for a, b in _near_pairs(cells, COPY_STEPS) if labels[a] != labels[b]]


def _near_pairs(cells: np.ndarray, most_steps: int) -> Iterator[tuple[int, int]]:
    signs = (
        np.array([PerceptualHash(each).bits for each in cells], np.float32).reshape(len(cells), -1) * 2 - 1
    )
    flat = cells.reshape(len(cells), -1).astype(np.int16)
    for start in range(0, len(cells), _CHUNK):
        differing = (64 - signs[start : start + _CHUNK] @ signs[start:].T) / 2
        pairs = np.argwhere(differing <= NEAR_BITS) + start
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        for some in np.split(
            pairs, range(_PAIRS, len(pairs), _PAIRS)
        ):  # flat pictures all have the same hash
            near = np.abs(flat[some[:, 0]] - flat[some[:, 1]]).max(axis=1, initial=0) <= most_steps
            yield from map(tuple, some[near].tolist())


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
