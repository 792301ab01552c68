"""Figures of a judgement, by hand: six pictures of three classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.classification.judgement import ClassifierScores, evaluate_classifier
from tflhelpers.classification.labelled import LabelledPicture, LabelledPictures

NAMES = ("a", "b", "c")


def scores(folder=Path("."), labels=(0, 0, 0, 1, 1, 0)):
    pictures = [LabelledPicture(folder / f"{i}.png", label) for i, label in enumerate(labels)]
    probabilities = np.float32(
        [
            [0.9, 0.1, 0.0],
            [0.85, 0.1, 0.05],
            [0.2, 0.75, 0.05],  # a taken for b, 75 %
            [0.25, 0.65, 0.1],
            [0.97, 0.02, 0.01],  # b taken for a, 97 %
            [0.6, 0.2, 0.2],
        ]
    )
    return ClassifierScores(LabelledPictures(NAMES, tuple(pictures)), probabilities)


def test_accuracy_and_its_interval():
    judged = scores()
    assert judged.accuracy == pytest.approx(4 / 6)
    assert judged.accuracy_interval == pytest.approx((0.300, 0.903), abs=1e-3)
    assert judged.balanced_accuracy == pytest.approx((3 / 4 + 1 / 2) / 2)  # c has no picture


def test_confusion_has_rows_of_truth():
    assert scores().confusion.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("name", "precision", "recall", "f1", "pictures"),
    [("a", 3 / 4, 3 / 4, 3 / 4, 4), ("b", 1 / 2, 1 / 2, 1 / 2, 2), ("c", np.nan, np.nan, 0.0, 0)],
)
def test_per_class(name, precision, recall, f1, pictures):
    figures = scores().per_class[name]
    np.testing.assert_allclose([figures.precision, figures.recall, figures.f1], [precision, recall, f1])
    assert figures.pictures == pictures
    assert figures.recall_interval[0] <= (0 if np.isnan(recall) else recall) <= figures.recall_interval[1]


def test_calibration_by_hand():
    """Ranges: 0.6 and 0.65 right; 0.75 wrong; 0.85 right; 0.9 right and 0.97 wrong."""
    bins = scores().calibration
    assert [(each.pictures, each.accuracy) for each in bins] == [(2, 1.0), (1, 0.0), (1, 1.0), (2, 0.5)]
    np.testing.assert_allclose([each.confidence for each in bins], [0.625, 0.75, 0.85, 0.935], atol=1e-6)
    expected = (2 * 0.375 + 0.75 + 0.15 + 2 * 0.435) / 6
    assert scores().calibration_error == pytest.approx(expected, abs=1e-6)


def test_the_surest_mistake_is_first():
    assert [(m.row, m.truth, m.predicted, round(m.probability, 2)) for m in scores().mistakes] == [
        (4, "b", "a", 0.97),
        (2, "a", "b", 0.75),
    ]


def test_it_prints_what_counts():
    lines = repr(scores()).splitlines()
    assert lines[0] == "accuracy 0.667: 4 of 6 pictures right (at 95 %: 0.300 to 0.903)"
    assert lines[2] == "  a  precision 0.750  recall 0.750  F1 0.750  4 pictures"


def test_gallery_shows_the_surest_mistakes(tmp_path):
    judged = scores(tmp_path)
    for i in range(6):
        Image.new("RGB", (40, 25), (40 * i, 0, 0)).save(tmp_path / f"{i}.png")
    sheet = judged.gallery(2, columns=2, width=400)
    assert sheet.shape[1] == 400
    reds = [
        sheet[:, columns, 0][(sheet[:, columns, 1] == 0) & (sheet[:, columns, 2] == 0)]
        for columns in (slice(0, 196), slice(204, 400))
    ]
    assert [int(np.median(red)) for red in reds] == [160, 80]  # pictures 4 and 2
    assert judged.gallery(1, columns=1, width=200).shape[1] == 200
    with pytest.raises(ValueError, match="80 pixels"):
        judged.gallery(columns=9, width=400)


def test_gallery_without_mistakes_is_a_line():
    judged = scores(labels=(0, 0, 1, 1, 0, 0))
    assert judged.mistakes == ()
    assert judged.gallery(width=400).shape[0] < 40


def test_plots_say_what_they_show():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    axes = scores().plot_confusion()
    assert [text.get_text() for text in axes.texts] == ["3", "1", "0", "1", "1", "0", "0", "0", "0"]
    axes = scores().plot_calibration()
    assert [text.get_text() for text in axes.texts] == ["2", "1", "1", "2"]
    assert f"{scores().calibration_error:.3f}" in axes.get_title()
    plt.close("all")


@pytest.mark.parametrize("pictures", [None, LabelledPictures(NAMES, ())])
def test_nothing_to_judge_with(pictures):
    with pytest.raises(ValueError, match="at least one to judge with"):
        evaluate_classifier(None, pictures)
