"""A program that trains the tiny detector with Keras on JAX, alone or as one of two processes.

    python -m tests.training.on_devices FOLDER NAME [ADDRESS PROCESS]

FOLDER holds the photos; what comes of each training goes to NAME.npz there. JAX has as many devices as XLA_FLAGS say.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

from tests.training.tiny import SIDE, tiny_detector, weights
from tflhelpers.data.annotations import Annotations
from tflhelpers.model.detector import Detector
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.history import History
from tflhelpers.training.trainer import DetectorTrainer

WHOLE = {"steps": 20, "batch_size": 8, "progress": False}  # the default recipe
HEADS = {"steps": 12, "batch_size": 6, "trainable": "heads", "progress": False}
BAD_STEP = 11  # its loss is said to be nan, once


class Watch:
    """Keeps what is previewed."""

    image, every = np.full((SIDE, SIDE, 3), 99, np.uint8), 4

    def __init__(self) -> None:
        self.steps: list[int] = []

    def __call__(self, step, boxes, *, loss=None) -> None:
        self.steps.append(step)


def save(path: Path, detector: Detector, history: History) -> None:
    found = detector.detect(Watch.image, threshold=0.01)
    losses = {name: getattr(history, name) for name in ("loss", "box_loss", "class_loss", "matched")}
    arrays = {f"weight {key}": value for key, value in weights(detector).items()}
    notes = np.array([*history.notes, ""])
    np.savez(path, notes=notes, boxes=found.xyxy, scores=found.scores, **losses, **arrays)


def train_heads(pictures: Annotations, folder: Path, name: str) -> None:
    """With features kept, previews, a state on disk, and one step that goes wrong; then once more from the disk."""
    learn, seen = DetectorTrainer.learn, []

    def once_bad(self, *batch):
        seen.append(learn(self, *batch))
        return seen[-1] | ({"loss": np.nan} if len(seen) == BAD_STEP + 1 else {})

    DetectorTrainer.learn = once_bad
    watch, detector = Watch(), tiny_detector()
    history = fine_tune(detector, pictures, **HEADS, resume_dir=folder / f"{name} heads", watch=watch)
    save(folder / f"{name} heads.npz", detector, history)
    assert watch.steps == [0, 4, 8, 4, 8, 12], watch.steps
    again = tiny_detector()
    fine_tune(again, pictures, **HEADS, resume_dir=folder / f"{name} heads")
    for key, value in weights(again).items():
        np.testing.assert_array_equal(value, weights(detector)[key])


def train_with_others(pictures: Annotations, folder: Path, name: str, process: int) -> None:
    """A state on disk for all, and a call that differs between the processes."""
    detector = tiny_detector()
    history = fine_tune(detector, pictures, **WHOLE, resume_dir=folder / "together")
    save(folder / f"{name}.npz", detector, history)
    try:
        fine_tune(tiny_detector(), pictures, **WHOLE, seed=process)
    except ValueError as error:
        print(error, flush=True)


def main() -> None:
    folder, name, *together = Path(sys.argv[1]), *sys.argv[2:]
    if together:
        address, process = together
        keras.distribution.initialize(address, 2, int(process))
    pictures = Annotations.load(folder / "annotations.json")
    if together:
        train_with_others(pictures, folder, name, int(process))
        return
    detector = tiny_detector()
    save(folder / f"{name}.npz", detector, fine_tune(detector, pictures, **WHOLE))
    train_heads(pictures, folder, name)


if __name__ == "__main__":
    main()
