"""Reads `pipeline.config`: which of our networks the TensorFlow Object Detection API trained, if it is one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflhelpers.files.text import read_text
from tflhelpers.files.text_proto import TextProtoError, parse_text_proto
from tflhelpers.model.anchors import ANCHOR_SCALE, ASPECT_RATIOS, MAX_LEVEL, MIN_LEVEL, OCTAVE_SCALES
from tflhelpers.model.checkpoint import restore
from tflhelpers.model.detector import Detector
from tflhelpers.model.pipeline_template import DEFAULTS, EXTRACTORS, MIN_DEPTH, MOBILENET, ZOO_MIN_DEPTH
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key


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
    try:
        config = parse_text_proto(read_text(path))
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
        checkpoint: Prefix or folder of the training's checkpoint, or folder of a SavedModel that was exported from it.
        class_names: In the order of the label map's numbers.

    Raises:
        PipelineConfigError: If the file describes another kind of network, or another number of classes.
        CheckpointError: If the checkpoint is not of this network.
    """
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
    alpha = float(_get(ssd, "feature_extractor", "depth_multiplier", default=1.0)) if is_mobilenet else 1.0
    pyramid_depth = int(_get(ssd, *fpn, "additional_layer_depth", default=256) * alpha)
    if pyramid_depth != depth:
        wrong.append(
            f"feature_extractor.fpn.additional_layer_depth times depth_multiplier must be the box predictor's depth "
            f"{depth}, got {pyramid_depth}"
        )
    min_depth = _get(ssd, "feature_extractor", "min_depth", default=ZOO_MIN_DEPTH)
    if alpha < 1.0 and min_depth > MIN_DEPTH:
        wrong.append(
            f"min_depth must be at most {MIN_DEPTH} where depth_multiplier is {alpha}, got {min_depth}"
        )
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
