"""Thresholds by hand: boxes with given scores, right or wrong, on pictures with and without objects."""

from __future__ import annotations

import math

import matplotlib
import numpy as np
import pytest

from tests.evaluation.test_scores import A, B, ducks, random_pictures, truth
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.mistakes import find_mistakes
from tflhelpers.evaluation.sweep import sweep_of, trials_of
from tflhelpers.evaluation.thresholds import calibrate_threshold

matplotlib.use("agg")

NONE = Boxes.empty(with_scores=True)


def pictures(right=(), wrong=(), on_negatives=(), negatives=None):
    """One picture with a duck for each score in `right` (None: missed), boxes on nothing, then negatives."""
    true, found = [], []
    for score in right:
        true.append(ducks(A))
        found.append(NONE if score is None else ducks(A, scores=[score]))
    for score in wrong:
        found[0] = Boxes.concatenate([found[0], ducks(B, scores=[score])])
    for score in on_negatives:
        true.append(Boxes.empty())
        found.append(NONE if score is None else ducks(B, scores=[score]))
    return found, truth(*true)


# name, pictures, wishes, threshold, precision, recall, share of negatives with a box, reached
CASES = [
    ("right before wrong", pictures([0.8, 0.6], [0.2]), {}, 0.4, 1, 1, math.nan, True),
    # F1: 0.9 → 2/3; 0.9 and the wrong 0.7 → 1/2; and 0.5 → 4/5.
    ("one wrong between", pictures([0.9, 0.5], [0.7]), {}, 0.25, 2 / 3, 1, math.nan, True),
    ("precision asked for", pictures([0.9, 0.5], [0.7]), {"precision": 0.9}, 0.8, 1, 0.5, math.nan, True),
    # Only 2 of 3 is ever right, and most are found there.
    (
        "precision out of reach",
        pictures([0.5, 0.4], [0.7]),
        {"precision": 0.9},
        0.2,
        2 / 3,
        1,
        math.nan,
        False,
    ),
    ("no false alarm", pictures([0.9, 0.5], [], [0.6, None]), {"false_alarms": 0}, 0.75, 1, 0.5, 0, True),
    ("half may", pictures([0.9, 0.5], [], [0.6, None]), {"false_alarms": 0.5}, 0.25, 2 / 3, 1, 0.5, True),
    ("nothing found", pictures([None, None], [0.5]), {}, 0.75, 1, 0, math.nan, False),
    ("no boxes", pictures([None]), {}, 0.5, 1, 0, math.nan, False),
]


@pytest.mark.parametrize(
    ("given", "wishes", "threshold", "precision", "recall", "alarms", "reached"),
    [c[1:] for c in CASES],
    ids=[c[0] for c in CASES],
)
def test_by_hand(given, wishes, threshold, precision, recall, alarms, reached):
    chosen = calibrate_threshold(*given, **wishes)
    assert chosen.threshold == pytest.approx(threshold, abs=1e-6)
    assert (chosen.precision, chosen.recall) == pytest.approx((precision, recall))
    assert chosen.false_alarms == pytest.approx(alarms, nan_ok=True)
    assert chosen.reached is reached
    f1 = 0 if not recall else 2 * precision * recall / (precision + recall)
    assert chosen.f1 == pytest.approx(f1)


def test_every_threshold_gives_what_find_mistakes_counts():
    truths, predictions = random_pictures(2, 15, 3)
    annotations = truth(*truths, names="abc")
    sweep = sweep_of(trials_of(predictions, annotations))
    assert (np.diff(sweep.thresholds) < 0).all()
    for row in range(0, len(sweep.thresholds), 9):
        assert sweep.row_at(sweep.thresholds[row]) == row
        mistakes = find_mistakes(predictions, annotations, threshold=sweep.thresholds[row])
        counts = mistakes.counts
        assert counts["found"] == sweep.found[row]
        wrong = sum(counts[kind] for kind in ("loose box", "wrong class", "duplicate", "background"))
        assert wrong == sweep.wrong[row]
        negatives = [p for p in mistakes.pictures if not (~p.true.crowd_mask).any()]
        assert sum(any(f.kind != "ignored" for f in p.findings) for p in negatives) == sweep.alarms[row]


@pytest.mark.parametrize(
    ("threshold", "found", "wrong"),
    [(0.95, 0, 0), (0.9, 1, 0), (0.7, 1, 1), (0.51, 1, 1), (0.5, 2, 1), (0.0, 2, 1)],
)
def test_any_threshold_by_hand(threshold, found, wrong):
    sweep = sweep_of(trials_of(*pictures([0.9, 0.5], [0.7])))
    row = sweep.row_at(threshold)
    assert (sweep.found[row], sweep.wrong[row]) == (found, wrong)


def test_what_is_ignored_counts_neither_way():
    annotations = truth(ducks(A, B, crowd=[False, True]))
    chosen = calibrate_threshold([ducks(B, A, scores=[0.9, 0.6])], annotations)
    assert (chosen.precision, chosen.recall) == (1, 1)


def test_it_says_how_sure_one_can_be():
    chosen = calibrate_threshold(*pictures([0.9] * 5, [], [0.2] * 10))
    assert str(chosen).splitlines() == [
        "At a threshold of 0.55, 5 of 5 objects are found and 0 of 5 boxes are wrong (F1 1.00).",
        "With this many objects, the true recall may be anywhere in 0.57–1.00 and the true precision anywhere in "
        "0.57–1.00 (95 % intervals). On resampled sets of these pictures the threshold falls in 0.55–0.55.",
        "0 of 10 pictures without objects have a box; the true share may be anywhere in 0.00–0.28.",
        "The lowest score here is 0.20: detect with threshold=0 to see what lower thresholds give.",
    ]
    missing = str(calibrate_threshold(*pictures([0.5, 0.4], [0.7]), precision=0.9))
    assert "No threshold finds objects with a precision of 0.9 on these pictures" in missing
    assert "No picture without objects was looked at" in str(calibrate_threshold(*pictures([0.9])))


def test_a_threshold_that_hangs_on_few_pictures_has_a_wide_interval():
    sure = calibrate_threshold(*pictures([0.9] * 20, [0.1]))
    unsure = calibrate_threshold(*pictures([0.9, 0.8, 0.3], [], [0.4, 0.35]))  # is 0.3 worth two mistakes?
    assert np.ptp(sure.threshold_interval) < 0.1 < 0.4 < np.ptp(unsure.threshold_interval)


@pytest.mark.parametrize(
    ("given", "wishes", "message"),
    [
        (pictures([0.9]), {"precision": 0.9, "false_alarms": 0.1}, "cannot both choose"),
        (pictures([0.9]), {"precision": 90}, "precision must be a part from 0 to 1, got 90"),
        (pictures([0.9]), {"false_alarms": 0.05}, "needs pictures without objects"),
        (pictures(on_negatives=[0.9]), {}, "at least one object to find, got none"),
    ],
)
def test_wrong_wishes(given, wishes, message):
    with pytest.raises(ValueError, match=message):
        calibrate_threshold(*given, **wishes)


def test_the_plot_marks_the_threshold():
    chosen = calibrate_threshold(*pictures([0.8, 0.6], [0.2]))
    axes = chosen.plot()
    assert [line.get_label() for line in axes.get_lines()[:3]] == ["precision", "recall", "F1"]
    assert axes.get_lines()[3].get_xdata()[0] == chosen.threshold
    assert len({line.get_color() for line in axes.get_lines()}) == 4
