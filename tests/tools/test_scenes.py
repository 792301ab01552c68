"""Drawn training scenes: distances by hand, areas, boxes of planted sprites, the same bytes twice."""

from __future__ import annotations

import numpy as np
import pytest

from tools.scenes import compose, sdf
from tools.scenes.compose import SceneSampler, paste
from tools.scenes.objects import KINDS, build_object
from tools.scenes.paint import plain
from tools.scenes.render import Camera, Light, Solid, render
from tools.scenes.sprites import Bank, draw_sprite, straight_rgba
from tools.scenes.textures import draw_texture

SQUARE = [(-1, -1), (1, -1), (1, 1), (-1, 1)]


@pytest.mark.parametrize(
    ("shape", "point", "expected"),
    [
        (sdf.sphere(1.0), (3, 0, 0), 2.0),
        (sdf.sphere(1.0).at(x=2), (2, 0, 0), -1.0),
        (sdf.box(1, 2, 3), (4, 0, 0), 3.0),
        (sdf.box(1, 1, 1, 0.25), (3.75, 4.75, 0), 4.75),  # 3-4-5 from the rounding's centre
        (sdf.box(1, 2, 3).turned("z", 90), (0, 4, 0), 3.0),
        (sdf.cylinder(1.0, 2.0), (0, 5, 0), 3.0),
        (sdf.cylinder(1.0, 2.0), (5, 6, 0), np.hypot(4, 4)),
        (sdf.cone(1.0, 1.0, 2.0), (3, 0, 0), 2.0),
        (sdf.capsule((0, 0, 0), (0, 2, 0), 0.5), (0, 4, 0), 1.5),
        (sdf.torus(2.0, 0.5), (0, 0, 0), 1.5),
        (sdf.extruded(SQUARE, 1.0), (0.5, 0, 0), -0.5),
        (sdf.extruded(SQUARE, 1.0), (0, 3, 0), 2.0),
        (sdf.union(sdf.sphere(1.0), sdf.sphere(1.0).at(x=4)), (3, 0, 0), 0.0),
        (sdf.without(sdf.sphere(2.0), sdf.sphere(1.0)), (0, 0, 0), 1.0),
        (sdf.sphere(1.0).at(x=2).mirrored("x"), (-2, 0, 0), -1.0),
        (sdf.sphere(1.0).kept("y", above=0.0), (0, -0.5, 0), 0.5),
    ],
)
def test_distance_is_the_one_by_hand(shape, point, expected):
    got = shape.distance(np.array(point, np.float32)[:, None])[0]
    assert got == pytest.approx(expected, abs=1e-5)


def test_ball_seen_from_afar_covers_its_disc():
    # At distance 100 with half field of view atan(0.02) the window is 4 units wide: the disc covers pi / 16.
    camera = Camera(np.array([0, 0, 100.0]), np.zeros(3), 2 * np.degrees(np.arctan(0.02)))
    ball = Solid(sdf.sphere(1.0), plain((1, 0, 0)))
    color, index = render([ball], camera, (-1, 1, 1, -1), (100, 100), Light(np.array([0, 0.6, 0.8])), 1.0)
    assert (index == 0).mean() == pytest.approx(np.pi / 16, abs=0.003)
    middle = color[50, 50]
    assert middle[0] > 0.5
    assert middle[1] < 0.4
    assert color[40, 50].sum() > color[60, 50].sum()  # lit from above


def test_straight_alpha_keeps_the_colour_at_half_covered_edges():
    color = np.full((2, 2, 3), 0.6, np.float32)
    mask = np.array([[True, False], [True, False]])
    assert straight_rgba(color * mask[..., None], mask, 2).tolist() == [[[153, 153, 153, 128]]]


def test_kinds_are_many_distinct_and_without_birds():
    assert len(set(KINDS)) == len(KINDS) >= 32
    birds = ("duck", "bird", "chick", "goose", "swan", "penguin", "owl", "hen", "parrot")
    assert [kind for kind in KINDS if any(bird == part for bird in birds for part in kind.split("_"))] == []
    with pytest.raises(ValueError, match=r"kind must be one of mug.*got 'duck'"):
        build_object("duck", np.random.default_rng(0))


@pytest.mark.parametrize("kind", KINDS)
def test_sprite_fills_its_crop_and_comes_out_the_same_twice(kind):
    sprite = draw_sprite(kind, seed=5, longest=24)
    alpha = sprite[..., 3]
    assert all(edge.any() for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))
    assert alpha.max() == 255
    assert 20 <= max(alpha.shape) <= 26
    np.testing.assert_array_equal(sprite, draw_sprite(kind, seed=5, longest=24))
    assert not np.array_equal(sprite, draw_sprite(kind, seed=6, longest=24))


def test_texture_comes_out_the_same_twice():
    np.testing.assert_array_equal(draw_texture(3), draw_texture(3))
    assert not np.array_equal(draw_texture(3), draw_texture(4))


def planted_sprite(height: int, width: int) -> np.ndarray:
    """White rectangle in a clear frame of two pixels, one of which is half there (alpha 127, not counted)."""
    sprite = np.zeros((height + 4, width + 4, 4), np.uint8)
    sprite[..., :3] = 255
    sprite[1:-1, 1:-1, 3] = 127
    sprite[2:-2, 2:-2, 3] = 255
    return sprite


@pytest.mark.parametrize(
    ("corner", "box", "inside"),
    [
        ((10, 20), [22, 12, 52, 22], 300),  # wholly inside
        ((-7, 20), [22, 0, 52, 5], None),  # five rows are left: below the least side
        ((-2, -12), [0, 0, 20, 10], 200),  # cut at the left
        ((60, 50), [52, 62, 80, 64], None),  # two rows are left
        ((50, 60), [62, 52, 80, 62], 180),  # cut at the right
        ((90, 0), None, 0),  # outside
    ],
)
def test_box_is_the_extent_of_alpha_clipped_to_the_picture(corner, box, inside):
    canvas, owner = np.zeros((64, 80, 3), np.float32), np.zeros((64, 80), np.int8)
    got, count, whole = paste(canvas, owner, planted_sprite(10, 30), corner, 3)
    assert whole == 300
    if inside is None:
        assert got is None
        assert count > 0
    elif box is None:
        assert got is None
        assert count == 0
    else:
        assert got.tolist() == box
        assert count == inside
        assert (canvas == 255).all(axis=2).sum() == (owner == 3).sum() == inside


def planted_bank() -> Bank:
    sprites = [planted_sprite(40, 90), planted_sprite(80, 50)]
    textures = np.zeros((2, 512, 512, 3), np.uint8)
    return Bank(sprites, np.array([4, 7], np.int64), textures)


def test_box_of_a_drawn_scene_is_where_the_object_is(monkeypatch):
    sampler = SceneSampler(planted_bank(), image_size=128, seed=3)
    monkeypatch.setattr(sampler, "degrade", lambda rng, picture: picture)
    monkeypatch.setattr(sampler, "_distract", lambda *ignored: None)
    monkeypatch.setattr(compose, "COUNT_WEIGHTS", np.array([0.0, 1.0]))
    checked = 0
    for index in range(60):
        image, boxes, labels = sampler.draw(index)
        if len(boxes) == 0:
            continue
        bright = image.max(axis=2) > image.max() / 2
        rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
        seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        np.testing.assert_allclose(boxes[0], seen, atol=1.0)
        assert labels[0] in (4, 7)
        checked += 1
    assert checked >= 50


@pytest.mark.parametrize("image_size", [64, 97, 256])
def test_scene_is_the_same_twice_and_keeps_its_promises(image_size):
    sampler = SceneSampler(planted_bank(), image_size=image_size, seed=1)
    again = SceneSampler(planted_bank(), image_size=image_size, seed=1)
    other = SceneSampler(planted_bank(), image_size=image_size, seed=2)
    counts = []
    for index in (25, 0, 7, 3, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22):
        image, boxes, labels = sampler.draw(index)
        for got, expected in zip(again.draw(index), (image, boxes, labels), strict=True):
            np.testing.assert_array_equal(got, expected)
        assert not np.array_equal(other.draw(index)[0], image)
        assert image.shape == (image_size, image_size, 3)
        assert image.dtype == np.uint8
        assert boxes.dtype == np.float32
        assert labels.dtype == np.int64
        assert len(boxes) == len(labels) <= 8
        assert (boxes >= 0).all()
        assert (boxes <= image_size).all()
        assert set(labels) <= {4, 7}
        assert ((boxes[:, 2:] - boxes[:, :2]) >= compose.LEAST_BOX).all()
        counts.append(len(boxes))
    assert min(counts) < 2 < max(counts)


@pytest.mark.parametrize(
    ("covered", "expected"), [(0, True), (60, True), (65, True), (66, False), (100, False)]
)
def test_a_label_is_dropped_when_less_than_35_percent_is_visible(covered, expected):
    owner = np.ones((10, 10), np.int8)
    owner.reshape(-1)[:covered] = 2
    assert compose.visible_enough(owner, 1, 100) is expected


def test_bank_comes_back_from_its_file(tmp_path):
    bank = Bank(planted_bank().sprites, np.array([4, 7], np.int64), np.stack([draw_texture(1)]))
    bank.save(tmp_path / "bank.npz")
    loaded = Bank.load(tmp_path / "bank.npz")
    for got, expected in zip(loaded.sprites, bank.sprites, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert loaded.labels.tolist() == [4, 7]
    assert np.abs(loaded.textures.astype(int) - bank.textures).mean() < 6  # JPEG inside
    assert [path.name for path in tmp_path.iterdir()] == ["bank.npz"]


def test_the_last_sprites_of_each_kind_are_held_out():
    sprites = [np.full((8, 8, 4), value, np.uint8) for value in range(7)]
    bank = Bank(sprites, np.array([4, 7, 4, 7, 4, 7, 4]), planted_bank().textures)
    shown, hidden = bank.split(2)
    assert [int(sprite[0, 0, 0]) for sprite in shown.sprites] == [0, 1, 2]
    assert shown.labels.tolist() == [4, 7, 4]
    assert [int(sprite[0, 0, 0]) for sprite in hidden.sprites] == [3, 4, 5, 6]
    assert hidden.labels.tolist() == [7, 4, 7, 4]
    assert len(shown.textures) == len(hidden.textures) == len(bank.textures)


@pytest.mark.parametrize("held_out", [0, 1])
def test_a_kind_is_never_held_out_whole(held_out):
    with pytest.raises(ValueError, match=f"fewer than the 1 sprites of a kind, got {held_out}"):
        planted_bank().split(held_out)


def test_sampler_refuses_an_empty_bank_and_a_tiny_picture():
    with pytest.raises(ValueError, match="sprites and textures"):
        SceneSampler(Bank([], np.zeros(0, np.int64), np.zeros((0, 512, 512, 3), np.uint8)))
    with pytest.raises(ValueError, match="at least 64 pixels, got 32"):
        SceneSampler(planted_bank(), image_size=32)
