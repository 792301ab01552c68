"""Each trouble that a set can have is drawn and told with its number; a good set has none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.samples import duck_clip, duck_photos, thing_photos
from tflhelpers.evaluation.object_likeness import MOST_OBJECTS, likeness_of_objects
from tflhelpers.evaluation.set_troubles import set_troubles

INPUT = (320, 320)
HEIGHT, WIDTH = 480, 640  # of the photos; a side shrinks to the root of 2/3 times 1/2 of it: 0.577
NAMES = ("cup", "spoon", "fork")


def look(seed):
    """A pattern of coarse coloured fields, uint8 (64, 64, 3): other seeds give others, unlike it."""
    fields = np.random.default_rng(seed).integers(0, 256, (8, 8, 3))
    return np.kron(fields, np.ones((8, 8, 1))).astype(np.uint8)


def with_noise(pattern, seed):
    noise = np.random.default_rng(seed).normal(0, 12, pattern.shape)
    return np.clip(pattern + noise, 0, 255).astype(np.uint8)


def drawn(folder, photos):
    """Photos of objects (label, pattern, side in pixels), side by side on gray."""
    items = []
    for number, objects in enumerate(photos):
        picture = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
        xyxy = []
        for place, (_, pattern, side) in enumerate(objects):
            left, top = 10 + 105 * (place % 6), 10 + 105 * (place // 6)
            small = Image.fromarray(with_noise(pattern, 100 * number + place)).resize((side, side))
            picture[top : top + side, left : left + side] = np.asarray(small)
            xyxy.append([left, top, left + side, top + side])
        path = folder / f"{number}.png"
        Image.fromarray(picture).save(path)
        items.append((path, Boxes(np.reshape(xyxy, (-1, 4)), [label for label, *_ in objects])))
    return Annotations(NAMES, items)


def good(label, side=90):
    return (label, look(label), side)


def told(annotations):
    return {trouble.name: str(trouble) for trouble in set_troubles(annotations, INPUT)}


def test_a_good_set_has_none(tmp_path):
    assert told(drawn(tmp_path, [[good(0), good(1), good(2)]] * 5 + [[]])) == {}


@pytest.mark.parametrize("annotations", [duck_photos(), duck_clip()[::4], thing_photos()[18:]])
def test_the_samples_have_none(annotations):
    assert told(annotations) == {}


def test_the_first_things_have_a_rare_one():
    assert list(told(thing_photos()[:18])) == ["rare"]


@pytest.mark.parametrize(
    ("side", "is_told"), [(30, True), (38, True), (40, False)]
)  # 39.2 pixels become 22.6, the limit
def test_a_class_of_small_objects(tmp_path, side, is_told):
    found = told(drawn(tmp_path, [[good(0), good(0), good(1, side)]] * 4))
    assert list(found) == ["small"] * is_told
    if is_told:
        assert found["small"].startswith(
            "Small: 4 of 4 of spoon measure under 23 pixels in what the detector"
        )
        assert 'tiles="auto"' in found["small"]


def test_some_small_objects_beside_large_ones_of_the_class_are_no_trouble(tmp_path):
    assert told(drawn(tmp_path, [[good(0), good(0), good(0, 20)]] * 4)) == {}
    assert list(told(drawn(tmp_path, [[good(0), good(0, 20), good(0, 20)]] * 4))) == ["small"]


def test_what_is_small_depends_on_the_input(tmp_path):
    photos = drawn(tmp_path, [[good(0, 30)]] * 4)
    assert [trouble.name for trouble in set_troubles(photos, INPUT)] == ["small"]
    assert set_troubles(photos, (640, 640)) == ()
    assert set_troubles(photos, INPUT, smallest_anchor=16.0) == ()
    assert set_troubles(photos) == ()


@pytest.mark.parametrize(
    ("of_cups", "of_forks", "evidence"),
    [
        (24, 8, "fork has 8 boxes beside 24 of cup; photos with 12 more of fork help most"),
        (24, 9, None),  # rarer, but not by three
        (12, 4, "fork has 4 boxes beside 12 of cup; photos with 8 more of fork help most"),
        (5, 5, None),  # few, but not beside many
        (90, 20, None),  # few beside many, but enough
    ],
)
def test_a_class_of_few_boxes_beside_many(tmp_path, of_cups, of_forks, evidence):
    objects = [good(0)] * of_cups + [good(2)] * of_forks
    found = told(drawn(tmp_path, [objects[number::6] for number in range(6)]))
    assert list(found) == ([] if evidence is None else ["rare"])
    assert (evidence or "") in found.get("rare", "")


def test_a_class_whose_objects_differ_from_photo_to_photo(tmp_path):
    found = told(drawn(tmp_path, [[good(0), (1, look(10 + number), 90)] for number in range(5)]))
    assert list(found) == ["varied"]
    assert " of spoon only" in found["varied"]
    assert "cup" not in found["varied"]
    assert "Detector.embedded" in found["varied"]


def test_what_is_seen_from_two_sides_is_not_varied(tmp_path):
    mirrored = (0, look(0)[:, ::-1], 90)
    assert told(drawn(tmp_path, [[good(0)], [mirrored], [mirrored], [mirrored]])) == {}


def test_classes_that_look_alike(tmp_path):
    same = look(0)
    photos = [[(0, same, 90), (1, same, 90), good(2)] for _ in range(6)]
    found = told(drawn(tmp_path, photos))
    assert list(found) == ["alike"]
    assert "of 18 objects look more like one of another class than like their own" in found["alike"]
    assert "(cup, spoon)" in found["alike"]


def test_nothing_is_said_of_looks_on_one_photo_or_of_few_objects(tmp_path):
    assert told(drawn(tmp_path, [[(0, look(number), 90) for number in range(9)]])) == {}
    assert told(drawn(tmp_path, [[(0, look(number), 90)] for number in range(3)])) == {}


def test_photos_that_cannot_be_read_crowds_and_empty_boxes_do_not_count(tmp_path):
    photos = drawn(tmp_path, [[good(0), good(1), good(2)]] * 4)
    broken, missing = tmp_path / "broken.png", tmp_path / "missing.png"
    broken.write_bytes(b"no picture")
    tiny = Boxes([[0, 0, 9, 9]] * 3, [2] * 3)
    crowd = Boxes([[0, 0, 9, 9]] * 9, [2] * 9, crowd=[True] * 9)
    more = [(broken, tiny), (missing, tiny), (photos.image_paths[0], crowd)]
    assert told(Annotations(NAMES, [*photos, *more])) == told(Annotations(NAMES, more)) == {}
    assert told(Annotations(NAMES, [])) == {}
    read = [(path, tiny) for path in photos.image_paths[:3]]
    assert "small" in told(Annotations(NAMES, [*photos, *read]))


def test_of_many_objects_some_of_all_photos_are_compared(tmp_path):
    photos = drawn(tmp_path, [[good(0, 20)] * 24] * 20)
    looks = likeness_of_objects(photos)
    assert MOST_OBJECTS / 2 < len(looks.photo) <= MOST_OBJECTS
    assert set(looks.photo.tolist()) == set(range(20))
    assert np.ptp(np.bincount(looks.photo)) <= 1
    np.testing.assert_allclose(looks.likeness, looks.likeness.T, atol=1e-6)
