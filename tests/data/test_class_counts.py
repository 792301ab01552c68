"""How many pictures and boxes of each class there are, and of which there are hardly any."""

from __future__ import annotations

import pytest

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.class_counts import class_counts


def _set(*labels_of, class_names=("a|b", "c"), crowd=()):
    boxes = [[[1, 2, 3 + i, 4] for i in range(len(labels))] for labels in labels_of]
    crowds = [[number in crowd] * len(labels) for number, labels in enumerate(labels_of)]
    pairs = zip(boxes, labels_of, crowds, strict=True)
    items = [
        (f"{i}.png", Boxes(xyxy, labels, crowd=flags) if labels else Boxes.empty())
        for i, (xyxy, labels, flags) in enumerate(pairs)
    ]
    return Annotations(class_names, items)


@pytest.mark.parametrize(
    ("annotations", "counts", "negatives"),
    [
        (_set(), {"a|b": (0, 0), "c": (0, 0)}, 0),
        (_set([], [0, 0, 1], [1], []), {"a|b": (1, 2), "c": (2, 2)}, 2),
        (_set([0], [0, 1], crowd=[1]), {"a|b": (1, 1), "c": (0, 0)}, 0),
    ],
    ids=["nothing", "some", "crowds do not count"],
)
def test_counts(annotations, counts, negatives):
    told = class_counts(x=annotations)
    assert (told.counts, told.negatives) == ({"x": counts}, {"x": negatives})


def test_table():
    told = class_counts(train=_set([0] * 7, [1] * 5, []), held_out=_set([0], [1] * 9))
    assert str(told).splitlines() == [
        "class           train: photos  train: boxes  held_out: photos  held_out: boxes",
        "a|b                         1             7                 1                1",
        "c                           1             5                 1                9",
        "(none of them)              1                               0                 ",
        "Hardly any boxes in held_out: a|b (1).",
    ]
    assert told._repr_markdown_().splitlines()[:3] == [
        "| class | train: photos | train: boxes | held_out: photos | held_out: boxes |",
        "|:--|--:|--:|--:|--:|",
        "| a\\|b | 1 | 7 | 1 | 1 |",
    ]


@pytest.mark.parametrize("sets", [{}, {"x": _set(), "y": _set(class_names=["a"])}], ids=["none", "unlike"])
def test_sets_must_have_the_same_classes(sets):
    with pytest.raises(ValueError, match="expected one set or several of the same classes, got"):
        class_counts(**sets)
