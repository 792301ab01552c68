"""Intervals and chances, against values that tables and textbooks give."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tflhelpers.evaluation.certainty import chance_of_as_many, resampled_interval, share_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 0, 0, 1),  # nothing is known
        (0, 10, 0.0, 0.2775),  # z² / (n + z²) = 3.8415 / 13.8415
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),  # Newcombe, Statistics in Medicine 17 (1998), table I
    ],
)
def test_share_interval(successes, trials, low, high):
    assert share_interval(successes, trials) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("counts", "chance"),
    [
        ((3, 3, 0, 3), 1 / 20),
        ((3, 4, 1, 4), 17 / 70),  # Fisher's lady tasting tea, three cups right
        ((4, 4, 0, 4), 1 / 70),
        ((0, 5, 2, 5), 1.0),
        ((2, 2, 3, 3), 1.0),
    ],
)
def test_chance_of_as_many(counts, chance):
    assert chance_of_as_many(*counts) == pytest.approx(chance)


def test_resampled_interval():
    values = np.arange(100.0)
    low, high = resampled_interval(lambda rows: values[rows].mean(), 100, repeats=2000)
    spread = 1.96 * values.std() / 10  # of a mean of a hundred
    assert (low, high) == pytest.approx((49.5 - spread, 49.5 + spread), abs=0.7)
    assert resampled_interval(lambda rows: 1.0, 3) == (1, 1)
    assert math.isnan(resampled_interval(lambda rows: math.nan, 3)[0])
    again = [resampled_interval(lambda rows: float(rows.sum()), 5, seed=s) for s in (1, 1, 2)]
    assert again[0] == again[1] != again[2]
