"""Sets become one: classes by name, pictures once, missing ones left out."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.combining import combine


@pytest.fixture
def set_of(tmp_path):
    """A function: class names and {picture: [(x1, y1, x2, y2, label), ...]} to annotations of files that are there."""

    def make(class_names, pictures):
        items = []
        for name, rows in pictures.items():
            if not name.startswith("missing"):
                Image.new("RGB", (60, 40)).save(tmp_path / name)
            table = np.array(rows, float).reshape(-1, 5)
            items.append((tmp_path / name, Boxes(table[:, :4], table[:, 4].astype(int))))
        return Annotations(class_names, items)

    return make


def _told(annotations):
    """Picture -> [(class, x1)]."""
    return {
        path.name: [
            (annotations.class_names[label], x1)
            for label, x1 in zip(boxes.labels, boxes.xyxy[:, 0], strict=True)
        ]
        for path, boxes in annotations
    }


_A = (1, 2, 30, 20)
_B = (5, 2, 33, 25)
_ROWS = {  # sets, rename, class names, what is told of each picture
    "one": ([(["a"], {"1.png": [(*_A, 0)]})], {}, ("a",), {"1.png": [("a", 1)]}),
    "the same classes in another order": (
        [
            (["a", "b"], {"1.png": [(*_A, 1)]}),
            (["b", "c", "a"], {"2.png": [(*_A, 2), (*_B, 0)], "3.png": []}),
        ],
        {},
        ("a", "b", "c"),
        {"1.png": [("b", 1)], "2.png": [("a", 1), ("b", 5)], "3.png": []},
    ),
    "classes made one, and a name that nobody has": (
        [(["A", "a"], {"1.png": [(*_A, 0), (*_B, 1)]}), (["a"], {"2.png": [(*_B, 0)]})],
        {"A": "a", "x": "y"},
        ("a",),
        {"1.png": [("a", 1), ("a", 5)], "2.png": [("a", 5)]},
    ),
    "a picture of both": (
        [(["a"], {"1.png": [(*_A, 0)]}), (["b"], {"1.png": [(*_B, 0)]})],
        {},
        ("a", "b"),
        {"1.png": [("a", 1), ("b", 5)]},
    ),
}


@pytest.mark.parametrize("row", _ROWS.values(), ids=_ROWS)
def test_combine(set_of, row):
    sets, rename, class_names, told = row
    combined = combine([set_of(*each) for each in sets], rename=rename)
    assert combined.class_names == class_names
    assert _told(combined) == told


def test_missing_pictures_are_left_out_and_told(set_of):
    part = set_of(["a"], {"1.png": [], "missing.png": [(*_A, 0)], "missing2.png": []})
    with pytest.warns(
        UserWarning, match=r"left out 2 of 3 pictures, whose files are not there: missing.png, ..."
    ):
        assert _told(combine([part])) == {"1.png": []}


@pytest.mark.filterwarnings("ignore:left out")
@pytest.mark.parametrize("sets", [[], [(["a"], {})], [(["a"], {"missing.png": []})]], ids=len)
def test_nothing_to_combine(set_of, sets):
    with pytest.raises(ValueError, match="expected pictures to combine, got"):
        combine([set_of(*each) for each in sets])
