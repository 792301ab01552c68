"""Contents: compared without regard to order, merged without losing a box, made into Boxes and back."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.annotator import contents
from tflhelpers.data.boxes import Boxes

TODO = {"boxes": [], "nothing_here": False}
NOTHING = {"boxes": [], "nothing_here": True}


def box(x1, name="duck", crowd=False):
    return {"xyxy": [float(x1), 2.0, 30.0, 40.0], "class": name, "crowd": crowd}


def drawn(*boxes):
    return {"boxes": list(boxes), "nothing_here": False}


@pytest.mark.parametrize(
    ("theirs", "ours", "both"),
    [
        (TODO, TODO, TODO),
        (TODO, NOTHING, NOTHING),
        (NOTHING, drawn(box(1)), drawn(box(1))),
        (drawn(box(1)), drawn(box(1)), drawn(box(1))),
        (drawn(box(1), box(2)), drawn(box(3), box(2)), drawn(box(1), box(2), box(3))),
        (drawn(box(1)), drawn(box(1, "goose")), drawn(box(1), box(1, "goose"))),  # the class tells them apart
        (drawn(box(1)), drawn(box(1, crowd=True)), drawn(box(1), box(1, crowd=True))),
        (drawn(box(1)), drawn(box(1), box(1)), drawn(box(1), box(1))),  # drawn twice on purpose
    ],
)
def test_merging_keeps_the_boxes_of_both(theirs, ours, both):
    assert contents.merged(theirs, ours) == both


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (TODO, TODO, True),
        (TODO, NOTHING, False),
        (drawn(box(1), box(2)), drawn(box(2), box(1)), True),
        (drawn(box(1), box(1)), drawn(box(1)), False),
        (drawn(box(1)), drawn(box(1, "goose")), False),
    ],
)
def test_equality(one, other, equal):
    assert contents.same(one, other) is equal


@pytest.mark.parametrize(
    ("sent", "checked"),
    [
        ({}, TODO),
        ({"boxes": [], "nothing_here": True}, NOTHING),
        ({"boxes": [{"xyxy": [1, 2, 30, 40], "class": "duck"}], "nothing_here": True}, drawn(box(1))),
        (
            {"boxes": [{"xyxy": [0.1, 2, 30, 40], "class": "duck", "crowd": 1}]},
            drawn({**box(0, crowd=True), "xyxy": [float(np.float32(0.1)), 2.0, 30.0, 40.0]}),
        ),
    ],
)
def test_what_the_page_sends_is_completed(sent, checked):
    assert contents.checked_content(sent) == checked


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (None, "expected the boxes of a picture, got None"),
        ({"boxes": "duck"}, "expected the boxes of a picture"),
        ({"boxes": [{"xyxy": [1, 2, 3, 4]}]}, "expected a box with a class"),
        ({"boxes": [{"xyxy": [1, 2, 3, 4], "class": " "}]}, "expected a box with a class"),
        ({"boxes": [{"class": "duck"}]}, "expected edges x1, y1, x2, y2"),
        ({"boxes": [{"xyxy": [1, 2, 3], "class": "duck"}]}, "expected edges x1, y1, x2, y2"),
        ({"boxes": [{"xyxy": [1, 2, None, 4], "class": "duck"}]}, "expected edges x1, y1, x2, y2"),
        ({"boxes": [{"xyxy": [9, 2, 3, 4], "class": "duck"}]}, "expected edges x1, y1, x2, y2"),
    ],
)
def test_what_is_no_content_is_refused(sent, words):
    with pytest.raises(ValueError, match=words):
        contents.checked_content(sent)


@pytest.mark.parametrize(
    "boxes",
    [
        Boxes.empty(),
        Boxes([[0.1, 2, 30, 40.7]], [1]),
        Boxes([[1, 2, 3, 4], [5, 6, 7, 8]], [1, 0], crowd=[False, True]),
    ],
)
def test_boxes_come_back_as_they_were(boxes):
    names = ['du"ck 🦆', "goose"]
    content = contents.checked_content(contents.to_content(boxes, names))
    assert content["nothing_here"] is (len(boxes) == 0)
    assert contents.to_boxes(content, names) == boxes


def test_renaming():
    content = drawn(box(1), box(2, "goose"))
    assert contents.renamed(content, {"duck": "mallard"}) == drawn(box(1, "mallard"), box(2, "goose"))
