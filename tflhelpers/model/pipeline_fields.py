"""Which values the fields of `model.ssd` in a `pipeline.config` may have, so that our networks give the same outputs.

The list is closed: a field is compared with what we compute, followed, or known not to matter; any other is named.
Names, types and defaults are those of object_detection/protos/*.proto; a default counts where a field is absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tflhelpers.files.text_proto import Message, Word
from tflhelpers.model.anchors import ANCHOR_SCALE, ASPECT_RATIOS, MAX_LEVEL, MIN_LEVEL, OCTAVE_SCALES
from tflhelpers.model.nms import IOU_THRESHOLD

_BOOLS = {"true": True, "True": True, "t": True, "false": False, "False": False, "f": False}
_BITS = {0: False, 1: True}
_ENUMS = {"BILINEAR": 0, "IDENTITY": 0, "SIGMOID": 1, "RELU_6": 2}  # a name may be written as its number
_KINDS = {int: "a whole number", float: "a number", str: "a text in quotes"}


@dataclass(frozen=True)
class Same:
    """A field that must have our value.

    Attributes:
        ours: What we compute with; a tuple for a repeated field.
        absent: What the API takes where the field is absent; None for the same.
    """

    ours: Any
    absent: Any = None


class OneOf(dict[str, Any]):
    """A message that holds one of several; this one or these."""


class _Anything:
    """A field that does not change the outputs, whatever it holds."""


ANYTHING = _Anything()


def ssd_fields(*, is_mobilenet: bool) -> dict[str, Any]:
    """Return all fields of `model.ssd`: name -> Same, ANYTHING, a type (of what is followed), or a message's."""
    return {
        "num_classes": int,
        "image_resizer": OneOf(
            fixed_shape_resizer={
                "height": int,
                "width": int,
                "resize_method": Same(Word("BILINEAR")),
                "convert_to_grayscale": Same(False),
            }
        ),
        "feature_extractor": _extractor(is_mobilenet),
        "box_predictor": OneOf(weight_shared_convolutional_box_predictor=_predictor(is_mobilenet)),
        "anchor_generator": OneOf(
            multiscale_anchor_generator={
                "min_level": Same(MIN_LEVEL, absent=3),
                "max_level": Same(MAX_LEVEL, absent=7),
                "anchor_scale": Same(float(ANCHOR_SCALE), absent=4.0),
                "aspect_ratios": Same(ASPECT_RATIOS),
                "scales_per_octave": Same(len(OCTAVE_SCALES), absent=2),
                "normalize_coordinates": Same(True),
            }
        ),
        "box_coder": OneOf(
            faster_rcnn_box_coder={
                "y_scale": Same(10.0),
                "x_scale": Same(10.0),
                "height_scale": Same(5.0),
                "width_scale": Same(5.0),
            }
        ),
        "post_processing": {
            "batch_non_max_suppression": _suppression(),
            "score_converter": Same(Word("SIGMOID"), absent=Word("IDENTITY")),
            "logit_scale": Same(1.0),
        },
        "add_background_class": Same(True),
        "explicit_background_class": Same(False),
        **dict.fromkeys(
            (
                "matcher",
                "similarity_calculator",
                "loss",
                "encode_background_as_zeros",
                "negative_class_weight",
                "normalize_loss_by_num_matches",
                "normalize_loc_loss_by_codesize",
                "freeze_batchnorm",
                "inplace_batchnorm_update",
                "use_confidences_as_targets",
                "implicit_example_weight",
                "return_raw_detections_during_predict",
            ),
            ANYTHING,
        ),
    }


def differences(message: Message, fields: dict[str, Any], path: str = "") -> list[str]:
    """Return what in a message is not as listed, a line each; `path` ends in a point, or is empty."""
    wrong = [_unknown(name, message, fields, path) for name in message if name not in fields]
    for name, field in fields.items():
        lines = message.given_twice(name)
        if lines and not (isinstance(field, Same) and isinstance(field.ours, tuple)):
            wrong.append(f"{path}{name} is given {len(message[name])} times, on {lines}. Keep one")
        elif field is not ANYTHING:
            wrong += _difference(message.get(name, []), field, path + name)
    return wrong


def float32(value: float) -> float:
    """Return a number rounded to float32, as the API keeps it, in its shortest digits.

    >>> float32(0.0010000000474974513)
    0.001
    """
    with np.errstate(over="ignore"):
        return float(str(np.float32(value)))


def typed(value: Any, kind: type) -> Any:
    """Return a value of the text as its field's type: bool, int, float, str or Word, or None if it is of another."""
    if kind is bool:
        return (
            _BOOLS.get(value) if isinstance(value, Word) else _BITS.get(value) if type(value) is int else None
        )
    if kind is float:
        return _as_float(value)
    return value if type(value) is kind else None


def _extractor(is_mobilenet: bool) -> dict[str, Any]:
    return {
        "type": str,
        "depth_multiplier": float if is_mobilenet else Same(1.0),
        "min_depth": int,
        "conv_hyperparams": _convolutions(),
        "override_base_feature_extractor_hyperparams": Same(True, absent=False),
        "pad_to_multiple": int,
        "use_explicit_padding": Same(False),
        "use_depthwise": Same(is_mobilenet, absent=False),
        "fpn": {
            "min_level": Same(MIN_LEVEL, absent=3),
            "max_level": Same(MAX_LEVEL, absent=7),
            "additional_layer_depth": int,
        },
        "replace_preprocessor_with_placeholder": Same(False),
        "num_layers": Same(6),
    }


def _predictor(is_mobilenet: bool) -> dict[str, Any]:
    return {
        "conv_hyperparams": _convolutions(),
        "num_layers_before_predictor": int,
        "depth": int,
        "kernel_size": Same(3),
        "box_code_size": Same(4),
        "share_prediction_tower": Same(is_mobilenet, absent=False),
        "use_depthwise": Same(is_mobilenet, absent=False),
        "score_converter": Same(Word("IDENTITY")),
        **dict.fromkeys(("class_prediction_bias_init", "use_dropout", "dropout_keep_probability"), ANYTHING),
    }


def _convolutions() -> dict[str, Any]:
    return {
        "activation": Same(Word("RELU_6"), absent=Word("RELU")),
        "batch_norm": {
            "center": Same(True),
            "scale": Same(True, absent=False),
            "epsilon": Same(0.001),
            "decay": ANYTHING,
            "train": ANYTHING,
        },
        "force_use_bias": Same(False),
        **dict.fromkeys(("op", "regularizer", "initializer", "regularize_depthwise"), ANYTHING),
    }


def _suppression() -> dict[str, Any]:
    """How many boxes and from which score on is asked of `detect`, and takes none from among the better ones."""
    return {
        "iou_threshold": Same(IOU_THRESHOLD, absent=0.6),
        "use_class_agnostic_nms": Same(False),
        "soft_nms_sigma": Same(0.0),
        "use_partitioned_nms": Same(False),
        "use_combined_nms": Same(False),
        **dict.fromkeys(
            (
                "score_threshold",
                "max_detections_per_class",
                "max_total_detections",
                "max_classes_per_detection",  # of class-agnostic suppression
                "change_coordinate_frame",  # of pictures that are padded
                "use_hard_nms",  # as is done without soft_nms_sigma
                "use_cpu_nms",
                "use_static_shapes",
            ),
            ANYTHING,
        ),
    }


def _unknown(name: str, message: Message, fields: dict[str, Any], path: str) -> str:
    line = message.lines[name][0]
    if isinstance(fields, OneOf):
        return f"{path.removesuffix('.')} must be a {' or '.join(fields)}, got {name} (line {line})"
    return f"{path}{name} (line {line}) is no field that our networks can follow"


def _difference(values: list[Any], field: Any, path: str) -> list[str]:
    if isinstance(field, dict):
        return _difference_of_message(values, field, path)
    if isinstance(field, type):
        return [_not_of(field, path, each) for each in values if typed(each, field) is None]
    if isinstance(field.ours, tuple):
        ratios = [typed(each, float) for each in values]
        fits = tuple(ratios) == field.ours or not values
        return [] if fits else [f"{path} must be {list(field.ours)}, got {_shown(values)}"]
    absent = field.ours if field.absent is None else field.absent
    given = values[-1] if values else None
    got = typed(given, type(field.ours)) if values else absent
    if got == field.ours or (isinstance(field.ours, Word) and _is_number(given, _ENUMS[field.ours])):
        return []
    return [f"{path} must be {_shown(field.ours)}, got {_shown(given if got is None else got)}"]


def _difference_of_message(values: list[Any], fields: dict[str, Any], path: str) -> list[str]:
    message = values[-1] if values else Message()
    if not isinstance(message, Message):
        return [f"{path} must be a message in braces, got {_shown(message)}"]
    if isinstance(fields, OneOf) and not message:
        return [f"{path} must be a {' or '.join(fields)}, got none"]
    if isinstance(fields, OneOf) and not fields.keys() & message.keys():
        return [_unknown(next(iter(message)), message, fields, path + ".")]
    return differences(message, fields, path + ".")


def _not_of(kind: type, path: str, value: Any) -> str:
    return f"{path} must be {_KINDS[kind]}, got {_shown(value)}"


def _is_number(value: Any, number: int) -> bool:
    return type(value) is int and value == number


def _as_float(value: Any) -> float | None:
    if isinstance(value, Word):
        return float(value) if value.lower().lstrip("-") in ("inf", "infinity", "nan") else None
    return float32(value) if type(value) in (int, float) else None


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Message):
        return "a message"
    return str(value) if isinstance(value, (Word, list)) else repr(value)
