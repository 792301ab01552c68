"""Predictions and truth are matched by the names of their classes, in whatever order each side has them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.class_matching import match_classes
from tflhelpers.evaluation.mistakes import find_mistakes
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.evaluation.thresholds import calibrate_threshold
from tflhelpers.explaining.average_precision import precision_recall_steps

A, B, C = [10, 20, 60, 50], [100, 20, 130, 90], [5, 100, 45, 130]
CAT_DOG = ("cat", "dog")


def annotated(class_names, *pictures):
    """Pictures of (edges, name) pairs, labelled by their place in `class_names`."""
    items = [
        (f"{k}.jpg", Boxes([xyxy for xyxy, _ in picture], [class_names.index(name) for _, name in picture]))
        for k, picture in enumerate(pictures)
    ]
    return Annotations(class_names, items)


def detected(class_names, *pictures, named=True):
    """The same as boxes that a detector of these classes returns; without names if not `named`."""
    return [
        Boxes(
            [xyxy for xyxy, _ in picture],
            [class_names.index(name) for _, name in picture],
            np.linspace(0.9, 0.8, len(picture)),
            class_names=class_names if named else None,
        )
        for picture in pictures
    ]


PICTURES = [(A, "dog"), (B, "cat")], [], [(C, "dog")]

# classes of the detector, of the annotations
ORDERS = [
    (CAT_DOG, CAT_DOG),
    (CAT_DOG, ("dog", "cat")),
    (("bird", "cat", "Ente ä", "dog"), ("dog", "cat")),
    (CAT_DOG, ("dog", "fish", "cat")),
]


@pytest.mark.parametrize("named", [True, False], ids=["boxes know their classes", "class_names="])
@pytest.mark.parametrize(("ours", "theirs"), ORDERS)
def test_what_is_perfect_is_perfect_in_any_order(ours, theirs, named):
    truth, found = annotated(theirs, *PICTURES), detected(ours, *PICTURES, named=named)
    given = {} if named else {"class_names": ours}
    assert evaluate(found, truth, **given).ap == pytest.approx(1)
    mistakes = find_mistakes(found, truth, **given)
    assert {kind: n for kind, n in mistakes.counts.items() if n} == {"found": 3}
    assert calibrate_threshold(found, truth, **given).f1 == 1
    assert mistakes.confusion_table().confused == []
    assert mistakes.class_names == theirs


def test_a_class_that_the_annotations_lack_is_absent():
    truth = annotated(("dog",), [(A, "dog")], [])
    right = detected(CAT_DOG, [(A, "dog")], [])
    assert evaluate(right, truth).ap == pytest.approx(1)
    assert evaluate(right, truth).notes == ()
    found = detected(CAT_DOG, [(A, "dog"), (B, "cat")], [(C, "cat")])
    scores = evaluate(found, truth)
    assert (scores.ap, scores.per_class["dog"].ap, scores.per_class["cat"].n_truth) == pytest.approx(
        (1, 1, 0)
    )
    assert math.isnan(scores.per_class["cat"].ap)
    assert "The annotations have no class cat, but 2 of the predicted boxes are of it." in str(scores)
    mistakes = find_mistakes(found, truth)
    assert mistakes.class_names == ("dog", "cat")
    assert mistakes.counts["background"] == 2
    assert mistakes.confusion_table().counts.tolist() == [[1, 0, 0], [0, 0, 0], [0, 2, 0]]
    assert calibrate_threshold(found, truth).sweep.wrong[-1] == 2


def test_a_class_that_the_detector_lacks_is_missed():
    truth = annotated(("fish", "dog"), [(A, "dog"), (B, "fish")], [(C, "fish")])
    found = detected(CAT_DOG, [(A, "dog")], [])
    scores = evaluate(found, truth)
    assert (scores.per_class["dog"].ap, scores.per_class["fish"].ap) == pytest.approx((1, 0))
    assert "The predictions have no class fish: 2 objects of it can only be missed." in str(scores)
    assert find_mistakes(found, truth).counts["missed"] == 2


def test_labels_without_names_are_those_of_the_annotations():
    truth = annotated(("dog", "cat"), *PICTURES)
    found = detected(("dog", "cat"), *PICTURES, named=False)
    assert match_classes(found, truth).class_names == ("dog", "cat")
    assert evaluate(found, truth).ap == pytest.approx(1)


def test_a_list_in_another_order_does_not_renumber_boxes_that_know_their_classes():
    truth, found = annotated(("dog", "cat"), *PICTURES), detected(CAT_DOG, *PICTURES)
    assert evaluate(found, truth, class_names=truth.class_names).ap == pytest.approx(1)


def test_scores_boxes_and_ignored_regions_stay_as_they_are():
    truth = Annotations(("dog", "cat"), [("a.jpg", Boxes([A, B], [0, 1], crowd=[True, False]))])
    found = detected(CAT_DOG, [(A, "dog"), (B, "cat")])
    (matched,) = match_classes(found, truth).predictions
    assert matched == Boxes([A, B], [0, 1], found[0].scores)
    assert [f.kind for f in find_mistakes(found, truth).pictures[0].findings] == ["ignored", "found"]


def test_average_precision_step_by_step_matches_by_name_too():
    truth, found = annotated(("dog", "cat"), *PICTURES), detected(CAT_DOG, *PICTURES)
    assert [step.right for step in precision_recall_steps(found, truth, label=0)] == [True, True]


def test_rows_of_the_confusion_table_in_an_order_of_your_own():
    truth = annotated(("dog", "cat"), [(A, "dog"), (B, "dog")])
    mistakes = find_mistakes(detected(CAT_DOG, [(A, "dog"), (B, "cat")]), truth)
    table = mistakes.confusion_table(class_names=("bird", "cat", "dog"))
    assert table.class_names == ("bird", "cat", "dog")
    assert table.counts.tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    with pytest.raises(ValueError, match="must hold all classes of mistakes, dog, cat, got none called cat"):
        mistakes.confusion_table(class_names=("dog",))


class Finder:
    """Stands in for a detector that was given instead of its boxes."""

    def detect_all(self, images):
        raise AssertionError("not asked")


TRUTH = annotated(("dog", "cat"), [(A, "dog")])
RIGHT = detected(CAT_DOG, [(A, "dog")])
TWO = detected(("cup",), [(A, "cup")]) + RIGHT
# predictions, annotations, class_names, message
REFUSED = [
    (
        Finder(),
        TRUTH,
        None,
        r"one a picture, got Finder\. Give detector\.detect_all\(annotations.image_paths",
    ),
    (TRUTH, RIGHT, None, r"one a picture, got Annotations\. Give detector"),
    (None, TRUTH, None, "one a picture, got NoneType"),
    (iter(RIGHT), TRUTH, None, "one a picture, got list_iterator"),
    (
        RIGHT,
        RIGHT,
        None,
        r"annotations must be Annotations, got list\. The call is evaluate\(predictions, ann",
    ),
    (RIGHT, "boxes.json", None, "annotations must be Annotations, got str"),
    (
        detected(("cup",), [(A, "cup")]),
        TRUTH,
        None,
        r"in common, got cup in predictions and dog, cat in ann.*rename",
    ),
    (detected(("Dog",), [(A, "Dog")], named=False), TRUTH, ("Dog",), "in common, got Dog in predictions"),
    (
        RIGHT,
        TRUTH,
        ("cat", "dgo"),
        r"must be those of the predictions, cat, dog, got cat, dgo\. Leave it out",
    ),
    (TWO, annotated(CAT_DOG, [], []), None, "of one list of classes, got cat, dog and cup"),
    (
        detected(CAT_DOG, [(A, "dog")], named=False),
        annotated(("dog",), [(A, "dog")]),
        None,
        "class_names=detector",
    ),
    (RIGHT, TRUTH, "dog", r'got the string \'dog\'. Write \["dog"\]'),
]


@pytest.mark.parametrize("function", [evaluate, find_mistakes, calibrate_threshold])
@pytest.mark.parametrize(("predictions", "annotations", "class_names", "message"), REFUSED)
def test_what_cannot_be_matched_is_refused(function, predictions, annotations, class_names, message):
    with pytest.raises(ValueError, match=message):
        function(predictions, annotations, class_names=class_names)
