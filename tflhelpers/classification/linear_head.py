"""The head on fixed features: multinomial logistic regression, solved to its optimum in seconds.

The loss is convex, so there is no learning rate and no epochs: scipy's L-BFGS finds the one optimum. How much the
weights are held down (L2) is chosen by cross-validation over whole groups of near duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

L2_GRID = tuple(
    float(10.0**power) for power in range(1, -6, -1)
)  # strongest first: each starts from the one before
FOLDS = 5
MANY = 4000  # pictures from which one fold is held out instead of five in turn
_ITERATIONS, _PRECISION = 300, 1e-3  # of the weights: what is left of the gradient, as a part of l2


@dataclass(frozen=True)
class LinearHead:
    """What turns features into logits.

    Attributes:
        kernel: float32 (D, K).
        bias: float32 (K,).
        l2: how much the weights were held down.
        tried: l2 -> mean loss on the folds held out, in nats.
    """

    kernel: np.ndarray
    bias: np.ndarray
    l2: float
    tried: dict[float, float]

    def logits(self, features: np.ndarray) -> np.ndarray:
        return features @ self.kernel + self.bias


def fit_linear_head(
    features: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    *,
    groups: np.ndarray | None = None,
    seed: int = 0,
) -> LinearHead:
    """The linear head for features; each class weighs the same, however many pictures it has.

    Args:
        features: float32 (n, D).
        labels: int64 (n,), each class at least once.
        num_classes: K.
        groups: (n,), equal for pictures that must not be apart in cross-validation.
        seed: how the folds are dealt.
    """
    mean, std = features.mean(axis=0), features.std(axis=0)
    std = np.where(
        std > 1e-6 * max(float(std.max(initial=0)), 1e-30), std, np.inf
    )  # what never changes says nothing
    small, turn = _reduced((features - mean) / std)
    weights = class_weights(labels, num_classes)
    folds = _folds(labels, np.arange(len(labels)) if groups is None else groups, seed)
    tried = _cross_validated(small, labels, weights, num_classes, folds) if folds else {}
    l2 = min(tried, key=lambda each: tried[each]) if tried else 0.1
    solved: np.ndarray | None = None
    for each in [value for value in L2_GRID if value > l2] + [l2]:
        solved = solve(small, labels, weights, num_classes, each, solved)
    assert solved is not None  # l2 itself is always solved for
    kernel = (turn @ solved[:-1]) / std[:, None]
    bias = solved[-1] - mean @ kernel
    return LinearHead(kernel.astype(np.float32), bias.astype(np.float32), l2, tried)


def class_weights(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """A weight for each picture, float64 (n,), of mean 1, with which each class that is there weighs the same.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2).round(2).tolist()
        [0.67, 0.67, 0.67, 2.0]
    """
    counts = np.bincount(labels, minlength=num_classes)
    return len(labels) / ((counts > 0).sum() * counts[labels])


def solve(x, labels, weights, num_classes: int, l2: float, start: np.ndarray | None = None) -> np.ndarray:
    """Minimises the weighted mean of -log p(label), plus l2 / 2 * |kernel|².

    Args:
        x: float64 (n, D), standardised.
        labels, weights: (n,).
        num_classes: K.
        l2: of the kernel; the bias is free.
        start: what to begin at, (D + 1, K).

    Returns:
        float64 (D + 1, K), the bias last.
    """
    from scipy.optimize import minimize

    shape = (x.shape[1] + 1, num_classes)
    truth = np.eye(num_classes)[labels]
    share = weights[:, None] / weights.sum()

    def loss_and_gradient(flat):
        kernel, bias = flat.reshape(shape)[:-1], flat.reshape(shape)[-1]
        log_p = log_softmax(x @ kernel + bias)
        error = share * (np.exp(log_p) - truth)
        gradient = np.concatenate([x.T @ error + l2 * kernel, error.sum(axis=0)[None]])
        return -(share * truth * log_p).sum() + 0.5 * l2 * (kernel**2).sum(), gradient.ravel()

    begin = np.zeros(shape) if start is None else start
    done = minimize(
        loss_and_gradient,
        begin.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _ITERATIONS, "ftol": 1e-12, "gtol": _PRECISION * l2},
    )
    return done.x.reshape(shape)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities, (n, K)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def mean_loss(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean of -log p(label), in nats."""
    losses = -log_softmax(logits.astype(np.float64))[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=weights))


def _reduced(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x turned into as few columns as carry all of it, (n, r), and the turn back (D, r).

    With L2 the optimum lies in the span of the rows, so nothing is lost; 160 pictures leave 160 columns of 1280.
    """
    x = x.astype(np.float64)
    if len(x) >= x.shape[1]:
        return x, np.eye(x.shape[1])
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    kept = s > 1e-10 * s[0] if s[0] > 0 else s > 0
    return u[:, kept] * s[kept], vt[kept].T


def _folds(labels: np.ndarray, groups: np.ndarray, seed: int) -> list[np.ndarray]:
    """Masks of the pictures held out in turn, whole groups each; none where a class has a single group."""
    number = np.full(len(labels), -1)
    rng = np.random.default_rng(seed)
    most = FOLDS
    for label in np.unique(labels):
        own = np.unique(groups[labels == label])
        most = min(most, len(own))
        fresh = [group for group in rng.permutation(own) if (number[groups == group] < 0).all()]
        for position, group in enumerate(fresh):
            number[groups == group] = position % FOLDS
    if most < 2:
        return []
    masks = [number == fold for fold in range(FOLDS)]
    good = [m for m in masks if m.any() and len(np.unique(labels[~m])) == len(np.unique(labels))]
    return good[:1] if len(labels) > MANY else good


def _cross_validated(x, labels, weights, num_classes: int, folds: list[np.ndarray]) -> dict[float, float]:
    """l2 -> loss on the pictures held out; weaker ones are not tried once it only gets worse."""
    losses: dict[float, float] = {}
    solved: list = [None] * len(folds)
    for l2 in L2_GRID:
        figures = []
        for number, held_out in enumerate(folds):
            rest = ~held_out
            solved[number] = solve(x[rest], labels[rest], weights[rest], num_classes, l2, solved[number])
            logits = x[held_out] @ solved[number][:-1] + solved[number][-1]
            figures.append(mean_loss(logits, labels[held_out], weights[held_out]))
        losses[l2] = float(np.mean(figures))
        if losses[l2] > 1.5 * min(losses.values()) + 0.05:
            break
    return losses
