"""What commit d003595 wrote still loads: a state in the middle of a training, and a detector's folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from tests.training.tiny import drawn_pictures, tiny_detector
from tflhelpers.model.detector import Detector
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.trainer import DetectorTrainer

OLDER = Path(__file__).parent / "from_d003595"
RECIPE = {
    "steps": 8,
    "batch_size": 2,
    "trainable": "heads",
    "augment": None,
    "learning_rate": 0.01,
    "optimizer": "sgd",
    "tiles": None,
}


def test_an_older_training_is_gone_on_with_and_ends_as_it_did_then(tmp_path, monkeypatch):
    shutil.copytree(OLDER / "resume", tmp_path / "resume")
    learned, learn = [], DetectorTrainer.learn
    monkeypatch.setattr(
        DetectorTrainer, "learn", lambda self, *batch: learned.append(batch) or learn(self, *batch)
    )
    pictures = drawn_pictures(tmp_path, 4, negatives=2)
    history = fine_tune(tiny_detector(), pictures, **RECIPE, resume_dir=tmp_path / "resume")
    wanted = json.loads((OLDER / "history.json").read_text())
    assert len(learned) == 4
    assert history.loss[:4] == wanted["loss"][:4]
    np.testing.assert_allclose(history.loss, wanted["loss"], rtol=1e-3)
    assert history.matched == wanted["matched"]


def test_an_older_detector_finds_what_it_found_then():
    detector = Detector.load(OLDER / "detector")
    assert (detector.class_names, detector.image_size, detector.threshold) == (
        ("red", "blue"),
        (96, 128),
        0.3,
    )
    image = np.random.default_rng(3).integers(0, 256, (70, 91, 3), dtype=np.uint8)
    found = detector.detect(image, threshold=0.0, max_boxes=3)
    np.testing.assert_allclose(
        found.xyxy, [[0, 0, 86.88, 61.85], [5.26, 49.97, 21.5, 70], [0, 0, 91, 70]], atol=0.05
    )
    np.testing.assert_allclose(found.scores, [0.2313, 0.1892, 0.1882], atol=1e-3)
    assert found.labels.tolist() == [0, 1, 0]
