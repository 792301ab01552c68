"""OpenVINO and, by tf2onnx, ONNX Runtime find in pictures of any size what TensorFlow and LiteRT find.

OPENVINO_PYTHON names the Python of an environment with openvino, TF2ONNX_PYTHON of one with tensorflow, tf2onnx and
onnxruntime.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.model.golden_case import picture
from tflhelpers.model.detector import Detector
from tflhelpers.model.preprocess import network_input
from tflhelpers.sharing.export.litert import interpreter
from tflhelpers.sharing.export.saved_model import export_saved_model
from tflhelpers.sharing.export.tflite import export_tflite

pytestmark = [pytest.mark.peers, pytest.mark.timeout(600)]

JOBS = Path(__file__).with_name("engine_jobs.py")
SIZES = [(256, 256), (250, 330), (600, 400), (1300, 1290), (2001, 2600)]  # the last two are averaged first
PIXELS, SCORE = 0.05, 1e-5
VARIABLES = {"openvino": "OPENVINO_PYTHON", "onnx": "TF2ONNX_PYTHON"}


def ask(engine: str, model: Path, inputs: dict[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
    python = os.environ.get(VARIABLES[engine], "")
    if not python:
        pytest.skip(f"needs the variable {VARIABLES[engine]}: a Python that has the engine")
    np.savez(folder / "inputs.npz", **inputs)
    command = [python, JOBS, engine, model, folder / "inputs.npz", folder / "outputs.npz"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(folder / "outputs.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.embedded(["duck", "boat"])


@pytest.fixture(scope="module")
def pictures() -> dict[str, np.ndarray]:
    return {f"{height}x{width}": picture(height % 2, height, width)[None] for height, width in SIZES}


def assert_same(got, wanted, names, pictures) -> None:
    boxes, scores = names
    for key, given in pictures.items():
        pixels = np.abs(got[f"{boxes}/{key}"] - wanted[key][boxes]).max() * max(given.shape[1:3])
        score = np.abs(got[f"{scores}/{key}"] - wanted[key][scores]).max()
        print(f"{key}: boxes within {pixels:.4f} px, scores within {score:.1e}")
        assert pixels < PIXELS
        assert score < SCORE


@pytest.mark.parametrize("engine", VARIABLES)
def test_a_saved_model_elsewhere(engine, detector, pictures, tmp_path):
    folder = tmp_path / "saved"
    export_saved_model(detector, folder)
    got = ask(engine, folder, pictures, tmp_path)
    model = tf.saved_model.load(str(folder))
    run = model.signatures["serving_default"]
    wanted = {
        key: {n: v.numpy() for n, v in run(tf.constant(each)).items()} for key, each in pictures.items()
    }
    assert_same(got, wanted, ("raw_detection_boxes", "raw_detection_scores"), pictures)
    for key in pictures:
        np.testing.assert_allclose(
            got[f"detection_scores/{key}"], wanted[key]["detection_scores"], atol=SCORE
        )


def test_a_litert_file_elsewhere(detector, pictures, tmp_path):
    path = tmp_path / "raw.tflite"
    export_tflite(detector, path, head="raw")
    inputs = {key: network_input(each[0], detector.image_size)[None] for key, each in pictures.items()}
    got = ask("openvino", path, inputs, tmp_path)
    run = interpreter(path).get_signature_runner()
    wanted = {key: dict(run(images=each)) for key, each in inputs.items()}
    assert_same(got, wanted, ("boxes", "scores"), pictures)
