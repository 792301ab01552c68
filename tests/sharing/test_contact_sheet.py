"""Every picture is in its cell, in proportion, on white."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.sharing.contact_sheet import contact_sheet
from tflhelpers.sharing.palette import class_colour


def plain(height, width, level):
    return np.full((height, width, 3), level, np.uint8)


def test_pictures_in_reading_order_with_gaps():
    sheet = contact_sheet([plain(20, 30, level) for level in (10, 20, 30)], columns=2, width=64, gap=4)
    assert sheet.shape == (44, 64, 3)
    assert (sheet[:20, :30] == 10).all()
    assert (sheet[:20, 34:] == 20).all()
    assert (sheet[24:, :30] == 30).all()
    assert (sheet[20:24] == 255).all()
    assert (sheet[:, 30:34] == 255).all()
    assert (sheet[24:, 34:] == 255).all()


def test_other_shapes_are_kept_in_proportion(tmp_path):
    Image.fromarray(plain(40, 20, 50)).save(tmp_path / "high.png")
    sheet = contact_sheet(
        [plain(20, 20, 10), tmp_path / "high.png", plain(20, 20, 30)], columns=3, width=60, gap=0
    )
    assert sheet.shape == (20, 60, 3)
    assert (sheet[:, 25:35] == 50).all()
    assert (sheet[:, 20:25] == 255).all()


@pytest.mark.parametrize(("n", "shape"), [(1, (100, 100)), (2, (47, 100)), (4, (100, 100)), (5, (64, 100))])
def test_columns_by_themselves(n, shape):
    assert contact_sheet([plain(9, 9, 0)] * n, width=100).shape[:2] == shape


@pytest.mark.parametrize(
    ("images", "options", "message"), [([], {}, "got none"), ([plain(9, 9, 0)] * 9, {"width": 10}, "got 10")]
)
def test_mistakes_are_named(images, options, message):
    with pytest.raises(ValueError, match=message):
        contact_sheet(images, **options)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ("duck.jpg", r"got the single path duck\.jpg\. Write \['duck\.jpg'\]\."),
        (".", r"got the single path \.\. Write sorted\(Path\('\.'\)\.glob\(\"\*\.jpg\"\)\)\."),
        (plain(9, 8, 0), r"got one of \(9, 8, 3\)\. Write \[image\]\."),
    ],
)
def test_one_picture_for_several_is_named(images, message):
    with pytest.raises(TypeError, match=rf"images must be a list of pictures, or Annotations, {message}"):
        contact_sheet(images)


def _annotations(tmp_path, n=3, height=60, width=90) -> Annotations:
    """Gray pictures, with boxes in the middle of all but the first."""
    items = []
    for number in range(n):
        path = tmp_path / f"{number}.png"
        Image.fromarray(plain(height, width, 128)).save(path)
        middle = Boxes([[width / 3, height / 3, width * 2 / 3, height * 2 / 3]], [number % 2])
        items.append((path, middle if number else Boxes.empty()))
    return Annotations(["duck", "cat"], items)


def test_boxes_of_annotations_are_drawn_where_they_are(tmp_path):
    sheet = contact_sheet(_annotations(tmp_path), columns=3, width=900, gap=0)
    assert sheet.shape == (200, 900, 3)
    assert (sheet[:, :300] == 128).all()  # no box
    for left, label in ((300, 1), (600, 0)):  # each box from a third to two thirds of its cell
        colour = list(class_colour(label))
        assert sheet[100, left + 100].tolist() == colour
        assert sheet[100, left + 199].tolist() == colour
        assert sheet[133, left + 150].tolist() == colour
        assert (sheet[90:110, left + 110 : left + 190] == 128).all()
        assert (sheet[140:, left : left + 300] == 128).all()


@pytest.mark.parametrize("scale", [1, 12])
def test_lines_and_letters_have_the_size_of_the_sheet(tmp_path, scale):
    """The same boxes on a photo twelve times as large look the same."""
    small = contact_sheet(_annotations(tmp_path, 2, 60, 90), columns=2, width=600, gap=0)
    (tmp_path / "large").mkdir()
    large = contact_sheet(
        _annotations(tmp_path / "large", 2, 60 * scale, 90 * scale), columns=2, width=600, gap=0
    )
    assert np.array_equal(small, large)


@pytest.mark.parametrize(
    ("n", "width", "shape"),
    [(1, 300, (200, 300)), (4, 300, (200, 300)), (5, 300, (134, 300)), (30, 300, (400, 300))],
)
def test_annotations_have_at_most_four_columns(tmp_path, n, width, shape):
    # 1, 2, 3 and 4 columns of 300, 150, 100 and 75 pixels, two thirds as high; 30 are eight rows of 50
    assert contact_sheet(_annotations(tmp_path, n), width=width, gap=0).shape[:2] == shape


def test_missing_pictures_are_left_out_and_said(tmp_path):
    annotations = _annotations(tmp_path)
    (tmp_path / "1.png").unlink()
    (tmp_path / "2.png").write_text("no picture")
    with pytest.warns(UserWarning, match=r"2 of 3 pictures are missing or unreadable: .*1\.png, .*2\.png"):
        sheet = contact_sheet(annotations, width=90)
    assert np.array_equal(sheet, plain(60, 90, 128))
    (tmp_path / "0.png").unlink()
    with pytest.raises(ValueError, match=r"3 of 3 pictures .*import with images= their folder"):
        contact_sheet(annotations)


def test_of_very_many_some_are_shown_evenly_spread(tmp_path):
    annotations = _annotations(tmp_path, 5)
    with pytest.warns(UserWarning, match=r"shows 2 of 5 pictures, evenly spread"):
        sheet = contact_sheet(annotations, max_images=2, width=600, gap=0, columns=2)
    expected = contact_sheet(Annotations(["duck", "cat"], [annotations[0], annotations[2]]), width=600, gap=0)
    assert np.array_equal(sheet, expected)
