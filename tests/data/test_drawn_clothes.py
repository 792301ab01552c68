"""The drawn clothes are the same each time, and their colours do not tell the classes apart."""

from __future__ import annotations

import numpy as np
import pytest

from tflhelpers.classification.labelled import labelled_photos
from tflhelpers.classification.linear_head import fit_linear_head
from tflhelpers.data.drawn_clothes import CLOTHES_CLASSES, drawn_clothes
from tflhelpers.data.images import read_image


def test_equal_arguments_draw_equal_pictures(tmp_path):
    first, second = (drawn_clothes(tmp_path / name, 2, seed=4, size=(60, 48)) for name in ("a", "b"))
    other = drawn_clothes(tmp_path / "c", 2, seed=5, size=(60, 48))
    paths = sorted(path.relative_to(first) for path in first.rglob("*.jpg"))
    assert [path.parent.name for path in paths] == [name for name in CLOTHES_CLASSES for _ in range(2)]
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in paths)
    pictures = [read_image(path) for path in sorted(first.rglob("*.jpg")) + sorted(other.rglob("*.jpg"))]
    assert len({picture.tobytes() for picture in pictures}) == 8
    assert {picture.shape for picture in pictures} == {(60, 48, 3)}


def test_what_is_there_is_left(tmp_path):
    drawn_clothes(tmp_path, 1, size=(30, 30))
    file = next(tmp_path.rglob("*.jpg"))
    file.write_bytes(b"mine")
    drawn_clothes(tmp_path, 2, size=(30, 30))
    assert file.read_bytes() == b"mine"
    assert len(list(tmp_path.rglob("*.jpg"))) == 4


def test_a_count_is_at_least_one(tmp_path):
    with pytest.raises(ValueError, match="at least 1 picture of each class, got 0"):
        drawn_clothes(tmp_path, 0)


def test_colours_alone_are_not_enough(tmp_path):
    """From the mean colours of 160 pictures a solver learns next to nothing about the class of 80 others."""
    pictures = labelled_photos(drawn_clothes(tmp_path, 120, size=(88, 80)))
    learn, judge = np.arange(240) % 3 > 0, np.arange(240) % 3 == 0
    means = np.stack([picture.read().mean(axis=(0, 1)) for picture in pictures]).astype(np.float32)
    head = fit_linear_head(means[learn], pictures.labels[learn], 2)
    accuracy = (head.logits(means[judge]).argmax(1) == pictures.labels[judge]).mean()
    assert accuracy < 0.65
