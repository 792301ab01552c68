"""Steadied boxes: gaps closed, flashes gone, no trembling, no lag, one class for one thing."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from tflhelpers.data.boxes import Boxes
from tflhelpers.sharing.steadying import CALM, SIZE_REACH, smooth, steady_boxes, votes
from tflhelpers.sharing.tracks import find_tracks

NONE = Boxes.empty(with_scores=True)


def box(left=10.0, *, label=0, score=0.9, top=20, side=40):
    return Boxes([[left, top, left + side, top + side]], [label], [score])


def lefts(boxes):
    return [each.xyxy[0, 0] if len(each) else None for each in boxes]


CLIPS = [
    # what each frame has, what is shown (left edges; None: nothing)
    ([], []),
    ([NONE, NONE], [None, None]),
    ([box()], [10]),
    ([box(10), box(10), box(10)], [10, 10, 10]),
    ([box(10), NONE, box(14)], [10, 12, 14]),  # missed once: the box between
    ([box(10), NONE, NONE, NONE, box(18)], [10, 12, 14, 16, 18]),  # three times
    ([NONE, box(10, score=0.6), NONE, NONE], [None, None, None, None]),  # a flash
    ([NONE, box(10, score=0.95), NONE, NONE], [None, 10, None, None]),  # surely seen
    ([box(10), box(12, score=0.3), box(14)], [10, 12, 14]),  # unsure goes on
    ([box(10, score=0.3), box(10, score=0.4)], [None, None]),  # but never begins
    ([box(10), box(11), box(200), box(201)], [10, 11, 200, 201]),  # jumped: another thing
]


@pytest.mark.parametrize(("found", "expected"), CLIPS)
def test_what_is_shown(found, expected):
    shown = steady_boxes(found, threshold=0.5)
    assert lefts(shown) == [None if left is None else pytest.approx(left, abs=0.3) for left in expected]
    for each in shown:
        assert each.scores is not None


def test_four_missed_frames_are_too_many():
    shown = steady_boxes([box(), box(), NONE, NONE, NONE, NONE, box(), box()], threshold=0.5)
    assert [len(each) for each in shown] == [1, 1, 0, 0, 0, 0, 1, 1]


def test_what_moves_evenly_stays_as_it_is():
    found = [box(10 + 7 * n) for n in range(12)]
    np.testing.assert_allclose(
        lefts(steady_boxes(found, threshold=0.5)), [10 + 7 * n for n in range(12)], atol=1e-3
    )


def test_trembling_is_halved_and_nothing_lags():
    rng = np.random.default_rng(0)
    truth = np.array([[10 + 4 * n, 20, 70 + 4 * n, 80] for n in range(60)], float)
    found = [Boxes([edges + rng.normal(0, 2, 4)], [0], [0.9]) for edges in truth]
    shown = np.concatenate([each.xyxy for each in steady_boxes(found, threshold=0.5)]) - truth
    before = np.concatenate([each.xyxy for each in found]) - truth
    assert np.abs(np.diff(shown, axis=0)).mean() < 0.55 * np.abs(np.diff(before, axis=0)).mean()
    assert np.abs(shown).mean() < 0.8 * np.abs(before).mean()
    assert abs(shown.mean()) < 0.3  # neither behind nor ahead


def test_a_shaking_camera_is_followed():
    """Sizes stand still, so centres are believed."""
    found = [box(50 + (12 if n % 2 else 0)) for n in range(10)]
    np.testing.assert_allclose(lefts(steady_boxes(found, threshold=0.5)), lefts(found), atol=0.01)


def test_of_classes_that_take_turns_the_surest_stays():
    found = [box(label=1 if n in (2, 5) else 0, score=0.6 if n == 2 else 0.8) for n in range(8)]
    assert [each.labels.tolist() for each in steady_boxes(found, threshold=0.5)] == [[0]] * 8


def test_things_of_two_classes_side_by_side_stay_two():
    found = [Boxes.concatenate([box(10 + n), box(80 - n, label=1)]) for n in range(20)]
    shown = steady_boxes(found, threshold=0.5)
    assert [sorted(each.labels.tolist()) for each in shown] == [[0, 1]] * 20


def test_the_sure_come_first_and_one_thing_is_shown_once():
    pair = Boxes([[10, 20, 50, 60], [13, 20, 53, 60]], [0, 0], [0.9, 0.6])
    shown = steady_boxes([pair] * 4, threshold=0.5)
    assert [len(each) for each in shown] == [1] * 4
    assert all(each.scores == pytest.approx(0.9) for each in shown)


def test_frames_between_those_looked_at_get_boxes_too():
    shown = steady_boxes([box(10), box(22), box(34)], threshold=0.5, numbers=[0, 3, 6], total=8)
    expected = [10, 14, 18, 22, 26, 30, 34, None]
    assert lefts(shown) == [None if left is None else pytest.approx(left, abs=0.5) for left in expected]


def test_tracks_by_hand():
    crossing = [Boxes.concatenate([box(10 + 20 * n), box(110 - 20 * n, label=1)]) for n in range(6)]
    tracks = find_tracks(crossing, sure=0.5)
    assert sorted(set(track.labels).pop() for track in tracks) == [0, 1]
    assert all(track.frames == list(range(6)) and len(set(track.labels)) == 1 for track in tracks)


def test_a_line_through_one_point_and_through_gaps():
    at, edges = smooth(np.array([4]), np.array([[1.0, 2, 11, 12]]), [0.5])
    assert (at.tolist(), edges.tolist()) == ([4], [[1, 2, 11, 12]])
    labels, scores = votes(np.array([0, 2]), [3, 3], [0.4, 0.8], np.array([0, 1, 2]))
    assert labels.tolist() == [3, 3, 3]
    assert scores[1] == pytest.approx(0.6)


def shaken(count):
    """The boxes of a thing that sways, seen by an unsteady detector in a part of the frames."""
    rng = np.random.default_rng(0)
    lefts = 60 + 50 * np.sin(np.arange(count) / 300) + rng.normal(0, 1, count)
    return [box(left, score=rng.uniform(0.5, 1)) if n % 7 else NONE for n, left in enumerate(lefts)]


def test_a_window_gives_what_the_whole_track_gives():
    """The straight lines by the sums over all frames, as they are defined."""
    frames = np.flatnonzero(np.arange(200) % 7)
    rng = np.random.default_rng(1)
    sizes, weights = rng.uniform(20, 60, (len(frames), 2)), rng.uniform(0.3, 1, len(frames))
    at = np.arange(frames[0], frames[-1] + 1)
    away = (frames - at[:, None]).astype(float)
    near = weights * np.exp(-0.5 * (away / SIZE_REACH) ** 2)
    ones, firsts, seconds = near.sum(1), (near * away).sum(1), (near * (away**2 + CALM)).sum(1)
    level, slope = near @ sizes, (near * away) @ sizes
    expected = (seconds[:, None] * level - firsts[:, None] * slope) / (ones * seconds - firsts**2)[:, None]
    _, edges = smooth(frames, np.concatenate([-sizes / 2, sizes / 2], axis=1), weights)
    np.testing.assert_allclose(edges[:, 2:] - edges[:, :2], expected, atol=1e-6)


@pytest.mark.parametrize("count", [6000, pytest.param(60_000, marks=pytest.mark.slow)])
def test_a_long_track_takes_time_and_memory_by_its_length(count):
    found = shaken(count)
    began = time.process_time()
    shown = steady_boxes(found, threshold=0.5)
    seconds = time.process_time() - began
    assert (len(shown), min(map(len, shown[1:-1]))) == (count, 1)
    del shown
    tracemalloc.start()
    steady_boxes(found, threshold=0.5)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 50e6 / 60_000 * count  # bytes; two thirds are the boxes that are given
    assert seconds < 2.5e-4 * count  # 6,000 frames took 18 s when each looked at all others
