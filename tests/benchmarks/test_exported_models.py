"""Figures of the benchmark of exported detectors by hand."""

from __future__ import annotations

import pytest

from tflhelpers.data.boxes import Boxes

ONE = Boxes([[0, 0, 10, 10], [50, 0, 60, 10]], [0, 1], [0.9, 0.2])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Boxes.empty(with_scores=True), (0, 0)),
        (ONE, (0, 0)),
        (Boxes([[0, 1, 12, 10]], [0], [0.8]), (2, 0.1)),
        (Boxes([[0, 1, 12, 10]], [1], [0.8]), (50, 0.6)),  # the nearest of its own class
        (Boxes([[0, 1, 12, 10]], [0], [0.49]), (0, 0)),  # not sure
        (Boxes([[0, 1, 12, 10]], [2], [0.8]), (0, 0)),  # nothing to compare with
    ],
)
def test_how_far_apart(script, found, expected):
    assert script("exported_models").apart([found], [ONE]) == pytest.approx(expected)


def test_the_forms_take_turns(script):
    asked = []
    calls = {name: lambda picture, name=name: asked.append(name + picture) for name in "ab"}
    seconds = script("exported_models").times(calls, ["1", "2"], 2)
    assert asked == ["a1", "b1", "a1", "b1", "a2", "b2", "a1", "b1", "a2", "b2"]
    assert {name: len(values) for name, values in seconds.items()} == {"a": 4, "b": 4}


def test_table_by_hand(script):
    row = {"form": "Keras", "megabytes": 10.44, "seconds": 0.0301, "ratio": 1.0}
    row |= {"ap": 0.8469, "ap50": 1.0, "pixels": 0.0, "score": 0.0}
    table = script("exported_models").table([row])
    assert table.splitlines()[2] == "| Keras | 10.4 | 30.1 | 1.00 | 0.847 | 1.000 | 0 | 0.0e+00 |"


def test_differences_of_each_form(script):
    class Finds:
        def __init__(self, boxes):
            self.boxes = boxes

        def detect_all(self, pictures, *, threshold, progress):
            return [self.boxes[self.boxes.scores >= threshold]] * len(pictures)

    moved = Boxes([[0, 1, 10, 10], [50, 0, 60, 10]], [0, 1], [0.85, 0.4])
    made = {"Keras": (Finds(ONE), 4.0), "other": (Finds(moved), 1.0)}
    exported = script("exported_models")
    rows = exported.compared(made, exported.found_by(made, [None, None]))
    assert rows[0] == {"form": "Keras", "megabytes": 4.0, "pixels": 0.0, "score": 0.0}
    assert rows[1] == {
        "form": "other",
        "megabytes": 1.0,
        "pixels": 1.0,
        "score": pytest.approx(0.05),
    }
    table = exported.table([row | {"ap50_of_keras": 0.9876} for row in rows])
    assert table.splitlines()[0] == "| form | MB | AP50 of Keras' boxes | edges apart, px | scores apart |"
    assert table.splitlines()[-1] == "| other | 1.0 | 0.988 | 1 | 5.0e-02 |"


def test_eight_views_of_one_picture(script, asymmetric_image):
    seen = script("exported_models").views(asymmetric_image)
    assert [view.shape for view in seen] == [(37, 53, 3)] * 4 + [(30, 44, 3)] * 4
    assert (seen[1][0, -1] == (255, 0, 0)).all()  # red was top left
    assert (seen[2][0, 0] == (178, 0, 0)).all()
    assert (
        seen[5][0, 11:13] == [(255, 0, 0), (128, 128, 128)]
    ).all()  # red ended at column 20; 8 are cut off
    assert (seen[6][-1, 0] == (0, 0, 255)).all()  # blue was bottom left


def test_every_form_has_a_name(script):
    forms = script("exported_models").FORMS
    assert list(forms)[:3] == ["Keras", "SavedModel", "LiteRT float32, postprocess"]
    assert forms["LiteRT int8, raw"] == ("int8", "raw")
    assert len(forms) == 10
