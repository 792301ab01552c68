"""Which picture comes when: rare classes more often, negatives spread and harder ones more, nothing starves."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tflhelpers.training.sampler import PLAN_STEPS, Sampler, repeat_factors


def made(labels, batch_size=4, steps=50, seed=0):
    return Sampler(labels, batch_size=batch_size, steps=steps, seed=seed)


def run(sampler, wrong=lambda index: 0.0, steps=range(50)):
    """Goes through a training in which the detector is wrong on each picture as told."""
    for step in steps:
        sampler.learned(step, [wrong(index) for index in sampler.of_step(step)])
    return sampler


def counts(sampler):
    return np.bincount(sampler.order, minlength=sampler.num_pictures).tolist()


@pytest.mark.parametrize(
    ("labels", "factors"),
    [
        ([], []),
        ([[]], [1]),
        ([[0]], [1]),
        ([[0], [0, 0, 0], [0]], [1, 1, 1]),  # pictures count, not boxes
        ([[0], [1], [1, 2], [2]], [2**0.5, 1, 1, 1]),
        ([[0]] * 8 + [[0, 1]], [1] * 8 + [3]),
        ([[7]] * 10 + [[5]] * 5 + [[9]] * 2, [1] * 10 + [2**0.5] * 5 + [5**0.5] * 2),
    ],
)
def test_pictures_of_rare_classes_are_to_be_drawn_more(labels, factors):
    assert repeat_factors(labels).tolist() == pytest.approx(factors)


@pytest.mark.parametrize(("seed", "num_pictures"), [(0, 5), (3, 1), (4, 7)])
def test_of_one_class_all_come_in_a_random_order_then_all_in_another(seed, num_pictures):
    order = made([[0]] * num_pictures, seed=seed).order
    rng = np.random.default_rng(seed)
    wanted = np.concatenate([rng.permutation(num_pictures) for _ in range(200)])[:200]
    assert order == wanted.tolist()


def test_ten_five_and_two_examples_are_seen_by_the_square_root_and_each_in_every_round():
    labels = [[0]] * 10 + [[1]] * 5 + [[2]] * 2
    sampler = made(labels, batch_size=1, steps=2000)
    of_class = np.bincount([labels[index][0] for index in sampler.order])
    weights = np.array([10, 5 * 2**0.5, 2 * 5**0.5])
    np.testing.assert_allclose(of_class / 2000, weights / weights.sum(), atol=0.01)
    longest_round = 10 + 5 * 2 + 2 * 3
    for index in range(17):
        at = np.flatnonzero(np.array(sampler.order) == index)
        assert np.diff(at).max() < 2 * longest_round


SOME = [[0], [0, 1], [1], [0], [1], [], [], []]  # five with objects, three without


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 8])
def test_orders_of_fewer_steps_are_the_beginning_of_longer_ones(batch_size, seed):
    long = run(made(SOME, batch_size, 60, seed), steps=range(60))
    assert len(long.order) == 60 * batch_size
    for steps in (1, 7, 30):
        short = run(made(SOME, batch_size, steps, seed), steps=range(steps))
        assert short.order == long.order[: steps * batch_size]
    assert made(SOME, batch_size, 60, seed + 9).order != made(SOME, batch_size, 60, seed).order


@pytest.mark.parametrize(
    ("labels", "batch_size", "negatives_in_40_steps", "in_a_batch"),
    [
        (SOME, 4, 60, {1, 2}),  # 3 of 8
        (SOME, 8, 120, {3}),
        (SOME, 1, 15, {0, 1}),
        ([[0]] + [[]] * 99, 4, 80, {2}),  # at most a half
        ([[0]] + [[]] * 99, 2, 40, {1}),
        ([[0]] + [[]] * 99, 3, 60, {1, 2}),
        ([[0]] * 39 + [[]], 4, 4, {0, 1}),
        ([[0]] * 5, 4, 0, {0}),
        ([[]] * 3, 4, 0, {0}),  # nothing else is there: these are drawn like any others
    ],
)
def test_negatives_are_spread_and_every_batch_holds_objects(
    labels, batch_size, negatives_in_40_steps, in_a_batch
):
    sampler = run(made(labels, batch_size, 40), steps=range(40))
    batches = [sum(index in sampler.negatives for index in sampler.of_step(step)) for step in range(40)]
    assert sum(batches) == negatives_in_40_steps
    assert set(batches) == in_a_batch
    for part in range(4):  # spread: a quarter in each quarter
        assert abs(sum(batches[10 * part : 10 * part + 10]) - negatives_in_40_steps / 4) <= 1


def test_negatives_that_fool_nobody_come_in_turn():
    sampler = run(made([[0]] + [[]] * 7, 4), steps=range(50))
    negatives = [index for index in sampler.order if index != 0]
    assert sorted(negatives[:7]) == list(range(1, 8))
    assert negatives == (negatives[:7] * 20)[: len(negatives)]
    assert negatives[:7] != sorted(negatives[:7])  # in a random order


def test_negatives_that_fool_the_detector_are_drawn_five_times_as_often_but_not_alone():
    sampler = run(made([[0]] + [[]] * 10, 4, 400), lambda index: float(index == 3), range(400))
    seen = np.array(counts(sampler))
    assert seen[3] == pytest.approx(5 * np.delete(seen, [0, 3]).mean(), rel=0.1)
    assert np.ptp(np.delete(seen, [0, 3])) <= 3


def test_a_negative_that_has_been_learned_is_drawn_as_the_others_again():
    sampler = made([[0]] + [[]] * 4, 2, 200)
    run(sampler, lambda index: float(index == 1), range(100))
    hard = counts(sampler)[1]
    run(sampler, lambda index: 0.0, range(100, 200))
    later = np.bincount(sampler.order[2 * 140 :], minlength=5)
    assert hard > 40
    assert np.ptp(later[1:]) <= 2


def test_what_was_planned_does_not_change_and_there_is_always_enough_planned():
    sampler = made(SOME, 2, 45)
    before = []
    for step in range(45):
        assert len(sampler.order) >= 2 * min(45, step + PLAN_STEPS)
        assert sampler.order[: len(before)] == before
        before = list(sampler.order)
        sampler.learned(step, [0.9, 0.1])
    assert len(sampler.order) == 90


@pytest.mark.parametrize("labels", [SOME, [[0], [1], [0]]], ids=["negatives", "no negatives"])
@pytest.mark.parametrize("done", [0, 1, 9, 10, 25, 49])
def test_a_restored_plan_goes_on_as_the_unbroken_one(labels, done):
    def wrong(index):
        return 0.1 * index

    whole = run(made(labels), wrong)
    broken = run(made(labels), wrong, range(done))
    rest = made(labels)
    rest.restore(json.loads(json.dumps(broken.state())))
    run(rest, wrong, range(done, 50))
    assert (rest.order, rest.turns) == (whole.order, whole.turns)


def test_turns_count_how_often_a_picture_came_before():
    sampler = run(made(SOME, 3))
    for place, index in enumerate(sampler.order):
        assert sampler.turns[place] == sampler.order[:place].count(index)


@pytest.mark.parametrize(
    ("labels", "times"),
    [
        ([[0]] * 3, [67, 67, 66]),  # of 200 draws, known beforehand
        ([[0]] * 3 + [[]], [50, 50, 50, 50]),
        ([[0]] + [[]] * 3, [100, 34, 34, 34]),
    ],
)
def test_how_often_each_is_drawn_is_told_beforehand(labels, times):
    assert sorted(made(labels).times().tolist(), reverse=True) == times


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_parts_of_a_step_are_its_draws_in_order(count):
    sampler = made([[0], [1], [], []], steps=3)
    for step in range(3):
        parts = [draw for index in range(count) for draw in sampler.draws_of(step, (index, count))]
        assert [sampler.order[draw] for draw in parts] == sampler.of_step(step)
