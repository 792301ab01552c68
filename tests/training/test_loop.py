"""The steps of a training: at what rate, how many, and when they are kept."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tflhelpers.progress import ProgressBar
from tflhelpers.training import budget as budget_module
from tflhelpers.training import resume
from tflhelpers.training.budget import Budget, ShowProgress
from tflhelpers.training.divergence import DivergenceGuard
from tflhelpers.training.loop import LOSSES, Hook, RolledBack, StopRun, TrainingState
from tflhelpers.training.loop import run as run_engine
from tflhelpers.training.recipe import Recipe
from tflhelpers.training.resume import Checkpointer
from tflhelpers.training.sampler import HardNegatives


class Recorded:
    """Stands for a trainer: notes what it is asked, and says that the loss is the number of the call (up to 10)."""

    def __init__(self, on_step=lambda: None):
        self.rates, self.images, self.on_step = [], [], on_step

    def learn(self, images, truth, rate):
        self.on_step()
        self.images.append(images)
        self.rates.append(rate)
        return {name: float(((len(self.rates) - 1) % 10 + 1) * (k + 1)) for k, name in enumerate(LOSSES)} | {
            "wrong": [0.5]
        }

    def snapshot(self):
        return [np.zeros(3)]


class Heard:
    """Stands for a sampler: notes what it hears of each step."""

    def __init__(self):
        self.learned_steps = []

    def learned(self, *heard):
        self.learned_steps.append(heard)


@pytest.fixture
def clock(monkeypatch):
    """A clock that only moves when told: a list that holds the time."""
    now = [100.0]
    monkeypatch.setattr(budget_module.time, "monotonic", lambda: now[0])
    return now


def recipe(steps=10, budget=None):
    return Recipe(("heads",), steps, 2, "sgd", 0.4, None, None, budget)


def run(trainer, made, state=None, checkpointer=None):
    state, bar, heard = state or TrainingState(), ProgressBar(), Heard()
    checkpointer = checkpointer or Checkpointer(None, "")
    checkpointer.begin(trainer, TrainingState())
    bar.count = state.step
    budget = Budget(made.steps, made.budget, budget_module.time.monotonic())
    run_engine(
        state,
        lambda batch, rate: trainer.learn(*batch, rate),
        lambda first_step: ((number, None) for number in range(first_step, made.steps)),
        lambda state: made.rate_at(budget.progress(state)),
        [
            DivergenceGuard(trainer, made, lambda step: [f"{step}.png"]),
            HardNegatives(heard),
            budget,
            ShowProgress(bar, budget),
            checkpointer,
        ],
    )
    assert heard.learned_steps == [(step, [0.5]) for step in trainer.images]
    return state, bar


def test_every_step_is_done_once_and_its_losses_are_kept(clock):
    trainer = Recorded()
    state, bar = run(trainer, recipe())
    assert trainer.images == list(range(10))
    assert (state.step, bar.count) == (10, 10)
    assert state.losses["loss"] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert state.losses["matched"] == [4 * k for k in range(1, 11)]


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
    run(rest, recipe(), TrainingState(6))
    assert rest.images == [6, 7, 8, 9]
    assert rest.rates == whole.rates[6:]


def test_a_budget_ends_the_training_in_time_and_at_a_low_rate(clock):
    def second():
        clock[0] += 1.0

    trainer = Recorded(second)
    state, _ = run(trainer, recipe(5000, budget=20.0))
    assert state.step == 20
    assert state.seconds == 20.0
    assert trainer.rates[2] == pytest.approx(0.4)  # at a tenth of the time
    assert trainer.rates[-1] < 0.01


def test_a_budget_counts_what_earlier_calls_took(clock):
    trainer = Recorded(lambda: clock.__setitem__(0, clock[0] + 1.0))
    state, _ = run(trainer, recipe(5000, budget=20.0), TrainingState(step=7, seconds=15.0))
    assert state.step == 12


@pytest.mark.parametrize(
    ("save_steps", "seconds_a_step", "saved_at"),
    [(2, 0, [2, 4, 5]), (3, 0, [3, 5]), (100, 0, [5]), (100, 10.0, [1, 2, 3, 4, 5, 5]), (100, 4.0, [3, 5])],
)
def test_the_state_is_kept_every_few_steps_or_ten_seconds_and_at_the_end(
    tmp_path, monkeypatch, clock, save_steps, seconds_a_step, saved_at
):
    kept = []
    monkeypatch.setattr(resume, "SAVE_STEPS", save_steps)
    monkeypatch.setattr(resume, "save_state", lambda trainer, step, path, **others: kept.append(step))
    trainer = Recorded(lambda: clock.__setitem__(0, clock[0] + seconds_a_step))
    run(trainer, recipe(5), checkpointer=Checkpointer(tmp_path / "state.npz", "settings"))
    assert kept == saved_at


def test_where_saving_is_slow_it_is_done_every_ten_seconds_only(tmp_path, monkeypatch, clock):
    """A second to save, an eighth for a step: after the first 20 steps it is seen that these are too few."""
    kept = []

    def save(trainer, step, path, **others):
        kept.append(step)
        clock[0] += 1.0

    monkeypatch.setattr(resume, "save_state", save)
    trainer = Recorded(lambda: clock.__setitem__(0, clock[0] + 0.125))
    run(trainer, recipe(300), checkpointer=Checkpointer(tmp_path / "state.npz", "settings"))
    assert kept == [20, 100, 180, 260, 300]


def test_without_a_path_nothing_is_kept(monkeypatch):
    monkeypatch.setattr(resume, "SAVE_STEPS", 1)
    monkeypatch.setattr(resume, "save_state", lambda *arguments, **others: pytest.fail("saved"))
    run(Recorded(), recipe(2))


def test_weights_that_are_no_numbers_are_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(resume, "save_state", lambda *arguments, **others: pytest.fail("saved"))
    broken = SimpleNamespace(snapshot=lambda: [np.ones(2), np.array([1.0, np.inf])])
    checkpointer = Checkpointer(tmp_path / "state.npz", "settings")
    checkpointer.begin(broken, TrainingState())
    checkpointer.keep(TrainingState(5))


@pytest.mark.parametrize(
    ("budget", "left"),
    [
        (None, ["?", "3:12", "3:08", "3:04"]),  # 4 s a step once it has been compiled, for 48, 47, 46 steps
        (150.0, ["1:40", "1:36", "1:32", "1:28"]),
        (1e4, ["165:50", "3:12", "3:08", "3:04"]),
    ],
)
def test_the_time_left_is_that_of_the_steps_without_the_first_one(clock, budget, left):
    state, told = TrainingState(), []
    watched = Budget(50, budget, began=clock[0])
    for seconds in (50.0, 4.0, 4.0, 4.0):
        clock[0] += seconds
        state.step += 1
        told.append(watched.left(state))
    assert told == left


class Told(Hook):
    """Notes what it hears of; may raise something at a step, once."""

    def __init__(self, name, told, raises=None, at=None):
        self.name, self.told, self.raises, self.at = name, told, raises, at

    def before_run(self, state):
        self.told.append(f"{self.name} begins at {state.step}")

    def before_step(self, state):
        if self.raises is StopRun and state.step == self.at:
            raise StopRun

    def on_losses(self, state, losses, batch):
        self.told.append(f"{self.name} hears {batch}")
        if self.raises is RolledBack and state.step == self.at:
            state.step, self.raises = 1, None
            raise RolledBack

    def after_step(self, state):
        self.told.append(f"{self.name} sees {state.step}")

    def after_rollback(self, state):
        self.told.append(f"{self.name} goes back to {state.step}")

    def after_run(self, state):
        self.told.append(f"{self.name} ends at {state.step}")


def run_with(state, hooks):
    learned = []
    run_engine(
        state,
        lambda batch, rate: learned.append((batch, rate)) or {"loss": 1.0},
        lambda first_step: range(first_step, 4),
        lambda state: 10.0 * state.step,
        hooks,
    )
    return learned


def test_hooks_hear_of_each_step_before_and_after_it_counts_in_their_order():
    told, state = [], TrainingState(2, losses={"loss": []})
    run_with(state, [Told("a", told), Told("b", told, StopRun, at=3)])
    assert told == [
        *("a begins at 2", "b begins at 2", "a hears 2", "b hears 2", "a sees 3", "b sees 3"),
        *("a ends at 3", "b ends at 3"),
    ]
    assert state == TrainingState(3, losses={"loss": [1.0]})


def test_after_a_rollback_the_batches_begin_again_and_the_hooks_hear_of_it_in_reverse():
    told, state = [], TrainingState(losses={}, rate_factor=0.5)
    learned = run_with(state, [Told("a", told, RolledBack, at=2), Told("b", told)])
    assert learned == [(0, 0.0), (1, 5.0), (2, 10.0), (1, 5.0), (2, 10.0), (3, 15.0)]
    at = told.index("b goes back to 1")
    assert told[at - 1 : at + 3] == ["a hears 2", "b goes back to 1", "a goes back to 1", "a hears 1"]


def test_steps_that_are_left_out_count_and_are_not_learned_from():
    told, state = [], TrainingState(losses={}, left_out=[1, 3])
    assert [batch for batch, _ in run_with(state, [Told("a", told)])] == [0, 2]
    assert told == ["a begins at 0", "a hears 0", "a sees 1", "a hears 2", "a sees 3", "a ends at 4"]
