"""Classes of few boxes beside one of many: how often they are pasted, how much they count, and what is told of them.

As drawing photos by their rarest class (`sampler.repeat_factors`) brings the common classes' boxes along, this goes by
boxes. What it gains is measured by benchmarks/rare_things.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.files.words import listed

RARER = 3  # times: classes that are rarer than the commonest by so much are rare
MOST_COPIES = 2.0  # a photo, of a class
MOST_WEIGHT = 4.0  # of a class, where the commonest has 1


def boxes_of_classes(labels: Sequence[np.ndarray], num_classes: int = 0) -> np.ndarray:
    """How many boxes there are of each class, int64 (classes,).

    Args:
        labels: of each photo's objects.
        num_classes: at least so many are counted.
    """
    return np.bincount(np.concatenate([np.zeros(0, np.int64), *labels]), minlength=num_classes)


def rare_classes(counts: np.ndarray) -> list[int]:
    """The labels of the rare classes among those that have a box."""
    most = counts.max(initial=0)
    return [label for label, count in enumerate(counts.tolist()) if 0 < count * RARER <= most]


def copies_of_rare(labels: Sequence[np.ndarray]) -> dict[int, float]:
    """How many objects of each rare class every photo with objects is to get, in the mean.

    A class of n boxes beside one of m is to come √(n m) times, so √(n m) - n copies are spread over all photos.

    Args:
        labels: of each photo's objects.

    Returns:
        label -> copies a photo, above 0 and 2 at most; nothing for classes that are not rare.

    Example:
        >>> copies_of_rare([np.array([0] * 9)] * 3 + [np.array([0] * 9 + [1] * 4)])
        {1: 2.0}
    """
    counts, photos = boxes_of_classes(labels), sum(len(its) > 0 for its in labels)
    return {
        label: min(MOST_COPIES, (math.sqrt(counts[label] * counts.max()) - int(counts[label])) / photos)
        for label in rare_classes(counts)
    }


def weights_of_rare(labels: Sequence[np.ndarray], num_classes: int) -> tuple[float, ...] | None:
    """How much the loss of each class counts: of a rare one the root of how much rarer it is, at most 4.

    Args:
        labels: of each photo's objects.
        num_classes: of the detector.

    Returns:
        A weight for each class, of two digits; None where no class is rare.

    Example:
        >>> weights_of_rare([np.array([0] * 9 + [1])], 3)
        (1.0, 3.0, 1.0)
    """
    counts = boxes_of_classes(labels, num_classes)
    rare = rare_classes(counts)
    if not rare:
        return None
    return tuple(
        round(min(MOST_WEIGHT, math.sqrt(counts.max() / counts[label])), 2) if label in rare else 1.0
        for label in range(num_classes)
    )


def told_of_rare(annotations: Annotations) -> Iterator[str]:
    """Sentences where classes are rare or have no box: how many boxes of each there were, and what to expect."""
    names = annotations.class_names
    counts = boxes_of_classes([its.labels[~its.crowd_mask] for _, its in annotations], len(names))
    rare, absent = rare_classes(counts), np.flatnonzero(counts == 0).tolist()
    if not rare and not absent:
        return
    known = [f"{count} of {name}" for name, count in zip(names, counts.tolist(), strict=True)]
    yield f"It learned from {counts.sum()} boxes: {listed(known, 20)}.{_expected(rare, absent, names)}"


def _expected(rare: Sequence[int], absent: Sequence[int], names: Sequence[str]) -> str:
    of_rare, of_absent = (listed([names[label] for label in labels]) for labels in (rare, absent))
    told = (
        f" Expect more to be missed of {of_rare} than of the others: they were pasted into other photos and counted "
        "more, but photos with more of them help most."
    )
    return (told if rare else "") + (f" Without a box, {of_absent} will not be found." if absent else "")
