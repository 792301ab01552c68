"""A fine-tuning whose process is killed goes on from its last state, and ends as the unbroken one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.classification.dying import train
from tests.classification.tiny import striped_and_checked
from tflhelpers.training.resume import STATE_FILE

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_training_goes_on(tmp_path):
    pictures, rng = striped_and_checked(tmp_path / "pictures", 20), np.random.default_rng(3)
    unbroken, whole = train(pictures, tmp_path / "unbroken")
    for _ in range(4):
        kill_after_its_first_new_state(pictures, tmp_path / "broken", rng.uniform(0, 0.5))
    broken, history = train(pictures, tmp_path / "broken")
    np.testing.assert_allclose(history.loss, whole.loss, atol=1e-3)
    np.testing.assert_allclose(history.held_out_loss, whole.held_out_loss, atol=1e-3)
    for ours, its in zip(broken.network.variables, unbroken.network.variables, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(its), atol=1e-3)


def kill_after_its_first_new_state(pictures: Path, folder: Path, seconds: float) -> None:
    state, began = folder / STATE_FILE, time.time()
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.classification.dying", str(pictures), str(folder)],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        stderr=subprocess.DEVNULL,
    )
    while program.poll() is None and not (state.is_file() and state.stat().st_mtime >= began):
        time.sleep(0.005)
    time.sleep(seconds)
    program.send_signal(signal.SIGKILL)
    assert program.wait(60) in (0, -signal.SIGKILL)
