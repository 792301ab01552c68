"""Galleries: the right pictures, each box in the colour of its name, and text that stays inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.samples import duck_photos
from tflhelpers.evaluation.mistakes import find_mistakes
from tflhelpers.sharing.captions import legend, text_line
from tflhelpers.sharing.gallery import COLOUR_OF, _caption, _choose, _named_boxes, gallery
from tflhelpers.sharing.palette import class_colour

A, B, LOOSE = [40, 40, 120, 100], [200, 30, 280, 110], [40, 40, 120, 60]
NAMES = ("duck", "goose")


@pytest.fixture
def mistakes(tmp_path):
    """One good picture, one with every mistake, one missed, on gray of 240 x 320."""
    true = [Boxes([A], [0]), Boxes([A, B, [10, 150, 60, 200]], [0, 0, 1]), Boxes([B], [1]), Boxes.empty()]
    found = [
        Boxes([A], [0], [0.9]),
        Boxes([LOOSE, B, B, [100, 150, 160, 220]], [0, 1, 1, 0], [0.9, 0.8, 0.7, 0.6]),
        Boxes.empty(with_scores=True),
        Boxes.empty(with_scores=True),
    ]
    items = []
    for number, boxes in enumerate(true):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.full((240, 320, 3), 128, np.uint8)).save(path)
        items.append((path, boxes))
    return find_mistakes(found, Annotations(NAMES, items))


def colours_in(image):
    packed = np.unique(image.astype(np.int64) @ [1 << 16, 1 << 8, 1])
    return {(int(rgb) >> 16, int(rgb) >> 8 & 255, int(rgb) & 255) for rgb in packed}


@pytest.mark.parametrize(
    ("verdict", "kinds"),
    [
        ("good", {"found"}),
        ("so-so", {"loose box", "wrong class", "missed", "background"}),
        ("missed", {"missed"}),
        (None, {"found", "loose box", "wrong class", "missed", "background"}),
    ],
)
def test_each_kind_has_its_colour(mistakes, verdict, kinds):
    seen = colours_in(gallery(mistakes, verdict, width=600))
    assert {kind for kind, row in COLOUR_OF.items() if class_colour(row) in seen} == kinds


def test_texts_and_lines(mistakes):
    boxes, names = _named_boxes(mistakes.pictures[1], NAMES)
    drawn = [
        (names[label], dashed)
        for label, dashed in zip(boxes.labels.tolist(), boxes.crowd_mask.tolist(), strict=True)
    ]
    assert drawn == [
        ("truth duck", True),
        ("loose box 0.90", False),
        ("goose for duck 0.80", False),
        ("goose for duck 0.70", False),
        ("background duck 0.60", False),
        ("missed goose", True),
    ]
    np.testing.assert_array_equal(boxes.xyxy[:2], [A, LOOSE])


def test_captions_name_what_is_wrong(mistakes):
    assert [_caption(picture) for picture in mistakes.pictures] == [
        "0.png",
        "1.png: missed, loose box, 2 × wrong class, background",
        "2.png: missed",
        "3.png",
    ]


def test_boxes_lie_where_the_picture_was_scaled_to(mistakes):
    """A cell of 160 pixels shows the picture at half its size: the left line of A is at 20, below the titles."""
    sheet = gallery(mistakes, "good", width=320, columns=2, max_images=2)
    green = (sheet == class_colour(COLOUR_OF["found"])).all(axis=-1)
    cell = green[-200:, :156]
    columns = np.flatnonzero(cell.sum(axis=0) >= 25)
    scale = 156 / 320
    assert columns.min() == pytest.approx(A[0] * scale, abs=2)
    assert columns.max() == pytest.approx(A[2] * scale, abs=2)


def judged(verdict, n_mistakes, number):
    kinds = ["found", *["missed"] * n_mistakes]
    findings = tuple(type("F", (), {"kind": kind})() for kind in kinds)
    return type("P", (), {"path": Path(f"{number}.png"), "verdict": verdict, "findings": findings})()


@pytest.mark.parametrize(
    ("verdict", "most", "expected"),
    [
        ("so-so", 9, [0, 1, 2, 3, 4]),
        ("so-so", 2, [1, 4]),  # the two with most mistakes, in their order
        ("good", 3, [5, 7, 9]),  # from beginning to end
        ("missed", 3, []),
    ],
)
def test_which_are_shown(verdict, most, expected):
    pictures = [judged("so-so", n, k) for k, n in enumerate([1, 5, 2, 1, 7])]
    pictures += [judged("good", 0, k) for k in range(5, 10)]
    assert [int(p.path.stem) for p in _choose(pictures, verdict, most)] == expected


def test_a_verdict_without_pictures_is_a_line(mistakes):
    none = type(mistakes)(mistakes.pictures[:1], NAMES, 0.5, 0.5)
    sheet = gallery(none, "missed", width=600)
    assert sheet.shape[1:] == (600, 3)
    assert 10 < len(sheet) < 40
    assert (sheet < 100).any(), "there is text on it"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"verdict": "bad"}, "verdict must be one of good, so-so, missed or None, got 'bad'"),
        ({"max_images": 0}, "at least one picture"),
        ({"columns": 20}, "80 pixels of width for each column, got max_images=12, columns=20"),
    ],
)
def test_wrong_arguments(mistakes, arguments, message):
    with pytest.raises(ValueError, match=message):
        gallery(mistakes, **arguments)


@pytest.mark.parametrize("given", [duck_photos(), [], None])
def test_what_is_no_mistakes_is_named(given):
    with pytest.raises(
        TypeError, match=rf"must be of find_mistakes, got {type(given).__name__}\. Give find_mist"
    ):
        gallery(given)


def test_a_long_line_is_shortened():
    short, long = text_line("duck", 200, 14), text_line("duck " * 40, 200, 14)
    assert short.shape == long.shape == (23, 200, 3)
    ink = np.flatnonzero((long < 128).any(axis=(0, 2)))
    assert 150 < ink.max() < 198


def test_a_legend_breaks_its_lines():
    entries = [(f"name {k}", (10 * k, 200, 0)) for k in range(6)]
    wide, narrow = legend(entries, 900, 14), legend(entries, 200, 14)
    assert len(narrow) == 3 * len(wide)
    for _, colour in entries:
        assert (narrow == colour).all(axis=-1).sum() > 80
    assert legend([], 100, 14).shape == (0, 100, 3)
