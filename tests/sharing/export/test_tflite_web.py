"""A file for browsers computes what the file computes that it was made of, and no operation widens weights in it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tflhelpers.sharing.export.litert import interpreter
from tflhelpers.sharing.export.packed_files import with_files
from tflhelpers.sharing.export.tflite_convert import converted
from tflhelpers.sharing.export.tflite_file import opened, packed, schema
from tflhelpers.sharing.export.tflite_quantize import compute_in_float, halve_convolutions
from tflhelpers.sharing.export.tflite_web import for_browsers

KERNEL = np.random.default_rng(0).normal(0, 1, (3, 3, 5, 48)).astype(np.float32)
DEPTHWISE = np.random.default_rng(1).normal(0, 1, (3, 3, 48, 4)).astype(np.float32)
PICTURE = np.random.default_rng(2).uniform(0, 1, (1, 6, 4, 5)).astype(np.float32)


def widened(travels: bytes, said: dict) -> bytes:
    """What web/js/weights.js does, as its description has it."""
    whole, read = bytearray(), 0
    for place in said["small"]:
        step = place["at"] - len(whole)
        whole += travels[read : read + step]
        read += step
        if place["kind"] == "float16":
            numbers = np.frombuffer(travels, np.float16, place["count"], read)
            read += numbers.nbytes
        else:
            scales = np.frombuffer(travels[read : read + 4 * place["channels"]], np.float32)
            read += scales.nbytes
            numbers = np.frombuffer(travels, np.int8, place["count"], read)
            read += numbers.nbytes
            channel = np.arange(len(numbers)) // place["inner"] % place["channels"]
            numbers = numbers * scales[channel]
        whole += numbers.astype(np.float32).tobytes()
    whole += travels[read:]
    assert len(travels) == said["bytes"]
    assert len(whole) == said["whole_bytes"]
    return bytes(whole)


def network_file(kind: str | None) -> bytes:
    """Two convolutions, full and depthwise, with small weights of a kind."""
    kernel, depthwise = tf.Variable(KERNEL), tf.Variable(DEPTHWISE)

    def run(images):
        maps = tf.nn.conv2d(images, kernel, 1, "SAME")
        return {"maps": tf.nn.depthwise_conv2d(maps, depthwise, [1, 1, 1, 1], "SAME")}

    taken = {"images": tf.TensorSpec((1, 6, 4, 5), tf.float32)}
    quantize = "dynamic" if kind == "dynamic" else None
    model = opened(converted(run, taken, [kernel, depthwise], quantize=quantize))
    if kind == "float16":
        halve_convolutions(model)
    elif kind == "dynamic":
        compute_in_float(model)
    return with_files(packed(model), {"labels.txt": "duck\n"})


def maps_of(content: bytes, path) -> np.ndarray:
    path.write_bytes(content)
    return interpreter(path).get_signature_runner()(images=PICTURE)["maps"]


def operations(content: bytes) -> set[int]:
    model = opened(content)
    return {model.operatorCodes[each.opcodeIndex].builtinCode for each in model.subgraphs[0].operators}


@pytest.mark.parametrize("kind", [None, "float16", "dynamic"])
def test_what_is_widened_computes_the_same(kind, tmp_path):
    original = network_file(kind)
    travels, said = for_browsers(original)
    whole = widened(travels, said)
    expected = maps_of(original, tmp_path / "original.tflite")
    np.testing.assert_allclose(maps_of(whole, tmp_path / "whole.tflite"), expected, rtol=0, atol=1e-4)
    assert schema.BuiltinOperator.DEQUANTIZE not in operations(whole)
    assert {place["kind"] for place in said["small"]} == (
        {"float16": {"float16"}, "dynamic": {"int8"}}.get(kind, set())
    )


def test_weights_travel_as_small_as_they_were(tmp_path):
    travels, said = for_browsers(network_file("float16"))
    (place,) = said["small"]  # depthwise weights stay as they are
    assert place["count"] == KERNEL.size
    assert said["whole_bytes"] - len(travels) == KERNEL.size * 2
    assert place["at"] % 16 == 0
    numbers = np.frombuffer(travels, np.float16, KERNEL.size, place["at"])
    np.testing.assert_array_equal(np.sort(numbers), np.sort(KERNEL.astype(np.float16), axis=None))
    (wide,) = (
        each.data
        for each in opened(widened(travels, said)).buffers
        if each.data is not None and len(each.data) == KERNEL.size * 4
    )
    np.testing.assert_array_equal(np.asarray(wide, np.uint8).view(np.float32), numbers)


def test_one_scale_for_all_weights():
    """A file of another program may have one scale for the whole tensor."""
    model = opened(network_file("dynamic"))
    for tensor in model.subgraphs[0].tensors:
        if tensor.type == schema.TensorType.INT8:
            tensor.quantization.scale, tensor.quantization.zeroPoint = [0.5], [0]
    travels, said = for_browsers(packed(model))
    whole = opened(widened(travels, said))
    for place in said["small"]:
        assert (place["channels"], place["inner"]) == (1, place["count"])
    wide = [np.asarray(each.data, np.uint8) for each in whole.buffers if each.data is not None]
    kernels = [each.view(np.float32) for each in wide if len(each) == KERNEL.size * 4]
    assert kernels
    np.testing.assert_array_equal(kernels[0] * 2, np.rint(kernels[0] * 2))
