"""The solver finds the optimum; classes weigh the same; L2 is chosen on what is held out."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.classification.linear_head import (
    class_weights,
    fit_linear_head,
    log_softmax,
    mean_loss,
    solve,
)


def blobs(n, d, classes, seed=0, apart=1.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return (rng.normal(0, 1, (n, d)) + apart * rng.normal(0, 1, (classes, d))[labels]).astype(
        np.float32
    ), labels


def test_log_softmax_of_large_numbers():
    np.testing.assert_allclose(
        np.exp(log_softmax(np.array([[1e4, 1e4], [0, np.log(3)]]))), [[0.5, 0.5], [0.25, 0.75]]
    )


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_gradient_is_zero_where_it_stops(classes):
    x, labels = blobs(60, 4, classes)
    weights, l2 = class_weights(labels, classes), 0.05
    solved = solve(x.astype(np.float64), labels, weights, classes, l2)

    def loss(flat):
        kernel, bias = flat.reshape(solved.shape)[:-1], flat.reshape(solved.shape)[-1]
        return mean_loss(x @ kernel + bias, labels, weights) + 0.5 * l2 * (kernel**2).sum()

    for index in range(solved.size):
        step = np.zeros(solved.size)
        step[index] = 1e-4
        slope = (loss(solved.ravel() + step) - loss(solved.ravel() - step)) / 2e-4
        assert abs(slope) < 1e-3


def test_one_feature_by_hand():
    """x = -1 for class 0 and +1 for class 1: by symmetry the kernel is (-w, w) with w = sigmoid(-2w) / l2 / 2."""
    x, labels, l2 = np.array([[-1.0], [1.0]]), np.array([0, 1]), 0.1
    solved = solve(x, labels, np.ones(2), 2, l2)
    w = solved[0, 1]
    assert solved[0, 0] == pytest.approx(-w, abs=1e-4)
    assert w == pytest.approx(1 / (1 + np.exp(2 * w)) / l2, rel=1e-3)


def test_fewer_pictures_than_features_loses_nothing():
    """The head of turned and cut features is that of all 50: the same loss, from any scale of them."""
    x, labels = blobs(20, 50, 2)
    head = fit_linear_head(x, labels, 2)
    scaled = fit_linear_head(x * 7 + 3, labels, 2)
    np.testing.assert_allclose(head.logits(x), scaled.logits(x * 7 + 3), rtol=2e-2, atol=2e-2)
    z = (x - x.mean(0)) / x.std(0)
    whole = solve(z.astype(np.float64), labels, class_weights(labels, 2), 2, head.l2)
    np.testing.assert_allclose(head.logits(x), z @ whole[:-1] + whole[-1], rtol=2e-2, atol=2e-2)


def test_a_rare_class_counts_as_much():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-0.5, 1, (190, 1)), rng.normal(0.5, 1, (10, 1))]).astype(np.float32)
    labels = np.repeat([0, 1], [190, 10])
    recall = (fit_linear_head(x, labels, 2).logits(x).argmax(1) == labels)[labels == 1].mean()
    assert recall >= 0.5


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([0, 0, 0, 1], [2 / 3, 2 / 3, 2 / 3, 2]), ([0, 1], [1, 1]), ([0, 0, 2, 2], [1, 1, 1, 1])],
)
def test_class_weights(labels, expected):
    np.testing.assert_allclose(class_weights(np.array(labels), 3), expected)


def test_noise_is_held_down_and_signal_is_not():
    noise, labels = blobs(60, 40, 2, apart=0.0)
    signal, _ = blobs(60, 40, 2, apart=2.0)
    weak, strong = fit_linear_head(signal, labels, 2), fit_linear_head(noise, labels, 2)
    assert strong.l2 > weak.l2
    assert strong.l2 == min(strong.tried, key=strong.tried.get)


def test_copies_stay_in_one_fold():
    """Each picture twice, of random labels: folds that part copies would praise learning by heart."""
    x, labels = blobs(40, 60, 2, apart=0.0)
    twice, both = np.repeat(x, 2, axis=0), np.repeat(labels, 2)
    together = fit_linear_head(twice, both, 2, groups=np.repeat(np.arange(40), 2))
    parted = fit_linear_head(twice, both, 2)
    assert min(parted.tried.values()) < 0.5 < min(together.tried.values())


def test_too_few_to_cross_validate():
    x, labels = blobs(2, 5, 2, apart=3.0)
    head = fit_linear_head(x, labels, 2)
    assert head.tried == {}
    assert head.logits(x).argmax(1).tolist() == [0, 1]


def test_a_feature_that_never_changes_says_nothing():
    x, labels = blobs(30, 3, 2)
    x[:, 1] = 5.0
    head = fit_linear_head(x, labels, 2)
    assert np.isfinite(head.kernel).all()
    assert (head.kernel[1] == 0).all()
