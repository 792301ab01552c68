"""Classes of few boxes beside one of many: how often they are pasted, how much they count, and what is told of them.

The sampler draws photos of rare classes more often, but they bring the common classes' boxes along. What is rare still,
counted by the boxes that it shows, is helped here. What that gains is measured by benchmarks/rare_things.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.files.words import listed
from tflhelpers.training.sampler import repeat_factors

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


def boxes_as_drawn(labels: Sequence[np.ndarray], num_classes: int = 0) -> np.ndarray:
    """The boxes of each class in a round of the sampler, float64 (classes,): it draws some photos more often."""
    factors = [np.full(len(its), factor) for its, factor in zip(labels, repeat_factors(labels), strict=True)]
    flat, weights = np.concatenate([np.zeros(0, np.int64), *labels]), np.concatenate([np.zeros(0), *factors])
    return np.bincount(flat, weights, minlength=num_classes)


def rare_classes(counts: np.ndarray) -> list[int]:
    """The labels of the rare classes among those that have a box."""
    most = counts.max(initial=0)
    return [label for label, count in enumerate(counts.tolist()) if 0 < count * RARER <= most]


def copies_of_rare(labels: Sequence[np.ndarray]) -> dict[int, float]:
    """How many objects of each rare class every photo with objects is to get, in the mean.

    A class that the sampler shows n times beside one of m is to come √(n m) times, so √(n m) - n copies are spread over
    all photos.

    Args:
        labels: of each photo's objects.

    Returns:
        label -> copies a photo, above 0 and 2 at most; nothing for classes that are not rare.

    Example:
        >>> copies_of_rare([np.array([0] * 4 + [1])])
        {1: 1.0}
    """
    counts = boxes_as_drawn(labels)
    rounds = sum(factor for factor, its in zip(repeat_factors(labels), labels, strict=True) if len(its))
    return {
        label: min(
            MOST_COPIES, float(math.sqrt(counts[label] * counts.max()) - counts[label]) / float(rounds)
        )
        for label in rare_classes(counts)
    }


def weights_of_rare(labels: Sequence[np.ndarray], num_classes: int) -> tuple[float, ...] | None:
    """How much the loss of each class counts: of one shown rarely the root of how much rarer it is, at most 4.

    Args:
        labels: of each photo's objects.
        num_classes: of the detector.

    Returns:
        A weight for each class, of two digits; None where no class is rare.

    Example:
        >>> weights_of_rare([np.array([0] * 9 + [1])], 3)
        (1.0, 3.0, 1.0)
    """
    counts = boxes_as_drawn(labels, num_classes)
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
    told = f" Expect more to be missed of {of_rare} than of the others; photos with more of them help most."
    return (told if rare else "") + (f" Without a box, {of_absent} will not be found." if absent else "")
