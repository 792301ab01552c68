"""The second source: clients of Kaggle and TensorFlow Hub, in whose place the tests put their own."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from tests.model.formula import SUFFIX
from tests.model.synthetic_saved_models import write_saved_model
from tflhelpers.model.fetch import FetchError
from tflhelpers.model.hub import fetch_from_hub, hub_handle, kaggle_handle
from tflhelpers.model.saved_model_file import open_weights
from tflhelpers.model.zoo import fetch_zoo_model, zoo_model

KEY = f"model/_feature_extractor/classification_backbone/layer_with_weights-0/kernel{SUFFIX}"
MODEL = zoo_model("mobilenet_320")
KAGGLE, HUB = (
    f"kagglehub, asked for {kaggle_handle(MODEL)}",
    f"tensorflow-hub, asked for {hub_handle(MODEL)}",
)


@pytest.mark.parametrize(
    ("name", "hub", "kaggle"),
    [
        (
            "mobilenet_320",
            "https://tfhub.dev/tensorflow/ssd_mobilenet_v2/fpnlite_320x320/1",
            "tensorflow/ssd-mobilenet-v2/tensorFlow2/fpnlite-320x320/1",
        ),
        (
            "mobilenet_640",
            "https://tfhub.dev/tensorflow/ssd_mobilenet_v2/fpnlite_640x640/1",
            "tensorflow/ssd-mobilenet-v2/tensorFlow2/fpnlite-640x640/1",
        ),
        (
            "retinanet_resnet50_640",
            "https://tfhub.dev/tensorflow/retinanet/resnet50_v1_fpn_640x640/1",
            "tensorflow/retinanet/tensorFlow2/resnet50-v1-fpn-640x640/1",
        ),
        (
            "retinanet_resnet152_1024",
            "https://tfhub.dev/tensorflow/retinanet/resnet152_v1_fpn_1024x1024/1",
            "tensorflow/retinanet/tensorFlow2/resnet152-v1-fpn-1024x1024/1",
        ),
    ],
)
def test_what_they_are_called_there(name, hub, kaggle):
    assert (hub_handle(zoo_model(name)), kaggle_handle(zoo_model(name))) == (hub, kaggle)


@pytest.fixture
def served(tmp_path):
    """A SavedModel in the client's own folder, with more in it than we need."""
    folder = write_saved_model(
        tmp_path / "client" / "1", {KEY: np.float32([[1, 2, 3]])}, {KEY: "Conv1/kernel"}
    )
    (folder / "assets").mkdir()
    return folder


@pytest.fixture
def clients(monkeypatch):
    """Installs stand-ins: `clients(kagglehub=function, tensorflow_hub=function)`; what is not named is absent."""

    def install(**functions):
        calls = []
        for client, method in (("kagglehub", "model_download"), ("tensorflow_hub", "resolve")):
            function = functions.get(client)

            def call(handle, client=client, function=function):
                calls.append((client, handle))
                return function()

            module = SimpleNamespace(**{method: call}) if function else None
            monkeypatch.setitem(sys.modules, client, module)
        return calls

    return install


@pytest.mark.parametrize(
    ("present", "asked"),
    [
        (["kagglehub"], ("kagglehub", kaggle_handle(MODEL))),
        (["tensorflow_hub"], ("tensorflow_hub", hub_handle(MODEL))),
        (["kagglehub", "tensorflow_hub"], ("kagglehub", kaggle_handle(MODEL))),
    ],
)
def test_what_a_client_fetches_is_kept_in_the_cache(clients, served, tmp_path, present, asked):
    calls = clients(**dict.fromkeys(present, lambda: str(served)))
    cache = tmp_path / "cache"
    path = fetch_from_hub(MODEL, cache)
    assert calls == [asked]
    assert path == cache / MODEL.name / "saved_model"
    assert open_weights(path).read(KEY).tolist() == [[1, 2, 3]]
    assert {file.name for file in path.iterdir()} == {"saved_model.pb", "variables"}
    assert [file.name for file in cache.iterdir()] == [MODEL.name]
    assert fetch_zoo_model(MODEL.name, cache=cache) == path  # the next session


def test_one_that_fails_is_followed_by_the_other(clients, served, tmp_path):
    calls = clients(kagglehub=_fail(ConnectionError("404")), tensorflow_hub=lambda: str(served))
    assert fetch_from_hub(MODEL, tmp_path / "cache").is_dir()
    assert [client for client, _ in calls] == ["kagglehub", "tensorflow_hub"]


def _fail(error):
    def function():
        raise error

    return function


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        ({}, "neither kagglehub nor tensorflow-hub is installed; pip install kagglehub adds one"),
        ({"kagglehub": _fail(ConnectionError("no route\n to host"))}, f"{KAGGLE}: no route to host"),
        ({"kagglehub": _fail(RuntimeError())}, f"{KAGGLE}: RuntimeError"),
        ({"tensorflow_hub": _fail(OSError("403"))}, f"{HUB}: 403"),
        (
            {"kagglehub": _fail(OSError("403")), "tensorflow_hub": _fail(OSError("404"))},
            f"{KAGGLE}: 403; {HUB}: 404",
        ),
        ({"kagglehub": _fail(ValueError("x" * 300))}, f"{KAGGLE}: {'x' * 200} …"),
    ],
)
def test_each_failure_is_one_line(clients, tmp_path, functions, reason):
    clients(**functions)
    with pytest.raises(FetchError) as raised:
        fetch_from_hub(MODEL, tmp_path / "cache")
    assert raised.value.reason == reason
    assert not (tmp_path / "cache").exists()


def test_what_is_damaged_is_not_kept(clients, served, tmp_path):
    clients(kagglehub=lambda: str(served))
    data = served / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes().replace(np.float32(2).tobytes(), np.float32(4).tobytes()))
    with pytest.raises(FetchError, match=rf"{KAGGLE}: The data file of .* is damaged: the checksum"):
        fetch_from_hub(MODEL, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_folder_without_a_saved_model(clients, tmp_path):
    clients(kagglehub=lambda: str(tmp_path))
    with pytest.raises(FetchError, match=rf"{KAGGLE}: expected a SavedModel in .*, got none"):
        fetch_from_hub(MODEL, tmp_path / "cache")


def test_ctrl_c_is_no_failure_of_the_source(clients, tmp_path):
    clients(kagglehub=_fail(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        fetch_from_hub(MODEL, tmp_path / "cache")
