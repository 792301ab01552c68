"""What goes into a record shows, to a decoder that knows no EXIF, what `read_image` shows of the file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.formats.stored_picture import stored_picture
from tflhelpers.data.images import ImageError, read_image


def _saved(path, image, **options):
    image.save(path, **options)
    return path


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _rgb(asymmetric_image):
    return Image.fromarray(asymmetric_image)


@pytest.mark.parametrize(
    ("name", "mode", "options", "format"),
    [
        ("a.jpg", "RGB", {}, "jpeg"),
        ("a.jpg", "RGB", {"exif": _exif(1)}, "jpeg"),
        ("a.jpg", "L", {}, "jpeg"),
        ("wrong_ending.png", "RGB", {"format": "JPEG"}, "jpeg"),
        ("a.png", "RGB", {}, "png"),
        ("a.png", "L", {}, "png"),
        ("a.png", "P", {}, "png"),
        ("a.png", "1", {}, "png"),
    ],
)
def test_plain_files_go_in_byte_for_byte(tmp_path, asymmetric_image, name, mode, options, format):
    path = _saved(tmp_path / name, _rgb(asymmetric_image).convert(mode), **options)
    assert stored_picture(path) == (path.read_bytes(), format, (37, 53))


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize(
    ("name", "format", "tolerance"), [("a.jpg", "jpeg", 6), ("a.png", "png", 0), ("a.tif", "png", 0)]
)
def test_turned_files_are_stored_upright(tmp_path, asymmetric_image, orientation, name, format, tolerance):
    path = _saved(tmp_path / name, _rgb(asymmetric_image), exif=_exif(orientation))
    _check(path, format, tolerance)


@pytest.mark.parametrize(
    ("name", "mode", "options", "format", "tolerance"),
    [
        ("alpha.png", "RGBA", {}, "png", 0),
        ("clear.png", "RGB", {"transparency": (255, 0, 0)}, "png", 0),
        ("cmyk.jpg", "CMYK", {}, "jpeg", 6),
        ("a.webp", "RGB", {}, "jpeg", 6),
        ("a.gif", "RGB", {}, "png", 0),
        ("a.bmp", "RGB", {}, "png", 0),
        ("a.tif", "RGB", {}, "png", 0),
        ("deep.png", "I;16", {}, "png", 0),
    ],
)
def test_what_decoders_show_differently_is_encoded_anew(
    tmp_path, asymmetric_image, name, mode, options, format, tolerance
):
    _check(_saved(tmp_path / name, _rgb(asymmetric_image).convert(mode), **options), format, tolerance)


def _check(path, format, tolerance):
    stored = stored_picture(path)
    assert stored.format == format
    with Image.open(io.BytesIO(stored.data)) as image:
        assert (image.format.lower(), image.mode, 0x0112 in image.getexif()) == (format, "RGB", False)
        assert (image.height, image.width) == stored.size
        pixels = np.asarray(image).astype(int)
    wanted = read_image(path).astype(int)
    assert pixels.shape == wanted.shape
    assert np.abs(pixels - wanted).mean() <= tolerance / 3
    np.testing.assert_allclose(pixels[4:6, 4:16], wanted[4:6, 4:16], atol=tolerance)


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    with pytest.raises(ImageError, match=r"a\.jpg"):
        stored_picture(tmp_path / "a.jpg")
    with pytest.raises(FileNotFoundError):
        stored_picture(tmp_path / "none.jpg")
