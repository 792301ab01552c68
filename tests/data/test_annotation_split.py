"""A split gives training every class it can, and spreads the rest in proportion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes


def _with_classes(*labels_of: list[int], class_count: int = 3) -> Annotations:
    items = [
        (f"{index}.png", Boxes([[0, 0, 5, 9]] * len(labels), labels))
        for index, labels in enumerate(labels_of)
    ]
    return Annotations.from_items([f"class {index}" for index in range(class_count)], items)


def _classes(annotations: Annotations) -> set[int]:
    return {label for _, boxes in annotations for label in boxes.labels.tolist()}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("labels_of", "train", "train_count"),
    [
        ([[], []], 0.5, 1),
        ([[0], [0], [0], [0], [0]], 0.8, 4),
        ([[0], [0]], 0.99, 1),  # held-out never empty
        ([[0], [0], [0]], 0.01, 1),  # nor training
        ([[0]] * 9 + [[2, 1]], 0.2, 2),
        ([[0], [1], [2], [0, 1, 2]], 1, 1),
        ([[0, 1], [1], [2], [], [], [0], [0], [0]], 3, 3),
    ],
)
def test_split_parts_the_pictures_and_gives_training_each_class(labels_of, train, train_count, seed):
    annotations = _with_classes(*labels_of)
    first, second = annotations.split(train, seed=seed)
    assert len(first) == train_count
    assert sorted(first.image_paths + second.image_paths) == sorted(annotations.image_paths)
    for part in (first, second):
        assert list(part.image_paths) == sorted(part.image_paths)  # in the order they had
        assert dict(part) == {path: boxes for path, boxes in annotations if path in part.image_paths}
    assert _classes(first) == _classes(annotations)


@pytest.mark.parametrize("seed", range(5))
def test_split_spreads_classes_and_negatives_in_proportion(seed):
    annotations = _with_classes(*[[0]] * 20, *[[1, 2]] * 10, *[[]] * 10)
    first, second = annotations.split(0.8, seed=seed)
    for part, expected in ((first, [16, 8, 8]), (second, [4, 2, 2])):
        kinds = [boxes.labels.tolist() for _, boxes in part]
        assert [kinds.count([0]), kinds.count([1, 2]), kinds.count([])] == expected


def test_split_does_not_count_crowds_as_showing_a_class():
    crowd = Boxes([[0, 0, 5, 9]], [1], crowd=[True])
    items = [("0.png", crowd), ("1.png", Boxes([[0, 0, 5, 9]], [1])), ("2.png", crowd)]
    annotations = Annotations(["cat", "duck"], items)
    for seed in range(6):
        assert Path("1.png") in annotations.split(1, seed=seed)[0].image_paths


def test_split_depends_on_the_seed_only():
    annotations = _with_classes(*[[0]] * 12)
    splits = [annotations.split(0.5, seed=seed)[0].image_paths for seed in (0, 0, 1, 2, 3)]
    assert splits[0] == splits[1]
    assert len(set(splits)) > 2


@pytest.mark.parametrize(
    ("count", "train", "message"),
    [
        (0, 0.5, "at least 2 pictures, got 0"),
        (1, 0.5, "at least 2 pictures, got 1"),
        (5, 5, "1 to 4, got 5"),
        (5, 0, "1 to 4, got 0"),
        (5, 1.0, "between 0 and 1"),
        (5, True, "between 0 and 1"),
    ],
)
def test_split_refuses_what_leaves_a_group_empty(count, train, message):
    with pytest.raises(ValueError, match=message):
        _with_classes(*[[0]] * count).split(train)
