"""LiteRT files of others, and cut ones of ours, are named for what they are."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
import tensorflow as tf

from tests.sharing.export.foreign_files import ROLES, detector_file, metadata, ssd_file, with_metadata
from tflhelpers.sharing.export.packed_files import SETTINGS_FILE, with_files
from tflhelpers.sharing.export.tflite import export_tflite
from tflhelpers.sharing.export.tflite_convert import converted
from tflhelpers.sharing.export.tflite_detector import TFLiteDetector
from tflhelpers.sharing.export.tflite_file import opened

IMAGE = {"image": tf.TensorSpec((1, 8, 12, 3), tf.float32)}
ROW = {"row": tf.TensorSpec((1, 4), tf.float32)}


CHANNELS_FIRST = {"image": tf.TensorSpec((1, 3, 8, 12), tf.float32)}
TWO = {"image": tf.TensorSpec((2, 8, 12, 3), tf.float32)}
GRAY = {"image": tf.TensorSpec((1, 8, 12, 1), tf.float32)}
ANY_SIZE = {"image": tf.TensorSpec((1, None, None, 3), tf.float32)}
NO_DETECTOR = "no detector with the usual outputs"


def _sums(image):
    return tf.reduce_sum(image, axis=(1, 2))


def _of_shapes(*shapes):
    """A network with outputs of these shapes."""

    def run(image) -> dict:
        return {f"out{at}": tf.zeros(shape) + 0 * _sums(image)[0, 0] for at, shape in enumerate(shapes)}

    return run


@pytest.mark.parametrize(
    ("run", "taken", "what"),
    [
        (lambda row: {"y": row * 2.0 + 1.0}, ROW, f"{NO_DETECTOR}, since it takes no picture"),
        (
            lambda row: {"y": row * 2.0 + 1.0},
            ROW,
            r"It takes float32 \(1, 4\) and gives float32 \(1, 4\): run it with",
        ),
        (
            lambda image: {"y": _sums(image)},
            IMAGE,
            r"a classifier of 3 classes; .* takes float32 \(1, 8, 12, 3\) and",
        ),
        (_of_shapes((1, 1, 1, 5)), IMAGE, "a classifier of 5 classes"),
        (_of_shapes((1, 1)), IMAGE, "a classifier of 1 classes"),
        (lambda image: {"y": image + 1.0}, IMAGE, f"{NO_DETECTOR}, since a map of the picture comes out"),
        (
            _of_shapes((1, 84, 8400)),
            IMAGE,
            r"a YOLO head of shape \(1, 84, 8400\), before its boxes are chosen",
        ),
        (_of_shapes((1, 2520, 85)), IMAGE, r"a YOLO head of shape \(1, 2520, 85\)"),
        (_of_shapes((1, 300, 6)), IMAGE, "one output of 300 rows of 6 numbers, as newer YOLOs give"),
        (_of_shapes((1, 4, 6, 255), (1, 2, 3, 255)), IMAGE, "a YOLO head or another network of 2 maps"),
        (_of_shapes((1, 96, 4), (1, 96, 7)), IMAGE, "a detector of 96 anchors before its boxes are chosen"),
        (_of_shapes((1, 9, 4), (1, 9), (1, 9), (2,)), IMAGE, NO_DETECTOR),
        (_of_shapes((1, 9, 5), (1, 9), (1, 9), (1,)), IMAGE, NO_DETECTOR),
        (_of_shapes((1, 9, 4), (1, 9), (1, 8), (1,)), IMAGE, NO_DETECTOR),
        (
            _of_shapes((1, 9, 4), (1, 9), (1, 9), (1,)),
            GRAY,
            f"{NO_DETECTOR}, since it takes pictures of 1 channel;",
        ),
        (
            _of_shapes((1, 9, 4), (1, 9), (1, 9), (1,)),
            CHANNELS_FIRST,
            "it takes channels first, as PyTorch does",
        ),
        (_of_shapes((1, 9, 4), (1, 9), (1, 9), (1,)), TWO, "it takes 2 pictures at once"),
        (_of_shapes((1, 9, 4), (1, 9), (1, 9), (1,)), ANY_SIZE, "it takes pictures of any size"),
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


def test_boxes_that_are_said_to_be_others_are_refused(tmp_path):
    """Centre and size, in the metadata's words."""
    names = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
    content = detector_file(dict(zip(ROLES, names, strict=True)))
    (tmp_path / "a.tflite").write_bytes(with_metadata(content, metadata(names, box_type=3), {}))
    with pytest.raises(
        ValueError, match="a detector whose boxes are not ymin, xmin, ymax, xmax as fractions"
    ):
        TFLiteDetector(tmp_path / "a.tflite")


def _out_of_range_tensor(model):
    model.subgraphs[0].operators[0].inputs[0] = 9999


def _out_of_range_output(model):
    model.subgraphs[0].outputs[0] = 9999


def _out_of_range_buffer(model):
    model.subgraphs[0].tensors[0].buffer = 9999


def _short_constant(model):
    buffers = [model.buffers[tensor.buffer] for tensor in model.subgraphs[0].tensors]
    longest = max(buffers, key=lambda buffer: len(buffer.data) if buffer.data is not None else 0)
    longest.data = longest.data[:-4]


def _unknown_operation(model):
    model.subgraphs[0].operators[0].opcodeIndex = 9999


def _no_graph(model):
    model.subgraphs = []


@pytest.mark.parametrize(
    "damage",
    [
        _out_of_range_tensor,
        _out_of_range_output,
        _out_of_range_buffer,
        _short_constant,
        _unknown_operation,
        _no_graph,
    ],
)
def test_parts_that_do_not_fit_are_never_run(tmp_path, damage, monkeypatch):
    monkeypatch.setattr(
        "tflhelpers.sharing.export.foreign_run.interpreter", lambda *_: pytest.fail("it was run")
    )
    model = opened(detector_file(dict(zip(ROLES, ("boxes", "classes", "scores", "count"), strict=True))))
    damage(model)
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    (tmp_path / "a.tflite").write_bytes(bytes(builder.Output()))
    with pytest.raises(ValueError, match=r"a\.tflite: .*got a LiteRT file that is damaged or cut\. Copy"):
        TFLiteDetector(tmp_path / "a.tflite", class_names=["a", "b", "c"])


def test_a_cut_file_of_others_is_never_run(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "tflhelpers.sharing.export.foreign_run.interpreter", lambda *_: pytest.fail("it was run")
    )
    content = ssd_file()
    for length in range(40, len(content) - 8, 61):
        (tmp_path / "a.tflite").write_bytes(content[:length])
        with pytest.raises(ValueError, match="got a LiteRT file that is damaged or cut"):
            TFLiteDetector(tmp_path / "a.tflite", class_names=["a", "b", "c"])


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
