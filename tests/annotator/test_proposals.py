"""Proposals: computed beside the drawing, of the detector that is set, never a reason to stop."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tflhelpers.annotator.proposals import Proposals
from tflhelpers.data.boxes import Boxes


class Finder:
    """Finds a box as wide as the picture's gray is bright; waits where it is told to."""

    def __init__(self, *class_names, gate=None, shift=0):
        self.class_names = class_names
        self.gate = gate
        self.shift = shift
        self.started = threading.Event()
        self.thread = None
        self.asked = 0

    def detect(self, image, *, threshold):
        self.asked += 1
        self.thread = threading.current_thread()
        self.started.set()
        if self.gate is not None:
            assert self.gate.wait(10)
        gray = float(round(image.mean() / 10) * 10)
        labels = range(len(self.class_names))
        boxes = [[self.shift, 0, gray, 10 + label] for label in labels]
        return Boxes(boxes, labels, [threshold + 0.1 * label for label in labels])


class Broken:
    class_names = ("duck",)

    def detect(self, image, *, threshold):
        raise RuntimeError("out of memory")


@pytest.fixture
def paths(photos):
    return [photos / "duck1.jpg", photos / "duck2.jpg", photos / "gone.jpg"]


@pytest.fixture
def told():
    return []


def ask(proposals, index, class_names=("duck",)):
    answers = []
    proposals.ask(index, class_names, answers.append)
    proposals.wait()
    (answer,) = answers
    return answer


def test_the_best_come_first_and_only_classes_that_are_wanted(paths, told):
    proposals = Proposals(paths, told.append)
    assert ask(proposals, 0) == []
    proposals.detector = finder = Finder("duck", "goose", "car")
    assert ask(proposals, 0, ["goose", "duck", "swan"]) == [
        {"xyxy": [0.0, 0.0, 60.0, 11.0], "class": "goose", "score": pytest.approx(0.4)},
        {"xyxy": [0.0, 0.0, 60.0, 10.0], "class": "duck", "score": pytest.approx(0.3)},
    ]
    assert ask(proposals, 1)[0]["xyxy"] == [0.0, 0.0, 120.0, 10.0]
    assert finder.thread is not threading.main_thread()
    ask(proposals, 1)
    assert (finder.asked, told) == (2, []), "what was found is kept"


def test_a_detector_set_anew_takes_the_place_of_the_old_one(paths, told):
    gate = threading.Event()
    slow, quick, answers = Finder("duck", gate=gate), Finder("duck", shift=5), []
    proposals = Proposals(paths, told.append)
    proposals.detector = slow
    for index in (0, 1):
        proposals.ask(index, ["duck"], answers.append)
    assert slow.started.wait(10)
    proposals.detector = quick  # returns at once though the old one is at work
    gate.set()
    proposals.wait()
    assert [answer[0]["xyxy"][0] for answer in answers] == [5.0, 5.0], (
        "none is of the old one, none is missing"
    )
    assert (slow.asked, quick.asked) == (1, 2)
    proposals.detector = None
    assert ask(proposals, 0) == []


def test_what_a_detector_raises_is_told(paths, told):
    proposals = Proposals(paths, told.append)
    proposals.detector = Broken()
    assert ask(proposals, 0) == []
    assert told == ["No proposals on duck1.jpg: the detector failed (RuntimeError: out of memory)."]
    proposals.detector = Finder("duck")
    assert len(ask(proposals, 0)) == 1, "the thread lives on"
    assert ask(proposals, 2) == []
    assert "gone.jpg" in told[-1]


def test_a_detector_of_other_things_says_so(paths, told):
    proposals = Proposals(paths, told.append)
    proposals.detector = Finder("person", "car")
    assert ask(proposals, 0) == []
    assert told == [
        "The detector proposes nothing: it knows person, car, and none of your classes (duck). "
        "Give the classes the same names."
    ]


def test_at_most_thirty(paths, told):
    class Many(Finder):
        def detect(self, image, *, threshold):
            return Boxes([[0, 0, 5, 5]] * 100, [0] * 100, np.linspace(0, 1, 100))

    proposals = Proposals(paths, told.append)
    proposals.detector = Many("duck")
    found = ask(proposals, 0)
    assert (len(found), found[0]["score"], found[-1]["score"]) == (30, 1.0, pytest.approx(70 / 99))


@pytest.mark.parametrize("detector", ["duck", object(), len])
def test_what_cannot_detect_is_refused(paths, told, detector):
    proposals = Proposals(paths, told.append)
    with pytest.raises(TypeError, match=r"suggest must be a detector with \.detect"):
        proposals.detector = detector
    assert proposals.detector is None
