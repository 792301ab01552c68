"""From what a phone hands over to upright JPEG files of a working size."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
from PIL import Image

from tests.data.collect.picture_server import picture_bytes
from tflhelpers.data import collect
from tflhelpers.data.collect import folders
from tflhelpers.data.images import read_image


def photo(number, width=120, height=90):
    cells = np.random.default_rng(number).integers(40, 216, (6, 8, 3), np.uint8)
    return Image.fromarray(cells).resize((width, height), Image.Resampling.BILINEAR)


@pytest.fixture
def phone(tmp_path):
    """A folder into which `put("a/b.jpg", image, **options)` saves."""

    def put(name, image, **options):
        path = tmp_path / "phone" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            image.save(path, **options)
        return path

    return put


def copy(tmp_path, **settings):
    return collect.from_folder(tmp_path / "phone", tmp_path / "photos", progress=False, **settings)


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Maker"
    return exif


def test_an_empty_folder(tmp_path):
    (tmp_path / "phone").mkdir()
    report = copy(tmp_path)
    assert (report.kept, report.skipped) == ((), ())
    assert str(report) == f"0 pictures from phone in {tmp_path / 'photos'}."


def test_turned_small_and_without_exif(tmp_path, phone, asymmetric_image):
    stored = Image.fromarray(np.rot90(asymmetric_image, 1).copy())  # as orientation 6 has it
    phone("IMG_0001.JPG", stored, exif=exif_of(6), quality=100, subsampling=0)
    phone("large.png", photo(1, 4000, 3000))
    report = copy(tmp_path, max_side=1000)
    upright, large = (read_image(path) for path in report.kept)
    assert [path.name for path in report.kept] == ["IMG_0001.jpg", "large.jpg"]
    assert upright.shape == (37, 53, 3)
    assert upright[2, 2].tolist()[0] > 200  # red, top left
    assert upright[2, 50].tolist()[1] > 200  # green, top right
    assert large.shape == (750, 1000, 3)
    for path in report.kept:
        with Image.open(path) as image:
            assert not image.getexif()
            assert image.format == "JPEG"


def test_heic(tmp_path, phone):
    pytest.importorskip("pillow_heif", reason="needs the extra 'heic'").register_heif_opener()
    phone("IMG_1.HEIC", photo(1), quality=90)
    report = copy(tmp_path)
    assert [path.name for path in report.kept] == ["IMG_1.jpg"]
    assert read_image(report.kept[0]).shape == (90, 120, 3)


def test_heic_without_the_extra_is_reported_and_tried_again_with_it(tmp_path, phone, monkeypatch):
    pytest.importorskip("pillow_heif", reason="needs the extra 'heic'").register_heif_opener()
    phone("IMG_1.HEIC", photo(1), quality=90)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pillow_heif", None)
        without.setattr(folders, "heic_is_readable", lambda: False)
        report = copy(tmp_path)
    assert report.counts == {"not a picture": 1}
    assert 'pip install "tflhelpers[heic]"' in report.skipped[0].reason
    assert copy(tmp_path).new == 1


def test_names_that_come_in_every_folder_anew(tmp_path, phone):
    for number, name in enumerate(["100APPLE/IMG_1.JPG", "101APPLE/IMG_1.JPG", "102/img_1.png", "IMG_2.JPG"]):
        phone(name, photo(number))
    report = copy(tmp_path)
    names = [path.name for path in report.kept]
    assert names == ["IMG_2.jpg", "IMG_1.jpg", "101APPLE_IMG_1.jpg", "102_img_1.jpg"]
    (tmp_path / "photos" / ".collected.jsonl").unlink()
    assert [path.name for path in copy(tmp_path).kept] == names


def test_what_is_no_picture_is_told(tmp_path, phone):
    phone("a.jpg", photo(1))
    phone("b.MOV", b"\0\0\0\x14ftypqt  ")
    phone("notes.txt", b"hello")
    phone("no_ending", picture_bytes(2))
    phone("broken.jpg", picture_bytes(3)[:800])
    phone("empty.png", b"")
    phone(".hidden.jpg", photo(4))
    phone(".thumbnails/t.jpg", photo(5))
    phone("__MACOSX/._a.jpg", b"x")
    report = copy(tmp_path)
    assert [path.name for path in report.kept] == ["a.jpg", "no_ending.jpg"]
    assert {each.name: each.kind for each in report.skipped} == {
        "b.MOV": "video",
        "notes.txt": "no picture",
        "broken.jpg": "not a picture",
        "empty.png": "not a picture",
    }
    assert "from_video" in report.skipped[0].reason


def test_copies_at_any_size_and_format_are_left_out(tmp_path, phone):
    phone("a.jpg", photo(1, 800, 600), quality=95)
    phone("b.jpg", photo(1, 800, 600), quality=95)
    phone("whatsapp/c.jpg", photo(1, 320, 240), quality=60)
    phone("d.webp", photo(1, 640, 480), quality=80)
    phone("e.jpg", photo(2, 800, 600))
    report = copy(tmp_path)
    assert [path.name for path in report.kept] == ["a.jpg", "e.jpg"]
    assert {each.name: (each.kind, each.reason) for each in report.skipped} == {
        "b.jpg": ("duplicate", "the same file as a.jpg"),
        "d.webp": ("near duplicate", "looks the same as a.jpg"),
        "whatsapp/c.jpg": ("near duplicate", "looks the same as a.jpg"),
    }
    assert len(copy(tmp_path, distinct=False).kept) == 5


def test_a_thing_that_moved_makes_another_picture(tmp_path, phone):
    """Photos from a tripod: one eighth of the width, moved by its own width."""
    for number, left in enumerate((100, 180, 260)):
        image = photo(1, 640, 480)
        image.paste((250, 220, 30), (left, 200, left + 80, 280))
        phone(f"{number}.jpg", image)
    assert len(copy(tmp_path).kept) == 3


def test_run_again_only_what_is_new_is_read(tmp_path, phone, monkeypatch):
    phone("a.jpg", photo(1))
    phone("broken.jpg", b"\xff\xd8\xff\xe0 nothing more")
    first = copy(tmp_path)
    phone("b.jpg", photo(2))
    read = []
    real = folders.read_preview
    monkeypatch.setattr(
        folders, "read_preview", lambda path, longest: read.append(path.name) or real(path, longest)
    )
    again = copy(tmp_path)
    assert read == ["b.jpg"]
    assert [path.name for path in again.kept] == ["a.jpg", "b.jpg"]
    assert (first.new, again.new) == (1, 1)
    assert again.skipped == first.skipped


def test_the_copies_may_lie_in_the_source(tmp_path, phone):
    phone("a.jpg", photo(1))
    for _ in range(2):
        report = collect.from_folder(tmp_path / "phone", tmp_path / "phone" / "small", progress=False)
        assert [path.name for path in report.kept] == ["a.jpg"]


def test_what_cannot_be_is_refused(tmp_path, phone):
    phone("a.jpg", photo(1))
    with pytest.raises(FileNotFoundError, match="expected a folder with photos"):
        collect.from_folder(tmp_path / "gone", tmp_path / "photos")
    with pytest.raises(ValueError, match="expected another folder"):
        collect.from_folder(tmp_path / "phone", tmp_path / "phone")
    with pytest.raises(ValueError, match="max_side must be at least 1"):
        copy(tmp_path, max_side=0)


def test_names_that_are_no_utf_8(tmp_path):
    """Linux allows them, and other people's archives have them."""
    source = tmp_path / "source"
    source.mkdir()
    try:
        Image.new("RGB", (60, 40), "red").save(os.fsdecode(os.fsencode(source) + b"/caf\xe9.png"))
    except OSError:
        pytest.skip("this disk takes no such name")
    report = collect.from_folder(source, tmp_path / "photos", progress=False)
    again = collect.from_folder(source, tmp_path / "photos", progress=False)
    assert [path.name for path in report.kept] == [path.name for path in again.kept] == ["caf.jpg"]
