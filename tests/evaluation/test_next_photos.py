"""What to photograph next: planted weaknesses, each told with its figures, and none where there is none."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.evaluation.test_scores import truth
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.mistakes import find_mistakes
from tflhelpers.evaluation.next_photos import _about_looks
from tflhelpers.evaluation.object_looks import ObjectLooks, looks_of, sharpness

SIZE = (120, 160)
FOUND, LOST = True, False


def drawn(folder, *objects, names=("duck",)):
    """A picture for each object (edges, label, brightness, blur), gray noise around it."""
    items = []
    for number, (xyxy, label, brightness, blur) in enumerate(objects):
        noise = np.random.default_rng(number).integers(-30, 30, (*SIZE, 3))
        picture = Image.fromarray(np.clip(128 + noise, 0, 255).astype(np.uint8))
        x1, y1, x2, y2 = xyxy
        inside = np.clip(brightness + noise[y1:y2, x1:x2], 0, 255).astype(np.uint8)
        thing = Image.fromarray(inside).filter(ImageFilter.GaussianBlur(blur)) if blur else inside
        picture.paste(Image.fromarray(np.asarray(thing)), (x1, y1))
        path = folder / f"{number}.png"
        picture.save(path)
        items.append((path, Boxes([xyxy], [label])))
    return Annotations(names, items)


def advice(annotations, found, trained_on=None):
    """What is said if the objects marked True are found."""
    predictions = [
        Boxes(boxes.xyxy, boxes.labels, [0.9]) if seen else Boxes.empty(with_scores=True)
        for (_, boxes), seen in zip(annotations, found, strict=True)
    ]
    return find_mistakes(predictions, annotations).what_to_photograph_next(trained_on)


MIDDLE = [60, 45, 100, 75]
PLAIN = (MIDDLE, 0, 128, 0)
SMALL = ([74, 54, 86, 66], 0, 128, 0)
AT_LEFT = ([2, 45, 42, 75], 0, 128, 0)
DARK = (MIDDLE, 0, 40, 0)
BLURRED = (MIDDLE, 0, 128, 3)

# The odd objects are missed, the plain ones found: what the first sentence says.
PLANTED = [
    (
        "small",
        SMALL,
        "4 of 4 objects up to 8.7 % of the picture's side were not found, but 0 of 8 larger ones",
    ),
    ("at the left", AT_LEFT, "4 of 4 objects in the left third of the picture were not found, but 0 of 8"),
    (
        "dark",
        DARK,
        r"4 of 4 objects with a brightness up to \d+ of 255 were not found, but 0 of 8 brighter ones",
    ),
    ("blurred", BLURRED, "4 of 4 objects of the least sharp third were not found, but 0 of 8 sharper ones"),
]


@pytest.mark.parametrize(("odd", "sentence"), [p[1:] for p in PLANTED], ids=[p[0] for p in PLANTED])
def test_planted_weaknesses(tmp_path, odd, sentence):
    pictures = drawn(tmp_path, *[odd] * 4, *[PLAIN] * 8)
    said = advice(pictures, [LOST] * 4 + [FOUND] * 8)
    assert any(re.search(sentence, each) for each in said), said
    # 1 of the 495 ways to choose 4 of 12, times the groups that were compared: 1, 2 or 5
    assert all(re.search(r"luck alone: (0\.2|0\.4|1\.0) %", each) for each in said), said


def test_no_advice_from_luck(tmp_path):
    pictures = drawn(tmp_path, *[SMALL] * 4, *[PLAIN] * 8)
    said = advice(pictures, [LOST, FOUND, FOUND, FOUND] + [LOST, LOST] + [FOUND] * 6)
    assert said == [
        "3 of 12 objects were not found, and luck alone could explain which. "
        "Take more photos of all kinds, and more to score with."
    ]


def test_how_often_luck_is_taken_for_a_reason():
    """Objects of random looks, a third of them missed at random: at most 15 % of sets get any advice."""
    random, told = np.random.default_rng(0), 0
    for _ in range(200):
        n, column = 40, random.random
        looks = ObjectLooks(
            (column(40) < 0.33) * 1.0,
            np.zeros(n, int),
            *[column(n) for _ in range(3)],
            column(n) < 0.2,
            column(n) * 255,
            column(n),
        )
        told += bool(list(_about_looks(looks)))
    assert told <= 30


def test_all_found_and_nothing_to_find(tmp_path):
    pictures = drawn(tmp_path, PLAIN, PLAIN)
    assert advice(pictures, [FOUND, FOUND])[0].startswith("All 2 objects were found. Photograph it where")
    assert advice(truth(Boxes.empty()), [LOST]) == ["No objects were looked at, so nothing can be said."]


def test_classes(tmp_path):
    names = ("duck", "goose")
    pictures = drawn(tmp_path, *[PLAIN] * 4, *[(MIDDLE, 1, 128, 0)] * 4, names=names)
    trained_on = Annotations(names, [("a.jpg", Boxes([MIDDLE] * 9, [0] * 7 + [1] * 2))])
    said = advice(pictures, [FOUND] * 4 + [LOST] * 4, trained_on)
    assert said == [
        "4 of 4 objects of class goose were not found, but 0 of 4 of the other classes (luck alone: 2.9 %). "
        "Photograph more of goose.",
        "There are 2 examples of goose to learn from (duck: 7). Photograph more of it.",
    ]


def test_what_is_taken_for_what_and_what_fits_badly():
    wide, narrow = [0, 0, 90, 30], [0, 0, 30, 30]
    pictures = truth(*[Boxes([wide], [0])] * 4, Boxes.empty(), Boxes.empty(), names=("duck", "goose"))
    found = [
        Boxes([wide], [1], [0.9]),
        Boxes([narrow], [0], [0.9]),
        Boxes([narrow], [0], [0.9]),
        Boxes([wide], [0], [0.9]),
        Boxes([wide], [0], [0.9]),
        Boxes.empty(with_scores=True),
    ]
    said = find_mistakes(found, pictures).what_to_photograph_next()
    assert [sentence.split(".")[0] for sentence in said] == [
        "1 of 4 objects of class duck were taken for goose",
        "2 objects have a box that fits badly, 1 one that fits",
        "1 of 2 pictures without objects have a box",
    ]


def test_looks_by_hand(tmp_path):
    pictures = drawn(tmp_path, ([0, 30, 40, 60], 0, 200, 0), (MIDDLE, 0, 50, 0))
    looks = looks_of(find_mistakes([Boxes.empty()] * 2, pictures).pictures)
    np.testing.assert_allclose(looks.relative_side, [(40 * 30 / (120 * 160)) ** 0.5] * 2)
    np.testing.assert_allclose([looks.x, looks.y], [[20 / 160, 0.5], [45 / 120, 0.5]])
    assert looks.at_edge.tolist() == [True, False]
    np.testing.assert_allclose(looks.brightness, [200, 50], atol=3)
    assert looks.missed.tolist() == [1, 1]


def test_sharpness_falls_with_blur_and_not_with_darkness():
    noise = np.random.default_rng(0).integers(0, 255, (40, 60), dtype=np.uint8)
    blurred = np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(1.5)), np.float32)
    sharp = noise.astype(np.float32)
    assert sharpness(blurred) < 0.1 * sharpness(sharp)
    assert sharpness(sharp / 2) == pytest.approx(sharpness(sharp))
    assert sharpness(np.full((9, 9), 7, np.float32)) == 0
    checks = np.indices((8, 8)).sum(axis=0) % 2 * 2.0 - 1  # each neighbour is the opposite: (4 + 4)² / 1
    assert sharpness(checks.astype(np.float32) * 10) == pytest.approx(64)
