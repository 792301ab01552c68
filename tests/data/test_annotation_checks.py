"""`Annotations.check` lists what nobody meant to draw, and pictures that are not those annotated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations, Picture
from tflhelpers.data.boxes import Boxes


@pytest.fixture
def picture_path(tmp_path, asymmetric_image) -> Path:
    Image.fromarray(asymmetric_image).save(tmp_path / "a.png")  # 37 high, 53 wide
    return tmp_path / "a.png"


@pytest.mark.parametrize(
    ("xyxy", "labels", "expected"),
    [
        ([], [], []),
        ([[0, 0, 53, 37], [10, 10, 20, 20]], [0, 0], []),
        ([[0, 0, 53.004, 37]], [0], []),  # rounding, not a mistake
        ([[5, 5, 9, 9], [0, 0, 37, 53]], [0, 0], [("out_of_range", 1)]),
        (
            [[0, 0, 54, 9], [-1, 0, 9, 9], [0, -1, 9, 9]],
            [0, 0, 0],
            [("out_of_range", row) for row in (0, 1, 2)],
        ),
        ([[5, 5, 5, 20], [6, 6, 8, 6]], [0, 0], [("zero_area", 0), ("zero_area", 1)]),
        (
            [[5, 5, 9, 9], [5, 5, 9, 9], [5.2, 5, 9, 9.1]],
            [1, 1, 1],
            [("duplicate_box", 1), ("duplicate_box", 2)],
        ),
        ([[5, 5, 9, 9], [5, 5, 9, 9]], [0, 1], []),  # two classes
        ([[5, 5, 9, 9], [5, 5, 9, 10]], [0, 0], []),
        (
            [[60, 5, 60, 9], [60, 5, 60, 9]],
            [0, 0],
            [(k, r) for r in (0, 1) for k in ("out_of_range", "zero_area")] + [("duplicate_box", 1)],
        ),
    ],
)
def test_check_lists_doubtful_boxes(picture_path, xyxy, labels, expected):
    annotations = Annotations(["cat", "duck"], [(picture_path, Boxes(xyxy, labels))])
    problems = annotations.check()
    assert [(problem.kind, problem.box) for problem in problems] == expected
    assert all(problem.image == picture_path and str(picture_path) in str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("orientation", "stored_size", "expected"),
    [
        (1, None, None),
        (1, (37, 53), None),
        (6, (53, 37), None),  # turned: upright it is 53 high
        (6, (37, 53), "before turning it upright"),
        (1, (74, 106), "was it resized"),
    ],
)
def test_check_compares_sizes_with_the_upright_picture(
    tmp_path, asymmetric_image, orientation, stored_size, expected
):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(asymmetric_image).save(tmp_path / "a.jpg", exif=exif)
    picture = Picture(tmp_path / "a.jpg", Boxes.empty(), stored_size)
    problems = Annotations(["duck"], [picture]).check()
    assert [problem.kind for problem in problems] == ([] if expected is None else ["size_mismatch"])
    assert expected is None or expected in problems[0].message


def test_check_lists_pictures_that_cannot_be_used(tmp_path, picture_path):
    cut, text, missing = tmp_path / "cut.png", tmp_path / "text.png", tmp_path / "missing.png"
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    Image.fromarray(noise).save(cut)
    cut.write_bytes(cut.read_bytes()[:4000])
    text.write_text("not a picture")
    paths = [picture_path, cut, text, missing, picture_path]
    annotations = Annotations(["duck"], [(path, Boxes([[0, 0, 50, 30]], [0])) for path in paths])
    twice = ("duplicate_picture", picture_path, None)
    unusable = [("unreadable_picture", text, None), ("missing_picture", missing, None)]
    found = [(problem.kind, problem.image, problem.box) for problem in annotations.check()]
    assert found == [twice, *unusable, twice]
    found = [(problem.kind, problem.image, problem.box) for problem in annotations.check(decode=True)]
    assert found == [twice, ("unreadable_picture", cut, None), *unusable, twice]


def test_boxes_are_checked_against_the_picture_rather_than_its_stored_size(picture_path):
    picture = Picture(picture_path, Boxes([[0, 0, 60, 30]], [0]), (74, 106))
    kinds = [problem.kind for problem in Annotations(["duck"], [picture]).check()]
    assert kinds == ["size_mismatch", "out_of_range"]


def test_boxes_of_a_missing_picture_are_checked_against_the_stored_size():
    picture = Picture(Path("missing.png"), Boxes([[0, 0, 30, 10]], [0]), (10, 20))
    kinds = [problem.kind for problem in Annotations(["duck"], [picture]).check()]
    assert kinds == ["missing_picture", "out_of_range"]
