"""`Boxes` is checked when made, never changes, and every operation gives `Boxes` again."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

from tflhelpers.data.boxes import Boxes, iou_matrix, rel_yxyx_to_xyxy, xyxy_to_rel_yxyx


@pytest.fixture
def three() -> Boxes:
    return Boxes(
        [[0, 0, 2, 4], [1, 2, 5, 3], [3, 3, 3, 9]], [2, 0, 5], [0.9, 0.5, 0.1], crowd=[False, True, False]
    )


@pytest.mark.parametrize(
    ("xyxy", "labels", "message"),
    [
        (
            [1, 2, 3, 4],
            [0],
            r"must have shape \(n, 4\), got \(4,\). For one box write \[\[x1, y1, x2, y2\]\]",
        ),
        ([[1, 2, 3]], [0], r"got \(1, 3\)"),
        (np.zeros((0, 5)), [], r"got \(0, 5\)"),
        ([[0, 0, 1, 1], [0, 0, np.nan, 1]], [0, 0], "finite.*row 1"),
        ([[0, 0, np.inf, 1]], [0], "finite.*row 0"),
        ([[0, 0, 1e39, 1]], [0], "finite"),  # overflows float32
        ([[5, 0, 1, 1]], [0], "x1 <= x2.*row 0"),
        ([[0, 5, 1, 1]], [0], "y1 <= y2.*x, y, width, height"),
        ([[0, 0, 1, 1]], [0, 1], r"labels must have shape \(1,\).*got \(2,\)"),
        ([[0, 0, 1, 1]], 0, r"labels must have shape \(1,\).*got \(\)"),
        ([[0, 0, 1, 1]], [-1], "whole numbers from 0, got -1"),
        ([[0, 0, 1, 1]], [0.5], "whole numbers from 0, got 0.5"),
        ([[0, 0, 1, 1]], [np.nan], "whole numbers from 0, got nan"),
        ([[0, 0, 1, 1]], [True], "got bool"),
        ([[0, 0, 1, 1]], ["duck"], "0-based class index"),
    ],
)
def test_wrong_boxes_are_refused_with_what_to_do(xyxy, labels, message):
    with pytest.raises(ValueError, match=message):
        Boxes(xyxy, labels)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scores": [1.5]}, "0..1, got 1.5 in row 0. For logits"),
        ({"scores": [-0.1]}, "0..1"),
        ({"scores": [np.nan]}, "0..1, got nan"),
        ({"scores": [0.5, 0.5]}, r"scores must have shape \(1,\)"),
        ({"crowd": [2]}, "True or False"),
        ({"crowd": []}, r"crowd must have shape \(1,\)"),
    ],
)
def test_wrong_scores_and_crowd_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Boxes([[0, 0, 1, 1]], [0], **given)


@pytest.mark.parametrize("xyxy", [[], np.zeros((0, 4)), np.zeros(0)])
def test_no_boxes_have_shape_0_4(xyxy):
    boxes = Boxes(xyxy, [])
    assert boxes.xyxy.shape == (0, 4)
    assert boxes == Boxes.empty()
    assert not len(boxes)


def test_values_are_converted():
    boxes = Boxes([[1, 2, 3, 4]], [7.0], [1], crowd=[1])
    assert [boxes.xyxy.dtype, boxes.labels.dtype] == [np.float32, np.int64]
    assert [boxes.scores.dtype, boxes.crowd.dtype] == [np.float32, np.bool_]
    assert boxes.labels.tolist() == [7]


def test_boxes_outside_the_picture_and_of_zero_area_are_allowed():
    assert Boxes([[-5, -5, -5, 9]], [0]).area.tolist() == [0]


def test_arrays_are_copies_and_cannot_be_written(three):
    source = np.array([[0, 0, 1, 1]], np.float32)
    boxes = Boxes(source, [0])
    source[:] = 9
    assert boxes.xyxy.tolist() == [[0, 0, 1, 1]]
    for array in (three.xyxy, three.labels, three.scores, three.crowd, three[:2].xyxy):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(AttributeError):
        three.labels = np.zeros(3)


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        ([], []),
        (np.zeros(3, bool), []),
        (slice(0, 0), []),
        ([True, False, True], [0, 2]),
        (np.array([2, 0, 0]), [2, 0, 0]),
        (slice(None, None, -1), [2, 1, 0]),
        (1, [1]),
        (-1, [2]),
        (np.int64(2), [2]),
    ],
)
def test_an_index_gives_boxes_with_all_their_values(three, index, rows):
    chosen = three[index]
    assert chosen.xyxy.tolist() == [three.xyxy[row].tolist() for row in rows]
    assert chosen.labels.tolist() == [[2, 0, 5][row] for row in rows]
    assert chosen.scores.tolist() == [three.scores[row] for row in rows]
    assert chosen.crowd.tolist() == [[False, True, False][row] for row in rows]


@pytest.mark.parametrize(
    ("index", "error"),
    [
        (3, IndexError),
        ([True], IndexError),
        ([0.5], TypeError),
        ((0, 1, slice(2)), (TypeError, ValueError)),
        (True, TypeError),
    ],
)
def test_a_wrong_index_is_refused(three, index, error):
    with pytest.raises(error):
        three[index]


def test_iterating_gives_boxes_of_one(three):
    assert [box.labels.tolist() for box in three] == [[2], [0], [5]]


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (Boxes.empty(), Boxes.empty(), True),
        (Boxes.empty(), Boxes.empty(with_scores=True), False),
        (Boxes([[0, 0, 1, 2]], [1]), Boxes([[0, 0, 1, 2]], [1]), True),
        (Boxes([[0, 0, 1, 2]], [1]), Boxes([[0, 0, 1, 2]], [2]), False),
        (Boxes([[0, 0, 1, 2]], [1]), Boxes([[0, 0, 2, 2]], [1]), False),
        (Boxes([[0, 0, 1, 2]], [1]), Boxes([[0, 0, 1, 2]], [1], [0.5]), False),
        (Boxes([[0, 0, 1, 2]], [1], [0.5]), Boxes([[0, 0, 1, 2]], [1], [0.6]), False),
        (Boxes([[0, 0, 1, 2]], [1]), Boxes([[0, 0, 1, 2]], [1], crowd=[False]), True),
        (Boxes([[0, 0, 1, 2]], [1]), Boxes([[0, 0, 1, 2]], [1], crowd=[True]), False),
        (Boxes([[0, 0, 1, 2]], [1]), Boxes([[0, 0, 1, 2]] * 2, [1, 1]), False),
        (Boxes.empty(), None, False),
    ],
)
def test_equality_compares_every_number(a, b, equal):
    assert (a == b) is equal
    assert (a != b) is not equal


@pytest.mark.parametrize("again", [copy.deepcopy, lambda boxes: pickle.loads(pickle.dumps(boxes))])
def test_copies_are_equal(three, again):
    assert again(three) == three


@pytest.mark.parametrize(
    ("xyxy", "clipped"),
    [
        ([], []),
        ([[-3, -4, 70, 90]], [[0, 0, 60, 40]]),  # picture is 40 high, 60 wide
        ([[10, 20, 30, 35]], [[10, 20, 30, 35]]),
        ([[70, 50, 80, 60]], [[60, 40, 60, 40]]),  # wholly outside: kept with zero area
    ],
)
def test_clip_takes_height_then_width(xyxy, clipped):
    boxes = Boxes(xyxy, range(len(xyxy)), crowd=[True] * len(xyxy)).clip((40, 60))
    assert boxes == Boxes(clipped, range(len(xyxy)), crowd=[True] * len(xyxy))


def test_scale_and_shift_keep_the_other_values(three):
    assert three.scale(10, 0.5) == Boxes(
        [[0, 0, 20, 2], [10, 1, 50, 1.5], [30, 1.5, 30, 4.5]], three.labels, three.scores, crowd=three.crowd
    )
    assert three.shift(1, -2) == Boxes(
        [[1, -2, 3, 2], [2, 0, 6, 1], [4, 1, 4, 7]], three.labels, three.scores, crowd=three.crowd
    )


@pytest.mark.parametrize("factors", [(0, 1), (1, -1), (np.nan, 1), (np.inf, 1)])
def test_scale_refuses_factors_that_lose_or_turn_the_boxes(three, factors):
    with pytest.raises(ValueError, match="above 0"):
        three.scale(*factors)


def test_area_is_width_times_height(three):
    assert three.area.tolist() == [8, 4, 0]


@pytest.mark.parametrize("parts", [[], [Boxes.empty()], [Boxes.empty(), Boxes.empty()]])
def test_concatenating_nothing_is_empty(parts):
    assert Boxes.concatenate(parts) == Boxes.empty()


def test_concatenate_keeps_order_scores_and_crowd(three):
    plain = Boxes([[7, 7, 8, 9]], [4], [0.3])
    assert Boxes.concatenate([three[:2], Boxes.empty(), plain]) == Boxes(
        [[0, 0, 2, 4], [1, 2, 5, 3], [7, 7, 8, 9]], [2, 0, 4], [0.9, 0.5, 0.3], crowd=[False, True, False]
    )
    assert Boxes.concatenate([Boxes.empty(with_scores=True)]).scores.tolist() == []


def test_concatenate_refuses_scores_in_some_parts_only(three):
    with pytest.raises(ValueError, match="in all parts or in none"):
        Boxes.concatenate([three, Boxes([[0, 0, 1, 1]], [0])])


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([], [], np.zeros((0, 0))),
        ([], [[0, 0, 1, 1]], np.zeros((0, 1))),
        ([[0, 0, 1, 1]], [], np.zeros((1, 0))),
        # 4 × 2 and 4 × 2 shifted by 2: shared 4, union 12. Half inside: 2 of 8. Touching and apart: 0.
        ([[0, 0, 4, 2]], [[2, 0, 6, 2], [1, 1, 3, 2], [4, 0, 8, 2], [9, 9, 10, 10]], [[1 / 3, 1 / 4, 0, 0]]),
        # overlap in x only is no overlap; two negative sides must not multiply to a positive area
        ([[0, 0, 4, 2], [10, 10, 12, 12]], [[0, 5, 4, 7]], [[0], [0]]),
        ([[3, 3, 3, 9]], [[3, 3, 3, 9]], [[0]]),  # zero area
        ([[-2, -2, 2, 2]], [[-2, -2, 2, 2]], [[1]]),
    ],
)
def test_iou_by_hand(a, b, expected):
    result = iou_matrix(np.array(a, np.float32), np.array(b, np.float32))
    assert result.dtype == np.float32
    assert result.shape == np.shape(expected)
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_iou_refuses_one_bare_box():
    with pytest.raises(ValueError, match=r"a_xyxy must have shape \(n, 4\), got \(4,\)"):
        iou_matrix([0, 0, 1, 1], [[0, 0, 1, 1]])


@pytest.mark.parametrize(
    ("xyxy", "rel_yxyx"),
    [
        ([], []),
        ([[10, 20, 30, 50], [0, 0, 80, 100]], [[0.2, 0.125, 0.5, 0.375], [0, 0, 1, 1]]),
        ([[-8, 5, 160, 10]], [[0.05, -0.1, 0.1, 2.0]]),  # partly outside: nothing is clipped
    ],
)
def test_fractions_of_the_image_undo_pixels(xyxy, rel_yxyx):
    xyxy, size = np.array(xyxy, np.float32).reshape(-1, 4), (100, 80)
    fractions = xyxy_to_rel_yxyx(xyxy, (*size, 3))
    assert fractions.dtype == np.float32
    np.testing.assert_allclose(fractions, np.reshape(rel_yxyx, (-1, 4)), rtol=1e-6)
    np.testing.assert_allclose(rel_yxyx_to_xyxy(fractions, (*size, 3)), xyxy, rtol=1e-6)


def test_only_one_place_puts_y_first():
    package = Path(__file__).resolve().parents[2] / "tflhelpers"
    flipped = [path.name for path in package.rglob("*.py") if "[:, [1, 0, 3, 2]]" in path.read_text("utf-8")]
    assert flipped == ["place_symptoms.py"]  # a sentence for people


def test_names_of_classes_stay_with_the_boxes(three):
    names = ("a", "b", "c", "d", "e", "f")
    named = three.with_classes(names)
    assert three.class_names is None
    assert named == three  # names do not count
    for kept in (
        named[1:],
        named[named.scores > 0.2],
        named.clip((3, 3)),
        named.scale(2, 3),
        named.shift(1, 1),
    ):
        assert kept.class_names == names
    assert copy.deepcopy(named).class_names == pickle.loads(pickle.dumps(named)).class_names == names
    assert Boxes.concatenate([named, named[:1]]).class_names == names
    assert Boxes.concatenate([named, three]).class_names is None


def test_labels_follow_their_names_into_another_list(three):
    named = three.with_classes(["a", "b", "c", "d", "e", "f"])
    moved = named.with_classes(("f", "a", "new", "c"))
    assert moved.labels.tolist() == [3, 1, 0]
    assert (moved.class_names, moved.crowd.tolist()) == (("f", "a", "new", "c"), [False, True, False])
    assert moved.with_classes(named.class_names).labels.tolist() == three.labels.tolist()
    assert Boxes.empty(with_scores=True).with_classes(["a"]).with_classes([]).class_names == ()
    with pytest.raises(ValueError, match=r"got none called c, f among a, b\. Add it to the list"):
        named.with_classes(["a", "b"])
    with pytest.raises(ValueError, match=r"one list of classes, got .*'a',.* and .*'f',.*with_classes"):
        Boxes.concatenate([named, moved])


def test_overlaps_of_all_boxes_with_all_others():
    some, others = Boxes([[0, 0, 2, 2], [0, 0, 4, 1]], [0, 1]), Boxes([[1, 0, 3, 2]], [0])
    np.testing.assert_allclose(some.iou(others), [[1 / 3], [1 / 3]], rtol=1e-6)
    assert some.iou(Boxes.empty()).shape == (2, 0)
    assert Boxes.empty().iou(some).shape == (0, 2)
