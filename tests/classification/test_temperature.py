"""Probabilities that are too sure get cooler, a few pictures change little, and no mistakes never make it surer."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.classification.temperature import fit_temperature


def answers(n, share_right, confidence, seed=0):
    """Logits of two classes with this confidence, right so often."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    said = np.where(np.arange(n) < share_right * n, labels, 1 - labels)
    logits = np.zeros((n, 2))
    logits[np.arange(n), said] = np.log(confidence / (1 - confidence))
    return logits, labels


@pytest.mark.parametrize("share_right", [0.7, 0.8, 0.9])
def test_it_is_as_sure_as_it_is_right(share_right):
    logits, labels = answers(2000, share_right, 0.99)
    scaled = logits / fit_temperature(logits, labels)
    assert 1 / (1 + np.exp(-scaled.max(axis=1).mean())) == pytest.approx(share_right, abs=0.02)


@pytest.mark.parametrize(
    ("n", "share_right", "confidence", "low", "high"),
    [
        (9, 0.5, 0.99, 1.0, 1.0),  # too few
        (40, 1.0, 0.7, 1.0, 1.0),  # no mistakes: never surer
        (2000, 0.95, 0.7, 0.5, 0.5),  # surer, to the limit
        (20, 0.9, 0.99, 1.0, 2.0),  # a few pictures say little
    ],
)
def test_limits(n, share_right, confidence, low, high):
    assert low - 0.01 <= fit_temperature(*answers(n, share_right, confidence)) <= high + 0.01
