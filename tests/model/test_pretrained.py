"""Which detector `Detector.pretrained` takes, and the sentence that says so. The zoo's host is a server of our own."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from tests.model.formula import formula_weight
from tests.model.synthetic_checkpoints import formula_tensors, write_checkpoint, zoo_archive
from tests.model.synthetic_saved_models import original_names, write_saved_model
from tests.model.unsteady_server import Unsteady, unsteady_server
from tflhelpers.model import pretrained, sources, zoo
from tflhelpers.model.checkpoint import CheckpointError
from tflhelpers.model.coco_classes import COCO_CLASS_NAMES
from tflhelpers.model.detector import Detector
from tflhelpers.model.fetch import FetchError
from tflhelpers.model.pretrained import choose_start, has_gpu
from tflhelpers.model.ssd import is_class_head, variables_by_key

M_NAME = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
M_TITLE = "SSD MobileNetV2 FPNLite 320 (mobilenet_320)"
SIZE = "about 20 MB (under a minute at 20 Mbit/s)"
R_TITLE = "SSD ResNet50 V1 FPN 640 (retinanet_resnet50_640)"


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(pretrained, "has_gpu", lambda: False)


@pytest.mark.parametrize(
    ("name", "gpu", "sentence"),
    [
        (
            "auto",
            False,
            f"{M_TITLE}, because there is no GPU: about 20 MB (under a minute at 20 Mbit/s) to download once.",
        ),
        (
            "auto",
            True,
            f"{R_TITLE}, because there is a GPU: about 245 MB (2 minutes at 20 Mbit/s) to download once.",
        ),
        (
            "retinanet_resnet50_640",
            False,
            f"{R_TITLE}, as asked for: about 245 MB (2 minutes at 20 Mbit/s) to download once.",
        ),
        (
            M_NAME,
            True,
            f"{M_TITLE}, as asked for: about 20 MB (under a minute at 20 Mbit/s) to download once.",
        ),
        (
            "embedded",
            True,
            "The small detector that ships inside the package (embedded), as asked for: nothing to download.",
        ),
    ],
)
def test_the_choice_and_what_to_expect(monkeypatch, tmp_path, name, gpu, sentence):
    monkeypatch.setattr(pretrained, "has_gpu", lambda: gpu)
    assert str(choose_start(name, cache=tmp_path)) == sentence


def test_what_lies_in_the_cache_is_not_downloaded_again(no_gpu, tmp_path):
    (tmp_path / M_NAME).mkdir()
    assert str(choose_start(cache=tmp_path)) == (
        f"{M_TITLE}, because there is no GPU: is in {tmp_path}, nothing to download."
    )


def test_an_unknown_name_lists_all(tmp_path):
    with pytest.raises(
        ValueError, match=r"no 'mobilnet_320'\. Did you mean mobilenet_320\? .*'auto' or 'embedded'"
    ):
        choose_start("mobilnet_320", cache=tmp_path)


@pytest.mark.parametrize("gpus", [[], ["GPU:0"]])
def test_tensorflows_gpu(monkeypatch, gpus):
    import tensorflow as tf

    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus if kind == "GPU" else ["CPU:0"])
    assert has_gpu() is bool(gpus)


@pytest.mark.parametrize(
    ("platforms", "found"), [(["cpu"], False), (["gpu"], True), (["cpu", "gpu"], True), (["tpu"], True)]
)
def test_jaxs_gpu(monkeypatch, platforms, found):
    devices = [SimpleNamespace(platform=platform) for platform in platforms]
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(devices=lambda: devices))
    assert has_gpu() is found


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The zoo's MobileNet by formula: its archive, and the folder that a hub's client would fetch."""
    folder = tmp_path_factory.mktemp("packed")
    tensors = formula_tensors("mobilenet")
    archive = zoo_archive(write_checkpoint(folder / "ckpt-0", tensors), M_NAME)
    return archive, write_saved_model(folder / "client", tensors, original_names("mobilenet"))


@pytest.fixture
def host(packed, monkeypatch, tmp_path, no_gpu):
    """The zoo's host, without a hub's client."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(sources, "PATIENCE", {"attempts": 1, "timeout_s": 5.0})
    monkeypatch.setattr(zoo, "FIGURES_FOLDER", tmp_path / "no figures")
    for client in ("kagglehub", "tensorflow_hub"):
        monkeypatch.setitem(sys.modules, client, None)
    with unsteady_server(Unsteady(packed[0])) as server:
        monkeypatch.setattr(zoo, "BASE_URL", server.url.rsplit("/", 1)[0])
        yield server


def _check_weights(detector: Detector) -> None:
    """All but the class head are the formula's; of the head, the background and "cat" are."""
    for key, variable in variables_by_key(detector.network).items():
        if not is_class_head(key):
            np.testing.assert_array_equal(
                np.asarray(variable), formula_weight(key, tuple(variable.shape)), err_msg=key
            )
    bias_key = next(
        key for key in variables_by_key(detector.network) if is_class_head(key) and "/bias/" in key
    )
    theirs = formula_weight(bias_key, (6 * 91,)).reshape(6, 91)
    ours = np.asarray(detector.network.get_layer("class_head").bias).reshape(6, 3)
    cat = 1 + COCO_CLASS_NAMES.index("cat")
    np.testing.assert_array_equal(ours[:, [0, 1]], theirs[:, [0, cat]])
    np.testing.assert_allclose(ours[:, 2], -4.6, rtol=1e-6)


def test_from_the_zoos_host_and_the_next_time_from_the_cache(host, tmp_path, caplog):
    cache = tmp_path / "models"
    with caplog.at_level(logging.INFO, "tflhelpers"):
        detector = Detector.pretrained(class_names=["cats", "duck"], cache=cache)
    assert any("to download once" in record.message for record in caplog.records)
    assert str(detector.origin) == (
        f"{M_TITLE}, because there is no GPU: {SIZE} from 127.0.0.1, kept in {cache} for the next time."
    )
    assert detector.restore_report.class_starts == (("cats", "cat"),)
    _check_weights(detector)
    again = Detector.pretrained("mobilenet_320", ["cats", "duck"], cache=cache)
    assert str(again.origin) == f"{M_TITLE}, as asked for: read from {cache}, nothing to download."
    assert len(host.requests) == 1


def test_from_the_hub_where_the_host_refuses(host, packed, monkeypatch, tmp_path):
    host.statuses = [403]
    client = SimpleNamespace(model_download=lambda handle: str(packed[1]))
    monkeypatch.setitem(sys.modules, "kagglehub", client)
    detector = Detector.pretrained("auto", ["cats", "duck"], cache=tmp_path)
    assert str(detector.origin).startswith(
        f"{M_TITLE}, because there is no GPU: {SIZE} from Kaggle or TensorFlow Hub, kept in {tmp_path} for "
        "the next time (127.0.0.1: Could not download http://127.0.0.1:"
    )
    assert str(detector.origin).endswith("the server refuses it (403)).")
    _check_weights(detector)


def test_without_any_source_auto_takes_the_embedded_one(host, tmp_path):
    host.statuses = [404] * 9
    detector = Detector.pretrained(class_names=["duck"], cache=tmp_path)
    assert (detector.class_names, detector.image_size) == (("duck",), (320, 320))
    origin = detector.origin
    assert (origin.name, len(origin.failures)) == ("embedded", 2)
    sentence = str(origin)
    assert sentence.startswith(
        f"The small detector that ships inside the package (embedded), because {M_TITLE} could not be loaded: "
        f"to use it without a network, put {M_NAME}.tar.gz by hand into {tmp_path} and run this again "
        "(127.0.0.1: Could not download "
    )
    assert "(404); Kaggle or TensorFlow Hub: neither kagglehub nor tensorflow-hub is installed" in sentence
    assert sentence.endswith("pip install kagglehub adds one).")
    assert "\n" not in sentence


def test_a_detector_that_was_named_is_not_replaced(host, tmp_path):
    host.statuses = [404] * 9
    for name in ("mobilenet_320", M_NAME):
        with pytest.raises(FetchError, match=r"run this again\.$"):
            Detector.pretrained(name, ["duck"], cache=tmp_path)


def test_damage_in_the_cache(host, tmp_path):
    (tmp_path / M_NAME / "checkpoint").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="delete the folder"):
        Detector.pretrained("mobilenet_320", ["duck"], cache=tmp_path)
    origin = Detector.pretrained("auto", ["duck"], cache=tmp_path).origin
    assert origin.name == "embedded"
    assert f"To fetch it again, delete the folder {tmp_path / M_NAME}" in str(origin)


def test_the_embedded_one_by_name(tmp_path):
    detector = Detector.pretrained("embedded", ["duck"], cache=tmp_path)
    assert (detector.origin.name, detector.class_names) == ("embedded", ("duck",))
    assert Detector.embedded().origin is None


def test_from_zoo_takes_a_saved_model_and_short_names(packed):
    detector = Detector.from_zoo("mobilenet_320", class_names=["cat", "duck"], checkpoint=packed[1])
    report = detector.restore_report
    assert (len(report.restored), len(report.skipped), report.class_starts) == (381, 3, ())
    with pytest.raises(CheckpointError, match=r"is of another architecture: the network is ssd_resnet50"):
        Detector.from_zoo("retinanet_resnet50_640", class_names=["cat"], checkpoint=packed[1])
