"""A program whose trainings are killed: for each line it reads it forks a child that trains, and tells its number.

    python -m tests.training.dying PICTURES QUICK

A line is "RESUME_DIR RESULT": the child trains there, logs every step, and writes the weights to RESULT. What is
printed are the child's process number and, when it has ended, how. TensorFlow is imported once, before the forks, and
does nothing until then.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from tests.training.tiny import tiny_detector, weights
from tflhelpers.data.annotations import Annotations
from tflhelpers.training import resume
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.trainer import DetectorTrainer

SAVE_STEPS = 2
LOG = "steps.log"
QUICK = {"steps": 30, "batch_size": 2, "trainable": "heads", "augment": None, "learning_rate": 0.01}
WHOLE = {"steps": 60, "batch_size": 2}  # the default recipe, with all of its state


def main() -> None:
    pictures, recipe = Annotations.load(sys.argv[1]), QUICK if sys.argv[2] == "quick" else WHOLE
    resume.SAVE_STEPS, resume.SAVE_SHARE = SAVE_STEPS, float("inf")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            folder, result = map(Path, line.split())
            train(pictures, recipe, folder, result)
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


def train(pictures: Annotations, recipe: dict, folder: Path, result: Path) -> None:
    learn = DetectorTrainer.learn
    folder.mkdir(exist_ok=True)

    def logged(self, *batch):
        losses = learn(self, *batch)
        with (folder / LOG).open("a") as log:
            log.write(f"{int(np.asarray(self.optimizer.iterations))}\n")
        time.sleep(0.03)  # long enough to be killed at
        return losses

    DetectorTrainer.learn = logged
    detector = tiny_detector()
    fine_tune(detector, pictures, **recipe, resume_dir=folder)
    np.savez(result, **{str(number): value for number, value in enumerate(weights(detector).values())})


if __name__ == "__main__":
    main()
