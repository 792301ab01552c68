"""Crops of photos, as a detector will see them in tiles."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.training.matching import IGNORE, PADDING
from tflhelpers.training.tiled_pictures import (
    TiledPictures,
    choose_tiles,
    size_in_tiles,
    training_pictures,
)

NETWORK = (60, 80)


def photo(folder, name, boxes, size=(240, 320), labels=None, crowd=None):
    """Black, with each box in a brightness of its own."""
    pixels = np.zeros((*size, 3), np.uint8)
    for number, (left, top, right, bottom) in enumerate(boxes):
        pixels[top:bottom, left:right] = 100 + 50 * number
    Image.fromarray(pixels).save(folder / name)
    return folder / name, Boxes(boxes, labels or [0] * len(boxes), crowd=crowd)


def of(*items):
    return Annotations.from_items(["a", "b"], items)


@pytest.mark.parametrize(
    ("sides", "tiles"),
    [
        ([], None),
        ([130, 200], None),  # 32 network pixels and more
        ([100, 100, 200], None),  # 25: as good as from whole photos
        ([80, 80, 200], (2, 2)),  # 20 network pixels
        ([12], (7, 7)),  # more would enlarge the photo beyond 1.5 times its pixels
        ([40, 40, 40, 400], (4, 4)),  # 10 network pixels: 3.25 times as many
        ([100, 400, 400, 400, 400, 400, 400], None),  # one in seven is small
    ],
)
def test_the_fewest_tiles_that_show_three_quarters_large_enough(tmp_path, sides, tiles):
    items = [
        photo(tmp_path, f"{number}.png", [(5, 5, 5 + side, 5 + side)], size=(960, 1280))
        for number, side in enumerate(sides)
    ]
    assert choose_tiles(of(*items), (240, 320)) == tiles


def test_what_is_whole_stays_as_it_is(tmp_path):
    photos = of(photo(tmp_path, "a.png", [(5, 5, 50, 50)]))
    assert choose_tiles(of(), NETWORK) is None
    assert type(training_pictures(photos, NETWORK, None)).__name__ == "TrainingPictures"
    assert size_in_tiles(NETWORK, None) == NETWORK
    assert size_in_tiles(NETWORK, (2, 3)) == (105, 200)


def test_each_crop_shows_its_objects_where_they_are(tmp_path):
    """The crop's pixels inside each box have the object's brightness, those around it do not."""
    boxes = [(10, 12, 40, 36), (150, 100, 190, 150), (290, 210, 320, 240)]
    pictures = TiledPictures(of(photo(tmp_path, "a.png", boxes, labels=[0, 1, 0])), NETWORK, (3, 3))
    seen = set()
    for index in range(len(pictures)):
        crop, rows, labels = pictures[index]
        for (top, left, bottom, right), label in zip(rows, labels, strict=True):
            if label < 0:
                continue
            height, width = crop.shape[:2]
            inside = crop[
                round(top * height) + 1 : round(bottom * height) - 1,
                round(left * width) + 1 : round(right * width) - 1,
                0,
            ]
            assert inside.size
            assert inside.min() == inside.max() > 0
            seen.add((int(inside[0, 0]), int(label)))
        assert sorted(labels[labels >= 0]) == sorted(pictures.labels[index])
    assert seen == {(100, 0), (150, 1), (200, 0)}


def test_whole_photos_tiles_with_objects_and_as_many_without(tmp_path):
    pictures = TiledPictures(of(photo(tmp_path, "a.png", [(10, 12, 40, 36)])), NETWORK, (3, 3))
    assert [len(labels) for labels in pictures.labels] == [0, 1, 0]  # whole, its tile, one that is empty
    assert [path.name for path in pictures.paths] == ["a.png"] * 3
    nothing = TiledPictures(of(photo(tmp_path, "b.png", [])), NETWORK, (3, 3))
    assert len(nothing) == 1


def test_what_is_cut_away_or_tiny_is_neither_object_nor_background(tmp_path):
    """The tile's right edge, at 128, leaves a seventh of the second; the whole photo shows the first 7 pixels large."""
    items = photo(tmp_path, "a.png", [(10, 12, 38, 40), (124, 10, 152, 38)])
    pictures = TiledPictures(of(items), NETWORK, (3, 3))
    whole, first = pictures[0], pictures[1]
    assert first[0].shape[:2] == (96, 128)
    assert first[2].tolist() == [0, IGNORE]
    assert whole[2].tolist() == [IGNORE, IGNORE]


def test_crowds_stay_left_out_and_what_a_tile_does_not_show_is_padding(tmp_path):
    items = photo(tmp_path, "a.png", [(10, 12, 40, 40), (250, 150, 320, 240)], crowd=[False, True])
    first = TiledPictures(of(items), NETWORK, (3, 3))[1]
    assert first[2].tolist() == [0, PADDING]
    assert first[1][1].tolist() == [0, 0, 0, 0]


def test_a_large_photo_is_kept_as_large_as_tiles_need_it(tmp_path):
    items = photo(tmp_path, "a.png", [(100, 100, 400, 400)], size=(2400, 3200))
    crop, _, _ = TiledPictures(of(items), NETWORK, (2, 2))[1]
    assert crop.shape[0] >= 2 * NETWORK[0] / 1.75
    whole, _, _ = training_pictures(of(items), NETWORK, None)[0]
    assert whole.shape[0] < 2400
