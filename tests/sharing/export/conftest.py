"""Detectors to export: a tiny one of odd shape, and the one that was really trained."""

from __future__ import annotations

import numpy as np
import pytest

from tests.model.formula import formula_weight
from tests.model.golden_case import picture
from tflhelpers.model.detector import Detector
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key

TINY = Architecture("ssd_mobilenet_v2_fpnlite", (64, 96), {"alpha": 0.35, "fpn_depth": 16, "tower_layers": 1})
MOBILENET_320 = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
HANDS = ("open", "closed", "pinch", "point", "face", "pointtip", "pinchtip")


def with_formula_weights(detector: Detector) -> Detector:
    for key, variable in variables_by_key(detector.network).items():
        variable.assign(formula_weight(key, tuple(variable.shape)))
    return detector


@pytest.fixture(scope="session")
def tiny() -> Detector:
    """64 rows by 96 columns, three classes, weights by formula: it finds a hundred boxes in everything."""
    return with_formula_weights(Detector(TINY, ["duck", "toy boat", 'a "quoted" größe'], threshold=0.25))


@pytest.fixture(scope="session")
def hands(shared_data) -> Detector:
    """The detector of hands and faces that others trained with the original implementation."""
    checkpoint = shared_data / "handtrack_320" / "checkpoint"
    return Detector.from_zoo(MOBILENET_320, class_names=HANDS, checkpoint=checkpoint)


@pytest.fixture(scope="session")
def pictures() -> list[np.ndarray]:
    """Three pictures of unlike shapes: wide, tall and huge (it is averaged before it is resized)."""
    return [picture(0, 75, 120), picture(1, 140, 61), picture(0, 300, 431)]
