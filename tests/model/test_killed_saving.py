"""A detector whose saving is killed at any moment is the old one or the new one, never names of one with the other's
weights."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.model.saving import NAMES
from tflhelpers.files.atomic_folder import finish_files
from tflhelpers.model.weights import read_npz

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def program():
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.model.saving"],
        cwd=ROOT,
        env={**os.environ, **quiet},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield started
    started.stdin.close()
    started.wait(60)


def kill_a_saving(program, folder, seconds):
    program.stdin.write(f"{folder}\n")
    program.stdin.flush()
    child = int(program.stdout.readline())
    while not (folder / "detector.json").exists():
        time.sleep(0.005)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)  # it is waited for only once it is dead, so the number is its own


def check_kills(program, folder, kills):
    moments = random.Random(3)
    for _ in range(kills):
        kill_a_saving(program, folder, moments.uniform(0, 0.3))
        time.sleep(0.02)
        finish_files(folder)  # as `Detector.load` does first
        names = json.loads((folder / "detector.json").read_text())["class_names"]
        levels = {float(value) for array in read_npz(folder / "weights.npz").values() for value in array.flat}
        assert levels == {float(NAMES.index(tuple(names)))}


def test_a_killed_saving(program, tmp_path):
    check_kills(program, tmp_path / "detector", 3)


@pytest.mark.slow
def test_a_saving_killed_thirty_times(program, tmp_path):
    check_kills(program, tmp_path / "detector", 30)
    assert len(list(tmp_path.iterdir())) <= 31, "the folder, and what the kills left"
