"""LiteRT files of others, and cut ones of ours, are named for what they are."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tflhelpers.sharing.export.packed_files import SETTINGS_FILE, with_files
from tflhelpers.sharing.export.tflite import export_tflite
from tflhelpers.sharing.export.tflite_convert import converted
from tflhelpers.sharing.export.tflite_detector import TFLiteDetector

IMAGE = {"image": tf.TensorSpec((1, 8, 12, 3), tf.float32)}
ROW = {"row": tf.TensorSpec((1, 4), tf.float32)}


def _sums(image):
    return tf.reduce_sum(image, axis=(1, 2))


def _detector(image) -> dict:
    scores = tf.tile(_sums(image), [1, 7])[:, :20]
    return {
        "a": tf.tile(scores[:, :, None], [1, 1, 4]),
        "b": scores + 1.0,
        "c": scores,
        "d": tf.reduce_sum(scores, axis=1),
    }


@pytest.mark.parametrize(
    ("run", "taken", "what"),
    [
        (lambda row: {"y": row * 2.0 + 1.0}, ROW, "no detector with the usual outputs"),
        (
            lambda row: {"y": row * 2.0 + 1.0},
            ROW,
            r"It takes float32 \(1, 4\) and gives float32 \(1, 4\): run it with",
        ),
        (
            _detector,
            IMAGE,
            "a detector with four post-processed outputs, 20 boxes at most; TFLiteDetector runs only",
        ),
        (
            lambda image: {"y": _sums(image)},
            IMAGE,
            r"a classifier of 3 classes; .* takes float32 \(1, 8, 12, 3\) and",
        ),
        (lambda image: {"y": image + 1.0}, IMAGE, "no detector with the usual outputs"),
    ],
)
def test_files_of_others_are_named(tmp_path, run, taken, what):
    content = converted(run, taken)
    for number, whole in enumerate((content, with_files(content, {"labels.txt": "duck\n"}))):
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(whole)
        with pytest.raises(ValueError, match=what) as raised:
            TFLiteDetector(path)
        assert str(raised.value).startswith(f"{path}: a LiteRT file of another program")
        assert "xport the detector again" not in str(raised.value)


@pytest.fixture(scope="module")
def ours(tiny, pictures, tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("ours") / "a.tflite"
    export_tflite(tiny, path, images=pictures)
    return path.read_bytes()


def test_a_cut_file_of_ours_is_named(ours, tmp_path):
    path = tmp_path / "a.tflite"
    path.write_bytes(ours[: ours.rindex(SETTINGS_FILE.encode())])
    with pytest.raises(
        ValueError, match=r"a\.tflite: its end is cut off, where detector\.json lies\. Copy it again"
    ):
        TFLiteDetector(path)
    for length in (200, 5_000, len(ours) // 2):  # looked at in Python only: what runs such files trusts them
        path.write_bytes(ours[:length])
        with pytest.raises(ValueError, match="got a LiteRT file that is damaged or cut"):
            TFLiteDetector(path)


@pytest.mark.parametrize("content", [b"", b"TFL3", b"<html>TFL3", np.zeros(50, np.uint8).tobytes()])
def test_what_is_no_litert_file_is_refused(tmp_path, content):
    (tmp_path / "a.tflite").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tflite: expected a file that export_tflite wrote"):
        TFLiteDetector(tmp_path / "a.tflite")
