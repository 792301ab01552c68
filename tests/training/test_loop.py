"""The steps of a training: at what rate, how many, and when they are kept."""

from __future__ import annotations

import itertools
import math

import pytest

from tflhelpers.progress import ProgressBar
from tflhelpers.training import loop
from tflhelpers.training.loop import Course, Keeper, run_steps
from tflhelpers.training.recipe import Recipe


class Recorded:
    """Stands for a trainer: notes what it is asked, and says that the loss is the number of the call."""

    def __init__(self, on_step=lambda: None):
        self.rates, self.images, self.on_step = [], [], on_step

    def learn(self, images, truth, rate):
        self.on_step()
        self.images.append(images)
        self.rates.append(rate)
        return {name: float(len(self.rates) * (k + 1)) for k, name in enumerate(loop.LOSSES)}


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when told: a list that holds the time."""
    now = [100.0]
    monkeypatch.setattr(loop.time, "monotonic", lambda: now[0])
    return now


def recipe(steps=10, budget=None):
    return Recipe(("heads",), steps, 2, "sgd", 0.4, None, budget)


def endless():
    return ((number, None) for number in itertools.count())


def run(trainer, made, course=None, keeper=None):
    course, bar = course or Course(), ProgressBar()
    batches = itertools.islice(endless(), course.done, made.steps)
    run_steps(trainer, batches, made, course, keeper or Keeper(None, ""), bar, loop.time.monotonic())
    return course, bar


def test_every_step_is_done_once_and_its_losses_are_kept(clock):
    trainer = Recorded()
    course, bar = run(trainer, recipe())
    assert trainer.images == list(range(10))
    assert (course.done, bar.count) == (10, 10)
    assert course.losses["loss"] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert course.losses["matched"] == [4 * k for k in range(1, 11)]


def test_the_rate_rises_for_a_tenth_and_falls_along_a_cosine(clock):
    trainer = Recorded()
    run(trainer, recipe())
    wanted = [0.2, *(0.2 * (1 + math.cos(math.pi * (k - 0.5) / 9)) for k in range(1, 10))]
    assert trainer.rates == pytest.approx(wanted)
    assert trainer.rates[1] == max(trainer.rates) < 0.4
    assert trainer.rates[-1] < 0.01


def test_a_course_is_gone_on_with(clock):
    whole, rest = Recorded(), Recorded()
    run(whole, recipe())
    run(rest, recipe(), Course(6))
    assert rest.images == [6, 7, 8, 9]
    assert rest.rates == whole.rates[6:]


def test_a_budget_ends_the_training_in_time_and_at_a_low_rate(clock):
    def second():
        clock[0] += 1.0

    trainer = Recorded(second)
    course, _ = run(trainer, recipe(5000, budget=20.0))
    assert course.done == 20
    assert course.seconds == 20.0
    assert trainer.rates[2] == pytest.approx(0.4)  # at a tenth of the time
    assert trainer.rates[-1] < 0.01


def test_a_budget_counts_what_earlier_calls_took(clock):
    trainer = Recorded(lambda: clock.__setitem__(0, clock[0] + 1.0))
    course, _ = run(trainer, recipe(5000, budget=20.0), Course(done=7, seconds=15.0))
    assert course.done == 12


@pytest.mark.parametrize(
    ("save_steps", "seconds_a_step", "saved_at"),
    [(2, 0, [2, 4, 5]), (3, 0, [3, 5]), (100, 0, [5]), (100, 10.0, [1, 2, 3, 4, 5, 5]), (100, 4.0, [3, 5])],
)
def test_the_state_is_kept_every_few_steps_or_ten_seconds_and_at_the_end(
    tmp_path, monkeypatch, clock, save_steps, seconds_a_step, saved_at
):
    kept = []
    monkeypatch.setattr(loop, "SAVE_STEPS", save_steps)
    monkeypatch.setattr(loop, "save_state", lambda trainer, step, path, **others: kept.append(step))
    trainer = Recorded(lambda: clock.__setitem__(0, clock[0] + seconds_a_step))
    run(trainer, recipe(5), keeper=Keeper(tmp_path / "state.npz", "settings"))
    assert kept == saved_at


def test_without_a_path_nothing_is_kept(monkeypatch):
    monkeypatch.setattr(loop, "SAVE_STEPS", 1)
    monkeypatch.setattr(loop, "save_state", lambda *arguments, **others: pytest.fail("saved"))
    run(Recorded(), recipe(2))
