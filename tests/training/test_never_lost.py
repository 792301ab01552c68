"""A training whose process is killed at any moment goes on from its last state, and ends as the unbroken one."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.training.dying import LOG, QUICK, SAVE_STEPS, WHOLE
from tests.training.tiny import drawn_pictures

ROOT = Path(__file__).resolve().parents[2]


class Trainings:
    """Children of `tests.training.dying`, one at a time."""

    def __init__(self, folder: Path, recipe: str) -> None:
        self.folder = folder
        drawn_pictures(folder, 4, negatives=2).save(folder / "annotations.json")
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1", "CUDA_VISIBLE_DEVICES": ""}
        self.program = subprocess.Popen(
            [sys.executable, "-m", "tests.training.dying", str(folder / "annotations.json"), recipe],
            cwd=ROOT,
            env={**os.environ, **quiet},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def close(self) -> None:
        self.program.stdin.close()
        self.program.wait(60)

    def live(self, name: str, *, killed_after: float | None = None, of_training: bool = True) -> bool:
        """Trains in the folder of that name; whether it got to the end.

        Killed after so many seconds of the training, counted from its first step, or of the process.
        """
        lines = len(self.steps(name))
        self.program.stdin.write(f"{self.folder / name} {self.folder / name}.npz\n")
        self.program.stdin.flush()
        child = int(self.program.stdout.readline())
        if killed_after is not None:
            while of_training and len(self.steps(name)) == lines:
                assert self.program.poll() is None
                time.sleep(0.005)
            time.sleep(killed_after)
            os.kill(child, signal.SIGKILL)  # it is not yet waited for, so that the number is still its own
        status = int(self.program.stdout.readline())
        assert status in (0, signal.SIGKILL)
        return status == 0

    def steps(self, name: str) -> list[int]:
        """The numbers of the steps that were learned from so far, in all lives."""
        log = self.folder / name / LOG
        return [int(line) for line in log.read_text().splitlines()] if log.exists() else []

    def weights(self, name: str) -> list[np.ndarray]:
        with np.load(self.folder / f"{name}.npz") as file:
            return list(file.values())


@pytest.fixture
def trainings(request, tmp_path):
    started = Trainings(tmp_path, request.param)
    yield started
    started.close()


def check_killed(trainings: Trainings, steps: int, kills: int, longest_life: float) -> None:
    assert trainings.live("unbroken")
    assert trainings.steps("unbroken") == list(range(1, steps + 1))
    rng = np.random.default_rng(5)
    lives = []
    for number in range(kills):
        before = len(trainings.steps("broken"))
        in_training = number % 3 != 1  # else while it starts and reads its state
        moment = rng.uniform(0, longest_life if in_training else 1.0)
        ended = trainings.live("broken", killed_after=moment, of_training=in_training)
        lives.append(trainings.steps("broken")[before:])
        if ended:
            break
    before = len(trainings.steps("broken"))
    assert trainings.live("broken")
    lives.append(trainings.steps("broken")[before:])
    check_lives([life for life in lives if life], steps)
    for ours, its in zip(trainings.weights("broken"), trainings.weights("unbroken"), strict=True):
        np.testing.assert_allclose(ours, its, atol=1e-3)


def check_lives(lives: list[list[int]], steps: int) -> None:
    """Each goes on at most one interval before the step at which the one before it died, and leaves none out."""
    assert lives[0][0] == 1
    for life in lives:
        assert life == list(range(life[0], life[0] + len(life)))
    for earlier, later in itertools.pairwise(lives):
        assert earlier[-1] - SAVE_STEPS <= later[0] <= earlier[-1] + 1
    assert lives[-1][-1] == steps


@pytest.mark.parametrize("trainings", ["quick"], indirect=True)
def test_a_killed_training_goes_on(trainings):
    check_killed(trainings, QUICK["steps"], kills=2, longest_life=0.4)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("trainings", ["whole"], indirect=True)
def test_a_training_killed_thirty_times_goes_on(trainings):
    check_killed(trainings, WHOLE["steps"], kills=30, longest_life=0.25)
