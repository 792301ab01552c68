"""A training on several devices, in one process or two, is that of one device."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.on_devices import BAD_STEP
from tests.training.tiny import drawn_pictures

ROOT = Path(__file__).resolve().parents[2]
LOSSES = ("loss", "box_loss", "class_loss")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        importlib.util.find_spec("jax") is None, reason='JAX is not installed: pip install ".[jax]"'
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photos: six with objects, two without, so that hard negatives are told of to all devices."""
    folder = tmp_path_factory.mktemp("devices")
    drawn_pictures(folder, 6, negatives=2).save(folder / "annotations.json")
    return folder


def start(folder: Path, name: str, devices: int, *together: str) -> subprocess.Popen:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    flags = {"KERAS_BACKEND": "jax", "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}
    command = [sys.executable, "-m", "tests.training.on_devices", str(folder), name, *together]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | quiet | flags, stdout=pipe, stderr=pipe, text=True
    )


def finish(*programs: subprocess.Popen) -> list[str]:
    said = [program.communicate() for program in programs]
    assert [program.returncode for program in programs] == [0] * len(programs), said
    return [out for out, _ in said]


def loaded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def check_equal(ours: dict[str, np.ndarray], its: dict[str, np.ndarray]) -> None:
    assert ours.keys() == its.keys()
    for name in LOSSES:
        np.testing.assert_allclose(ours[name], its[name], rtol=1e-4, err_msg=name)
    np.testing.assert_array_equal(ours["matched"], its["matched"])  # over the whole batch
    for name in (key for key in its if key.startswith("weight ")):
        np.testing.assert_allclose(ours[name], its[name], atol=1e-4, err_msg=name)
    np.testing.assert_allclose(ours["scores"], its["scores"], atol=1e-4)


@pytest.fixture(scope="module")
def one(folder):
    finish(start(folder, "one", 1))
    return loaded(folder / "one.npz")


def test_eight_devices_learn_what_one_does(folder, one):
    finish(start(folder, "eight", 8))
    eight = loaded(folder / "eight.npz")
    assert len(eight["loss"]) == 20
    told, went_back, *_ = eight["notes"]
    assert told == "Each batch of 8 was spread over 8 devices."
    assert went_back.startswith(f"Step {BAD_STEP + 1}: the loss became nan; went back to step 0")
    check_equal(eight, one)


def test_two_processes_learn_what_one_does(folder, one):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    names = ["first", "second"]
    said = finish(*(start(folder, name, 2, address, str(number)) for number, name in enumerate(names)))
    for name in names:
        together = loaded(folder / f"{name}.npz")
        assert together["notes"][0] == "Each batch of 8 was spread over 4 devices."
        check_equal(together, one)
    assert ["their settings differ" in each for each in said] == [True, True]
