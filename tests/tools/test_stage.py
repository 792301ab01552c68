"""Whole drawn pictures: where placed things and their shadows fall, who owns a pixel, a clip that closes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from tools.draw_samples import visible_box
from tools.scenes.paint import plain, stripes
from tools.scenes.render import Camera, Light, Solid
from tools.scenes.sdf import box, sphere
from tools.scenes.sets import CLIP_FRAMES, DUCK, PHOTO_SETS, clip_duck, clip_stage
from tools.scenes.stage import Ground, Stage, draw_stage, lowest, placed, smooth_shadow

WHITE = plain((1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("pose", "point", "expected"),
    [
        ({}, (2, 0, 0), 1.0),
        ({"position": (1, 2, 3)}, (1, 2, 3), -1.0),
        ({"scale": 3.0}, (5, 0, 0), 2.0),
        ({"turn": 90.0}, (0, 0, -4), 1.0),  # +x turns to -z
        ({"position": (0, 0, 10), "turn": 90.0, "scale": 2.0}, (0, 0, 0), 4.0),
    ],
)
def test_placed_shape_is_scaled_then_turned_then_moved(pose, point, expected):
    shape = sphere(1.0) if "turn" not in pose else box(3.0, 1.0, 1.0)
    (solid,) = placed([Solid(shape, WHITE)], owner=4, **pose)
    assert solid.owner == 4
    assert solid.shape.distance(np.array(point, np.float32)[:, None])[0] == pytest.approx(expected, abs=1e-5)


def test_paint_comes_along_with_its_shape():
    halves = stripes((1, 0, 0), (0, 1, 0), (1, 0, 0), 200.0)  # green where x >= 0
    (solid,) = placed([Solid(sphere(1.0), halves)], turn=90.0, position=(5, 0, 0))
    seen = solid.paint(np.array([[5, 0, -0.5], [5, 0, 0.5]], np.float32).T)
    assert seen.T.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_lowest_is_the_foot():
    assert lowest([Solid(sphere(1.0).at(y=3), WHITE), Solid(box(1, 0.5, 1).at(y=2), WHITE)]) == pytest.approx(
        1.5, abs=0.1
    )


def test_shadow_lies_opposite_the_sun_and_ends():
    # A ball of radius 1 on the ground, the sun at 45 degrees from -x: its shadow's axis meets x = 1.
    ball = [Solid(sphere(1.0).at(y=1), WHITE)]
    places = np.array([[-2, 0, 0], [1, 0, 0], [1, 0, 0.8], [1, 0, 1.4], [1.5, 0, 0], [4, 0, 0]], np.float32).T
    toward = np.array([-1, 1, 0]) / np.sqrt(2)
    light = smooth_shadow(ball, places, toward, reach=8.0, softness=12.0)
    assert light.round(2).tolist() == [1, 0, 0, 1, 0, 1]


def test_owner_is_what_is_seen_in_front():
    front = placed([Solid(box(0.5, 0.5, 0.1), WHITE)], position=(0, 0.5, 2), owner=2)
    back = placed([Solid(box(1.0, 1.0, 0.1), WHITE)], position=(0, 1.0, 0), owner=1)
    stage = Stage(
        [*back, *front], Ground(WHITE), Light(np.array([0, 1.0, 0])), lambda rays: np.full_like(rays, 0.5)
    )
    camera = Camera(np.array([0, 1.0, 30.0]), np.array([0, 1.0, 0.0]), 8.0)
    picture, owner = draw_stage(stage, camera, (31, 45), supersample=2)
    assert picture.shape == (31, 45, 3)
    assert owner.shape == (62, 90)
    middle = owner[:, 45]
    order = [int(middle[0])] + [int(b) for a, b in pairwise(middle) if a != b]
    assert order == [-1, 1, 2, -1]  # sky, back, front, ground
    x1, _, x2, _ = visible_box((owner == 1).astype(int) * DUCK, 2)
    # The back plate is 2 wide, 30 away, and its face 0.1 nearer; the picture is 2 * 30 * tan(4 deg) high.
    assert x2 - x1 == pytest.approx(2 / (2 * 29.9 * np.tan(np.deg2rad(4))) * 31, abs=1.0)


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (slice(2, 6), slice(4, 10), [2.0, 1.0, 5.0, 3.0]),
        (slice(0, 1), slice(0, 1), [0.0, 0.0, 0.5, 0.5]),
        (slice(3, 12), slice(5, 14), [2.5, 1.5, 7.0, 6.0]),
    ],
)
def test_visible_box_by_hand(rows, columns, expected):
    owner = np.full((12, 14), -1)
    owner[rows, columns] = DUCK
    assert visible_box(owner, 2) == expected


def test_a_hidden_duck_is_refused():
    with pytest.raises(ValueError, match="the duck is not seen"):
        visible_box(np.zeros((4, 4)), 2)


def test_clip_closes_and_its_camera_and_duck_move_evenly():
    first, again = clip_stage(0), clip_stage(CLIP_FRAMES)
    np.testing.assert_array_equal(first[1].eye, again[1].eye)
    places = np.array([clip_duck(i / CLIP_FRAMES)[1] for i in range(CLIP_FRAMES + 1)])
    np.testing.assert_allclose(places[0], places[-1], atol=1e-6)
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert steps.max() < 0.6  # units; the duck is two long


@pytest.mark.parametrize("name", PHOTO_SETS)
def test_a_photo_comes_out_the_same_twice_and_shows_the_duck(name):
    stage, camera = PHOTO_SETS[name]()
    picture, owner = draw_stage(stage, camera, (24, 32), supersample=1)
    np.testing.assert_array_equal(picture, draw_stage(*PHOTO_SETS[name](), (24, 32), supersample=1)[0])
    assert 0.01 < (owner == DUCK).mean() < 0.3
    assert picture.std() > 20
