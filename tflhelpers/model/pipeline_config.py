"""Writes `pipeline.config`: our detectors as the TensorFlow Object Detection API describes them."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.kinds import check_detector
from tflhelpers.files.text_proto import quoted
from tflhelpers.model.checkpoint_file import CheckpointFile
from tflhelpers.model.checkpoint_index import KEY_SUFFIX
from tflhelpers.model.detector import Detector
from tflhelpers.model.heads import CLASS_HEAD_KEY
from tflhelpers.model.pipeline_template import (
    DEFAULTS,
    EXTRACTORS,
    MIN_DEPTH,
    MOBILENET,
    RESNET,
    TEMPLATE,
    ZOO_MIN_DEPTH,
    convolutions,
)
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key

RATES = {MOBILENET: 0.08, RESNET: 0.04}  # the zoo's, for a batch of 128 and 64 pictures
RATE_BATCHES = {MOBILENET: 128, RESNET: 64}
Records = str | os.PathLike | Sequence[str | os.PathLike]


def write_pipeline_config(
    detector: Detector,
    path: str | os.PathLike,
    *,
    train_records: Records,
    label_map: str | os.PathLike,
    checkpoint: str | os.PathLike | None = None,
    eval_records: Records | None = None,
    batch_size: int = 4,
    steps: int = 2000,
    learning_rate: float | None = None,
) -> Path:
    """Write the settings with which the Object Detection API goes on training a detector like ours.

    Batch norm stays frozen, as in `fine_tune`. Paths are written in full, so that the API may run anywhere.

    Args:
        detector: Whose network and number of classes are described.
        path: The file, usually `pipeline.config`.
        train_records: The record files or a pattern, as `write_tfrecords` returns them.
        label_map: The `label_map.pbtxt` beside them.
        checkpoint: Prefix of the checkpoint to start from, of `Detector.save_zoo_checkpoint` or of the zoo. Its
            class head is restored where it has one for as many classes.
        eval_records: Records to score with; None: those of the training.
        batch_size: Pictures a step.
        steps: Of the training.
        learning_rate: At the highest; None: the zoo's in proportion to the batch.

    Returns:
        The path.

    Raises:
        ValueError: If a number is wrong, or the network is one that the API cannot build.
        CheckpointError: If there is no such checkpoint.
    """
    check_detector(detector, "write_pipeline_config(detector, path, ...)", "architecture")
    family = detector.architecture.family
    rate = learning_rate if learning_rate is not None else RATES[family] * batch_size / RATE_BATCHES[family]
    if batch_size < 1 or steps < 1 or not 0 < rate < math.inf:
        raise ValueError(
            f"batch_size and steps must be at least 1 and learning_rate above 0, got {batch_size}, {steps}, {rate}."
        )
    warmup = min(steps // 10, 1000)
    text = TEMPLATE.format(
        **_model_values(detector.architecture),
        num_classes=len(detector.class_names),
        batch_size=batch_size,
        steps=steps,
        rate=rate,
        warmup_rate=rate / 3,
        warmup=warmup,
        fine_tune=_fine_tune(detector, checkpoint) if checkpoint is not None else "",
        label_map=_path(label_map),
        train_records=_input_paths(train_records),
        eval_records=_input_paths(train_records if eval_records is None else eval_records),
    )
    with atomic_file(Path(path)) as file:
        file.write(text.encode())
    return Path(path)


def _model_values(architecture: Architecture) -> dict[str, Any]:
    """The parts of the template that depend on the network."""
    height, width = architecture.image_size
    settings = {**DEFAULTS[architecture.family], **architecture.arguments}
    depth, is_mobilenet = settings["fpn_depth"], architecture.family == MOBILENET
    extractor = next(
        name for name, key in EXTRACTORS.items() if key == (architecture.family, settings.get("depth"))
    )
    decay, initializer = (4e-5, "normal") if is_mobilenet else (4e-4, "truncated")
    return {
        "height": height,
        "width": width,
        "extractor": extractor,
        "alpha": settings.get("alpha", 1.0),
        "min_depth": ZOO_MIN_DEPTH if settings.get("alpha", 1.0) >= 1.0 else MIN_DEPTH,
        "extractor_convolutions": convolutions(decay, initializer),
        "depthwise": "use_depthwise: true" if is_mobilenet else "",
        "fpn_depth": depth,
        "pyramid_depth": math.ceil(depth / settings.get("alpha", 1.0)),  # the API multiplies it by alpha
        "predictor_convolutions": convolutions(decay, "normal"),
        "share_tower": "share_prediction_tower: true" if is_mobilenet else "",
        "tower_layers": settings.get("tower_layers", 4),
    }


def _fine_tune(detector: Detector, checkpoint: str | os.PathLike) -> str:
    """The lines that name the checkpoint; "full" restores the class head too."""
    file = CheckpointFile(Path(checkpoint))
    key = f"{CLASS_HEAD_KEY}/bias{KEY_SUFFIX}"
    head = file.entries.get(key)
    is_whole = head is not None and head.shape == tuple(variables_by_key(detector.network)[key].shape)
    return (
        f"  fine_tune_checkpoint: {_path(file.prefix)}\n"
        f"  fine_tune_checkpoint_type: {quoted('full' if is_whole else 'detection')}\n"
        "  fine_tune_checkpoint_version: V2\n"
    )


def _path(path: str | os.PathLike) -> str:
    return quoted(Path(os.path.abspath(os.path.expanduser(path))).as_posix())


def _input_paths(records: Records) -> str:
    listed = [records] if isinstance(records, (str, os.PathLike)) else list(records)
    if not listed:
        raise ValueError("train_records and eval_records must name at least one record file, got none.")
    return " ".join(f"input_path: {_path(record)}" for record in listed)
