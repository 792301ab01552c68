"""How sure one can be with so few photos: intervals for shares, and for figures of sets of pictures."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

_Z = 1.959964  # 95 % of a normal distribution lie within so many standard deviations


def share_interval(successes: int, trials: int) -> tuple[float, float]:
    """The range that a true share lies in, at 95 % (Wilson, JASA 22, 1927); honest also at 0 and at all.

    Args:
        successes: how often it was so.
        trials: how often it was looked at; 0 gives (0, 1): nothing is known.

    Example:
        >>> [round(end, 2) for end in share_interval(5, 5)]
        [0.57, 1.0]
    """
    if trials == 0:
        return 0.0, 1.0
    share, squared = successes / trials, _Z**2
    middle = (share + squared / (2 * trials)) / (1 + squared / trials)
    half = (
        _Z
        / (1 + squared / trials)
        * math.sqrt(share * (1 - share) / trials + squared / (4 * trials * trials))
    )
    return max(0.0, middle - half), min(1.0, middle + half)


def resampled_interval(
    measure: Callable[[np.ndarray], float], n: int, *, repeats: int = 200, seed: int = 0
) -> tuple[float, float]:
    """The middle 95 % of a figure over sets drawn, with repetition, from the same n pictures (bootstrap).

    Args:
        measure: the figure of the pictures with these rows, int64 (n,); NaN where it cannot be said.
        n: number of pictures, at least 1.
    """
    generator = np.random.default_rng(seed)
    figures = np.array([measure(generator.integers(0, n, n)) for _ in range(repeats)])
    figures = figures[np.isfinite(figures)]
    if not len(figures):
        return math.nan, math.nan
    low, high = np.quantile(figures, [0.025, 0.975])
    return float(low), float(high)


def chance_of_as_many(here: int, n_here: int, elsewhere: int, n_elsewhere: int) -> float:
    """How likely at least `here` of `n_here` would be by luck, if both groups were alike (Fisher's exact test).

    Example:
        >>> round(chance_of_as_many(3, 3, 0, 3), 3)  # one of the 20 ways to choose 3 of 6
        0.05
    """
    total, drawn = n_here + n_elsewhere, here + elsewhere
    ways = sum(
        math.comb(n_here, k) * math.comb(n_elsewhere, drawn - k) for k in range(here, min(n_here, drawn) + 1)
    )
    return ways / math.comb(total, drawn)
