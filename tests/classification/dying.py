"""A program that fine-tunes the tiny classifier, to be killed: python -m tests.classification.dying PICTURES FOLDER."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.classification.tiny import CLASS_NAMES, SIDE, tiny_maps
from tflhelpers.classification import classifier as classifier_module
from tflhelpers.classification import fine_tuning
from tflhelpers.classification.fitting import fit_classifier
from tflhelpers.classification.labelled import labelled_photos
from tflhelpers.training import resume

EPOCHS = 6


def train(pictures: Path, folder: Path, pause: float = 0.0):
    """The classifier and its history, saved at each step; `pause` seconds a step, to be killed in."""
    learn = fine_tuning._Trainer.learn

    def slowly(self, *batch):
        time.sleep(pause)
        return learn(self, *batch)

    fine_tuning._Trainer.learn, resume.SAVE_SECONDS = slowly, 0.0
    built, classifier_module.feature_maps = classifier_module.feature_maps, tiny_maps
    try:
        made = classifier_module.Classifier.build(
            CLASS_NAMES, "embedded", "fine-tune", image_size=(SIDE, SIDE)
        )
        history = fit_classifier(
            made, labelled_photos(pictures), epochs=EPOCHS, resume_dir=folder, progress=False
        )
    finally:
        fine_tuning._Trainer.learn, classifier_module.feature_maps = learn, built
    return made, history


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]), pause=0.1)
