"""COCO's figures: cases that can be worked out by hand, and the numbers that pycocotools gives for files."""

from __future__ import annotations

import contextlib
import io
import json
import math

import numpy as np
import pytest

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.scores import evaluate

A = [10, 20, 60, 50]  # 50 wide, 30 high
B = [100, 20, 130, 90]
B_PART = [100, 20, 110, 30]
A_HALF = [10, 20, 60, 35]  # overlaps A by 0.5: a match at 0.50 only


def truth(*pictures, names=("duck",)):
    return Annotations.from_items(list(names), [(f"{k}.jpg", boxes) for k, boxes in enumerate(pictures)])


def ducks(*xyxy, scores=None, crowd=None):
    return Boxes(list(xyxy), [0] * len(xyxy), scores, crowd=crowd)


NOTHING = Boxes.empty(with_scores=True)

# name, true boxes, predicted boxes, AP, AP50, AP75, AR
CASES = [
    ("nothing predicted", [ducks(A)], [NOTHING], 0, 0, 0, 0),
    ("nothing to find", [Boxes.empty()], [ducks(A, scores=[0.9])], math.nan, math.nan, math.nan, math.nan),
    ("all found exactly", [ducks(A, B)], [ducks(B, A, scores=[0.4, 0.9])], 1, 1, 1, 1),
    # Precision is 1 up to recall 0.5, then 0: 51 of the 101 recalls 0.00, 0.01 … 1.00 count.
    ("one of two", [ducks(A, B)], [ducks(A, scores=[0.9])], 51 / 101, 51 / 101, 51 / 101, 0.5),
    ("overlap of exactly 0.5", [ducks(A)], [ducks(A_HALF, scores=[0.9])], 0.1, 1, 0, 0.1),
    ("less sure duplicate", [ducks(A)], [ducks(A, A, scores=[0.9, 0.8])], 1, 1, 1, 1),
    # The surer box is wrong: precision 1/2 when the object is found.
    ("surer mistake", [ducks(A)], [ducks(B, A, scores=[0.9, 0.8])], 0.5, 0.5, 0.5, 1),
    # Found, wrong, found: precision 1 up to recall 0.5, then 2/3.
    (
        "duplicate between",
        [ducks(A, B)],
        [ducks(A, A, B, scores=[0.9, 0.8, 0.7])],
        (51 + 50 * 2 / 3) / 101,
        (51 + 50 * 2 / 3) / 101,
        (51 + 50 * 2 / 3) / 101,
        1,
    ),
    ("in a crowd", [ducks(A, B, crowd=[0, 1])], [ducks(B, A, scores=[0.9, 0.8])], 1, 1, 1, 1),
    ("small part of a crowd", [ducks(A, B, crowd=[0, 1])], [ducks(B_PART, A, scores=[0.9, 0.8])], 1, 1, 1, 1),
    ("only a crowd", [ducks(B, crowd=[1])], [ducks(B, scores=[0.9])], math.nan, math.nan, math.nan, math.nan),
    ("wrong picture", [ducks(A), Boxes.empty()], [NOTHING, ducks(A, scores=[0.9])], 0, 0, 0, 0),
    # Over all pictures boxes are sorted by score: the mistake in the second picture is surer.
    ("elsewhere", [ducks(A), NOTHING], [ducks(A, scores=[0.8]), ducks(A, scores=[0.9])], 0.5, 0.5, 0.5, 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("true", "predicted", "ap", "ap50", "ap75", "ar"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_by_hand(true, predicted, ap, ap50, ap75, ar):
    scores = evaluate(predicted, truth(*true))
    got = [scores.ap, scores.ap50, scores.ap75, scores.ar100]
    np.testing.assert_allclose(got, [ap, ap50, ap75, ar], rtol=1e-9)
    duck = scores.per_class["duck"]
    np.testing.assert_allclose([duck.ap, duck.ap50, duck.ap75], [ap, ap50, ap75], rtol=1e-9)


def test_sizes_are_those_of_the_boxes():
    small, large = [0, 0, 20, 31], [100, 100, 300, 250]  # 620 and 30000 square pixels; 32 * 32 = 1024
    scores = evaluate([ducks(small, scores=[0.5])], truth(ducks(small, large)))
    assert [scores.ap_small, scores.ap_large] == pytest.approx([1, 0])
    assert math.isnan(scores.ap_medium)


def test_a_class_that_is_not_in_the_truth_is_nan_and_outside_the_mean():
    annotations = truth(Boxes([A, B], [0, 2]), names=("duck", "goose", "swan"))
    predictions = [Boxes([A, A, B], [0, 1, 1], [0.9, 0.8, 0.7])]
    scores = evaluate(predictions, annotations)
    assert list(scores.per_class) == ["duck", "goose", "swan"]
    assert [one.n_truth for one in scores.per_class.values()] == [1, 0, 1]
    assert [scores.per_class["duck"].ap, scores.per_class["swan"].ap] == pytest.approx([1, 0])
    assert math.isnan(scores.per_class["goose"].ap)
    assert scores.ap == pytest.approx(0.5)


def test_only_the_hundred_surest_boxes_of_a_picture_count():
    wrong = ducks(*[B] * 100, scores=[0.9] * 100)
    late = Boxes.concatenate([wrong, ducks(A, scores=[0.1])])
    assert evaluate([late], truth(ducks(A))).ar100 == 0
    assert evaluate([late[1:]], truth(ducks(A))).ar100 == 1


def random_pictures(seed, n, n_classes):
    """Truth and predictions that half agree; the last class has no truth, one picture has none either."""
    generator = np.random.default_rng(seed)
    truths, predictions = [], []
    for picture in range(n):
        count = 0 if picture == 1 else int(generator.integers(1, 8))
        corner = generator.uniform(0, 400, (count, 2))
        xyxy = np.concatenate([corner, corner + generator.uniform(5, 200, (count, 2))], axis=1)
        labels = generator.integers(0, n_classes - 1, count)
        truths.append(Boxes(xyxy, labels, crowd=generator.random(count) < 0.2))
        seen = np.concatenate([xyxy + generator.uniform(-2, 2, (count, 4)), xyxy + 60, [[0, 0, 30, 50]]])
        guessed = np.concatenate([labels, generator.integers(0, n_classes, count + 1)])
        predictions.append(Boxes(seen, guessed, generator.random(2 * count + 1)))
    return truths, predictions


def from_files(folder, truths, predictions, names):
    """What pycocotools says, through files, as its own demo does it."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def entry(boxes, row):
        x1, y1, x2, y2 = map(float, boxes.xyxy[row])
        box = {"category_id": int(boxes.labels[row]) + 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}
        if boxes.scores is None:
            return box | {"area": (x2 - x1) * (y2 - y1), "iscrowd": int(boxes.crowd[row])}
        return box | {"score": float(boxes.scores[row])}

    def entries(all_boxes):
        return [
            entry(boxes, row) | {"image_id": k + 7}
            for k, boxes in enumerate(all_boxes)
            for row in range(len(boxes))
        ]

    content = {
        "images": [{"id": k + 7, "width": 640, "height": 480} for k in range(len(truths))],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(names)],
        "annotations": [box | {"id": k + 1} for k, box in enumerate(entries(truths))],
    }  # fmt: skip
    (folder / "truth.json").write_text(json.dumps(content))
    (folder / "found.json").write_text(json.dumps(entries(predictions)))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(folder / "truth.json"))
        counted = COCOeval(coco, coco.loadRes(str(folder / "found.json")), "bbox")
        counted.evaluate()
        counted.accumulate()
        counted.summarize()
    return counted


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_numbers_are_those_of_pycocotools_on_files(seed, tmp_path):
    names = ("duck", "goose", "swan")
    truths, predictions = random_pictures(seed, 12, len(names))
    expected = from_files(tmp_path, truths, predictions, names)
    scores = evaluate(predictions, truth(*truths, names=names))
    got = [
        scores.ap,
        scores.ap50,
        scores.ap75,
        scores.ap_small,
        scores.ap_medium,
        scores.ap_large,
        scores.ar100,
    ]
    assert got == [*expected.stats[:6], expected.stats[8]]
    assert 0.05 < scores.ap < 0.95  # neither trivial
    precision = expected.eval["precision"][..., 0, 2]
    for k, name in enumerate(names[:2]):
        one = scores.per_class[name]
        assert [one.ap, one.ap50, one.ap75] == [
            precision[:, :, k].mean(),
            *precision[[0, 5], :, k].mean(axis=1),
        ]
    assert math.isnan(scores.per_class["swan"].ap)


def test_real_clip_scored_against_itself(shared_data):
    annotations = Annotations.load(
        shared_data / "ducky/annotations_test_reflections.json", images=shared_data / "ducky/test"
    )
    found = [Boxes(boxes.xyxy, boxes.labels, np.full(len(boxes), 0.9)) for _, boxes in annotations]
    scores = evaluate(found, annotations)
    assert scores.ap == pytest.approx(1)
    assert (scores.n_pictures, scores.n_truth, scores.n_crowd) == (49, 49, 43)


def test_table_says_what_was_counted(capsys):
    annotations = truth(Boxes([A, B], [0, 0], crowd=[0, 1]), names=("a|b", "goose"))
    scores = evaluate([ducks(A, scores=[0.9])], annotations)
    assert capsys.readouterr() == ("", "")  # pycocotools talks a lot
    lines = str(scores).splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["class", "AP", "AP50", "AP75", "objects"],
        ["a|b", "1.000", "1.000", "1.000", "1"],
        ["goose", "–", "–", "–", "0"],
        ["all", "classes", "1.000", "1.000", "1.000", "1"],
    ]
    assert "1 picture with 1 object and 1 region to ignore; 1 box predicted." in str(scores)
    assert "changes the scores by about 1.00" in str(scores)
    markdown = scores._repr_markdown_().splitlines()
    assert markdown[2] == "| a\\|b | 1.000 | 1.000 | 1.000 | 1 |"
    assert all(line.count("|") - line.count("\\|") == 6 for line in markdown[:5])


ONE = truth(ducks(A))
MISTAKES = [
    ("too few", [], ONE, "one Boxes for each of the 1 pictures, got 0"),
    ("no list", ducks(A, scores=[1]), ONE, r"Write \[boxes\]"),
    ("no Boxes", [np.zeros((1, 4))], ONE, r"predictions\[0\] must be Boxes, got ndarray"),
    ("no scores", [ducks(A)], ONE, r"predictions\[0\] must have scores, got scores=None"),
    (
        "unknown label",
        [Boxes([A], [3], [1])],
        ONE,
        r"predictions\[0\].labels must be below 1.*\(duck\), got 3",
    ),
    ("no pictures", [], truth(), "at least one picture, got none"),
]


@pytest.mark.parametrize(
    ("predictions", "annotations", "message"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES]
)
def test_mistakes_are_named(predictions, annotations, message):
    with pytest.raises(ValueError, match=message):
        evaluate(predictions, annotations)


def test_no_boxes_need_no_scores():
    assert evaluate([Boxes.empty()], ONE).ap == 0
