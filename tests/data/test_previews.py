"""Previews show what `read_image` shows, smaller; the original's size comes with them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFile

from tflhelpers.data.images import ImageError, read_image
from tflhelpers.data.previews import read_preview

_ORIENTATIONS = range(1, 9)


def _photo(path, size=(400, 300), orientation=1):
    """A picture, (width, height) as stored: red top left quarter, the rest blue; saved with an EXIF orientation."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[..., 2] = 255
    pixels[: size[1] // 2, : size[0] // 2] = (255, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, **({"quality": 95} if path.suffix == ".jpg" else {}))
    return path


@pytest.mark.parametrize(
    ("size", "longest", "shape"),
    [
        ((400, 300), 1280, (300, 400)),  # never enlarged
        ((400, 300), 400, (300, 400)),
        ((400, 300), 100, (75, 100)),
        ((300, 401), 100, (100, 75)),
        ((500, 1), 96, (1, 96)),  # no side vanishes
    ],
)
@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_sizes(tmp_path, size, longest, shape, ending):
    preview, original = read_preview(_photo(tmp_path / f"a{ending}", size), longest)
    assert preview.shape == (*shape, 3)
    assert original == (size[1], size[0])


@pytest.mark.parametrize("orientation", _ORIENTATIONS)
@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif"])
def test_turned_photos_look_as_read_image_gives_them(tmp_path, orientation, ending):
    path = _photo(tmp_path / f"a{ending}", (400, 300), orientation)
    preview, original = read_preview(path, 100)
    whole = read_image(path)
    assert original == whole.shape[:2]
    shrunk = np.asarray(Image.fromarray(whole).resize(preview.shape[1::-1], Image.Resampling.BOX))
    middle = np.abs(preview.astype(int) - shrunk)[10:-10, 10:-10]
    assert np.median(middle) <= 3
    for y, x in (
        (0.25, 0.25),
        (0.25, 0.75),
        (0.75, 0.25),
        (0.75, 0.75),
    ):  # the quarters lie where they should
        row, column = int(y * preview.shape[0]), int(x * preview.shape[1])
        assert np.abs(preview[row, column].astype(int) - shrunk[row, column]).max() <= 8


def test_a_jpeg_is_not_decoded_whole(tmp_path, monkeypatch):
    path, decoded, load = _photo(tmp_path / "a.jpg", (1600, 1200)), [], ImageFile.ImageFile.load

    def watched_load(image):
        decoded.append(image.size)
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", watched_load)
    read_preview(path, 100)
    assert decoded[0] == (200, 150)


def test_broken_files_are_refused_by_name(tmp_path):
    whole = _photo(tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match=r"cut\.jpg: expected a whole picture"):
        read_preview(tmp_path / "cut.jpg", 100)
    with pytest.raises(FileNotFoundError):
        read_preview(tmp_path / "gone.jpg", 100)
