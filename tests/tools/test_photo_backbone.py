"""The backbone that has seen photos: split kernels by hand, and the mapped network against the file in LiteRT."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

import tflhelpers as tfl
from tflhelpers.model.ssd import ssd_mobilenet_v2_fpnlite
from tflhelpers.sharing.export.litert import _interpreter_class
from tools.photo_backbone import SIZE, fetch_photo_ssd, load_photo_backbone, split_scale

# Tensor of the file -> layer of ours.
SAME = {
    "FeatureExtractor/MobilenetV2/Conv/Relu6": "Conv1_relu",
    "FeatureExtractor/MobilenetV2/expanded_conv_5/add": "block_5_add",
    "FeatureExtractor/MobilenetV2/expanded_conv_12/add": "block_12_add",
    "FeatureExtractor/MobilenetV2/Conv_1/Relu6": "out_relu",
}


@pytest.mark.parametrize("depthwise", [False, True])
def test_a_folded_kernel_is_the_product_of_its_parts_to_the_last_bit(depthwise):
    rng = np.random.default_rng(0)
    shape, channels = ((3, 3, 4, 1), 4) if depthwise else ((1, 1, 8, 4), 4)
    kernel = rng.normal(0, 1, shape).astype(np.float32)
    scales = np.array([12.9, 0.03, 1.0, 0.0], np.float32)  # as in the file: huge, tiny, dead
    kernel *= scales[:, None] if depthwise else scales
    small, gamma = split_scale(kernel, depthwise=depthwise)
    assert gamma.shape == (channels,)
    np.testing.assert_array_equal(small * (gamma[:, None] if depthwise else gamma), kernel)
    he = np.sqrt(2 / (9 if depthwise else 8))
    axes = (0, 1, 3) if depthwise else (0, 1, 2)
    sizes = np.sqrt(np.mean(np.square(small), axis=axes))
    assert (sizes[:3] > he / 1.5).all()
    assert (sizes[:3] < he * 1.5).all()
    assert sizes[3] == 0


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "photo_ssd.tflite"
    path.write_bytes(b"TFL3")
    with pytest.raises(ValueError, match=r"photo_ssd\.tflite must have the sha256 d0a5255b.*Delete it"):
        fetch_photo_ssd(path)


@pytest.fixture(scope="module")
def photo():
    """A photo of a duck, or a drawn one where that is not at hand."""
    real = Path(__file__).resolve().parents[3] / "shared" / "data" / "ducky" / "train" / "robertducky1.jpg"
    path = real if real.exists() else tfl.samples.duck_photos().image_paths[0]
    return tfl.read_image(path)[-SIZE:, -SIZE:].astype(np.float32)


@pytest.fixture(scope="module")
def theirs(photo_ssd, photo):
    """What LiteRT computes with the file: tensor -> map."""
    interpreter = _interpreter_class()(str(photo_ssd), experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], photo[None] / 127.5 - 1)
    interpreter.invoke()
    names = {one["name"].split(";")[0]: one["index"] for one in interpreter.get_tensor_details()}
    return {name: interpreter.get_tensor(names[name]) for name in SAME}


@pytest.mark.slow
@pytest.mark.parametrize("tensor", SAME)
def test_the_mapped_backbone_computes_what_the_file_does(photo_ssd, photo, theirs, tensor):
    network = ssd_mobilenet_v2_fpnlite((SIZE, SIZE), 1)
    load_photo_backbone(network, photo_ssd)
    _compare(network, photo, theirs[tensor], SAME[tensor])


def _compare(network, photo, expected, layer):
    got = keras.Model(network.inputs, network.get_layer(layer).output).predict_on_batch(photo[None])
    assert got.shape == expected.shape
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(got, expected, atol=1e-3)  # float16 itself is 2e-3 near 6
