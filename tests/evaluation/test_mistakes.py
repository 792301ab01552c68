"""Every box by name: cases that can be worked out by hand, and agreement with pycocotools about what is found."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.test_scores import NOTHING, random_pictures, truth
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.matching import pair_boxes
from tflhelpers.evaluation.mistakes import KINDS, find_mistakes, name_boxes
from tflhelpers.evaluation.scores import _count_matches

A = [10, 20, 60, 50]  # 50 wide, 30 high
A_HALF = [10, 20, 60, 35]  # overlaps A by 0.5
A_THIRD = [10, 20, 60, 30]  # by 1/3
B = [100, 20, 130, 90]
FAR = [300, 300, 320, 340]


def boxes(*rows, crowd=None):
    """Rows (edges, label) or (edges, label, score)."""
    scores = [row[2] for row in rows] if rows and len(rows[0]) == 3 else None
    return Boxes([row[0] for row in rows], [row[1] for row in rows], scores, crowd=crowd)


# name, true boxes, predicted boxes, (kind, row of the prediction, row of the truth) of each, verdict
CASES = [
    ("nothing at all", boxes(), NOTHING, [], "good"),
    ("found", boxes((A, 0)), boxes((A, 0, 0.9)), [("found", 0, 0)], "good"),
    ("overlap of exactly 0.5", boxes((A, 0)), boxes((A_HALF, 0, 0.9)), [("found", 0, 0)], "good"),
    ("missed", boxes((A, 0)), NOTHING, [("missed", None, 0)], "missed"),
    ("loose", boxes((A, 0)), boxes((A_THIRD, 0, 0.9)), [("loose box", 0, 0)], "so-so"),
    ("another class", boxes((A, 0)), boxes((A, 1, 0.9)), [("wrong class", 0, 0)], "so-so"),
    (
        "another class, and loose, is nothing of the kind",
        boxes((A, 0)),
        boxes((A_THIRD, 1, 0.9)),
        [("background", 0, None), ("missed", None, 0)],
        "missed",
    ),
    (
        "the surer is found, the other its duplicate",
        boxes((A, 0)),
        boxes((A_HALF, 0, 0.8), (A, 0, 0.9)),
        [("found", 1, 0), ("duplicate", 0, 0)],
        "so-so",
    ),
    (
        "a loose second box is a duplicate",
        boxes((A, 0)),
        boxes((A, 0, 0.9), (A_THIRD, 0, 0.8)),
        [("found", 0, 0), ("duplicate", 1, 0)],
        "so-so",
    ),
    (
        "right and wrong class on one object",
        boxes((A, 0)),
        boxes((A, 1, 0.9), (A, 0, 0.8)),
        [("wrong class", 0, 0), ("found", 1, 0)],
        "so-so",
    ),
    (
        "false alarm beside what is found",
        boxes((A, 0)),
        boxes((A, 0, 0.9), (FAR, 0, 0.8)),
        [("found", 0, 0), ("background", 1, None)],
        "so-so",
    ),
    ("false alarm on a negative", boxes(), boxes((FAR, 0, 0.8)), [("background", 0, None)], "so-so"),
    (
        "false alarm where all is missed",
        boxes((A, 0), (B, 1)),
        boxes((FAR, 0, 0.8)),
        [("background", 0, None), ("missed", None, 0), ("missed", None, 1)],
        "missed",
    ),
    (
        "one of two",
        boxes((A, 0), (B, 0)),
        boxes((B, 0, 0.8)),
        [("found", 0, 1), ("missed", None, 0)],
        "so-so",
    ),
    (
        "in a crowd",
        boxes((A, 0), (B, 0), crowd=[False, True]),
        boxes((A, 0, 0.9), (B, 0, 0.8)),
        [("found", 0, 0), ("ignored", 1, None)],
        "good",
    ),
    ("a crowd need not be found", boxes((B, 0), crowd=[True]), NOTHING, [], "good"),
]


@pytest.mark.parametrize(
    ("true", "predicted", "named", "verdict"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_by_hand(true, predicted, named, verdict):
    mistakes = find_mistakes([predicted], truth(true, names=("duck", "goose")))
    (picture,) = mistakes.pictures
    assert [(f.kind, f.prediction, f.truth) for f in picture.findings] == named
    assert picture.verdict == verdict
    assert mistakes.counts == {kind: sum(name[0] == kind for name in named) for kind in KINDS}


def test_overlaps_are_told():
    findings = name_boxes(boxes((A, 0, 0.9), (A_THIRD, 0, 0.8), (FAR, 0, 0.7)), boxes((A, 0), (B, 0)))
    assert [round(f.overlap, 4) for f in findings] == [1, 0.3333, 0, 0]


def test_only_boxes_from_the_threshold_on_count():
    predictions = [boxes((A, 0, 0.6), (FAR, 0, 0.5), (B, 0, 0.49))]
    for threshold, kinds in ((0.0, ["found", "background", "background"]), (0.5, ["found", "background"])):
        (picture,) = find_mistakes(predictions, truth(boxes((A, 0))), threshold=threshold).pictures
        assert [f.kind for f in picture.findings] == kinds
    assert find_mistakes([boxes((A, 0, 0.3))], truth(boxes((A, 0))), threshold=0.3).counts["found"] == 1


def test_each_box_has_one_name():
    truths, predictions = random_pictures(3, 40, 4)
    for predicted, true in zip(predictions, truths, strict=True):
        findings = name_boxes(predicted, true)
        assert sorted(f.prediction for f in findings if f.prediction is not None) == list(
            range(len(predicted))
        )
        owned = [f.truth for f in findings if f.kind in ("found", "missed", "loose box")]
        taken = {f.truth for f in findings if f.kind == "wrong class"}
        assert sorted({*owned, *taken}) == np.flatnonzero(~true.crowd_mask).tolist()
        assert len(set(owned)) == len(owned)


@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_found_is_what_pycocotools_finds(seed):
    truths, predictions = random_pictures(seed, 30, 3)
    counted = _count_matches(truths, predictions, 3)
    right, ignored = {}, {}
    for entry in counted.evalImgs:
        if entry is not None and entry["aRng"] == [0, 1e10]:
            for number, match, skip in zip(
                entry["dtIds"], entry["dtMatches"][0], entry["dtIgnore"][0], strict=True
            ):
                right[number], ignored[number] = match > 0 and not skip, bool(skip)
    ours = [pair_boxes(p, t) for p, t in zip(predictions, truths, strict=True)]
    numbers = range(1, 1 + sum(map(len, predictions)))
    assert np.concatenate([p.truth_of >= 0 for p in ours]).tolist() == [right[n] for n in numbers]
    assert np.concatenate([p.ignored for p in ours]).tolist() == [ignored[n] for n in numbers]
    assert sum(right.values()) > 20
    assert sum(ignored.values()) > 2


def test_the_table_and_its_sentence():
    mistakes = find_mistakes([boxes((A, 0, 0.9)), NOTHING], truth(boxes((A, 0)), boxes((B, 0))))
    lines = str(mistakes).splitlines()
    assert lines[0].split()[:2] == ["found", "1"]
    assert lines[1].split()[:2] == ["missed", "1"]
    assert lines[-1].startswith("2 pictures: 1 good, 0 so-so, 1 missed. Boxes count from a score of 0.50")
    assert "| found | 1 |" in mistakes._repr_markdown_()
    assert [picture.path.name for picture, _ in mistakes.of_kind("missed")] == ["1.jpg"]
    with pytest.raises(ValueError, match=r"kind must be one of found, missed.*got 'lost'"):
        mistakes.of_kind("lost")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 1.5}, "threshold must be a score from 0 to 1, got 1.5"),
        ({"threshold": "0.5"}, "threshold must be a score from 0 to 1, got '0.5'"),
        ({"threshold": np.zeros(2)}, "threshold must be a score from 0 to 1, got array"),
        ({"overlap": 0.05}, "overlap must be from 0.1 to 1, got 0.05"),
        ({"predictions": []}, "one Boxes for each of the 1 pictures"),
    ],
)
def test_wrong_arguments(arguments, message):
    given = {"predictions": [NOTHING], "annotations": truth(boxes((A, 0))), **arguments}
    with pytest.raises(ValueError, match=message):
        find_mistakes(**given)


def test_confusion_by_hand():
    """Two ducks found, one taken for a goose, one goose missed, one with a loose box; one false alarm."""
    true = [boxes((A, 0), (B, 0)), boxes((A, 0), (B, 1)), boxes((A, 1))]
    found = [
        boxes((A, 0, 0.9), (B, 0, 0.8), (B, 1, 0.7)),  # the last is a second box: on nothing
        boxes((A, 1, 0.9), (FAR, 0, 0.8)),
        boxes((A_THIRD, 1, 0.9)),
    ]
    table = find_mistakes(found, truth(*true, names=("duck", "goose"))).confusion_table()
    assert table.counts.tolist() == [[2, 1, 0], [0, 0, 2], [1, 2, 0]]
    assert table.confused == [("duck", "goose", 1)]
    assert [line.split() for line in str(table).splitlines()] == [
        ["truth", "\\", "predicted", "duck", "goose", "nothing"],
        ["duck", "2", "1", "0"],
        ["goose", "0", "0", "2"],
        ["background", "1", "2", "–"],
    ]
    assert table._repr_markdown_().splitlines()[2] == "| duck | 2 | 1 | 0 |"


def test_the_confusion_plot_shows_the_same_numbers():
    import matplotlib

    matplotlib.use("agg")
    found = [boxes((A, 1, 0.9))]
    axes = find_mistakes(found, truth(boxes((A, 0)), names=("duck", "goose"))).confusion_table().plot()
    assert [text.get_text() for text in axes.texts] == ["0", "1", "0", "0", "0", "0", "0", "0", "–"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["duck", "goose", "nothing"]
