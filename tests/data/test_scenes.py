"""Pictures of one scene are told from pictures of different ones: drawn here, in the samples, in a real clip."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.likeness import likeness
from tflhelpers.data.samples import duck_clip, duck_photos


def thumbnails(*rows):
    return np.array([np.resize(row, 256) for row in rows], np.float32)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0, 100], [0, 100], 1),
        ([0, 100], [50, 200], 1),  # brighter, and with more contrast
        ([0, 100], [100, 0], -1),
        ([0, 0, 100, 100], [0, 100, 0, 100], 0),
        ([40], [41], 1),  # nothing to see on both, and as bright
        ([40], [200], 0),
        ([40], [0, 100], 0),
    ],
)
def test_likeness_by_hand(a, b, expected):
    assert likeness(thumbnails(a), thumbnails(b))[0, 0] == pytest.approx(expected, abs=1e-6)


def photos_of(folder, scenes):
    """One photo of each scene (a seed), its object somewhere else each time."""
    items = []
    for number, scene in enumerate(scenes):
        small = np.random.default_rng(scene).integers(0, 255, (6, 8, 3), dtype=np.uint8)
        picture = np.array(Image.fromarray(small).resize((160, 120), Image.Resampling.BICUBIC))
        left = 20 + 30 * (number % 4)
        picture[40:70, left : left + 30] = (230, 200, 20)
        path = folder / f"{number}_{scene}.png"
        Image.fromarray(picture).save(path)
        items.append((path, Boxes([[left, 40, left + 30, 70]], [0])))
    return Annotations(["duck"], items)


def test_the_same_place_with_the_object_elsewhere(tmp_path):
    pictures = photos_of(tmp_path, [1, 2, 3, 4, 2, 5])
    shared = pictures[:4].shared_scenes(pictures[4:])
    assert bool(shared)
    ((scored, trained, alike),) = shared.pairs
    assert (scored.name, trained.name) == ("4_2.png", "1_2.png")
    assert 0.8 < alike < 1
    assert "1 of the 2 pictures show a scene that was trained on, such as 4_2.png and 1_2.png" in str(shared)


def test_other_places(tmp_path):
    pictures = photos_of(tmp_path, range(8))
    shared = pictures[:4].shared_scenes(pictures[4:])
    assert not shared
    assert str(shared).startswith("None of the 4 pictures looks like one that was trained on")
    assert not pictures.shared_scenes(pictures[:0])


def test_what_is_no_annotations_is_named():
    with pytest.raises(
        ValueError, match=r"must be Annotations, got tuple. The call is trained_on.shared_scenes\("
    ):
        duck_photos().shared_scenes(duck_clip().image_paths)


def test_the_samples():
    """Photos and clip are drawn in different places; of the clip any two halves share theirs."""
    assert not duck_photos().shared_scenes(duck_clip()[::6])
    clip = duck_clip()
    assert len(clip[::4].shared_scenes(clip[2::8]).pairs) == 6


def test_as_like_is_as_like_on_every_processor():
    """A picture is as like itself as any other is, to the last digit: then the first of them is named."""
    photos = duck_photos()
    shared = photos.shared_scenes(photos)
    assert [alike for _, _, alike in shared.pairs] == [1.0] * 5
    assert "such as kitchen.jpg: the scores" in str(shared)


@pytest.mark.slow
def test_the_real_duck(shared_data):
    ducky = shared_data / "ducky"
    train = Annotations.load(ducky / "annotations_train.json", ducky / "train")
    test = Annotations.load(ducky / "annotations_test.json", ducky / "test")
    assert not train.shared_scenes(test)
    assert len(test[::2].shared_scenes(test[1::2]).pairs) >= 20  # of 24
