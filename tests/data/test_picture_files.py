"""The pictures of a folder, in the order in which people count."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, features

from tflhelpers.data.collect import from_folder
from tflhelpers.data.images import read_image
from tflhelpers.data.picture_files import PICTURE_FORMATS, in_counting_order, pictures_in, videos_in

_NO_PHOTOS = {".pfm", ".avifs", ".heics", ".heifs"}  # numbers without a white, and films
_HEIF = "HEIF"  # needs an extra; its reading has tests of its own


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


def test_all_that_pillow_calls_a_picture_of_a_format_that_is_read_is_listed():
    Image.init()
    for format, endings in PICTURE_FORMATS.items():
        known = {ending for ending, name in Image.EXTENSION.items() if name == format}
        assert known - _NO_PHOTOS <= set(endings), format


@pytest.mark.parametrize(
    ("format", "ending"),
    [
        (format, ending)
        for format, endings in PICTURE_FORMATS.items()
        for ending in endings
        if format != _HEIF
    ],
)
def test_what_is_read_is_listed_and_collected(tmp_path, format, ending):
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / "phone" / f"a{ending.upper()}"
    path.parent.mkdir()
    Image.radial_gradient("L").convert("RGB").save(path, format)
    assert read_image(path).shape == (256, 256, 3)
    assert pictures_in(path.parent) == [path]
    path.rename(path.with_name("no_ending"))
    assert from_folder(path.parent, tmp_path / "photos", progress=False).new == 1


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_an_avif_file_that_calls_itself_an_image_needs_no_extra_for_heic(tmp_path):
    path = tmp_path / "a.avif"
    Image.new("RGB", (64, 48)).save(path)
    content = bytearray(path.read_bytes())
    assert b"avif" in content[16 : content[3]]  # among those that it says it is compatible with
    content[8:12] = b"mif1"
    path.write_bytes(content)
    assert read_image(path).shape == (48, 64, 3)


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
