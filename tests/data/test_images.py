"""Every kind of picture file becomes the same upright RGB array, or is refused by name."""

from __future__ import annotations

import resource
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence, features

import tflhelpers
from tflhelpers.data.images import ImageError, image_size, read_image
from tflhelpers.data.previews import read_preview

_RED = (255, 0, 0)
# EXIF 2.32, tag 0x0112: how the pixels of an upright picture lie in a file of that orientation.
_AS_STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),  # row 0 is the left side, column 0 the top
    6: lambda upright: np.rot90(upright, 1),  # row 0 is the right side, column 0 the top
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),  # row 0 is the right side, column 0 the bottom
    8: lambda upright: np.rot90(upright, -1),  # row 0 is the left side, column 0 the bottom
}


def _orientation_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _stored(upright: np.ndarray, orientation: int) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(_AS_STORED[orientation](upright)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.jpg", {"quality": 100, "subsampling": 0}, 12),
        ("a.png", {}, 0),
        ("a.webp", {"lossless": True}, 0),
        ("raw.tif", {}, 0),
        ("lzw.tif", {"compression": "tiff_lzw"}, 0),
    ],
)
def test_exif_orientation_is_applied_once(tmp_path, asymmetric_image, orientation, name, options, tolerance):
    path = tmp_path / name
    _stored(asymmetric_image, orientation).save(path, exif=_orientation_exif(orientation), **options)
    read = read_image(path)
    assert read.shape == asymmetric_image.shape
    np.testing.assert_allclose(read.astype(int), asymmetric_image.astype(int), atol=tolerance)
    assert image_size(path) == (37, 53)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_orientation_behind_the_pixels_of_a_png_counts(tmp_path, asymmetric_image):
    path = tmp_path / "late.png"
    _stored(asymmetric_image, 6).save(path)
    body, end = path.read_bytes()[:-12], path.read_bytes()[-12:]
    path.write_bytes(body + _png_chunk(b"eXIf", _orientation_exif(6).tobytes()[6:]) + end)
    assert image_size(path) == (37, 53)
    np.testing.assert_array_equal(read_image(path), asymmetric_image)


@pytest.mark.parametrize(
    "exif", [b"Exif\x00\x00garbage", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", _orientation_exif(9)]
)
def test_a_picture_with_a_broken_or_unknown_orientation_is_read_as_stored(tmp_path, asymmetric_image, exif):
    path = tmp_path / "broken_exif.jpg"
    Image.fromarray(asymmetric_image).save(path, exif=exif, quality=100, subsampling=0)
    assert image_size(path) == (37, 53)
    np.testing.assert_allclose(read_image(path).astype(int), asymmetric_image.astype(int), atol=12)


def _filled(mode: str, color, size: tuple[int, int] = (5, 3)) -> Image.Image:
    return Image.new(mode, size, color)


def _palette(transparent: bool) -> tuple[Image.Image, dict]:
    image = _filled("P", 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    return image, {"transparency": 1} if transparent else {}


@pytest.mark.parametrize(
    ("name", "image", "options", "color", "tolerance"),
    [
        ("bilevel.png", _filled("1", 1), {}, (255, 255, 255), 0),
        ("gray.png", _filled("L", 77), {}, (77, 77, 77), 0),
        ("gray.jpg", _filled("L", 77), {}, (77, 77, 77), 1),
        ("gray_alpha.png", _filled("LA", (100, 255)), {}, (100, 100, 100), 0),
        ("gray_clear.png", _filled("LA", (100, 0)), {}, (255, 255, 255), 0),
        ("rgba.png", _filled("RGBA", (10, 20, 30, 255)), {}, (10, 20, 30), 0),
        ("rgba_half.png", _filled("RGBA", (255, 0, 0, 128)), {}, (255, 127, 127), 0),
        ("rgba_clear.webp", _filled("RGBA", (255, 0, 0, 0)), {"lossless": True}, (255, 255, 255), 0),
        ("rgb_key.png", _filled("RGB", _RED), {"transparency": _RED}, (255, 255, 255), 0),
        ("gray_key.png", _filled("L", 7), {"transparency": 7}, (255, 255, 255), 0),
        ("palette.png", *_palette(False), _RED, 0),
        ("palette_clear.png", *_palette(True), (255, 255, 255), 0),
        ("palette.gif", *_palette(False), _RED, 0),
        ("palette_clear.gif", *_palette(True), (255, 255, 255), 0),
        ("palette.bmp", *_palette(False), _RED, 0),
        ("cmyk.jpg", _filled("CMYK", (0, 255, 255, 0)), {}, (254, 0, 0), 3),
        ("cmyk_dark.jpg", _filled("CMYK", (0, 0, 0, 255)), {}, (0, 0, 0), 3),
        ("cmyk.tif", _filled("CMYK", (0, 255, 255, 0)), {}, _RED, 0),
        ("ycbcr.jpg", _filled("YCbCr", (76, 85, 255)), {}, (254, 0, 0), 3),
        ("lab.tif", _filled("LAB", (255, 128, 128)), {}, (255, 255, 255), 2),
    ],
)
def test_every_kind_of_colour_becomes_rgb(tmp_path, name, image, options, color, tolerance):
    path = tmp_path / name
    image.save(path, **options)
    read = read_image(path)
    assert (read.dtype, read.shape, read.flags.writeable) == (np.uint8, (3, 5, 3), True)
    np.testing.assert_allclose(read.astype(int), np.full((3, 5, 3), color), atol=tolerance)


def test_cmyk_jpeg_without_adobes_marker_is_not_inverted(tmp_path):
    path = tmp_path / "plain_cmyk.jpg"
    _filled("CMYK", (255, 0, 0, 255)).save(
        path
    )  # Pillow writes the inverse: in the file stands 0, 255, 255, 0
    data = path.read_bytes()
    start = data.index(b"\xff\xee")
    length = struct.unpack(">H", data[start + 2 : start + 4])[0]
    assert data[start + 4 : start + 9] == b"Adobe"
    path.write_bytes(data[:start] + data[start + 2 + length :])
    np.testing.assert_allclose(read_image(path).astype(int), np.full((3, 5, 3), _RED), atol=3)


# 257 · v is the 16-bit brightness of 8-bit v; 300 and 385 are the two sides of a rounding edge.
_DEEP = np.array([[0, 257, 300, 385, 386], [32768, 32896, 65278, 65400, 65535]], np.uint16)
_SHALLOW = [[0, 1, 1, 1, 2], [128, 128, 254, 254, 255]]


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_16_bit_gray_is_scaled_not_clipped(tmp_path, name):
    Image.fromarray(_DEEP).save(tmp_path / name)
    np.testing.assert_array_equal(
        read_image(tmp_path / name), np.repeat(np.array(_SHALLOW)[..., None], 3, axis=2)
    )


def test_16_bit_gray_in_a_32_bit_mode_is_16_bit(tmp_path):
    Image.fromarray(_DEEP.astype(np.int32)).save(tmp_path / "deep32.tif")
    assert read_image(tmp_path / "deep32.tif")[..., 1].tolist() == _SHALLOW


def test_16_bit_rgb_png_keeps_its_brightness(tmp_path):
    path = tmp_path / "deep_rgb.png"
    pixels = np.array([[[0, 257 * 100, 65535], [257 * 7, 257 * 200, 257 * 3]]], ">u2")  # 1 high, 2 wide
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + pixels.tobytes())), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks))
    assert read_image(path).tolist() == [[[0, 100, 255], [7, 200, 3]]]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([[0, 1000, 4095], [8, 9, 2048]], [[0, 62, 255], [0, 1, 128]]),
        ([[5, 300, 1023]], [[0, 19, 64]]),  # a dark one of 12 bits
        ([[0, 4095, 4096]], [[0, 16, 16]]),  # one value more, and it is one of 16
        ([[0, 0, 0]], [[0, 0, 0]]),
    ],
)
@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_12_bits_in_16_are_made_as_bright(tmp_path, name, values, wanted, recwarn):
    Image.fromarray(np.array(values, np.uint16)).save(tmp_path / name)
    assert read_image(tmp_path / name)[..., 2].tolist() == wanted
    told = [str(warning.message) for warning in recwarn]
    assert ["taken for one of 12 bits" in each for each in told] == [True] * int(0 < np.max(values) <= 4095)


@pytest.mark.parametrize(("brightest", "wanted"), [(4095, [255, 0, 119]), (4096, [16, 0, 7])])
def test_12_bits_in_colours_of_16_are_made_as_bright(tmp_path, brightest, wanted):
    pixels = np.array([[[brightest, 0, 0x7FF]]], ">u2")
    header = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + pixels.tobytes())), (b"IEND", b"")]
    path = tmp_path / "deep_rgb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks))
    with warnings.catch_warnings(record=True) as told:
        assert read_image(path).tolist() == [[wanted]]
    assert len(told) == (brightest == 4095)
    with warnings.catch_warnings(record=True):
        assert read_preview(path, 100)[0].tolist() == [[wanted]], "as the annotator and from_folder see it"


@pytest.mark.parametrize("values", [np.full((2, 3), 70000, np.int32), np.full((2, 3), 0.5, np.float32)])
def test_pictures_without_an_agreed_white_are_refused(tmp_path, values):
    path = tmp_path / "measured.tif"
    Image.fromarray(values).save(path)
    with pytest.raises(ImageError, match=r"measured\.tif: expected 8 or 16 bits.*Scale it to 0\.\.255"):
        read_image(path)


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp", "moving.png"])
def test_of_an_animation_the_first_frame_is_read(tmp_path, name):
    path = tmp_path / name
    frames = [_filled("RGB", color) for color in (_RED, (0, 0, 255))]
    options = {"lossless": True} if name.endswith("webp") else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, **options)
    with Image.open(path) as image:
        assert len(list(ImageSequence.Iterator(image))) == 2
    assert read_image(path)[0, 0].tolist() == list(_RED)
    assert image_size(path) == (3, 5)


def test_a_photo_of_12_megapixels_is_read_without_a_warning(tmp_path, asymmetric_image):
    path = tmp_path / "photo.jpg"
    Image.fromarray(asymmetric_image).resize((4000, 3000), 0).save(path, exif=_orientation_exif(6))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        photo = read_image(str(path))
        assert image_size(path) == photo.shape[:2] == (4000, 3000)
    assert photo[10, 2990, 0] > 250  # the red corner, top left in the file, is top right when upright
    assert photo[10, 2990, 1] < 5


def test_far_too_many_pixels_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    _filled("L", 0, (100, 100)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with pytest.raises(ImageError, match=r"bomb\.png: expected a photo, got far more pixels"):
        read_image(path)


def test_the_limit_of_pixels_is_told_and_can_be_raised(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    _filled("L", 0, (100, 100)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    with pytest.raises(
        ImageError, match=r"large\.png: .*limit of 8000 pixels.*raise PIL\.Image\.MAX_IMAGE_PIXELS"
    ):
        image_size(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)
    assert read_image(path).shape == (100, 100, 3)


@pytest.mark.parametrize(
    ("name", "code", "mark", "behind"),
    [("JPEG", ">HH", b"\xff\xc0", 5), ("BMP", "<ii", b"BM", 18), ("GIF", "<HH", b"GIF", 6)],
)
def test_refusing_too_many_pixels_takes_no_memory(tmp_path, name, code, mark, behind):
    """A head that tells of 3.6 gigapixels, in a file of a kilobyte; the decoder's memory is not Python's."""
    path = tmp_path / "large.jpg"
    _filled("RGB", (0, 0, 0), (64, 64)).save(path, name)
    content = bytearray(path.read_bytes())
    struct.pack_into(code, content, content.find(mark) + behind, 60000, 60000)
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ImageError, match=r"large\.jpg: expected a photo, got far more pixels"):
        read_image(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024  # KiB


def test_a_picture_that_does_not_fit_into_memory_is_named(tmp_path, monkeypatch):
    path = tmp_path / "large.png"
    _filled("L", 0, (100, 100)).save(path)
    monkeypatch.setattr(Image.Image, "convert", _no_memory)
    with pytest.raises(ImageError, match=r"large\.png: expected a picture that fits into memory"):
        read_image(path)


def _no_memory(*_):
    raise MemoryError


@pytest.mark.parametrize(
    "error", [RuntimeError, NotImplementedError, RecursionError, ZeroDivisionError, AttributeError]
)
def test_whatever_a_decoder_raises_names_the_file(tmp_path, monkeypatch, error):
    """Pillow's decoders have no common class for it; that of AVIF raises RuntimeError."""
    path = tmp_path / "damaged.png"
    _filled("L", 0, (100, 100)).save(path)

    def fail(*_):
        raise error("why")

    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(
        ImageError, match=r"damaged\.png: expected a whole picture, but it is .* damaged \(why\)"
    ):
        read_image(path)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_a_damaged_avif_is_named(tmp_path):
    path = tmp_path / "damaged.avif"
    _filled("RGB", (255, 0, 0), (64, 64)).save(path)
    content = bytearray(path.read_bytes())
    start = content.find(b"mdat") + 4
    content[start:] = bytes(len(content) - start)
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"damaged\.avif: expected a whole picture"):
        read_image(path)


@pytest.mark.parametrize("name", ["EPS", "PDF", "PCX", "TGA", "ICO", "SGI", "DDS", "JPEG2000"])
def test_only_decoders_of_pictures_see_a_file(tmp_path, name):
    """EPS is a program, for which Pillow starts another; what the others are called is of no account either."""
    path = tmp_path / "photo.jpg"
    _filled("RGB", (255, 0, 0), (64, 64)).save(path, name)
    for read in (read_image, image_size, lambda path: read_preview(path, 32)):
        with pytest.raises(ImageError, match=r"photo\.jpg: expected a picture, got something else"):
            read(path)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM"])
def test_pictures_are_told_by_their_content(tmp_path, name):
    path = tmp_path / "photo.xyz"
    _filled("RGB", (255, 0, 0), (64, 48)).save(path, name)
    assert read_image(path).shape == (48, 64, 3)


def test_a_refusal_of_a_store_is_told_by_its_code(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Key>a</Key></Error>'
    )
    with pytest.raises(
        ImageError, match=r"photo\.jpg: expected a picture, got a server's error message.* NoSuchKey"
    ):
        read_image(path)


def test_no_module_opens_pictures_with_all_decoders():
    package = Path(tflhelpers.__file__).parent
    calls = [
        f"{file.relative_to(package)}: {line.strip()}"
        for file in package.rglob("*.py")
        for line in file.read_text("utf-8").splitlines()
        if "Image.open(" in line
    ]
    assert len(calls) == 3
    assert all("formats=" in call for call in calls), calls


@pytest.mark.parametrize("orientation", [1, 6])
def test_heic_is_read_upright_with_the_extra(tmp_path, asymmetric_image, orientation):
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
    pillow_heif.register_heif_opener()
    path = tmp_path / "phone.HEIC"
    exif = _orientation_exif(orientation).tobytes()  # as bytes, or pillow-heif does not turn the file
    _stored(asymmetric_image, orientation).save(path, format="HEIF", quality=95, exif=exif)
    assert image_size(path) == (37, 53)
    read = read_image(path).astype(int)
    assert read.shape == (37, 53, 3)
    for corner in [(3, 5), (3, 48), (34, 5), (34, 48)]:
        np.testing.assert_allclose(read[corner], asymmetric_image[corner].astype(int), atol=25)


def test_heic_without_the_extra_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = tmp_path / "phone.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    for function in (read_image, image_size):
        with pytest.raises(ImageError, match=r'phone\.heic: .*pip install "tflhelpers\[heic\]"'):
            function(path)


@pytest.mark.parametrize(
    "name", ["cut.jpg", "cut.png", "cut.webp", "cut.gif", "cut.bmp", "cut.tif", "cut_lzw.tif"]
)
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated_files_are_refused_by_name(tmp_path, name, kept):
    path = tmp_path / name
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (91, 77, 3), np.uint8))
    noise.save(path, **({"compression": "tiff_lzw"} if "lzw" in name else {}))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(ImageError, match=rf"{name}: expected a"):
        read_image(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got an empty file"),
        (b"not a picture at all", "Save it as JPEG or PNG"),
        (b"\xff\xd8\xff", "expected a"),
        (b"  <!DOCTYPE html><html>", "got a web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Save it as JPEG or PNG"),
        (b"\x89PNG\r\n\x1a\n", "expected a"),
        (bytes(1000), "Save it as JPEG or PNG"),
    ],
)
def test_files_that_are_no_pictures_are_refused_by_name(tmp_path, content, message):
    path = tmp_path / "thing.jpg"
    path.write_bytes(content)
    for function in (read_image, image_size):
        with pytest.raises(ImageError, match=rf"thing\.jpg: .*{message}"):
            function(path)


def test_folders_and_missing_files_are_refused_by_name(tmp_path):
    for function in (read_image, image_size):
        with pytest.raises(ImageError, match="got a folder"):
            function(tmp_path)
        with pytest.raises(FileNotFoundError, match=r"nowhere\.jpg"):
            function(tmp_path / "nowhere.jpg")


@pytest.mark.parametrize("name", ["big.jpg", "big.png", "big.tif"])
def test_the_size_is_known_from_the_beginning_of_a_file(tmp_path, name):
    path = tmp_path / name
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (91, 77, 3), np.uint8))
    noise.save(path, exif=_orientation_exif(8))
    path.write_bytes(path.read_bytes()[:2000])
    assert image_size(path) == (77, 91)


def test_the_size_of_a_png_without_orientation_is_known_without_decoding(
    tmp_path, asymmetric_image, monkeypatch
):
    path = tmp_path / "plain.png"
    Image.fromarray(asymmetric_image).save(path)

    def fail(image):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    assert image_size(path) == (37, 53)
