"""What travels at the end of a file comes out as it went in."""

from __future__ import annotations

import json
import zipfile

import pytest

from tflhelpers.sharing.export.packed_files import (
    ExportSettings,
    labels_text,
    read_settings,
    settings_text,
    with_files,
)

SETTINGS = ExportSettings(("duck", 'a "quoted" größe'), (64, 96), 0.25, "raw", None)


def test_there_and_back(tmp_path):
    path = tmp_path / "a.tflite"
    path.write_bytes(
        with_files(b"the model", {"labels.txt": "duck\n", "detector.json": settings_text(SETTINGS)})
    )
    assert path.read_bytes().startswith(b"the model")
    assert read_settings(path) == SETTINGS
    with zipfile.ZipFile(path) as archive:
        assert archive.read("labels.txt") == b"duck\n"
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_same_comes_out_each_time():
    assert with_files(b"x", {"a": "b"}) == with_files(b"x", {"a": "b"})


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["duck"], "duck\n"),
        (["toy boat", "größe"], "toy boat\ngröße\n"),
        (["two\nlines"], "two lines\n"),
    ],
)
def test_a_class_a_line(names, text):
    assert labels_text(names) == text


def test_a_file_of_another_kind_is_told_what_to_give(tmp_path):
    (tmp_path / "network.onnx").write_bytes(b"hello")
    with pytest.raises(
        ValueError, match=r"network\.onnx: .*Give a LiteRT file \(\.tflite\); if export_tflite wrote"
    ):
        read_settings(tmp_path / "network.onnx")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"no archive",
            r"a\.tflite: expected a file that export_tflite wrote, .* \(File is not a zip file\)",
        ),
        (with_files(b"x", {"labels.txt": ""}), r"no item named 'detector\.json'"),
        (with_files(b"x", {"detector.json": '{"format": 2}'}), "another version of tflhelpers"),
        (with_files(b"x", {"detector.json": "{"}), "Expecting property name"),
        (with_files(b"x", {"detector.json": '{"format": 1}'}), "class_names"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    (tmp_path / "a.tflite").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_settings(tmp_path / "a.tflite")
    with pytest.raises(
        FileNotFoundError, match=r"b\.tflite: there is no such file\. Write one with export_tflite"
    ):
        read_settings(tmp_path / "b.tflite")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("class_names", 5),
        ("class_names", "duck"),
        ("image_size", [64]),
        ("image_size", ["a", "b"]),
        ("threshold", "high"),
        ("head", ["raw"]),
        ("quantize", "int4"),
    ],
)
def test_settings_of_other_types_are_refused(tmp_path, name, value):
    path = tmp_path / "a.tflite"
    text = json.dumps(json.loads(settings_text(SETTINGS)) | {name: value})
    path.write_bytes(with_files(b"the model", {"detector.json": text}))
    with pytest.raises(
        ValueError, match=rf"a\.tflite: expected a file that export_tflite wrote.*{name} must be"
    ):
        read_settings(path)


@pytest.mark.parametrize("text", ["[1]", "5", "[" * 100_000, "\udce9"])
def test_settings_that_are_no_object_are_refused(tmp_path, text):
    path = tmp_path / "a.tflite"
    path.write_bytes(b"the model")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("detector.json", text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"a\.tflite: expected a file that export_tflite wrote"):
        read_settings(path)
