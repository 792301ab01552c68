"""The drawn set of three classes: how many examples, boxes by hand, what a threshold gives, by hand."""

from __future__ import annotations

import numpy as np
import pytest

import tflhelpers as tfl


def test_ten_five_and_two_examples_and_pictures_without_any(script):
    several = script("several_classes")
    assert several.examples(several.TRAINING) == [10, 5, 2]
    assert several.TRAINING.count(()) == 5
    assert min(several.examples(several.TEST)) >= 15
    assert several.TEST.count(()) == 60  # 5 % of them are three
    seeds = [seed for seed, _ in several.PARTS.values()]
    assert len(set(seeds)) == len(seeds)


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [(slice(2, 6), slice(4, 10), [2.0, 1.0, 5.0, 3.0]), (slice(0, 1), slice(3, 4), [1.5, 0.0, 2.0, 0.5])],
)
def test_a_box_by_hand(script, rows, columns, expected):
    mask = np.zeros((12, 14), bool)
    mask[rows, columns] = True
    assert script("drawn_things").box_of(mask) == expected


def test_places_are_apart(script):
    things = script("drawn_things")
    spots = np.array(things.place(np.random.default_rng(0), 5))
    distances = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1))
    assert distances[~np.eye(5, dtype=bool)].min() >= things.APART


@pytest.mark.parametrize("labels", [(), (2,), (1, 0)])
def test_a_picture_shows_its_things_and_comes_out_the_same_twice(script, tmp_path, monkeypatch, labels):
    things = script("drawn_things")
    monkeypatch.setattr(things, "SIZE", (48, 64))
    first = things.draw((tmp_path / "a.jpg", 7, 3, labels))
    again = things.draw((tmp_path / "b.jpg", 7, 3, labels))
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
    assert first[1:] == again[1:]
    assert first[2] == labels
    for x1, y1, x2, y2 in first[1]:
        assert 0 <= x1 < x2 <= 64
        assert 0 <= y1 < y2 <= 48


def test_what_a_threshold_gives_by_hand(script, tmp_path):
    duck, nothing = tfl.Boxes([[0, 0, 10, 10]], [0]), tfl.Boxes.empty()
    names = [tmp_path / f"{i}.jpg" for i in range(4)]
    truth = tfl.Annotations.from_items(["duck"], zip(names, [duck, duck, nothing, nothing], strict=True))
    found = [
        tfl.Boxes([[0, 0, 10, 10]], [0], [0.9]),
        tfl.Boxes([[0, 0, 10, 10]], [0], [0.3]),  # not sure enough
        tfl.Boxes([[0, 0, 10, 10]], [0], [0.8]),  # a false alarm
        tfl.Boxes.empty(with_scores=True),
    ]
    assert script("several_classes").at_threshold(found, truth, 0.5) == {
        "threshold": 0.5,
        "recall": 0.5,
        "precision": 0.5,
        "false_alarms": 0.5,
    }


def test_look_alikes_do_not_count_where_something_is_shown(script, tmp_path):
    duck, nothing = tfl.Boxes([[0, 0, 10, 10]], [0]), tfl.Boxes.empty()
    names = [tmp_path / f"{i}.jpg" for i in range(2)]
    truth = tfl.Annotations.from_items(["duck"], zip(names, [duck, nothing], strict=True))
    found = [tfl.Boxes([[0, 0, 10, 10]], [0], [0.3]), tfl.Boxes([[0, 0, 10, 10]], [0], [0.9])]
    assert script("several_classes").where_something_is(found, truth).ap50 == pytest.approx(1.0)
    assert tfl.evaluate(found, truth).ap50 == pytest.approx(0.5)
