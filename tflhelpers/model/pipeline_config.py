"""`pipeline.config`: our detectors as the TensorFlow Object Detection API describes them, and back.

The values are those of the model zoo's own files for SSD FPN (tensorflow/models,
research/object_detection/configs/tf2). Names of messages: object_detection/protos/*.proto.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflhelpers.data.text_proto import TextProtoError, parse_text_proto, quoted
from tflhelpers.data.whole_files import written_whole
from tflhelpers.model.anchors import ANCHOR_SCALE, ASPECT_RATIOS, MAX_LEVEL, MIN_LEVEL, OCTAVE_SCALES
from tflhelpers.model.checkpoint_file import CheckpointFile
from tflhelpers.model.detector import Detector
from tflhelpers.model.heads import CLASS_HEAD_KEY
from tflhelpers.model.pipeline_template import TEMPLATE, convolutions
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import KEY_SUFFIX, variables_by_key

MOBILENET, RESNET = "ssd_mobilenet_v2_fpnlite", "ssd_resnet_fpn"
EXTRACTORS = {  # the API's name -> family and ResNet's depth
    "ssd_mobilenet_v2_fpn_keras": (MOBILENET, None),
    "ssd_resnet50_v1_fpn_keras": (RESNET, 50),
    "ssd_resnet101_v1_fpn_keras": (RESNET, 101),
    "ssd_resnet152_v1_fpn_keras": (RESNET, 152),
}
DEFAULTS: dict[str, dict[str, Any]] = {  # of our builders, and of the zoo
    MOBILENET: {"alpha": 1.0, "fpn_depth": 128, "tower_layers": 4},
    RESNET: {"depth": 50, "fpn_depth": 256},
}
RATES = {MOBILENET: 0.08, RESNET: 0.04}  # the zoo's, for a batch of 128 and 64 pictures
RATE_BATCHES = {MOBILENET: 128, RESNET: 64}
Records = str | os.PathLike | Sequence[str | os.PathLike]


class PipelineConfigError(ValueError):
    """A `pipeline.config` that cannot be read or that our networks cannot follow; the message says which line."""


@dataclass(frozen=True)
class PipelineConfig:
    """What a `pipeline.config` says of its detector.

    Attributes:
        architecture: For `Detector(architecture, class_names)`.
        num_classes: Foreground classes.
        label_map: Path of the label map, as written there, or None.
    """

    architecture: Architecture
    num_classes: int
    label_map: str | None


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
    with written_whole(Path(path)) as file:
        file.write(text.encode())
    return Path(path)


def read_pipeline_config(path: str | os.PathLike) -> PipelineConfig:
    """Read which network a `pipeline.config` describes.

    With a checkpoint of that training, `Detector.from_zoo(..., checkpoint=...)` or, for other sizes than the zoo's,
    `detector_from_pipeline` has its outputs.

    Raises:
        PipelineConfigError: If it is no such file, or describes a network that we do not have.
        OSError: If it cannot be read.
    """
    path = Path(path)
    try:
        config = parse_text_proto(path.read_text("utf-8-sig"))
    except (TextProtoError, UnicodeDecodeError) as error:
        raise PipelineConfigError(
            f"{path}: expected a pipeline.config, got something else ({error})"
        ) from error
    ssd = _get(config, "model", "ssd")
    if not isinstance(ssd, dict):
        kinds = ", ".join(_get(config, "model") or ["no model"])
        raise PipelineConfigError(
            f"{path}: expected a model of the kind ssd, got {kinds}. Others are not supported."
        )
    wrong = _differences(ssd)
    if wrong:
        raise PipelineConfigError(f"{path}: the network differs from ours:\n  " + "\n  ".join(wrong))
    label_map = _get(config, "train_input_reader", "label_map_path")
    return PipelineConfig(_architecture(ssd), int(_get(ssd, "num_classes")), label_map)


def detector_from_pipeline(
    path: str | os.PathLike, checkpoint: str | os.PathLike, class_names: Sequence[str]
) -> Detector:
    """Return the detector that the API trained with a `pipeline.config`.

    Args:
        path: The file.
        checkpoint: Prefix or folder of the training's checkpoint.
        class_names: In the order of the label map's numbers.

    Raises:
        PipelineConfigError: If the file describes another kind of network, or another number of classes.
        CheckpointError: If the checkpoint is not of this network.
    """
    from tflhelpers.model.checkpoint import restore

    config = read_pipeline_config(path)
    if len(class_names) != config.num_classes:
        raise PipelineConfigError(
            f"{path}: expected names of its {config.num_classes} classes, got {len(class_names)}: "
            f"{', '.join(class_names)}."
        )
    detector = Detector(config.architecture, class_names)
    variables = variables_by_key(detector.network)
    detector.restore_report = restore(
        variables, Path(checkpoint), expected=f"the network of {Path(path).name}"
    )
    return detector


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
        "extractor_convolutions": convolutions(decay, initializer),
        "depthwise": "use_depthwise: true" if is_mobilenet else "",
        "fpn_depth": depth,
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


def _get(message: Any, *names: str, default: Any = None) -> Any:
    """The last value of a field inside messages, by the names on the way to it."""
    for name in names:
        values = message.get(name) if isinstance(message, dict) else None
        if not values:
            return default
        message = values[-1]
    return message


def _architecture(ssd: dict) -> Architecture:
    family, depth = EXTRACTORS[_get(ssd, "feature_extractor", "type")]
    size = [_get(ssd, "image_resizer", "fixed_shape_resizer", side) for side in ("height", "width")]
    predictor = _get(ssd, "box_predictor", "weight_shared_convolutional_box_predictor")
    given = {
        "depth": depth,
        "alpha": float(_get(ssd, "feature_extractor", "depth_multiplier", default=1.0)),
        "fpn_depth": _get(predictor, "depth", default=0),
        "tower_layers": _get(predictor, "num_layers_before_predictor", default=0),
    }
    usual = DEFAULTS[family]
    arguments = {
        name: given[name] for name, value in usual.items() if given[name] != value or name == "depth"
    }
    return Architecture(family, (int(size[0]), int(size[1])), arguments)


def _differences(ssd: dict) -> list[str]:
    """What in an ssd message would give other outputs than our networks have."""
    extractor = _get(ssd, "feature_extractor", "type")
    if extractor not in EXTRACTORS:
        return [f"feature_extractor.type must be one of {', '.join(EXTRACTORS)}, got {extractor!r}"]
    is_mobilenet = EXTRACTORS[extractor][0] == MOBILENET
    predictor = ("box_predictor", "weight_shared_convolutional_box_predictor")
    fpn, anchors = ("feature_extractor", "fpn"), ("anchor_generator", "multiscale_anchor_generator")
    depth = _get(ssd, *predictor, "depth", default=0)
    separable = "true" if is_mobilenet else "false"
    expected: list[
        tuple[tuple[str, ...], Any, Any]
    ] = [  # field, what the API takes where it is absent, what we have
        (("feature_extractor", "override_base_feature_extractor_hyperparams"), "false", "true"),
        (("feature_extractor", "use_depthwise"), "false", separable),
        ((*fpn, "min_level"), 3, MIN_LEVEL),
        ((*fpn, "max_level"), 7, MAX_LEVEL),
        ((*fpn, "additional_layer_depth"), 256, depth),
        ((*predictor, "kernel_size"), 3, 3),
        ((*predictor, "use_depthwise"), "false", separable),
        ((*predictor, "share_prediction_tower"), "false", separable),
        ((*anchors, "min_level"), 3, MIN_LEVEL),
        ((*anchors, "max_level"), 7, MAX_LEVEL),
        ((*anchors, "anchor_scale"), 4.0, ANCHOR_SCALE),
        ((*anchors, "scales_per_octave"), 2, len(OCTAVE_SCALES)),
    ]
    for part in (("feature_extractor",), predictor):
        expected.append(((*part, "conv_hyperparams", "activation"), "RELU", "RELU_6"))
        expected.append(((*part, "conv_hyperparams", "batch_norm", "epsilon"), 0.001, 0.001))
    wrong = [
        f"{'.'.join(names)} must be {ours}, got {got}"
        for names, absent, ours in expected
        if (got := _get(ssd, *names, default=absent)) != ours
    ]
    ratios = _get(ssd, *anchors[:1], anchors[1], default={}).get("aspect_ratios", [1.0, 2.0, 0.5])
    if tuple(ratios) != ASPECT_RATIOS:
        wrong.append(f"aspect_ratios must be {list(ASPECT_RATIOS)}, got {ratios}")
    return wrong + _odd_numbers(ssd, is_mobilenet)


def _odd_numbers(ssd: dict, is_mobilenet: bool) -> list[str]:
    resizer = _get(ssd, "image_resizer", default={})
    predictor = _get(ssd, "box_predictor", "weight_shared_convolutional_box_predictor")
    sides = [_get(resizer, "fixed_shape_resizer", side) for side in ("height", "width")]
    layers = _get(predictor, "num_layers_before_predictor", default=0)
    wrong = []
    if not all(isinstance(side, int) and side > 0 for side in sides):
        wrong.append(f"image_resizer must be a fixed_shape_resizer, got {', '.join(resizer) or 'none'}")
    if not isinstance(_get(ssd, "num_classes"), int) or _get(ssd, "num_classes") < 1:
        wrong.append(f"num_classes must be at least 1, got {_get(ssd, 'num_classes')}")
    if not isinstance(layers, int) or layers < 1 or (layers != 4 and not is_mobilenet):
        wrong.append(
            f"num_layers_before_predictor must be {'at least 1' if is_mobilenet else 4}, got {layers}"
        )
    return wrong
