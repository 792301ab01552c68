"""How sure a classifier may sound: one number that all logits are divided by (Guo et al., ICML 2017)."""

from __future__ import annotations

import numpy as np

from tflhelpers.classification.linear_head import mean_loss

COLDEST, HOTTEST = 0.5, 10.0
FEWEST = 10  # pictures that a temperature can be told from
SPREAD = 0.5  # of ln(temperature), before any picture is seen: what a few pictures say is taken for as much as it is


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the lowest loss on pictures that were not learned from; above 1 it sounds less sure.

    Without a mistake among the pictures any lower temperature would look better, down to 0: then it is at least 1. Of
    fewer than 10 pictures nothing can be said: 1.

    Args:
        logits: (n, K).
        labels: (n,).
    """
    if len(labels) < FEWEST:
        return 1.0
    from scipy.optimize import minimize_scalar

    coldest = COLDEST if (logits.argmax(axis=1) != labels).any() else 1.0

    def surprise(power: float) -> float:
        return mean_loss(logits / np.exp(power), labels) + (power / SPREAD) ** 2 / 2 / len(labels)

    found = minimize_scalar(surprise, bounds=(np.log(coldest), np.log(HOTTEST)), method="bounded")
    best = float(np.exp(found.x))
    return best if mean_loss(logits / best, labels) < mean_loss(logits, labels) else 1.0
