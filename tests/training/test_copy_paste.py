"""Copy-paste: the object arrives with its box and label, where nothing was, and only where its class is lacking."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.training.copy_paste import MAX_SOURCES, CopyPaste, blend, cut_out
from tflhelpers.training.matching import IGNORE, PADDING

COLORS = {0: (250, 30, 30), 1: (30, 250, 30), 2: (30, 30, 250)}
GROUND = 90


def photo(objects, size=(60, 80), rows=3):
    """Uniform rectangles on gray; `objects` are (label, (ymin, xmin, ymax, xmax) in pixels)."""
    picture = np.full((*size, 3), GROUND, np.uint8)
    boxes, labels = np.zeros((rows, 4), np.float32), np.full(rows, PADDING, np.int32)
    for row, (label, box) in enumerate(objects):
        picture[box[0] : box[2], box[1] : box[3]] = COLORS.get(label, (200, 200, 200))
        boxes[row] = np.array(box) / np.tile(size, 2)
        labels[row] = label
    return picture, boxes, labels


def pasting(photos, **how):
    labels = [labels[labels >= 0] for _, _, labels in photos]
    return CopyPaste(photos, labels, **({"probability": 1.0, "flip": 0.5, "seed": 3} | how))


TWO = [photo([(0, (10, 10, 30, 30))]), photo([(1, (30, 40, 50, 70))])]


@pytest.mark.parametrize("view", range(20))
@pytest.mark.parametrize("index", [0, 1])
def test_what_is_pasted_lies_in_its_box_and_the_rest_is_as_it_was(index, view):
    before, boxes, labels = TWO[index]
    after, new_boxes, new_labels = pasting(TWO).photo(index, view)
    np.testing.assert_array_equal(new_boxes[:-1], boxes)
    np.testing.assert_array_equal(new_labels, [*labels, 1 - index])
    top, left, bottom, right = new_boxes[-1] * [60, 80, 60, 80]
    color = np.abs(after.astype(int) - COLORS[1 - index]).max(axis=2) <= 3
    rows, columns = np.nonzero(color)
    assert rows.min() >= top - 1.5
    assert rows.max() + 1 <= bottom + 1.5
    assert columns.min() >= left - 1.5
    assert columns.max() + 1 <= right + 1.5
    assert color[round((top + bottom) / 2), round((left + right) / 2)]
    assert color.sum() >= 0.7 * (bottom - top) * (right - left)  # the rounded corners are missing
    changed = (after != before).any(axis=2)
    margin = 0.1 * (bottom - top) + 2, 0.1 * (right - left) + 2
    inside = np.zeros_like(changed)
    inside[
        max(0, int(top - margin[0])) : int(bottom + margin[0]) + 1,
        max(0, int(left - margin[1])) : int(right + margin[1]) + 1,
    ] = True
    assert not (changed & ~inside).any()
    old = (boxes[0] * [60, 80, 60, 80]).round().astype(int)
    assert not changed[old[0] : old[2], old[1] : old[3]].any()


def test_sizes_are_those_of_the_source_give_or_take():
    shares = [np.diff(pasting(TWO).photo(0, view)[1][-1].reshape(2, 2), axis=0)[0] for view in range(60)]
    heights = np.array(shares)[:, 0] / (20 / 60)
    assert heights.min() >= 0.65
    assert heights.max() <= 1.5
    assert heights.max() / heights.min() > 1.5


def test_equal_seeds_give_equal_photos_and_other_views_others():
    one, again, other = (pasting(TWO, seed=seed).photo(0, 5) for seed in (3, 3, 4))
    for this, that in zip(one, again, strict=True):
        np.testing.assert_array_equal(this, that)
    assert not np.array_equal(one[1], other[1])
    assert not np.array_equal(one[1], pasting(TWO).photo(0, 6)[1])


def test_the_photos_themselves_are_not_changed():
    before = [part.copy() for part in TWO[0]]
    for view in range(5):
        pasting(TWO).photo(0, view)
    for part, old in zip(TWO[0], before, strict=True):
        np.testing.assert_array_equal(part, old)


@pytest.mark.parametrize(
    ("photos", "why"),
    [
        ([photo([(0, (10, 10, 30, 30))]), photo([(0, (30, 40, 50, 70))])], "one class"),
        ([photo([]), photo([(1, (30, 40, 50, 70))])], "a negative"),
        ([photo([(0, (0, 0, 60, 80))]), photo([(1, (30, 40, 50, 70))])], "no room"),
        (
            [photo([(0, (10, 10, 30, 30)), (IGNORE, (0, 30, 60, 80))]), photo([(1, (5, 5, 55, 65))])],
            "a crowd",
        ),
        ([TWO[0], photo([(1, (30, 40, 50, 70)), (IGNORE, (30, 50, 50, 80))])], "a crowd in the source"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_is_pasted_where_it_would_be_wrong(photos, why):
    for view in range(20):
        picture, boxes, labels = pasting(photos).photo(0, view)
        np.testing.assert_array_equal(picture, photos[0][0])
        np.testing.assert_array_equal(labels, [*photos[0][2], PADDING])
        assert not boxes[-1].any()


def test_lacking_classes_come_equally_often_and_as_often_as_asked():
    photos = [*TWO, *[photo([(2, (5, 5, 20, 20))])] * 8]
    made = pasting(photos, probability=0.6)
    labels = np.array([made.photo(0, view)[2][-1] for view in range(600)])
    assert 0.52 < (labels != PADDING).mean() < 0.68
    assert 0.4 < (labels[labels != PADDING] == 1).mean() < 0.6
    assert not (labels == 0).any()


def test_where_left_and_right_matter_nothing_is_mirrored():
    picture, boxes, labels = photo([(1, (20, 20, 40, 60))])
    picture[20:40, 20:40] = COLORS[2]  # left half
    photos = [TWO[0], (picture, boxes, labels)]

    def left_is_blue(view, flip):
        after, boxes, _ = pasting(photos, flip=flip).photo(0, view)
        top, left, bottom, right = boxes[-1] * [60, 80, 60, 80]
        return after[round((top + bottom) / 2), round(0.75 * left + 0.25 * right)].argmax() == 2

    assert all(left_is_blue(view, 0.0) for view in range(10))
    assert len({left_is_blue(view, 0.5) for view in range(10)}) == 2


def test_few_photos_of_a_class_are_opened():
    opened = set()

    class Counting(list):
        def __getitem__(self, index):
            opened.add(index)
            return super().__getitem__(index)

    photos = Counting([TWO[0], *[TWO[1]] * 200])
    made = CopyPaste(photos, [np.array([0]), *[np.array([1])] * 200], probability=1.0, flip=0.0, seed=0)
    for view in range(400):
        made.photo(0, view)
    assert 20 < len(opened - {0}) <= MAX_SOURCES


def test_cutting_out_by_hand():
    picture = np.arange(100 * 100 * 3, dtype=np.uint32).reshape(100, 100, 3).astype(np.uint8)
    crop, inside = cut_out(
        picture, np.array([0.5, 0.2, 1.0, 0.7], np.float32)
    )  # margin 3, cut off at the bottom
    np.testing.assert_array_equal(crop, picture[47:100, 17:73])
    np.testing.assert_allclose(inside, [3 / 53, 3 / 56, 1.0, 53 / 56], atol=1e-6)


def test_blending_covers_the_middle_and_leaves_the_corners():
    picture, crop = np.zeros((50, 50, 3), np.uint8), np.full((20, 20, 3), 255, np.uint8)
    result = blend(picture, crop, np.array([0.0, 0.0, 1.0, 1.0]), np.array([10, 20]), np.array([20, 20]))
    assert result[20, 30, 0] == 255
    assert result[10, 20, 0] == 0
    assert result[10, 30, 0] > 128  # the middle of an edge
    assert result[:10].max() == result[:, :20].max() == 0
    assert picture.max() == 0
