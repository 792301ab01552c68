"""A changed view is still true: boxes go where the pixels go, objects stay, equal seeds give equal views."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from tflhelpers.data.resizing import legacy_resize
from tflhelpers.training.augment import LEAST_KEPT, Augmentation, _boxes_in_view, augment
from tflhelpers.training.matching import IGNORE, PADDING

SIZE = (72, 96)  # of the result
NO_COLOR = {"brightness": 0.0, "contrast": (1.0, 1.0), "saturation": (1.0, 1.0), "hue": 0.0}
STILL = Augmentation(flip=0.0, zoom=(1.0, 1.0), stretch=1.0, **NO_COLOR)
MOVING = Augmentation(**NO_COLOR)


def traced(how, image_size=SIZE):
    """`augment` as `tf.data` runs it: compiled into a graph once."""
    return tf.function(partial(augment, how=how, image_size=image_size))


def view(function, image, boxes, labels, seed):
    given = np.float32(image), np.float32(boxes).reshape(-1, 4), np.int32(labels)
    return [value.numpy() for value in function(*(tf.constant(v) for v in given), tf.constant([seed, 5]))]


def noise(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.float32)


@pytest.mark.parametrize("size", [SIZE, (37, 53), (150, 131), (144, 48)])
def test_without_changes_it_is_the_original_resize(size):
    image, boxes = noise(*size), [[0.1, 0.2, 0.5, 0.9], [0, 0, 0, 0]]
    ours, our_boxes, labels = view(traced(STILL), image, boxes, [3, PADDING], 0)
    np.testing.assert_allclose(ours, legacy_resize(image, SIZE), atol=0.02)
    np.testing.assert_allclose(our_boxes, boxes, atol=1e-6)
    assert labels.tolist() == [3, PADDING]


def test_mirrored_and_nothing_else():
    image = noise(50, 60)
    how = Augmentation(flip=1.0, zoom=(1.0, 1.0), stretch=1.0, **NO_COLOR)
    ours, boxes, labels = view(traced(how), image, [[0.1, 0.2, 0.5, 0.9]], [1], 3)
    np.testing.assert_allclose(ours, legacy_resize(image, SIZE)[:, ::-1], atol=0.02)
    np.testing.assert_allclose(boxes, [[0.1, 0.1, 0.5, 0.8]], atol=1e-6)
    assert labels.tolist() == [1]


MAP_SIZE = (200, 250)


def position_map():
    """Red is the column, green the row, and blue 0: what is shown tells where it was."""
    rows, columns = np.mgrid[: MAP_SIZE[0], : MAP_SIZE[1]]
    return np.stack([columns, rows, np.zeros_like(rows)], axis=-1).astype(np.float32)


def seen_window(shown):
    """(left, right), (top, bottom) of a view of the map, in parts of it; right < left if it is mirrored."""
    inside = shown[..., 2] < 0.5  # the frame is gray
    edges = []
    for channel, axis in ((0, 1), (1, 0)):
        line = np.nanmedian(np.where(inside, shown[..., channel], np.nan), axis=1 - axis)
        good = (line > 1) & (line < MAP_SIZE[axis] - 2)
        slope, start = np.polyfit(np.flatnonzero(good), line[good], 1)
        if slope < 0:  # read from the other end
            start += slope * (SIZE[axis] - 1)
        low, high = start / MAP_SIZE[axis], (start + abs(slope) * SIZE[axis]) / MAP_SIZE[axis]
        edges.append((high, low) if slope < 0 else (low, high))
    return edges


OBJECTS = np.float32([[0.1, 0.15, 0.4, 0.35], [0.5, 0.3, 0.95, 0.8], [0.0, 0.0, 1.0, 1.0]])


@pytest.mark.filterwarnings("ignore:All-NaN slice")
def test_boxes_go_where_the_pixels_go_and_objects_stay():
    function, image = traced(MOVING), position_map()
    kept, zooms, mirrored = [], [], 0
    for seed in range(40):
        shown, boxes, labels = view(function, image, OBJECTS, [0, 2, IGNORE], seed)
        (left, right), (top, bottom) = seen_window(shown)
        corners = (OBJECTS - [top, left, top, left]) / np.tile([bottom - top, right - left], 2)
        expected = np.concatenate(
            [np.minimum(corners[:, :2], corners[:, 2:]), corners.reshape(-1, 2, 2).max(axis=1)], axis=1
        )
        np.testing.assert_allclose(
            boxes * np.tile(SIZE, 2), expected.clip(0, 1) * np.tile(SIZE, 2), atol=0.05
        )
        assert labels.tolist() == [0, 2, IGNORE]
        areas = [np.prod(b[:, 2:] - b[:, :2], axis=1) for b in (boxes, expected)]
        kept.append((areas[0] / areas[1])[:2].min())
        zooms.append(1 / abs((bottom - top) * (right - left)) ** 0.5)
        mirrored += right < left
    assert min(kept) >= LEAST_KEPT - 1e-3
    assert min(kept) < 0.9  # it does cut into objects
    assert 0.59 < min(zooms) < 0.8
    assert 1.2 < max(zooms) < 1.61
    assert 8 < mirrored < 32


RED = (250.0, 10.0, 10.0)


def colored_box(shown):
    """Edges (ymin, xmin, ymax, xmax) in pixels of what is red; a pixel is one pixel wide."""
    rows, columns = np.nonzero((shown[..., 0] > 180) & (shown[..., 1] < 80))
    return np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1])


@pytest.mark.parametrize("edges", [(20, 31, 60, 90), (0, 0, 30, 41), (71, 100, 120, 147)])  # of (120, 147)
def test_a_drawn_rectangle_stays_in_its_box(edges):
    top, left, bottom, right = edges
    image = np.full((120, 147, 3), 60, np.float32)
    image[top:bottom, left:right] = RED
    box = np.float32(edges) / [120, 147, 120, 147]
    function = traced(MOVING)
    for seed in range(30):
        shown, boxes, _ = view(function, image, box, [0], seed)
        np.testing.assert_allclose(
            colored_box(shown), boxes[0] * np.tile(SIZE, 2), atol=1.5, err_msg=f"seed {seed}"
        )


def test_equal_seeds_give_equal_views_eagerly_compiled_and_in_a_pipeline():
    image, boxes, labels = noise(80, 60), np.float32([[0.2, 0.2, 0.6, 0.7]]), np.int32([1])
    how = Augmentation()
    seeds = [[1, 0], [1, 1], [2, 0]]
    data = tf.data.Dataset.from_tensor_slices(np.int64(seeds)).map(
        lambda s: augment(image, boxes, labels, s, how, SIZE)
    )
    eager = [augment(image, boxes, labels, tf.constant(s, tf.int64), how, SIZE) for s in seeds]
    for ours, theirs in zip(eager, data, strict=True):
        for mine, its in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(mine.numpy(), its.numpy(), atol=1e-3)
    shown = [ours[0].numpy() for ours in eager]
    assert all(np.abs(shown[i] - shown[j]).mean() > 2 for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("labels", [[PADDING, PADDING], [IGNORE, PADDING]])
def test_rows_that_are_no_objects_survive_and_bind_nothing(labels):
    function = traced(MOVING)
    boxes = [[0.4, 0.4, 0.6, 0.6], [0, 0, 0, 0]]
    for seed in range(5):
        _, moved, after = view(function, noise(60, 90), boxes, labels, seed)
        assert after.tolist() == labels
        assert (moved >= 0).all()
        assert (moved <= 1).all()
        assert (moved[:, 2:] >= moved[:, :2]).all()


def test_rows_that_a_view_has_lost_are_ignored():
    window = tf.constant([0.0, 0.5, 1.0, 1.0])  # the right half
    boxes = tf.constant(
        [[0, 0, 1, 0.4], [0, 0.2, 1, 0.6], [0, 0.2, 1, 0.55], [0, 0.6, 1, 0.8], [0, 0, 1, 0.4]]
    )
    labels = tf.constant([4, 4, 4, 4, PADDING])
    moved, after = _boxes_in_view(boxes, labels, window)
    # outside; a quarter of it in view, just enough; a seventh; all of it
    assert after.numpy().tolist() == [IGNORE, 4, IGNORE, 4, PADDING]
    expected = [[0, 0, 1, 0], [0, 0, 1, 0.2], [0, 0, 1, 0.1], [0, 0.2, 1, 0.6], [0, 0, 1, 0]]
    np.testing.assert_allclose(moved, expected, atol=1e-6)


STRONG = Augmentation(brightness=0.9, contrast=(0.1, 5.0), saturation=(0.0, 5.0), hue=0.5)


@pytest.mark.parametrize("level", [0, 255, 127])
def test_colors_stay_in_range(level):
    function = traced(STRONG)
    gray = np.full((40, 50, 3), level, np.float32)
    for seed in range(8):
        shown = view(function, gray, np.zeros((1, 4)), [PADDING], seed)[0]
        assert np.isfinite(shown).all()
        assert shown.min() >= 0
        assert shown.max() <= 255


def test_colors_change_and_shapes_do_not():
    still_but_colored = Augmentation(flip=0.0, zoom=(1.0, 1.0), stretch=1.0)
    function, image = traced(still_but_colored), np.zeros((72, 96, 3), np.float32)
    image[20:50, 30:60] = (200, 60, 30)
    means = []
    for seed in range(6):
        shown, boxes, _ = view(function, image, [[20 / 72, 30 / 96, 50 / 72, 60 / 96]], [0], seed)
        means.append(shown[20:50, 30:60].mean(axis=(0, 1)))
        assert np.ptp(shown[20:50, 30:60], axis=(0, 1)).max() < 0.01  # still a plain rectangle
        np.testing.assert_allclose(boxes, [[20 / 72, 30 / 96, 50 / 72, 60 / 96]], atol=1e-6)
    assert np.std(means, axis=0).min() > 2
