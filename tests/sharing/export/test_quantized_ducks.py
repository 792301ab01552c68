"""What 8 and 16 bits cost: a detector fine-tuned on the five rubber-duck photos, exported, on the 49 frames."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sharing.export.conftest import MOBILENET_320
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.images import read_image
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.model.detector import Detector
from tflhelpers.sharing.export.tflite import LIMITS, export_tflite, prove_equal
from tflhelpers.sharing.export.tflite_detector import TFLiteDetector
from tflhelpers.training.fine_tune import fine_tune

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STEPS = 80  # of fine-tuning: half a minute, after which all ducks are found
MIN_SCORE = 0.001
SIZES = {None: (0.95, 1.25), "float16": (0.5, 0.65), "dynamic": (0.25, 0.36), "int8": (0.25, 0.38)}


@pytest.fixture(scope="module")
def photos(shared_data):
    folder = shared_data / "ducky"
    return Annotations.load(folder / "annotations_train.json", images=folder / "train")


@pytest.fixture(scope="module")
def frames(shared_data):
    folder = shared_data / "ducky"
    return Annotations.load(folder / "annotations_test_reflections.json", images=folder / "test")


@pytest.fixture(scope="module")
def ducks(photos, shared_data) -> Detector:
    checkpoint = shared_data / "handtrack_320" / "checkpoint"
    detector = Detector.from_zoo(MOBILENET_320, class_names=photos.class_names, checkpoint=checkpoint)
    fine_tune(detector, photos, steps=STEPS, seed=0)
    return detector


@pytest.fixture(scope="module")
def keras_scores(ducks, frames):
    return score(ducks, frames)


def score(detector, frames):
    return evaluate(detector.detect_all(frames.image_paths, threshold=MIN_SCORE, progress=False), frames)


@pytest.mark.parametrize(
    ("quantize", "head"),
    [(None, "postprocess"), ("float16", "raw"), ("dynamic", "raw"), ("int8", "postprocess")],
)
def test_the_ducks_are_found_as_before(ducks, photos, frames, keras_scores, tmp_path, quantize, head):
    info = export_tflite(ducks, tmp_path / "duck.tflite", quantize=quantize, head=head, images=photos)
    small = TFLiteDetector(info)
    scores = score(small, frames)
    print(
        info, f"AP50 {scores.ap50:.4f} ({keras_scores.ap50:.4f}), AP {scores.ap:.4f} ({keras_scores.ap:.4f})"
    )
    assert keras_scores.ap50 > 0.95
    assert scores.ap50 >= keras_scores.ap50 - 0.02
    assert scores.ap >= keras_scores.ap - 0.05
    lowest, highest = SIZES[quantize]
    assert lowest <= info.size_bytes / (4 * ducks.network.count_params()) <= highest
    wanted_input = np.uint8 if (quantize, head) == ("int8", "postprocess") else np.float32
    assert small._file._input_dtype == wanted_input
    pictures = [read_image(path) for path in frames.image_paths]
    print(prove_equal(ducks, small, pictures, LIMITS[quantize]))
