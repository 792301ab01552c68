"""Boxes drawn on a stored photo end where the pixels end that they enclose."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.formats.frames import Facts, choose_frame, read_facts, turn_upright
from tflhelpers.data.images import read_image

_STORED = (37, 53)  # height, width


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_goes_where_its_pixels_go(tmp_path, orientation):
    stored = np.zeros((*_STORED, 3), np.uint8)
    stored[4:20, 7:42] = 255
    picture = Image.fromarray(stored)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    facts = read_facts(tmp_path / "a.png")
    rows, columns = np.nonzero(read_image(tmp_path / "a.png")[:, :, 0])
    edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert turn_upright(np.array([[7, 4, 42, 20]]), _STORED, orientation).tolist() == [edges]
    assert (facts.orientation, facts.stored_size) == (orientation, _STORED)
    assert facts.size == (_STORED if orientation < 5 else _STORED[::-1])


def test_no_box_stays_none():
    assert turn_upright(np.zeros((0, 4)), _STORED, 6).shape == (0, 4)


_SIDEWAYS, _FLIPPED, _PLAIN, _SQUARE = (
    Facts((53, 37), 6),
    Facts((37, 53), 3),
    Facts((37, 53), 1),
    Facts((40, 40), 8),
)


@pytest.mark.parametrize(
    ("facts", "annotated", "frame", "turn", "in_doubt"),
    [
        (_PLAIN, (37, 53), "auto", 1, False),
        (_PLAIN, None, "auto", 1, False),
        (_PLAIN, (37, 53), "stored", 1, False),
        (_SIDEWAYS, (53, 37), "auto", 1, False),
        (_SIDEWAYS, (37, 53), "auto", 6, False),
        (_SIDEWAYS, (100, 200), "auto", 1, False),  # another size altogether: said elsewhere
        (_SIDEWAYS, None, "auto", 1, True),
        (_SIDEWAYS, (37, 53), "upright", 1, False),
        (_SIDEWAYS, (53, 37), "stored", 6, False),
        (_FLIPPED, (37, 53), "auto", 1, True),
        (_FLIPPED, (37, 53), "stored", 3, False),
        (_SQUARE, (40, 40), "auto", 1, True),
        (_SQUARE, (40, 40), "upright", 1, False),
    ],
)
def test_choose_frame(facts, annotated, frame, turn, in_doubt):
    chosen = choose_frame(facts, annotated, frame)
    assert (chosen.turn, chosen.doubt is not None) == (turn, in_doubt)
