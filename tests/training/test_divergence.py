"""A loss that is nan or explodes: back to good weights, a lower rate or without the batch, at last a clear end."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from tests.training.tiny import drawn_pictures, start_anew, tiny_detector, weights
from tflhelpers.progress import ProgressBar
from tflhelpers.training import budget as budget_module
from tflhelpers.training.batches import TrainingPictures
from tflhelpers.training.budget import Budget, ShowProgress
from tflhelpers.training.divergence import DivergenceGuard, TrainingTrouble
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.loop import LOSSES, TrainingState
from tflhelpers.training.loop import run as run_engine
from tflhelpers.training.recipe import Recipe

RECIPE = Recipe(("heads",), 40, 2, "sgd", 0.4, None, None, None)


class Scripted:
    """Stands for a trainer whose only weight counts the steps it has learned from; `loss_of` says what they cost."""

    def __init__(self, loss_of, weight_after=lambda weight, rate: weight + 1):
        self.loss_of, self.weight_after = loss_of, weight_after
        self.weight, self.rates = 0.0, []

    def learn(self, images, truth, rate):
        losses = self.judge(images, truth)
        self.rates.append(rate)
        self.weight = self.weight_after(self.weight, rate)
        return losses

    def judge(self, images, truth):
        return dict.fromkeys(LOSSES, 1.0) | {"loss": self.loss_of(self.weight, images), "wrong": [0.0]}

    def snapshot(self):
        return [np.array([self.weight])]

    def go_back(self, values):
        self.weight = float(values[0][0])


def batches(first_step):
    """The images of each are the number of its step."""
    return ((number, None) for number in range(first_step, 40))


def names(step):
    return [f"{step}.png", "bad.png"]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Every step takes a second, so that the snapshots come at fixed steps."""
    now = [0.0]
    monkeypatch.setattr(budget_module.time, "monotonic", lambda: now.__setitem__(0, now[0] + 1.0) or now[0])


def run(trainer):
    state, bar, budget = TrainingState(), ProgressBar(), Budget(40, None, 0.0)
    run_engine(
        state,
        lambda batch, rate: trainer.learn(*batch, rate),
        batches,
        lambda state: RECIPE.rate_at(budget.progress(state)),
        [DivergenceGuard(trainer, RECIPE, names), budget, ShowProgress(bar, budget)],
    )
    assert bar.count == state.step == 40
    return state


def test_without_trouble_nothing_is_noted():
    trainer = Scripted(lambda weight, step: 3.0)
    assert run(trainer).about() | {"seconds": 0} == TrainingState().about()
    assert trainer.weight == 40


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e9], ids=["nan", "inf", "exploded"])
def test_a_batch_that_no_weights_can_learn_from_is_left_out(bad, caplog):
    trainer = Scripted(lambda weight, step: bad if step == 25 else 3.0)
    with caplog.at_level(logging.WARNING):
        course = run(trainer)
    assert (course.left_out, course.rate_factor, course.troubles) == ([25], 1.0, 1)
    assert len(course.losses["loss"]) == 39
    assert set(course.losses["loss"]) == {3.0}
    assert trainer.weight == 39
    told = (
        f"Step 26: the loss became {bad:.3g}; went back to step 20 and left out the batch of 25.png, bad.png"
    )
    assert course.notes[0].startswith(told)
    assert caplog.messages == course.notes


def test_weights_that_a_high_rate_has_spoilt_are_taken_back_and_the_rate_halved():
    """The weight is nan after any step with a rate above 0.15: three times, at the peak of the rates."""
    trainer = Scripted(lambda weight, step: weight, lambda weight, rate: np.nan if rate > 0.15 else 1.0)
    course = run(trainer)
    assert (course.left_out, course.rate_factor, course.troubles) == ([], 0.25, 2)
    assert np.isfinite(course.losses["loss"]).all()
    assert len(course.losses["loss"]) == 40
    assert "went back to step 0 and halved the learning rate to 0.2." in course.notes[0]
    assert course.notes[1].endswith("and halved the learning rate to 0.1.")
    assert trainer.rates[-40:] == pytest.approx([0.25 * RECIPE.rate_at((k + 0.5) / 40) for k in range(40)])


def test_a_snapshot_counts_only_when_steps_have_gone_well_with_it():
    """At step 20 the weights go wrong, which shows two steps later: the snapshot of step 20 is of no use."""
    spoilt = []

    def after(weight, rate):
        if weight == 19 and not spoilt:
            spoilt.append(True)
            return 1000.0
        return weight + 1

    trainer = Scripted(lambda weight, step: np.nan if weight >= 1002 else 3.0, after)
    course = run(trainer)
    assert "Step 23: the loss became nan; went back to step 10 and halved" in course.notes[0]
    assert trainer.weight == 40


def test_weights_that_the_last_step_has_spoilt_are_noticed():
    spoilt = []

    def after(weight, rate):
        if weight == 39 and not spoilt:
            spoilt.append(True)
            return np.inf
        return weight + 1

    trainer = Scripted(lambda weight, step: 3.0, after)
    course = run(trainer)
    assert course.notes == [
        "Step 41: the weights became nan or infinite; went back to step 30 and halved the learning rate to 0.2."
    ]
    assert trainer.weight == 40


@pytest.mark.parametrize(
    ("loss_of", "after", "message", "weight"),
    [
        (
            lambda weight, step: weight,
            lambda weight, rate: np.nan,
            r"after going back 6 times, at step 0: the learning rate of 0.4 is far too high, and 0.00625 still is. "
            r"Train a fresh detector with learning_rate=0.002",
            0.0,
        ),
        (
            lambda weight, step: np.nan if step % 5 == 4 else 3.0,
            lambda weight, rate: weight + 1,
            "after going back 6 times, at step 21: bad.png cannot be learned from: .* or train without it",
            17.0,  # four of the first 21 steps were left out
        ),
    ],
    ids=["rate", "picture"],
)
def test_after_a_few_troubles_it_ends_with_the_cause_and_good_weights(loss_of, after, message, weight):
    trainer = Scripted(loss_of, after)
    with pytest.raises(TrainingTrouble, match=message):
        run(trainer)
    assert trainer.weight == weight


def test_a_detector_that_is_broken_already_is_refused():
    trainer = Scripted(lambda weight, step: 3.0)
    trainer.weight = np.nan
    with pytest.raises(TrainingTrouble, match="some are nan or infinite before the training begins"):
        run(trainer)


@pytest.mark.parametrize(
    ("first", "loss", "matched", "trouble"),
    [
        ([], 1e6, 1, False),  # nothing to compare with
        ([], np.nan, 1, True),
        ([(3, 10)] * 4, 59, 10, False),
        ([(3, 10)] * 4, 61, 10, True),
        ([(3, 10)] * 4, 61, 9, False),  # 549: not 20 times the 30 that were usual
        ([(3, 10)] * 4, 500, 0, False),  # a batch of negatives divides by 1
        ([(3, 10)] * 4, 700, 0, True),
        ([(0.01, 10)] * 4, 19, 10, False),  # it had learned all already
        ([(0.01, 10)] * 4, 21, 10, True),
        ([(90, 10), (3, 10), (3, 10)], 61, 10, True),  # one high loss at the start raises no limit
    ],
)
def test_what_counts_as_trouble(first, loss, matched, trouble):
    state = TrainingState()
    for each, its_matched in first:
        state.add(dict.fromkeys(LOSSES, 0.0) | {"loss": each, "matched": its_matched})
    guard = DivergenceGuard(Scripted(None), RECIPE, names)
    assert guard.is_trouble(state, {"loss": loss, "matched": matched}) is trouble


# ---- with a network


@pytest.fixture(scope="module")
def detector():
    return tiny_detector()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return drawn_pictures(tmp_path_factory.mktemp("pictures"), 4)


# "sgd", as "auto" clips the gradients, which keeps most rates from exploding.
QUICK = {"trainable": "heads", "augment": None, "batch_size": 2, "optimizer": "sgd", "tiles": None}


def test_a_rate_that_is_too_high_is_lowered_until_the_detector_learns(detector, pictures):
    start_anew(detector)
    course = fine_tune(detector, pictures, **QUICK, steps=40, learning_rate=3.0)
    assert 1 <= sum("halved the learning rate" in note for note in course.notes) <= 5
    assert np.isfinite(course.loss).all()
    assert np.mean(course.loss[-10:]) < np.mean(course.loss[:10])
    assert max(course.loss) < 20 * max(1, np.median(course.loss[:10]))


def test_a_rate_beyond_help_leaves_the_weights_as_they_were(detector, pictures):
    start_anew(detector)
    before = weights(detector)
    with pytest.raises(TrainingTrouble, match=r"the learning rate of 1e\+09 is far too high"):
        fine_tune(detector, pictures, **QUICK, steps=40, learning_rate=1e9)
    for key, value in weights(detector).items():
        np.testing.assert_array_equal(value, before[key], err_msg=key)


def test_a_poisoned_picture_is_named(detector, pictures, monkeypatch):
    of_picture = TrainingPictures.__getitem__

    def poisoned(self, index):
        picture, boxes, labels = of_picture(self, index)
        return picture, boxes * np.float32(np.nan if index == 2 else 1), labels

    monkeypatch.setattr(TrainingPictures, "__getitem__", poisoned)
    start_anew(detector)
    with pytest.raises(TrainingTrouble, match=r"2\.png cannot be learned from"):
        fine_tune(detector, pictures, **QUICK, steps=40)
    assert all(np.isfinite(value).all() for value in weights(detector).values())
