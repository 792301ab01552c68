"""Tags lie inside the picture and beside each other, and say as much as there is room for."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.sharing import tags
from tflhelpers.sharing.fonts import font_for
from tflhelpers.sharing.tags import _joined, _shortened, make_tag, place_tag

SIZE = (100, 200)  # height, width of the picture
TAG = (10, 40)

PLACES = [
    # box with its line, places taken, where the tag goes
    ("above", (50, 40, 90, 60), [], (50, 30, 90, 40)),
    ("top edge, low box: below", (50, 0, 90, 30), [], (50, 30, 90, 40)),
    ("top edge, high box: inside", (50, 0, 90, 80), [], (50, 0, 90, 10)),
    ("right edge", (180, 40, 200, 60), [], (160, 30, 200, 40)),
    ("left edge", (0, 40, 20, 60), [], (0, 30, 40, 40)),
    ("above is taken: inside the high box", (50, 40, 120, 90), [(60, 25, 80, 35)], (50, 40, 90, 50)),
    ("above is taken: below the low box", (50, 40, 120, 60), [(60, 25, 80, 35)], (50, 60, 90, 70)),
    ("the whole left is taken: to the right", (50, 40, 120, 60), [(0, 0, 79, 100)], (80, 30, 120, 40)),
    ("whole picture", (0, 0, 200, 100), [], (0, 0, 40, 10)),
    ("all is taken: still inside", (0, 0, 200, 100), [(0, 0, 200, 100)], (0, 0, 40, 10)),
]


@pytest.mark.parametrize(("box", "taken", "expected"), [p[1:] for p in PLACES], ids=[p[0] for p in PLACES])
def test_places(box, taken, expected):
    assert place_tag(TAG, box, SIZE, taken) == expected


def test_the_place_is_the_first_of_those_that_cover_the_least():
    rng = np.random.default_rng(4)
    for count in range(40):
        lows = rng.integers(0, (160, 90), (count, 2))
        taken = np.concatenate([lows, lows + rng.integers(1, 40, (count, 2))], axis=1)
        box = (60, 30, 120, 80)
        places = [tags._inside(place, TAG, SIZE) for place in tags._places(TAG, box)]
        covered = [_covered(place, taken.tolist()) for place, _ in places]
        least = min(zip(covered, (moved for _, moved in places), range(len(places)), strict=True))[-1]
        assert place_tag(TAG, box, SIZE, taken) == places[least][0]


def _covered(place, taken):
    """Pixels of a place that others cover, those covered twice counted twice."""
    cells = {(x, y) for x in range(place[0], place[2]) for y in range(place[1], place[3])}
    return sum(sum(left <= x < right and top <= y < low for x, y in cells) for left, top, right, low in taken)


def test_any_box_gets_a_place_inside():
    generator = np.random.default_rng(0)
    taken = []
    for _ in range(200):
        (left, right), (top, bottom) = np.sort(generator.integers(0, [[200], [100]], (2, 2)), axis=1)
        place = place_tag(TAG, (int(left), int(top), int(right) + 1, int(bottom) + 1), SIZE, taken)
        taken = [*taken, place][-3:]
        assert (place[2] - place[0], place[3] - place[1]) == (40, 10)
        assert min(place) >= 0
        assert place[2] <= 200
        assert place[3] <= 100


def test_shortened_keeps_the_percent_longest():
    assert list(_shortened("duck", "87%")) == ["duck 87%", "duc… 87%", "du… 87%", "87%"]
    assert list(_shortened("a duck", "")) == ["a duck", "a duc…", "a du…", "a d…", "a…"]
    assert list(_shortened("d", "")) == ["d"]


def test_percent_follows_names_written_from_right_to_left():
    assert _joined("בטה", "87%") == "בטה\u200e 87%"
    assert _joined("duck", "87%") == "duck 87%"


def tag(name="rubber ducky", percent="87%", font_size=20, border=1, room=(100, 1000)):
    return make_tag(name, percent, (230, 159, 0), font_size=font_size, border=border, room=room)


def test_tag_is_bordered_filled_and_written_on():
    drawn = tag(border=2)
    for edge in (drawn[:2], drawn[-2:], drawn[:, :2], drawn[:, -2:]):
        assert (edge == 0).all()
    inner = drawn[2:-2, 2:-2]
    assert (inner[0] == (230, 159, 0)).all()
    dark = (inner.max(axis=-1) < 60).mean()
    assert 0.05 < dark < 0.4  # the letters


def test_all_tags_of_a_size_are_equally_high():
    assert tag("ace").shape[0] == tag("Ågjy").shape[0] == tag("ace", "").shape[0]


@pytest.mark.parametrize("width", [400, 150, 100, 70, 45, 30])
def test_tag_never_exceeds_its_room(width):
    drawn = tag(room=(40, width))
    assert drawn.shape[1] <= width
    assert drawn.shape[1] > 0.6 * width or width == 400  # and uses it


def test_letters_shrink_before_the_name_is_shortened():
    whole = tag().shape
    a_little_less = tag(room=(100, whole[1] - 5))
    assert a_little_less.shape[0] < whole[0]
    assert a_little_less.shape[1] > 0.85 * whole[1]


@pytest.mark.parametrize("room", [(100, 15), (6, 400), (1, 1)])
def test_no_tag_where_nothing_readable_has_room(room):
    assert tag(room=room) is None


def test_wide_enough_letters_are_not_cut(tmp_path):
    font = font_for("W", 20)
    drawn = tag("WWWW", "")
    right = drawn[1:-1, -3:-1]  # the last columns before the border
    assert (right == (230, 159, 0)).all()
    assert drawn.shape[1] >= 4 * font.getlength("W")
