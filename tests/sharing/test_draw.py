"""Lines lie on the edges, tags inside the picture, and the picture given is left alone."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.boxes import Boxes
from tflhelpers.sharing.draw import draw_boxes, percent
from tflhelpers.sharing.palette import class_colour

ORANGE, BLUE = class_colour(0), class_colour(4)


def gray(height=61, width=83, level=128):
    return np.full((height, width, 3), level, np.uint8)


def is_colour(image, colour):
    return (image == colour).all(axis=-1)


def changed(image, level=128):
    return (image != level).any(axis=-1)


def test_no_boxes_is_a_copy(asymmetric_image):
    drawn = draw_boxes(asymmetric_image, Boxes.empty(), ["duck"])
    assert np.array_equal(drawn, asymmetric_image)
    assert not np.shares_memory(drawn, asymmetric_image)


def test_line_and_its_borders_lie_on_the_edges():
    drawn = draw_boxes(gray(), Boxes([[20, 30, 60, 50]], [0]), [], line_width=1)
    orange, black = is_colour(drawn, ORANGE), is_colour(drawn, (0, 0, 0))
    # A band of 3 centred on the edge x = 20 covers the pixels 19, 20 and 21 (18.5 rounds to 19).
    assert np.flatnonzero(orange[40]).tolist() == [20, 60]
    assert np.flatnonzero(black[40]).tolist() == [19, 21, 59, 61]
    assert np.flatnonzero(orange[:, 40]).tolist() == [30, 50]
    assert np.flatnonzero(black[:, 40]).tolist() == [29, 31, 49, 51]
    assert orange.sum() == 2 * 41 + 2 * 19
    assert changed(drawn).sum() == (43 * 23 - 37 * 17)  # nothing else


def test_dark_colours_have_white_borders_and_classes_their_colours():
    drawn = draw_boxes(gray(), Boxes([[20, 30, 60, 50]], [4]), [], line_width=1)
    assert is_colour(drawn, BLUE)[40, 20]
    assert is_colour(drawn, (255, 255, 255))[40, 19]


@pytest.mark.parametrize(
    ("xyxy", "columns", "rows"),
    [
        ([0, 0, 83, 61], (0, 82), (0, 60)),  # the whole picture: the line stays inside
        ([-30, 10, 40, 90], (0, 41), (9, 60)),  # partly outside: cut at the edge
        ([82, 60, 83, 61], (81, 82), (59, 60)),  # one pixel in the corner
        ([5, 5, 5, 5], (4, 6), (4, 6)),  # zero area: a dot
    ],
)  # fmt: skip
def test_extent_of_the_frame(xyxy, columns, rows):
    drawn = changed(draw_boxes(gray(), Boxes([xyxy], [0]), [], line_width=1))
    lit_columns, lit_rows = np.flatnonzero(drawn.any(axis=0)), np.flatnonzero(drawn.any(axis=1))
    assert (lit_columns[0], lit_columns[-1]) == columns
    assert (lit_rows[0], lit_rows[-1]) == rows


@pytest.mark.parametrize("xyxy", [[-20, 5, -1, 20], [5, -9, 20, 0], [83, 5, 90, 20], [5, 61, 20, 70]])
def test_a_box_outside_is_not_drawn(xyxy):
    assert not changed(draw_boxes(gray(), Boxes([xyxy], [0], [0.5]), ["duck"])).any()


def test_small_boxes_lie_over_large_ones_in_any_order():
    boxes = Boxes([[10, 10, 70, 50], [20, 10, 40, 30]], [0, 4])
    for order in ([0, 1], [1, 0]):
        assert is_colour(draw_boxes(gray(), boxes[order], [], line_width=1), BLUE)[10, 30]


def test_crowd_boxes_are_dashed():
    solid, dashed = (
        is_colour(draw_boxes(gray(), Boxes([[10, 10, 70, 50]], [0], crowd=[crowd]), [], line_width=1), ORANGE)
        for crowd in (False, True)
    )
    for side in (np.s_[10, 10:71], np.s_[50, 10:71], np.s_[10:51, 10], np.s_[10:51, 70]):
        assert solid[side].all()
        assert 0.4 < dashed[side].mean() < 0.7
        assert dashed[side][[0, -1]].all()  # corners are drawn
    assert not (dashed & ~solid).any()


@pytest.mark.parametrize(
    ("height", "width"), [(64, 64), (48, 71), (540, 960), (97, 1200), (1200, 97), (3000, 4000)]
)
def test_tags_are_drawn_at_any_size(height, width):
    box = Boxes([[0.3 * width, 0.4 * height, 0.7 * width, 0.8 * height]], [0], [0.87])
    bare = draw_boxes(gray(height, width), box, [])
    tagged = draw_boxes(gray(height, width), box, ["duck"])
    tag = (bare != tagged).any(axis=-1)
    rows = np.flatnonzero(tag.any(axis=1))
    tag_height = rows[-1] - rows[0] + 1
    assert 8 <= tag_height <= height / 2
    assert tag_height > 0.02 * np.sqrt(height * width)


def test_a_tag_that_would_hide_half_of_the_picture_is_left_out():
    box = Boxes([[2, 10, 18, 19]], [0], [0.9])
    assert np.array_equal(draw_boxes(gray(20, 90), box, ["duck"]), draw_boxes(gray(20, 90), box, []))
    assert not np.array_equal(draw_boxes(gray(30, 90), box, ["duck"]), draw_boxes(gray(30, 90), box, []))


@pytest.mark.parametrize(
    "xyxy", [[0, 0, 30, 20], [930, 0, 960, 40], [900, 500, 960, 540], [0, 0, 960, 540], [-50, -50, 3, 3]]
)
@pytest.mark.parametrize("name", ["duck", "a rubber duck with a red scarf, seen from behind " * 3])
def test_tags_are_whole_wherever_the_box_is(xyxy, name):
    """A tag has a border all around: if it were cut, a side would be missing."""
    drawn = draw_boxes(gray(540, 960), Boxes([xyxy], [0], [0.5]), [name], line_width=1)
    bare = draw_boxes(gray(540, 960), Boxes([xyxy], [0]), [], line_width=1)
    differs = (drawn != bare).any(axis=-1)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    box = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert is_colour(box, ORANGE).mean() > 0.4
    assert 10 < len(box) < 40
    middle = is_colour(drawn, ORANGE).sum(axis=1).argmax()  # a row of the tag
    lit = np.flatnonzero(is_colour(drawn, ORANGE)[middle])
    assert lit[0] >= 1
    assert lit[-1] <= 958
    assert is_colour(drawn, (0, 0, 0))[middle, [lit[0] - 1, lit[-1] + 1]].all()


def test_tags_of_the_same_box_do_not_overlap():
    boxes = Boxes([[300, 200, 600, 400]] * 4, [0, 1, 2, 4], [0.9, 0.8, 0.7, 0.6])
    drawn = draw_boxes(gray(540, 960), boxes, ["duck"] * 5)
    alone = [draw_boxes(gray(540, 960), boxes[[k]], ["duck"] * 5) for k in range(4)]
    for k, label in enumerate([0, 1, 2, 4]):
        bare = draw_boxes(gray(540, 960), boxes[[k]], [])
        filling = is_colour(alone[k], class_colour(label)).sum() - is_colour(bare, class_colour(label)).sum()
        assert is_colour(drawn, class_colour(label)).sum() >= 0.95 * filling


def test_the_surest_tag_lies_on_top_where_there_is_no_room():
    boxes = Boxes([[0, 0, 70, 50]] * 12, list(range(12)), np.linspace(0.2, 0.9, 12))
    drawn = draw_boxes(gray(50, 70), boxes, ["duck"] * 12)
    alone = draw_boxes(gray(50, 70), boxes[[11]], ["duck"] * 12)
    bare = draw_boxes(gray(50, 70), boxes[[11]], [])
    tag = (alone != bare).any(axis=-1)
    assert np.array_equal(drawn[tag], alone[tag])


def test_scores_are_written_when_there_are_any_and_they_are_wanted():
    image, names = gray(540, 960), ["duck"]
    xyxy = [[300, 200, 600, 400]]
    scored = Boxes(xyxy, [0], [0.87])
    plain = draw_boxes(image, Boxes(xyxy, [0]), names)
    assert np.array_equal(draw_boxes(image, scored, names, scores=False), plain)
    assert is_colour(draw_boxes(image, scored, names), ORANGE).sum() > is_colour(plain, ORANGE).sum() + 300


@pytest.mark.parametrize(
    ("score", "text"), [(0, "0%"), (0.006, "1%"), (0.874, "87%"), (0.9999, "99%"), (1, "100%")]
)
def test_percent(score, text):
    assert percent(np.float32(score)) == text


def test_a_picture_file_will_do(tmp_path, asymmetric_image):
    path = tmp_path / "duck.png"
    Image.fromarray(asymmetric_image).save(path)
    boxes = Boxes([[5, 5, 40, 30]], [0], [0.5])
    assert np.array_equal(draw_boxes(path, boxes, ["duck"]), draw_boxes(asymmetric_image, boxes, ["duck"]))


def test_the_given_picture_is_not_changed(asymmetric_image):
    before = asymmetric_image.copy()
    draw_boxes(asymmetric_image, Boxes([[5, 5, 40, 30]], [0], [0.5]), ["duck"])
    assert np.array_equal(asymmetric_image, before)


BOX = Boxes([[5, 5, 40, 30]], [2])
MISTAKES = [
    (gray() / 255, BOX, ["a", "b", "c"], {}, ValueError, r"must be a uint8 array.*got float64.*\* 255"),
    ([[0]], BOX, ["a", "b", "c"], {}, ValueError, "got list"),
    (gray()[..., 0], BOX, ["a", "b", "c"], {}, ValueError, r"\(height, width, 3\).*got \(61, 83\)"),
    (np.zeros((4, 4, 4), np.uint8), BOX, ["a", "b", "c"], {}, ValueError, r"got \(4, 4, 4\)"),
    (gray(), BOX, ["a", "b"], {}, ValueError, r"below 2, the number of class_names \(a, b\), got 2"),
    (gray(), BOX, "abc", {}, TypeError, r"Write \['abc'\]"),
    (gray(), BOX.xyxy, ["a"], {}, TypeError, "must be Boxes, got ndarray"),
    (gray(), BOX, ["a", "b", "c"], {"line_width": 0}, ValueError, "line_width must be whole pixels.* got 0"),
    (gray(), BOX, ["a", "b", "c"], {"font_size": 2.5}, ValueError, "font_size .* got 2.5"),
]  # fmt: skip


@pytest.mark.parametrize(("image", "boxes", "names", "options", "error", "message"), MISTAKES)
def test_mistakes_are_named(image, boxes, names, options, error, message):
    with pytest.raises(error, match=message):
        draw_boxes(image, boxes, names, **options)


def test_the_time_for_many_boxes_does_not_grow_with_their_square():
    """1,200 boxes took 9 s: each of eight places was compared with each tag, one by one."""
    rng = np.random.default_rng(0)
    lows = rng.uniform(0, 900, (1200, 2))
    xyxy = np.concatenate([lows, lows + rng.uniform(10, 90, (1200, 2))], axis=1)
    boxes = Boxes(xyxy, rng.integers(0, 3, 1200), rng.uniform(0, 1, 1200))
    began = time.process_time()
    draw_boxes(np.zeros((1000, 1000, 3), np.uint8), boxes, ["duck", "boat", "cup"])
    assert time.process_time() - began < 3
