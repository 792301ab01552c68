"""`diagnose`: why a detector finds nothing, or everything, or cannot be trained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from tflhelpers.data.annotations import Annotations, check_annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import image_size, open_picture
from tflhelpers.evaluation.diagnosis import Cause, Diagnosis
from tflhelpers.evaluation.symptoms import Case, examine
from tflhelpers.evaluation.training_symptoms import LossHistory, history_causes, weight_causes

DEFAULT_THRESHOLD = 0.5
DEFAULT_ANCHOR = 32.0  # pixels of the input: the smallest anchor of the zoo's detectors


class Detecting(Protocol):
    """What is asked of a detector; `image_size`, `threshold`, `network` and anchors are used if it has them."""

    @property
    def class_names(self) -> tuple[str, ...]: ...

    def detect_all(self, images: Sequence[Path], *, threshold: float, progress: bool) -> list[Boxes]: ...


def diagnose(
    detector: Detecting,
    annotations: Annotations,
    *,
    history: LossHistory | None = None,
    threshold: float | None = None,
    max_images: int = 50,
    progress: bool = True,
) -> Diagnosis:
    """Find out why a detector finds nothing, marks everything, or had a loss of 0 or nan: cause and remedy.

    Knows: no boxes at all, boxes as fractions, x and y swapped, boxes drawn on pictures that lay on their side,
    labels shifted by one, classes in another order or that one side lacks, objects too small after resizing, a
    learning rate that was too high (or too low), a threshold that is too high or too low, a detector that was never
    trained. Where none of what falsifies them is found, it says too what makes the pictures hard to learn from (small,
    rare, varied or alike objects), with the number that shows it and what helps.

    Args:
        detector: a trained one; it is run with `threshold=0`.
        annotations: pictures and true boxes; those trained on serve as well as others.
        history: what `fine_tune` returned, to look at the losses too.
        threshold: score from which boxes are shown; None for the detector's own.
        max_images: pictures that are looked at, at most, spread over all of them.
        progress: show a bar while the detector runs.

    Returns:
        What was found, which may be nothing; print it.

    Raises:
        ValueError: no detector, no annotations, or `max_images` below 1.

    Example:
        `print(tfl.diagnose(detector, photos, history=history))`
    """
    _check_arguments(detector, annotations)
    known = [*(history_causes(history) if history is not None else ()), *_weight_causes(detector)]
    if any("nan" in cause.name for cause in known):
        return Diagnosis(tuple(known), "No picture was looked at: a detector with nan in it finds nothing.")
    sample = _spread(annotations, max_images)
    threshold = getattr(detector, "threshold", DEFAULT_THRESHOLD) if threshold is None else threshold
    case = Case(
        annotations=sample,
        predictions=(
            detector.detect_all(sample.image_paths, threshold=0.0, progress=progress) if len(sample) else []
        ),
        sizes=[image_size(path) for path in sample.image_paths],
        stored_sideways=[_is_stored_sideways(path) for path in sample.image_paths],
        threshold=threshold,
        class_names=tuple(detector.class_names),
        input_size=getattr(detector, "image_size", None),
        smallest_anchor=_smallest_anchor(detector),
    )
    return examine(case, known)


def _check_arguments(detector: Any, annotations: Any) -> None:
    if not (hasattr(detector, "detect_all") and hasattr(detector, "class_names")):
        got = type(detector).__name__
        raise ValueError(
            f"detector must be a Detector, got {got}. The call is diagnose(detector, annotations)."
        )
    check_annotations(annotations, "diagnose(detector, annotations)")


def _spread(annotations: Annotations, max_images: int) -> Annotations:
    if max_images < 1:
        raise ValueError(f"max_images must be at least 1 picture, got {max_images}.")
    return annotations[:: max(1, math.ceil(len(annotations) / max_images))]


def _weight_causes(detector: Any) -> Iterator[Cause]:
    network = getattr(detector, "network", None)
    if network is not None:
        weights = {weight.path: np.asarray(weight.numpy()) for weight in network.trainable_weights}
        yield from weight_causes(weights)


def _smallest_anchor(detector: Any) -> float:
    """Square root of the smallest anchor's area, in pixels of the input."""
    anchors, size = getattr(detector, "anchors_rel_yxyx", None), getattr(detector, "image_size", None)
    if anchors is None or size is None:
        return DEFAULT_ANCHOR
    sides = (anchors[:, 2:] - anchors[:, :2]) * np.asarray(size)
    return float(np.sqrt(sides.prod(axis=1).min()))


def _is_stored_sideways(path: Path) -> bool:
    """Whether the file holds the picture with the sides of the upright one swapped."""
    try:
        with path.open("rb") as file, open_picture(file) as picture:
            return picture.size != image_size(path)[::-1]
    except (OSError, ValueError, Image.DecompressionBombError):  # unreadable, or a format that needs an extra
        return False
