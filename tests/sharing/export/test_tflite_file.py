"""LiteRT files taken apart and put together again compute the same."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
import tensorflow as tf

from tflhelpers.sharing.export.litert import interpreter
from tflhelpers.sharing.export.tflite_convert import converted
from tflhelpers.sharing.export.tflite_file import (
    ALIGNMENT,
    by_name,
    joined,
    min_runtime,
    name_and_order,
    opened,
    packed,
    schema,
    set_metadata,
)
from tflhelpers.sharing.export.tflite_quantize import compute_in_float, halve_convolutions

KERNEL = np.random.default_rng(0).normal(0, 1, (3, 3, 5, 7)).astype(np.float32)
DEPTHWISE = np.random.default_rng(1).normal(0, 1, (3, 3, 7, 1)).astype(np.float32)
PICTURE = np.random.default_rng(2).uniform(0, 1, (1, 6, 4, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def first():
    """A file from `images` to `maps` and `sums`."""
    kernel, depthwise = tf.Variable(KERNEL), tf.Variable(DEPTHWISE)

    def run(images):
        maps = tf.nn.conv2d(images, kernel, 1, "SAME")
        maps = tf.nn.depthwise_conv2d(maps, depthwise, [1, 1, 1, 1], "SAME")
        return {"maps": maps, "sums": tf.reduce_sum(images, axis=(1, 2))}

    return converted(run, {"images": tf.TensorSpec((1, 6, 4, 5), tf.float32)}, [kernel, depthwise])


@pytest.fixture(scope="module")
def second():
    """A file that takes them, in the other order, and gives three."""

    def run(sums, maps):
        return {"b": tf.sigmoid(maps), "a": sums * 3.0, "c": tf.reduce_max(maps, axis=3)}

    taken = {"sums": tf.TensorSpec((1, 5), tf.float32), "maps": tf.TensorSpec((1, 6, 4, 7), tf.float32)}
    return converted(run, taken)


@pytest.fixture(scope="module")
def expected():
    maps = tf.nn.conv2d(PICTURE, KERNEL, 1, "SAME")
    maps = tf.nn.depthwise_conv2d(maps, DEPTHWISE, [1, 1, 1, 1], "SAME").numpy()
    return {"a": PICTURE.sum(axis=(1, 2)) * 3, "b": 1 / (1 + np.exp(-maps)), "c": maps.max(axis=3)}


def run(model, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(packed(model))
    return interpreter(path).get_signature_runner()(images=PICTURE), interpreter(path)


def test_joined_files_compute_both(first, second, expected, tmp_path):
    model = joined(opened(first), opened(second))
    name_and_order(model, ["c", "a", "b"])
    given, ready = run(model, tmp_path)
    assert set(given) == set(expected)
    for name, wanted in expected.items():
        np.testing.assert_allclose(given[name], wanted, rtol=1e-5, atol=1e-5)
    assert [detail["name"] for detail in ready.get_input_details()] == ["images"]
    assert [detail["name"] for detail in ready.get_output_details()] == ["c", "a", "b"]


def _names(content: bytes) -> list[bytes]:
    return [bytes(tensor.name) for tensor in opened(content).subgraphs[0].tensors]


@pytest.mark.parametrize("outputs", [["c", "a", "b"], ["a", "b", "c"]])
def test_no_two_tensors_have_one_name(first, second, tmp_path, outputs):
    """OpenVINO finds them by name."""
    model = joined(opened(first), opened(second))
    for tensor in model.subgraphs[0].tensors[::2]:
        tensor.name = b"a"  # an output's name too
    model.subgraphs[0].tensors[1].name = b"a;2"
    name_and_order(model, outputs)
    names = _names(packed(model))
    assert len(set(names)) == len(names) > 8
    assert {b"images", b"a", b"b", b"c", b"a;2", b"a;3"} <= set(names)
    _, ready = run(model, tmp_path)
    assert [detail["name"] for detail in ready.get_output_details()] == outputs


def test_names_that_are_unique_stay(first):
    assert _names(packed(opened(first))) == _names(first)


def test_half_the_weights_of_full_convolutions(first, second, expected, tmp_path):
    model = opened(first)
    halve_convolutions(model)
    types = {tensor.type: np.prod(tensor.shape) for tensor in model.subgraphs[0].tensors if tensor.buffer}
    given, _ = run(joined(model, opened(second)), tmp_path)
    assert types[schema.TensorType.FLOAT16] == KERNEL.size
    np.testing.assert_allclose(given["c"], expected["c"], rtol=1e-2, atol=1e-2)
    assert np.abs(given["c"] - expected["c"]).max() > 1e-5  # they are halved


def test_eight_bit_weights_are_computed_with_in_float32(tmp_path):
    """Only they are rounded, and the result is that of the rounded weights to float32's last digits."""
    spec = {"images": tf.TensorSpec(PICTURE.shape, tf.float32)}
    kernel = tf.Variable(np.random.default_rng(3).normal(0, 1, (3, 3, 5, 64)).astype(np.float32))
    content = converted(
        lambda images: {"maps": tf.nn.conv2d(images, kernel, 1, "SAME")}, spec, [kernel], quantize="dynamic"
    )
    model = opened(content)
    compute_in_float(model)
    (packed_weights,) = [t for t in model.subgraphs[0].tensors if t.type == schema.TensorType.INT8]
    whole = np.asarray(model.buffers[packed_weights.buffer].data, np.uint8).view(np.int8)
    scales = np.asarray(packed_weights.quantization.scale)
    rounded = whole.reshape(packed_weights.shape) * scales[:, None, None, None]  # a scale for each output
    wanted = tf.nn.conv2d(PICTURE, rounded.transpose(1, 2, 3, 0).astype(np.float32), 1, "SAME").numpy()
    given, _ = run(model, tmp_path)
    np.testing.assert_allclose(given["maps"], wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())
    assert 1e-4 < np.abs(given["maps"] - tf.nn.conv2d(PICTURE, kernel, 1, "SAME")).max() / wanted.max() < 0.05


def test_weights_are_aligned(first):
    """A processor may refuse, or read slowly, what begins elsewhere."""
    content = packed(opened(first))
    model = schema.Model.GetRootAs(content, 0)
    offsets = []
    for i in range(model.BuffersLength()):
        field = flatbuffers.number_types.UOffsetTFlags.py_type(model.Buffers(i)._tab.Offset(4))
        if field and model.Buffers(i).DataLength():
            offsets.append(model.Buffers(i)._tab.Vector(field))
    assert len(offsets) > 2
    assert [offset % ALIGNMENT for offset in offsets] == [0] * len(offsets)
    assert content[4:8] == b"TFL3"


def test_the_newer_runtime_is_asked_for(first, second):
    models = opened(first), opened(second)
    set_metadata(models[0], b"min_runtime_version", b"1.9.0\0\0\0")
    set_metadata(models[1], b"min_runtime_version", b"1.14.0\0")
    whole = opened(packed(joined(*models)))
    assert min_runtime(whole) == b"1.14.0"
    assert [entry.name for entry in whole.metadata].count(b"min_runtime_version") == 1


def test_names_of_a_signature(first):
    signature = opened(first).signatureDefs[0]
    assert set(by_name(signature.outputs)) == {"maps", "sums"}
    assert list(by_name(signature.inputs)) == ["images"]
