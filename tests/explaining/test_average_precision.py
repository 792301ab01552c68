"""Precision, recall and AP, box by box by hand, and the same as `evaluate` has them from pycocotools."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.test_scores import A, B, ducks, random_pictures, truth
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.explaining import (
    average_precision,
    average_precisions,
    best_from_here,
    precision_recall_steps,
)


def test_found_wrong_found_by_hand():
    """Of two ducks the surest box finds one, the next is its duplicate, the third finds the other."""
    steps = precision_recall_steps([ducks(A, A, B, scores=[0.9, 0.8, 0.7])], truth(ducks(A, B)))
    assert [step.right for step in steps] == [True, False, True]
    assert [step.precision for step in steps] == pytest.approx([1, 1 / 2, 2 / 3])
    assert [step.recall for step in steps] == pytest.approx([0.5, 0.5, 1])
    np.testing.assert_allclose(best_from_here(steps), [1] * 51 + [2 / 3] * 50)
    assert average_precision(steps) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_pictures_are_ranked_together():
    pictures = [ducks(A, scores=[0.4]), ducks(B, A, scores=[0.6, 0.2])]
    steps = precision_recall_steps(pictures, truth(ducks(A), ducks(A)))
    assert [(step.picture, step.right) for step in steps] == [(1, False), (0, True), (1, True)]
    assert [step.precision for step in steps] == pytest.approx([0, 1 / 2, 2 / 3])


def test_nothing_predicted_is_nothing_found():
    none = [Boxes.empty(with_scores=True)]
    assert precision_recall_steps(none, truth(ducks(A))) == []
    assert set(average_precisions(none, truth(ducks(A))).values()) == {0.0}


def test_a_crowd_is_no_object_and_no_mistake():
    crowd = Boxes([A, B], [0, 0], crowd=[False, True])
    steps = precision_recall_steps([ducks(B, A, scores=[0.9, 0.8])], truth(crowd))
    assert [(step.right, step.recall) for step in steps] == [(True, 1.0)]


def test_without_objects_it_is_a_sentence():
    with pytest.raises(ValueError, match="objects of class 0 to be found, got none"):
        precision_recall_steps([ducks(A, scores=[0.9])], truth(Boxes.empty()))
    with pytest.raises(ValueError, match="objects to be found, got none"):
        average_precisions([ducks(A, scores=[0.9])], truth(Boxes.empty()))


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_the_same_as_the_scores(seed):
    truths, predictions = random_pictures(seed, 20, 4)
    annotations = truth(*truths, names="abcd")
    scores, by_overlap = evaluate(predictions, annotations), average_precisions(predictions, annotations)
    assert list(by_overlap) == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    assert by_overlap[0.5] == pytest.approx(scores.ap50, abs=1e-9)
    assert by_overlap[0.75] == pytest.approx(scores.ap75, abs=1e-9)
    assert np.mean(list(by_overlap.values())) == pytest.approx(scores.ap, abs=1e-9)


def test_the_same_curve_as_the_scores():
    truths, predictions = random_pictures(5, 20, 4)
    annotations = truth(*truths, names="abcd")
    for curve in evaluate(predictions, annotations).curves:
        label = "abcd".index(curve.class_name)
        steps = precision_recall_steps(predictions, annotations, label=label, overlap=curve.overlap)
        np.testing.assert_allclose(best_from_here(steps), curve.precision, atol=1e-9)
