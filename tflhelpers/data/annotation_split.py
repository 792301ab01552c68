"""Deals pictures into two groups so that each group sees each class, as far as a few pictures allow."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from tflhelpers.files.kinds import check_number

_NEGATIVE = -1  # stands for "shows none of the classes", which is dealt out like a class of its own


def split_indices(
    labels_of: Sequence[frozenset[int]], train: float | int, seed: int
) -> tuple[list[int], list[int]]:
    """Deal pictures into a training and a held-out group.

    First each class gets one picture in training, rarest class first; a picture that shows more of the
    classes still missing goes before one that shows fewer. The rest follows iterative stratification
    (Sechidis et al. 2011, "On the stratification of multi-label data"): of the class with the fewest pictures
    left, each goes to the group that lacks it most. Negatives count as one more class there.

    Args:
        labels_of: For each picture the classes on it; an empty set is a negative.
        train: A part of the pictures, above 0 and below 1, or their number. Each group gets at least one.
        seed: Equal seeds deal equally.

    Returns:
        The two groups' picture indices, each in ascending order.

    Raises:
        ValueError: If there are fewer than two pictures, or `train` leaves a group empty.
    """
    count = len(labels_of)
    train_count = _train_count(count, train)
    kinds = [labels or frozenset([_NEGATIVE]) for labels in labels_of]
    order = list(range(count))
    random.Random(seed).shuffle(order)
    groups: tuple[list[int], list[int]] = (_cover_classes(kinds, order, train_count), [])
    left = [index for index in order if index not in set(groups[0])]
    _deal_rest(kinds, left, groups, (train_count, count - train_count))
    return sorted(groups[0]), sorted(groups[1])


def _train_count(count: int, train: float | int) -> int:
    if count < 2:
        raise ValueError(f"a split needs at least 2 pictures, got {count}. Annotate more pictures first.")
    check_number(train, "train", 0.8)
    if isinstance(train, int) and not isinstance(train, bool):
        if not 1 <= train < count:
            raise ValueError(f"train must leave both groups a picture: 1 to {count - 1}, got {train}.")
        return train
    if not 0 < train < 1:
        raise ValueError(f"train must be a part between 0 and 1, or a whole number of pictures, got {train}.")
    return min(max(round(count * train), 1), count - 1)


def _cover_classes(kinds: Sequence[frozenset[int]], order: list[int], most: int) -> list[int]:
    """Return up to `most` pictures of `order` that together show each class, where `most` are enough."""
    frequency = Counter(kind for index in order for kind in kinds[index] if kind != _NEGATIVE)
    missing = set(frequency)
    chosen: list[int] = []
    while missing and len(chosen) < most:
        rarest = min(missing, key=lambda kind: (frequency[kind], kind))
        showing = [index for index in order if rarest in kinds[index]]
        best = max(showing, key=lambda index: len(kinds[index] & missing))  # the first of equals
        chosen.append(best)
        missing -= kinds[best]
    return chosen


def _deal_rest(
    kinds: Sequence[frozenset[int]],
    left: list[int],
    groups: tuple[list[int], list[int]],
    sizes: tuple[int, int],
) -> None:
    """Deal the pictures in `left` into `groups`, which end at `sizes` pictures each."""
    totals = Counter(kind for labels in kinds for kind in labels)
    lacks = [
        _lack(kinds, group, totals, size / len(kinds)) for group, size in zip(groups, sizes, strict=True)
    ]
    while left:
        remaining = Counter(kind for index in left for kind in kinds[index])
        rarest = min(remaining, key=lambda kind: (remaining[kind], kind))
        for index in [index for index in left if rarest in kinds[index]]:
            free = [group for group in (0, 1) if len(groups[group]) < sizes[group]]
            target = max(free, key=lambda group: (lacks[group][rarest], sizes[group] - len(groups[group])))
            groups[target].append(index)
            lacks[target].subtract(kinds[index])
            left.remove(index)


def _lack(
    kinds: Sequence[frozenset[int]], group: list[int], totals: Counter[int], part: float
) -> Counter[int]:
    """Return how many pictures of each kind `group` still wants for its fair `part` of the `totals`."""
    lack: Counter[int] = Counter({kind: total * part for kind, total in totals.items()})
    lack.subtract(kind for index in group for kind in kinds[index])
    return lack
