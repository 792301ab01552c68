"""What runs the network: the engines say the same, and the quick one notices that weights have changed."""

from __future__ import annotations

import logging
import sys

import keras
import numpy as np
import pytest

from tests.model.formula import formula_weight
from tests.model.golden_case import MOBILENET
from tests.training.tiny import tiny_detector
from tflhelpers.model import engine
from tflhelpers.model.detector import Detector
from tflhelpers.model.openvino_graph import UnknownLayer
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key

ODD = (72, 104)  # 32 divides neither: the pyramid is cropped
MOBILE = Architecture("ssd_mobilenet_v2_fpnlite", ODD, {"alpha": 0.35, "fpn_depth": 16, "tower_layers": 1})
RESNET = Architecture("ssd_resnet_fpn", ODD, {"fpn_depth": 16})
PIXELS, SCORE = 0.01, 1e-4  # what may lie between the engines

is_on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="OpenVINO is for Keras on TensorFlow"
)


@pytest.fixture
def openvino():
    return pytest.importorskip("openvino", reason='OpenVINO is not installed: pip install ".[fast]"')


@pytest.fixture
def without_openvino(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)


def detector_of(architecture: Architecture) -> Detector:
    detector = Detector(architecture, ["duck", "boat"])
    for key, variable in variables_by_key(detector.network).items():
        variable.assign(formula_weight(key, tuple(variable.shape)))
    return detector


@pytest.fixture(scope="module")
def tiny():
    return tiny_detector()


def noise(detector: Detector, count: int = 2) -> np.ndarray:
    """What the network takes in."""
    return np.random.default_rng(1).uniform(0, 255, (count, *detector.image_size, 3)).astype(np.float32)


def by(name: str, detector: Detector, inputs: np.ndarray):
    detector.engine = name
    return detector.raw_boxes(inputs)


def assert_same(given, wanted, detector):
    """Edges are compared in pixels of what the network takes in."""
    edges = np.abs(np.clip(given.boxes_rel_yxyx, 0, 1) - np.clip(wanted.boxes_rel_yxyx, 0, 1))
    assert edges.max() * max(detector.image_size) <= PIXELS
    assert np.abs(given.scores - wanted.scores).max() <= SCORE


@is_on_tensorflow
@pytest.mark.parametrize("architecture", [MOBILE, RESNET], ids=["mobilenet", "resnet"])
def test_the_engines_say_the_same(openvino, architecture):
    detector = detector_of(architecture)
    inputs = noise(detector, 3)
    given = by("openvino", detector, inputs)
    assert_same(given, by("keras", detector, inputs), detector)


@is_on_tensorflow
def test_the_engines_say_the_same_of_the_golden_pictures(openvino):
    detector = Detector(
        Architecture(MOBILENET.family, (320, 320), {}), ["thing"], network=MOBILENET.network(1)
    )
    inputs = MOBILENET.inputs()
    given = by("openvino", detector, inputs)
    assert_same(given, by("keras", detector, inputs), detector)


@is_on_tensorflow
def test_the_engines_say_the_same_of_photos(openvino, shared_data):
    detector = Detector.embedded()
    paths = [next((shared_data / name / "train").glob("*.jpg")) for name in ("ducky", "raccoon")]
    found = {}
    for name in ("openvino", "keras"):
        detector.engine = name
        found[name] = detector.detect_all(paths, threshold=0.01, progress=False)
    for given, wanted in zip(found["openvino"], found["keras"], strict=True):
        assert len(given)
        np.testing.assert_array_equal(given.labels, wanted.labels)
        np.testing.assert_allclose(given.xyxy, wanted.xyxy, rtol=0, atol=PIXELS)
        np.testing.assert_allclose(given.scores, wanted.scores, rtol=0, atol=SCORE)


def one_weight(network: keras.Model) -> None:
    bias = network.get_layer("class_head").bias
    bias.assign(bias + 0.5)


def moving_statistics(network: keras.Model) -> None:
    variance = network.get_layer("conv1_bn").moving_variance
    variance.assign(variance * 2)


def all_weights(network: keras.Model) -> None:
    network.set_weights([weight * 0.9 for weight in network.get_weights()])


def one_layer_by_training(network: keras.Model) -> None:
    for layer in network.layers:
        layer.trainable = layer.name == "box_head"
    inputs = np.ones((2, *network.input.shape[1:]), np.float32)
    wanted = {
        name: np.zeros(given.shape, np.float32) for name, given in network.predict_on_batch(inputs).items()
    }
    network.compile("sgd", {"box_encodings": "mse", "class_logits": "mse"})
    network.fit(inputs, wanted, epochs=2, verbose=0)


@is_on_tensorflow
@pytest.mark.parametrize("change", [one_weight, moving_statistics, all_weights, one_layer_by_training])
def test_changed_weights_are_compiled_anew(openvino, change):
    detector = tiny_detector()
    inputs = noise(detector)
    before = by("openvino", detector, inputs)
    change(detector.network)
    after, of_one = detector.raw_boxes(inputs), detector.raw_boxes(inputs[:1])
    np.testing.assert_allclose(of_one.scores, after.scores[:1], rtol=0, atol=SCORE)
    assert max(np.abs(a - b).max() for a, b in zip(after[:2], before[:2], strict=True)) > 10 * SCORE
    assert_same(after, by("keras", detector, inputs), detector)


@is_on_tensorflow
def test_it_is_compiled_once_for_one_picture_and_once_for_several(openvino, monkeypatch):
    compiled = []
    graph = engine.openvino_graph
    monkeypatch.setattr(engine, "openvino_graph", lambda *given: compiled.append(1) or graph(*given))
    detector = tiny_detector()
    for count in (1, 3, 1, 2):
        detector.raw_boxes(noise(detector, count))
    assert len(compiled) == 2


@is_on_tensorflow
def test_what_comes_back_is_the_callers_own(openvino, tiny):
    first = by("openvino", tiny, noise(tiny))
    kept = first.scores.copy()
    tiny.raw_boxes(noise(tiny) / 2)
    np.testing.assert_array_equal(first.scores, kept)


@is_on_tensorflow
@pytest.mark.parametrize(("has_gpu", "taken"), [(False, "OpenVINO"), (True, "Keras: there is a GPU")])
def test_auto_takes_openvino_on_a_processor_and_says_so(openvino, tiny, monkeypatch, caplog, has_gpu, taken):
    monkeypatch.setattr(engine, "has_gpu", lambda: has_gpu)
    caplog.set_level(logging.INFO, logger="tflhelpers")
    by("auto", tiny, noise(tiny))
    tiny.raw_boxes(noise(tiny))
    assert [record.message.startswith(f"Detecting with {taken}") for record in caplog.records] == [True]


def test_auto_takes_keras_where_openvino_is_not_installed(without_openvino, tiny, caplog):
    caplog.set_level(logging.INFO, logger="tflhelpers")
    found = by("auto", tiny, noise(tiny))
    assert "Detecting with Keras: " in caplog.text
    assert "tflhelpers[fast]" in caplog.text
    np.testing.assert_array_equal(found.scores, by("keras", tiny, noise(tiny)).scores)


@is_on_tensorflow
def test_openvino_is_asked_for_and_not_installed(without_openvino, tiny):
    before = tiny.engine
    with pytest.raises(ImportError, match=r"pip install 'tflhelpers\[fast\]'"):
        tiny.engine = "openvino"
    assert tiny.engine == before


@pytest.mark.parametrize("name", ["tensorrt", "", None, 8])
def test_an_unknown_engine_is_refused(tiny, name):
    with pytest.raises(ValueError, match="engine must be one of auto, openvino, keras, got"):
        tiny.engine = name


class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_a_network_of_your_own_runs_in_keras(openvino, tiny, caplog):
    images = keras.Input((*tiny.image_size, 3))
    network = keras.Model(images, tiny.network(Doubled()(images)))
    own = Detector(tiny.architecture, tiny.class_names, network=network)
    caplog.set_level(logging.INFO, logger="tflhelpers")
    np.testing.assert_allclose(
        own.raw_boxes(noise(tiny)).scores, by("keras", tiny, 2 * noise(tiny)).scores, rtol=0, atol=SCORE
    )
    assert "Detecting with Keras: no OpenVINO operation is known for a Doubled" in caplog.text
    with pytest.raises(UnknownLayer, match="a Doubled"):
        by("openvino", own, noise(tiny))
