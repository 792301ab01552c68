"""A path can mean a picture inside a record file, and everything that reads pictures understands it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError, image_size, read_image
from tflhelpers.data.record_pictures import is_record_picture, record_picture_path
from tflhelpers.files.example_proto import encode_example
from tflhelpers.files.record_file import write_record


@pytest.fixture
def record_file(tmp_path, asymmetric_image):
    """Three records: of no picture, of one turned by EXIF, and no Example at all."""
    Image.fromarray(np.ascontiguousarray(np.rot90(asymmetric_image))).save(
        tmp_path / "turned.png", exif=_orientation_exif(6)
    )
    examples = [
        encode_example({"image/filename": [b"lost.jpg"]}),
        encode_example({"image/encoded": [(tmp_path / "turned.png").read_bytes()]}),
        b"<html>",
    ]
    with (tmp_path / "train.record").open("wb") as file:
        for example in examples:
            write_record(file, example)
    return tmp_path / "train.record", [0, 16 + len(examples[0]), 32 + len(examples[0]) + len(examples[1])]


def _orientation_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("duck.jpg", "7+duck.jpg"),
        ("a/b/duck.jpg", "7+duck.jpg"),
        ("C:\\photos\\duck.jpg", "7+duck.jpg"),
        ("Straße 🦆 1+1.jpg", "7+Straße 🦆 1+1.jpg"),
        ("two\nlines\0.jpg", "7+two_lines_.jpg"),
        ("", "7+picture"),
        ("/", "7+picture"),
        ("..", "7+.."),
    ],
)
def test_paths_keep_the_name_and_nothing_else(name, expected):
    path = record_picture_path(Path("data/a.record"), 7, name)
    assert path.as_posix() == f"data/a.record/{expected}"
    assert path.parent == Path("data/a.record")


def test_pictures_are_read_upright_from_their_record(record_file, asymmetric_image):
    path = record_picture_path(record_file[0], record_file[1][1], "duck.png")
    assert is_record_picture(path)
    np.testing.assert_array_equal(read_image(path), asymmetric_image)
    np.testing.assert_array_equal(read_image(str(path)), asymmetric_image)
    assert image_size(path) == (37, 53)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (0, r"\+duck.png: the record holds no picture \(image/encoded is missing\)"),
        (2, r"\+duck.png: the record is no tf.train.Example"),
    ],
)
def test_records_without_a_picture_are_refused_by_name(record_file, record, message):
    with pytest.raises(ImageError, match=message):
        read_image(record_picture_path(record_file[0], record_file[1][record], "duck.png"))


def test_a_file_written_anew_is_noticed(record_file):
    path = record_picture_path(record_file[0], record_file[1][1] + 5, "duck.png")
    with pytest.raises(ImageError, match=r"train\.record.*damaged length"):
        read_image(path)
    record_file[0].write_bytes(b"")
    with pytest.raises(ImageError, match=r"the file has 0 bytes\. Was it rewritten"):
        read_image(path)


def test_files_that_only_look_so_are_files(tmp_path, asymmetric_image):
    path = tmp_path / "12+34.png"
    Image.fromarray(asymmetric_image).save(path)
    assert not is_record_picture(path)
    np.testing.assert_array_equal(read_image(path), asymmetric_image)
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "no.record" / "0+duck.png")


def test_annotations_keep_such_paths(record_file, tmp_path):
    path = record_picture_path(record_file[0], record_file[1][1], "duck.png")
    annotations = Annotations(["duck"], [(path, Boxes([[1, 2, 30.5, 20]], [0]))])
    assert annotations.check(decode=True) == []
    for folder in (tmp_path, tmp_path / "below"):
        annotations.save(folder / "annotations.json")
        again = Annotations.load(folder / "annotations.json")
        assert again == annotations
        assert read_image(again.image_paths[0]).shape == (37, 53, 3)
