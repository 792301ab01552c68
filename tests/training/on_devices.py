"""A program that trains the tiny detector with Keras on JAX, alone or as one of two processes.

    python -m tests.training.on_devices FOLDER NAME [ADDRESS PROCESS]

FOLDER holds the photos; what comes of the training goes to NAME.npz there. JAX has as many devices as XLA_FLAGS say.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

from tests.training.tiny import SIDE, start_anew, tiny_detector, weights
from tflhelpers.data.annotations import Annotations
from tflhelpers.model.detector import Detector
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.history import History
from tflhelpers.training.trainer import DetectorTrainer

RECIPE = {"tiles": None, "steps": 20, "batch_size": 8, "augment": None, "progress": False}  # all layers learn
BAD_STEP = 11  # its loss is said to be nan, once: the training goes back to its start


class Watch:
    """Keeps what is previewed."""

    image, every = np.full((SIDE, SIDE, 3), 99, np.uint8), 10

    def __init__(self) -> None:
        self.steps: list[int] = []

    def __call__(self, step, boxes, *, loss=None) -> None:
        self.steps.append(step)


def main() -> None:
    folder, name, *together = Path(sys.argv[1]), *sys.argv[2:]
    if together:
        keras.distribution.initialize(together[0], 2, int(together[1]))
    pictures, detector = Annotations.load(folder / "annotations.json"), tiny_detector()
    state = folder / ("together" if together else name)
    train(detector, pictures, state, folder / f"{name}.npz", Watch() if together[1:] != ["1"] else None)
    if together:
        train_another(detector, pictures, int(together[1]))
    else:
        train_again(detector, pictures, state)


def train(detector: Detector, pictures: Annotations, state: Path, result: Path, watch: Watch | None) -> None:
    """With a state on disk, previews, and one step that goes wrong."""
    learn, seen = DetectorTrainer.learn, []

    def once_bad(self, *batch):
        seen.append(learn(self, *batch))
        return seen[-1] | ({"loss": np.nan} if len(seen) == BAD_STEP + 1 else {})

    DetectorTrainer.learn = once_bad
    history = fine_tune(detector, pictures, **RECIPE, resume_dir=state, watch=watch)
    assert watch is None or watch.steps == [0, 10, 20], watch.steps
    save(result, detector, history)


def save(path: Path, detector: Detector, history: History) -> None:
    found = detector.detect(Watch.image, threshold=0.01)
    losses = {name: getattr(history, name) for name in ("loss", "box_loss", "class_loss", "matched")}
    arrays = {f"weight {key}": value for key, value in weights(detector).items()}
    np.savez(path, notes=np.array(history.notes), scores=found.scores, **losses, **arrays)


def train_again(detector: Detector, pictures: Annotations, state: Path) -> None:
    """From the state on disk, which is that of the end, with one device that is chosen."""
    learned = weights(detector)
    start_anew(detector)
    one = keras.distribution.DataParallel(devices=keras.distribution.list_devices()[:1])
    with one.scope():
        fine_tune(detector, pictures, **RECIPE, resume_dir=state)
    for key, value in weights(detector).items():
        np.testing.assert_array_equal(value, learned[key])


def train_another(detector: Detector, pictures: Annotations, process: int) -> None:
    """With another seed in each process, which all refuse."""
    start_anew(detector)
    try:
        fine_tune(detector, pictures, **RECIPE, seed=process)
    except ValueError as error:
        print(error, flush=True)


if __name__ == "__main__":
    main()
