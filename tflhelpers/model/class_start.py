"""What a new class head takes over from a detector of COCO: the weights of the classes that COCO knows too.

Channel anchor · (N + 1) + slot of the head's last convolution gives the logit of a slot: 0 the background, k + 1 class
k. The classes that are taken over keep their channels, and so does the background; the others start anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.model.anchors import ANCHORS_PER_CELL
from tflhelpers.model.checkpoint import RestoreReport, WeightsFile, restore
from tflhelpers.model.coco_classes import COCO_CLASS_NAMES
from tflhelpers.model.heads import CLASS_HEAD_KEY, PREDICTOR_KEY
from tflhelpers.model.saved_model_file import open_weights
from tflhelpers.model.ssd import is_class_head

UNUSED = "unused id"
PLURALS = (("ies", "y"), ("es", ""), ("s", ""))
NOT_PLURAL = ("ss", "us")  # "glass", "bus"


def coco_label(class_name: str) -> int | None:
    """The label from 0 to 89 of the COCO class that this name means, None for none.

    Case, spaces, underscores, hyphens and a simple plural make no difference.

    Example:
        >>> coco_label("Hot_Dogs"), COCO_CLASS_NAMES[coco_label("Hot_Dogs")], coco_label("duck")
        (57, 'hot dog', None)
    """
    known = _coco_forms()
    return next((known[form] for form in _forms(class_name) if form in known), None)


def restore_with_class_start(
    variables: Mapping[str, Any],
    path: str | Path,
    class_names: Sequence[str],
    *,
    expected: str,
    is_coco: bool,
) -> RestoreReport:
    """Restores all that the file has for a detector of these classes; the rest of the network starts anew.

    Args:
        variables: checkpoint key → variable, of a fresh network.
        path: of a checkpoint or SavedModel.
        class_names: of the network.
        expected: what the network is called in messages.
        is_coco: the file's 90 classes are COCO's, so that those that equal one of `class_names` are taken over.

    Raises:
        CheckpointError: it is not of this network; see `restore`.
    """
    file = open_weights(path)
    fresh = fresh_parts(file, variables)
    if is_coco and not fresh and tuple(class_names) != COCO_CLASS_NAMES:
        fresh = (CLASS_HEAD_KEY,)  # as many classes, but others
    starts = _starts(class_names) if is_coco and fresh == (CLASS_HEAD_KEY,) else {}
    report = restore(variables, path, skip=fresh, expected=expected)
    if not starts or _num_classes(file) != len(COCO_CLASS_NAMES):
        return report
    head = sorted(key for key in report.skipped if is_class_head(key))
    for key, array in {key: _taken_over(file, key, variables[key], starts) for key in head}.items():
        variables[key].assign(array)
    kept = tuple((class_names[ours], COCO_CLASS_NAMES[theirs]) for ours, theirs in starts.items())
    return replace(report, skipped=(), partly=tuple(head), class_starts=kept)


def fresh_parts(file: WeightsFile, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """What the file cannot give: nothing, the class head (of other classes), or the box predictor."""
    if not any(key.startswith(PREDICTOR_KEY) for key in file.entries):
        return (PREDICTOR_KEY,)
    head = {key: tuple(v.shape) for key, v in variables.items() if is_class_head(key)}
    fits = all(key in file.entries and file.entries[key].shape == shape for key, shape in head.items())
    return () if fits else (CLASS_HEAD_KEY,)


@cache
def _coco_forms() -> dict[str, int]:
    """Each form of each of COCO's names → its label; a name as it is goes before another's singular."""
    names = [(label, _forms(name)) for label, name in enumerate(COCO_CLASS_NAMES) if UNUSED not in name]
    singulars = {form: label for label, forms in names for form in forms[1:]}
    return singulars | {forms[0]: label for label, forms in names}


def _starts(class_names: Sequence[str]) -> dict[int, int]:
    """Our label → COCO's, for the classes that COCO knows."""
    labels = {label: coco_label(name) for label, name in enumerate(class_names)}
    return {ours: theirs for ours, theirs in labels.items() if theirs is not None}


def _num_classes(file: WeightsFile) -> int | None:
    bias = next((e.shape for key, e in file.entries.items() if is_class_head(key) and "/bias/" in key), None)
    return bias[0] // ANCHORS_PER_CELL - 1 if bias else None


def _taken_over(file: WeightsFile, key: str, variable: Any, starts: Mapping[int, int]) -> np.ndarray:
    """The class head's weight with the file's channels where a class is taken over, the variable's own elsewhere."""
    theirs = file.read(key)
    if "/depthwise_kernel/" in key:  # all classes share it
        return theirs
    slots = {0: 0} | {k + 1: v + 1 for k, v in starts.items()}
    return class_columns_replaced(np.asarray(variable), theirs, slots)


def class_columns_replaced(ours: np.ndarray, theirs: np.ndarray, slots: Mapping[int, int]) -> np.ndarray:
    """`ours` (..., 6 · our slots) with the values of `theirs` (..., 6 · their slots) in some slots of each anchor.

    Args:
        slots: our slot → theirs; slot 0 is the background.
    """
    mine = ours.reshape(*ours.shape[:-1], ANCHORS_PER_CELL, -1).copy()
    mine[..., list(slots)] = theirs.reshape(*theirs.shape[:-1], ANCHORS_PER_CELL, -1)[
        ..., list(slots.values())
    ]
    return mine.reshape(ours.shape)


def _forms(name: str) -> list[str]:
    """The name without case and gaps, and what it may be the plural of; the name as it is comes first."""
    word = re.sub(r"[\s_-]+", "", name.casefold())
    singular = [word.removesuffix(end) + rest for end, rest in PLURALS if word.endswith(end)]
    return [word] if word.endswith(NOT_PLURAL) else [word, *singular]
