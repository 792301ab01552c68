"""A folder to work in: photos with boxes, the smallest detector that can be saved, and what is neither."""

from __future__ import annotations

from pathlib import Path

from tests.training.tiny import CLASS_NAMES, drawn_pictures, start_anew
from tflhelpers.data.annotations import Annotations
from tflhelpers.model.detector import Detector
from tflhelpers.model.settings import Architecture


def small_detector() -> Detector:
    """Its weights are given by formula, so that it finds boxes everywhere."""
    arguments = {"alpha": 0.05, "fpn_depth": 8, "tower_layers": 1}
    architecture = Architecture("ssd_mobilenet_v2_fpnlite", (64, 64), arguments)
    detector = Detector(architecture, CLASS_NAMES, threshold=0.2)
    start_anew(detector)
    return detector


def furnish(folder: Path) -> Annotations:
    """Write `photos` with `annotations.json`, and `models/small`."""
    (folder / "photos").mkdir()
    annotations = drawn_pictures(folder / "photos", 4, negatives=1)
    annotations.save(folder / "photos" / "annotations.json")
    small_detector().save(folder / "models" / "small")
    return annotations
