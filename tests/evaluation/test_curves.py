"""Precision against recall: curves by hand, and the same numbers as the scores that stand beside them."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.cbook import is_math_text
from matplotlib.text import Text

from tests.evaluation.test_scores import A_HALF, A, B, ducks, random_pictures, truth
from tflhelpers.classification.judgement_plots import plot_confusion
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.confusion import Confusion
from tflhelpers.evaluation.curves import PrecisionRecall, plot_curves
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.explaining.suppression import plot_nms_steps

matplotlib.use("agg")


def test_a_curve_by_hand():
    """Found, wrong, found: precision 1 up to recall 0.5, then 2/3; the scores at which these are reached."""
    scores = evaluate([ducks(A, A, B, scores=[0.9, 0.8, 0.7])], truth(ducks(A, B)))
    at50, at75 = scores.curves
    assert (at50.class_name, at50.overlap, at75.overlap) == ("duck", 0.5, 0.75)
    np.testing.assert_allclose(at50.recall, np.linspace(0, 1, 101))
    np.testing.assert_allclose(at50.precision, [1] * 51 + [2 / 3] * 50)
    np.testing.assert_allclose(at50.scores, [0.9] * 51 + [0.7] * 50, rtol=1e-6)


def test_what_is_never_found_has_no_precision():
    scores = evaluate([ducks(A_HALF, scores=[0.9])], truth(ducks(A)))
    assert [curve.average_precision for curve in scores.curves] == pytest.approx([1, 0])
    assert scores.curves[1].scores[1:].max() == 0


def test_the_area_under_a_curve_is_the_score():
    truths, predictions = random_pictures(5, 20, 4)
    scores = evaluate(predictions, truth(*truths, names="abcd"))
    names = [curve.class_name for curve in scores.curves]
    assert names == ["a", "a", "b", "b", "c", "c"], "the last class has no objects"
    for curve in scores.curves:
        one = scores.per_class[curve.class_name]
        assert curve.average_precision == pytest.approx(one.ap50 if curve.overlap == 0.5 else one.ap75)


def test_the_plot_names_its_curves():
    truths = Boxes([A, B], [0, 1])
    axes = evaluate([Boxes([A], [0], [0.9])], truth(truths, names=("duck", "goose"))).plot()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [
        "duck, overlap 0.50: AP 1.000",
        "duck, overlap 0.75: AP 1.000",
        "goose, overlap 0.50: AP 0.000",
        "goose, overlap 0.75: AP 0.000",
    ]
    colours = {line.get_color() for line in axes.get_lines()}
    assert len(colours) == 2


def test_nothing_to_find_plots_nothing():
    axes = evaluate([ducks(A, scores=[0.5])], truth(Boxes.empty())).plot()
    assert axes.get_legend() is None
    assert not axes.get_lines()


def test_a_class_whose_name_begins_with_an_underscore_is_in_the_legend():
    axes = plot_curves([PrecisionRecall("_duck", 0.5, np.linspace(0, 1, 101), np.ones(101), np.ones(101))])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [" _duck, overlap 0.50: AP 1.000"]


HOSTILE = ("$5 off", r"a $\frac$ b", "10$")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_dollar_in_a_class_name_is_a_dollar_in_every_plot(name):
    curve = PrecisionRecall(name, 0.5, np.linspace(0, 1, 101), np.ones(101), np.ones(101))
    counts = np.array([[1, 2], [3, 0]])
    image, boxes = (
        np.zeros((40, 40, 3), np.uint8),
        Boxes([[1, 1, 20, 20], [2, 2, 21, 21]], [0, 0], [0.9, 0.8]),
    )
    for axes in (
        plot_curves([curve]),
        Confusion(counts, (name,)).plot(),
        plot_confusion(counts, (name, "other")),
        plot_nms_steps(image, boxes, [name]).axes[1],
    ):
        axes.figure.canvas.draw()  # formulas are read here
        texts = [
            text for text in axes.findobj(Text) if name.replace("$", "") in text.get_text().replace(r"\$", "")
        ]
        assert texts
        assert all(not is_math_text(text.get_text()) for text in texts)
