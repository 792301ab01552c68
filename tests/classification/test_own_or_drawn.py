"""The notebook's pictures: your own where there are any, drawn ones otherwise, and a sentence that says which."""

from __future__ import annotations

from types import SimpleNamespace

from tests.classification.tiny import striped_and_checked
from tflhelpers.classification.own_or_drawn import labelled_photos_for


def test_drawn_clothes_without_your_own(tmp_path):
    pictures, sentence = labelled_photos_for(SimpleNamespace(data=tmp_path), count=2)
    assert pictures.counts == {"camouflage": 2, "normal": 2}
    assert sentence.startswith(
        f"There are no folders of pictures in {tmp_path / 'classes'}, so these are 4 drawn"
    )


def test_your_own(tmp_path):
    striped_and_checked(tmp_path / "classes", 3)
    pictures, sentence = labelled_photos_for(SimpleNamespace(data=tmp_path))
    assert pictures.counts == {"checked": 3, "striped": 3}
    assert sentence == f"Your own 6 pictures of 2 classes, from {tmp_path / 'classes'}."
    assert [path.name for path in tmp_path.iterdir()] == ["classes"]
