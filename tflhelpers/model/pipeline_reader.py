"""Reads `pipeline.config`: which of our networks the TensorFlow Object Detection API trained, if it is one."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflhelpers.files.kinds import check_kind
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.files.text import decode_file
from tflhelpers.files.text_proto import Message, TextProtoError, parse_text_proto
from tflhelpers.files.words import counted
from tflhelpers.model.checkpoint import restore
from tflhelpers.model.detector import Detector
from tflhelpers.model.pipeline_fields import differences, float32, ssd_fields
from tflhelpers.model.pipeline_template import DEFAULTS, EXTRACTORS, MIN_DEPTH, MOBILENET, ZOO_MIN_DEPTH
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key

_RESIZER = ("image_resizer", "fixed_shape_resizer")
_PREDICTOR = ("box_predictor", "weight_shared_convolutional_box_predictor")


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


def read_pipeline_config(path: str | os.PathLike) -> PipelineConfig:
    """Read which network a `pipeline.config` describes.

    With a checkpoint of that training, `Detector.from_zoo(..., checkpoint=...)` or, for other sizes than the zoo's,
    `detector_from_pipeline` has its outputs.

    Raises:
        PipelineConfigError: If it is no such file, or describes a network that we do not have.
        OSError: If it cannot be read.
    """
    path = Path(path)
    refuse_stand_in(path, "a pipeline.config", PipelineConfigError)
    try:
        config = parse_text_proto(decode_file(path)[0])
    except TextProtoError as error:
        raise PipelineConfigError(
            f"{path}: expected a pipeline.config, got something else ({error})"
        ) from error
    ssd = _get(config, "model", "ssd")
    if not isinstance(ssd, Message):
        kinds = ", ".join(_get(config, "model") or ["no model"])
        raise PipelineConfigError(
            f"{path}: expected a model of the kind ssd, got {kinds}. Others are not supported."
        )
    wrong = _given_twice(config) or _differences(ssd)
    if wrong:
        raise PipelineConfigError(f"{path}: the network differs from ours:\n  " + "\n  ".join(wrong))
    label_map = _get(config, "train_input_reader", "label_map_path")
    return PipelineConfig(_architecture(ssd), _get(ssd, "num_classes"), label_map)


def detector_from_pipeline(
    path: str | os.PathLike, checkpoint: str | os.PathLike, class_names: Sequence[str]
) -> Detector:
    """Return the detector that the API trained with a `pipeline.config`.

    Args:
        path: The file.
        checkpoint: Prefix or folder of the training's checkpoint, or folder of a SavedModel that was exported from it.
        class_names: In the order of the label map's numbers.

    Raises:
        PipelineConfigError: If the file describes another kind of network, or another number of classes.
        CheckpointError: If the checkpoint is not of this network.
    """
    config = read_pipeline_config(path)
    fits = isinstance(class_names, Sequence) and not isinstance(class_names, str)
    check_kind(fits, class_names, "class_names must be a list of names", 'Write ["duck", "boat"]')
    if len(class_names) != config.num_classes:
        raise PipelineConfigError(
            f"{path}: expected names of its {config.num_classes} classes, got {len(class_names)}: "
            f"{', '.join(class_names)}."
        )
    detector = Detector(config.architecture, class_names)
    variables = variables_by_key(detector.network)
    detector.restore_report = restore(
        variables,
        Path(checkpoint),
        expected=f"the network of {Path(path).name}",
        class_advice=_config_of_the_same_training,
    )
    return detector


def _config_of_the_same_training(ours: int, theirs: int) -> str:
    return (
        f"the config says {counted(ours, 'class', 'classes')}, the checkpoint has {theirs}. "
        f"Give the pipeline.config and the checkpoint of one training, or correct num_classes and class_names"
    )


def _get(message: Any, *names: str, default: Any = None) -> Any:
    """The last value of a field inside messages, by the names on the way to it."""
    for name in names:
        values = message.get(name) if isinstance(message, dict) else None
        if not values:
            return default
        message = values[-1]
    return message


def _architecture(ssd: Message) -> Architecture:
    family, depth = EXTRACTORS[_get(ssd, "feature_extractor", "type")]
    size = [_get(ssd, *_RESIZER, side) for side in ("height", "width")]
    given = {
        "depth": depth,
        "alpha": _alpha(ssd),
        "fpn_depth": _get(ssd, *_PREDICTOR, "depth"),
        "tower_layers": _get(ssd, *_PREDICTOR, "num_layers_before_predictor"),
    }
    usual = DEFAULTS[family]
    arguments = {
        name: given[name] for name, value in usual.items() if given[name] != value or name == "depth"
    }
    return Architecture(family, (size[0], size[1]), arguments)


def _given_twice(config: Message) -> list[str]:
    """What outside `model.ssd` is read, and given more than once."""
    places = [
        (config, "model"),
        (config, "train_input_reader"),
        (_get(config, "model"), "ssd"),
        (_get(config, "train_input_reader"), "label_map_path"),
    ]
    return [
        f"{name} is given {len(message[name])} times, on {lines}. Keep one"
        for message, name in places
        if isinstance(message, Message) and (lines := message.given_twice(name))
    ]


def _differences(ssd: Message) -> list[str]:
    """What in an ssd message would give other outputs than our networks have."""
    extractor = _get(ssd, "feature_extractor", "type")
    if not isinstance(extractor, str) or extractor not in EXTRACTORS:
        return [f"feature_extractor.type must be one of {', '.join(EXTRACTORS)}, got {extractor!r}"]
    is_mobilenet = EXTRACTORS[extractor][0] == MOBILENET
    return differences(ssd, ssd_fields(is_mobilenet=is_mobilenet)) or [
        *_odd_depths(ssd),
        *_odd_numbers(ssd, is_mobilenet),
    ]


def _alpha(ssd: Message) -> float:
    return float32(_get(ssd, "feature_extractor", "depth_multiplier", default=1.0))


def _odd_depths(ssd: Message) -> list[str]:
    extractor, alpha = _get(ssd, "feature_extractor"), _alpha(ssd)
    if not 0 < alpha < math.inf:
        return [f"feature_extractor.depth_multiplier must be above 0, got {alpha}"]
    depth = _get(ssd, *_PREDICTOR, "depth", default=0)
    pyramid_depth = int(_get(extractor, "fpn", "additional_layer_depth", default=256) * alpha)
    min_depth = _get(extractor, "min_depth", default=ZOO_MIN_DEPTH)
    highest = MIN_DEPTH if alpha < 1.0 else ZOO_MIN_DEPTH
    wrong = []
    if pyramid_depth != depth:
        wrong.append(
            f"feature_extractor.fpn.additional_layer_depth times depth_multiplier must be the box predictor's depth "
            f"{depth}, got {pyramid_depth}"
        )
    if min_depth > highest:
        wrong.append(
            f"min_depth must be at most {highest} where depth_multiplier is {alpha}, got {min_depth}"
        )
    return wrong


def _odd_numbers(ssd: Message, is_mobilenet: bool) -> list[str]:
    sides = [_get(ssd, *_RESIZER, side) for side in ("height", "width")]
    layers = _get(ssd, *_PREDICTOR, "num_layers_before_predictor", default=0)
    multiple = _get(ssd, "feature_extractor", "pad_to_multiple", default=1)
    wrong = []
    if not all(side is not None and side > 0 for side in sides):
        wrong.append(f"fixed_shape_resizer must have a height and a width above 0, got {sides}")
    elif multiple < 1 or any(side % multiple for side in sides):
        wrong.append(f"pad_to_multiple must be a divisor of height and width {sides}, got {multiple}")
    if _get(ssd, "num_classes", default=0) < 1:
        wrong.append(f"num_classes must be at least 1, got {_get(ssd, 'num_classes')}")
    if layers < 1 or (layers != 4 and not is_mobilenet):
        wrong.append(
            f"num_layers_before_predictor must be {'at least 1' if is_mobilenet else 4}, got {layers}"
        )
    return wrong
