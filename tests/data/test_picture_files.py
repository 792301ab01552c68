"""The pictures of a folder, in the order in which people count."""

from __future__ import annotations

from pathlib import Path

import pytest

from tflhelpers.data.picture_files import in_counting_order, pictures_in, videos_in


@pytest.mark.parametrize(
    ("files", "pictures"),
    [
        ([], []),
        (["frame10.jpg", "frame2.JPG", "frame1.png"], ["frame1.png", "frame2.JPG", "frame10.jpg"]),
        (["b.webp", "a.heic", "A2.tif"], ["A2.tif", "a.heic", "b.webp"]),
        (["notes.txt", "annotations.json", "._a.jpg", ".hidden.png", "jpg"], []),
        (["1.jpg", "a.jpg", "01b.jpg"], ["1.jpg", "01b.jpg", "a.jpg"]),
        (["2²2.jpg", "1²10.jpg", "1²2.jpg"], ["1²2.jpg", "1²10.jpg", "2²2.jpg"]),  # a power is no number
    ],
)
def test_pictures(tmp_path, files, pictures):
    for name in files:
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == pictures


def test_no_folder_has_no_pictures(tmp_path):
    assert pictures_in(tmp_path / "gone") == []
    (tmp_path / "a.jpg").touch()
    assert pictures_in(tmp_path / "a.jpg") == []


def test_videos_are_no_pictures(tmp_path):
    for name in ("clip10.MOV", "clip2.mp4", "._clip1.mp4", "a.gif", "a.jpg"):
        (tmp_path / name).touch()
    assert [path.name for path in videos_in(tmp_path)] == ["clip2.mp4", "clip10.MOV"]
    assert [path.name for path in pictures_in(tmp_path)] == ["a.gif", "a.jpg"]
    assert videos_in(tmp_path / "gone") == []


@pytest.mark.parametrize("name", ["5²7.jpg", "²", "1²", "٣.jpg", "①2.png", "a²3.jpg", f"{'9' * 200}.jpg"])
def test_digits_of_all_kinds_can_be_sorted(name):
    assert set(in_counting_order([Path(name), Path("2.jpg"), Path("b.jpg")])) == {
        Path(name),
        Path("2.jpg"),
        Path("b.jpg"),
    }
