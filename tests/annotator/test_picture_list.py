"""What may be given as pictures, and what the pictures are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tflhelpers.annotator.picture_list import list_pictures, name_pictures
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes

ALL = ["duck1.jpg", "duck2.jpg", "duck10.jpg"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (lambda folder: folder, ALL),
        (lambda folder: str(folder), ALL),
        (lambda folder: f"{folder}/*.jpg", ALL),
        (lambda folder: f"{folder}/duck?.jpg", ALL[:2]),
        (lambda folder: folder / "duck2.jpg", ["duck2.jpg"]),
        (lambda folder: [folder / "duck2.jpg", str(folder / "duck1.jpg")], ["duck2.jpg", "duck1.jpg"]),
        (lambda folder: [folder / "duck2.jpg"] * 2, ["duck2.jpg"]),
        (lambda folder: [folder / "gone.jpg"], ["gone.jpg"]),
        (lambda folder: Annotations(["duck"], [(folder / "duck2.jpg", Boxes.empty())]), ["duck2.jpg"]),
    ],
)
def test_pictures(photos, given, names):
    (photos / "notes.txt").write_text("no picture")
    (photos / "._duck1.jpg").write_text("what a Mac leaves behind")
    found = list_pictures(given(photos))
    assert [path.name for path in found] == names
    assert all(path.is_absolute() for path in found)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda folder: [], "expected pictures to draw on, got an empty list"),
        (lambda folder: Annotations(["duck"], ()), "expected pictures to draw on"),
        (lambda folder: folder.parent, "expected a folder with pictures .*found none in it"),
        (lambda folder: folder / "*.png", "there is no such folder or file, and as a pattern it fits none"),
        (
            lambda folder: np.zeros((3, 4, 3), np.uint8),
            "images must be files, got ndarray.*save the pictures first",
        ),
        (lambda folder: [np.zeros((3, 4, 3), np.uint8)], "images must be files, got ndarray"),
        (lambda folder: [folder, 7], "images must be files, got int"),
        (lambda folder: 7, "images must be files, got int"),
    ],
)
def test_no_pictures(photos, given, words):
    with pytest.raises(ValueError, match=words):
        list_pictures(given(photos))


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/set/a.jpg", "/set/more/a.jpg"], ["a.jpg", "more/a.jpg"]),
        (["/other/b.jpg", "/set/a.jpg"], ["b.jpg", "a.jpg"]),
        (["/other/a.jpg", "/set/a.jpg"], ["../other/a.jpg", "a.jpg"]),
        (["/one/a.jpg", "/two/a.jpg"], ["../one/a.jpg", "../two/a.jpg"]),
    ],
)
def test_names(paths, names):
    assert name_pictures([Path(path) for path in paths], Path("/set")) == names
