"""Every picture is in its cell, in proportion, on white."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.sharing.contact_sheet import contact_sheet


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
