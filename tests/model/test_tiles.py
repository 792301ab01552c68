"""Tiles cover the image, and what several views have seen is one thing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.boxes import Boxes
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.model.tiles import OVERLAP, checked_tiles, magnification, merged, windows_of

NETWORK = (60, 80)


class Squares(ImageDetector):
    """Finds white squares on black, if the network gets at least five pixels of a side; with a score by its size."""

    image_size = NETWORK

    def __init__(self, max_batch: int | None = None) -> None:
        super().__init__(["square"], 0.5)
        self.max_batch, self.batches = max_batch, []

    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        self.batches.append(len(inputs))
        boxes = np.zeros((len(inputs), 9, 4), np.float32)
        scores = np.zeros((len(inputs), 9, 1), np.float32)
        for row, image in enumerate(inputs):
            for place, (top, left, bottom, right) in enumerate(_squares(image[..., 0] > 127)):
                if bottom - top >= 5:
                    boxes[row, place] = np.array([top, left, bottom, right]) / np.tile(image.shape[:2], 2)
                    scores[row, place] = 0.6 + min(0.3, (bottom - top) / 100)
        return RawBoxes(boxes, scores)


def _squares(white: np.ndarray):
    """Edges of the white parts that do not touch: (top, left, bottom, right)."""
    left = white.copy()
    while left.any():
        top, first = np.argwhere(left)[0]
        bottom, right = top, first
        while bottom < left.shape[0] and left[bottom, first]:
            bottom += 1
        while right < left.shape[1] and left[top, right]:
            right += 1
        left[top:bottom, first:right] = False
        yield top, first, bottom, right


def scene(places, side=12, size=(240, 320)) -> np.ndarray:
    image = np.zeros((*size, 3), np.uint8)
    for x, y in places:
        image[y : y + side, x : x + side] = 255
    return image


def edges(places, side=12):
    return sorted([x, y, x + side, y + side] for x, y in places)


@pytest.mark.parametrize("size", [(240, 320), (101, 77), (7, 300), (1, 1)])
@pytest.mark.parametrize("tiles", [(1, 2), (2, 2), (3, 1), (8, 5)])
def test_tiles_cover_the_image_and_share_a_quarter_with_their_neighbours(size, tiles):
    windows = windows_of(size, tiles)
    assert len(windows) == 1 + tiles[0] * tiles[1]
    assert windows[0].tolist() == [0, 0, size[1], size[0]]
    seen = np.zeros(size, int)
    for left, top, right, bottom in windows[1:]:
        assert 0 <= left < right <= size[1]
        assert 0 <= top < bottom <= size[0]
        assert abs((right - left) - size[1] / magnification(tiles[1])) <= 2
        seen[top:bottom, left:right] += 1
    assert seen.min() >= 1
    for one, next_one in itertools.pairwise(windows[1 : tiles[1] + 1]):
        assert abs((one[2] - next_one[0]) - OVERLAP * size[1] / magnification(tiles[1])) <= 3


@pytest.mark.parametrize(
    "places", [[], [(30, 40)], [(30, 40), (200, 180)], [(156, 112), (300, 10), (0, 228)]]
)
def test_small_things_are_found_in_tiles_once_each_and_in_place(places):
    image = scene(places)
    assert len(Squares().detect(image)) == 0  # three pixels of the network's
    found = Squares().detect(image, tiles=(3, 3))
    assert found.class_names == ("square",)
    assert np.abs(np.array(sorted(found.xyxy.tolist())) - edges(places)).max(initial=0) <= 2.0
    assert len(found) == len(places)


def test_a_large_thing_that_all_tiles_cut_is_found_whole_and_once():
    image = scene([(60, 20)], side=200)
    for tiles in [(2, 2), (3, 4)]:
        found = Squares().detect(image, tiles=tiles)
        assert np.abs(found.xyxy - [[60, 20, 260, 220]]).max() <= 4.0


@pytest.mark.parametrize("max_batch", [None, 1, 4])
def test_many_images_are_as_each_of_them_whatever_the_batches(tmp_path, max_batch):
    images = [scene([(30, 40)]), scene([(200, 9)], size=(300, 500)), scene([])]
    Image.fromarray(images[1]).save(tmp_path / "a.png")
    images[1] = tmp_path / "a.png"
    detector = Squares(max_batch)
    found = detector.detect_all(images, tiles=(3, 4), batch_size=5, progress=False)
    alone = [Squares().detect(image, tiles=(3, 4)) for image in images]
    assert [boxes.xyxy.tolist() for boxes in found] == [boxes.xyxy.tolist() for boxes in alone]
    assert [len(boxes) for boxes in found] == [1, 1, 0]
    assert max(detector.batches) <= min(5, max_batch or 5)
    assert sum(detector.batches) == 3 * 13


def test_a_broken_image_is_skipped_in_tiles_too(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    images = [scene([(30, 40)]), tmp_path / "a.jpg"]
    found = Squares().detect_all(images, tiles=(3, 3), on_error="skip", progress=False)
    assert [len(boxes) for boxes in found] == [1, 0]


WHOLE, LEFT, RIGHT = np.array([[0, 0, 100, 50], [0, 0, 60, 50], [40, 0, 100, 50]])
WINDOWS = np.array([WHOLE, LEFT, RIGHT])
MERGED = {  # boxes of the whole, the left and the right view as (x1, y1, x2, y2, label, score) → what stays
    "nothing": ([], [], [], []),
    "one of the whole": ([(5, 5, 25, 25, 0, 0.9)], [], [], [(5, 5, 25, 25, 0, 0.9)]),
    "seen by two, the surer stays": (
        [(5, 5, 25, 25, 0, 0.6)],
        [(6, 5, 25, 25, 0, 0.9)],
        [],
        [(6, 5, 25, 25, 0, 0.9)],
    ),
    "of two classes both stay": (
        [(5, 5, 25, 25, 1, 0.6)],
        [(5, 5, 25, 25, 0, 0.9)],
        [],
        [(5, 5, 25, 25, 0, 0.9), (5, 5, 25, 25, 1, 0.6)],
    ),
    "moved to its place": ([], [], [(5, 10, 15, 20, 0, 0.8)], [(45, 10, 55, 20, 0, 0.8)]),
    "cut on both sides, whole seen less surely": (
        [(30, 10, 80, 20, 0, 0.5)],
        [(30, 10, 60, 20, 0, 0.9)],
        [(0, 10, 40, 20, 0, 0.8)],
        [(30, 10, 80, 20, 0, 0.5)],
    ),
    "cut on both sides and not seen whole: once": (
        [],
        [(35, 10, 60, 20, 0, 0.9)],
        [(0, 10, 25, 20, 0, 0.8)],
        [(35, 10, 60, 20, 0, 0.9)],
    ),
    "cut by one tile, whole in the other": (
        [],
        [(45, 10, 60, 20, 0, 0.9)],
        [(5, 10, 30, 20, 0, 0.7)],
        [(45, 10, 70, 20, 0, 0.7)],
    ),
    "at the image's own edge it is whole": ([], [(0, 0, 10, 10, 0, 0.9)], [], [(0, 0, 10, 10, 0, 0.9)]),
    "a part of another class's is none": (
        [(30, 10, 80, 20, 1, 0.5)],
        [(30, 10, 60, 20, 0, 0.9)],
        [],
        [(30, 10, 60, 20, 0, 0.9), (30, 10, 80, 20, 1, 0.5)],
    ),
}


def _boxes(rows) -> Boxes:
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Boxes(table[:, :4], table[:, 4].astype(int), table[:, 5])


@pytest.mark.parametrize("case", MERGED)
def test_what_several_views_have_seen_is_one_thing(case):
    *views, expected = MERGED[case]
    found = merged([_boxes(rows) for rows in views], WINDOWS, 100)
    table = np.column_stack([found.xyxy, found.labels, found.scores])
    np.testing.assert_allclose(table, np.array(expected, np.float32).reshape(-1, 6), atol=1e-6)


def test_at_most_so_many_and_the_surest():
    rows = [(10 * n, 5, 10 * n + 8, 12, 0, 0.9 - 0.05 * n) for n in range(9)]
    found = merged([_boxes(rows), _boxes([]), _boxes([])], WINDOWS, 4)
    assert found.scores.tolist() == pytest.approx([0.9, 0.85, 0.8, 0.75])


@pytest.mark.parametrize(
    ("given", "tiles"), [(None, None), ((1, 1), None), ([2, 3], (2, 3)), (np.array([2, 2]), None)]
)
def test_tiles_are_checked(given, tiles):
    if isinstance(given, np.ndarray):
        with pytest.raises(ValueError, match="tiles must be"):
            checked_tiles(given)
    else:
        assert checked_tiles(given) == tiles


@pytest.mark.parametrize("tiles", [2, (2,), (0, 1), (2.0, 2), (9, 1), "few", (1, 2, 3)])
def test_what_are_no_tiles_is_refused(tiles):
    with pytest.raises(
        ValueError, match=r"tiles must be \(rows, columns\), each from 1 to 8, None for the whole"
    ):
        Squares().detect(scene([]), tiles=tiles)
