"""A classifier on disk: a text file that tells how to build it, and its weights, replaced whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tflhelpers.classification.backbones import EMBEDDED, WIDTH_BEFORE, known_backbones
from tflhelpers.files.atomic_folder import finish_files, replace_files, scratch_beside
from tflhelpers.files.json_file import (
    NAMES,
    SIZE,
    SWITCH,
    BadJson,
    Check,
    check_fields,
    is_number,
    one_of,
    read_json,
)
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.model.weights import DamagedFile, read_npz, refuse_not_finite, write_npz

SETTINGS_FILE = "classifier.json"
WEIGHTS_FILE = "classifier_weights.npz"
FORMAT_VERSION = 1
_FIELDS: dict[str, Check] = {
    "class_names": NAMES,
    "mode": one_of("features", "fine-tune"),
    "image_size": SIZE,
    "trained_backbone": SWITCH,
}
_WIDTH: Check = (
    (lambda value: value is None or is_number(value, 0.01, 10)),
    "a number from 0.01 to 10, or null",
)


def write_classifier(folder: Path, settings: dict, variables: Sequence) -> Path:
    """Writes both files; an older classifier in the folder is replaced once both are whole.

    Args:
        folder: made if absent.
        settings: what it takes to build the network: "class_names", "backbone", "mode", "image_size",
            "trained_backbone", "width".
        variables: of the network, in its order.
    """
    with scratch_beside(folder) as scratch:
        arrays = {f"{i:05d}": np.asarray(variable) for i, variable in enumerate(variables)}
        write_npz(scratch / WEIGHTS_FILE, np.savez, arrays)
        text = json.dumps({"format": FORMAT_VERSION, **settings}, indent=1, ensure_ascii=False)
        (scratch / SETTINGS_FILE).write_text(text, "utf-8")
        replace_files(scratch, folder)
    return folder


def read_settings(folder: Path) -> dict:
    """The settings that `write_classifier` was given.

    Raises:
        FileNotFoundError: there is no classifier.
        ValueError: the file is damaged, or of a newer version.
    """
    finish_files(folder)
    settings = _checked_settings(folder / SETTINGS_FILE)
    before = WIDTH_BEFORE if settings["backbone"] == EMBEDDED else None
    return {"width": before, **settings, "image_size": tuple(settings["image_size"])}


def read_weights(folder: Path, variables: Sequence) -> None:
    """Gives the variables of a network the weights that `write_classifier` was given.

    Raises:
        ValueError: the file is damaged, or of another network.
    """
    path = folder / WEIGHTS_FILE
    arrays = _stored_weights(path)
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise ValueError(
            f"{path} does not fit the {SETTINGS_FILE} next to it: expected {len(variables)} weights, "
            f"got {len(arrays)} or other shapes. Copy the folder again."
        )
    refuse_not_finite(path, {variable.path: array for variable, array in zip(variables, arrays, strict=True)})
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _checked_settings(path: Path) -> dict:
    if not path.is_file():
        raise FileNotFoundError(
            f"No classifier in {path.parent}: {SETTINGS_FILE} is missing. Give the folder that Classifier.save wrote."
        )
    refuse_stand_in(path, "the settings of a classifier")
    try:
        settings = check_fields(read_json(path), {})
        version, backbone = settings.get("format"), settings.get("backbone")
        is_known = version == FORMAT_VERSION and backbone in list(known_backbones())
        missing = [name for name in _FIELDS if name not in settings]
        if is_known and not missing:
            check_fields(settings, _FIELDS)
            check_fields({"width": None, **settings}, {"width": _WIDTH})
    except BadJson as error:
        raise ValueError(f"{path} is damaged ({error}). Copy the folder again.") from error
    if not is_known or missing:
        raise ValueError(
            f"{path} must have format {FORMAT_VERSION}, a known backbone and all settings, got {version}, {backbone!r}"
            f"{', without ' + ', '.join(missing) if missing else ''}. A newer tflhelpers or Keras may have written it."
        )
    return settings


def _stored_weights(path: Path) -> list[np.ndarray]:
    refuse_stand_in(path, "a file of weights")
    try:
        return [array for _, array in sorted(read_npz(path).items())]
    except DamagedFile as error:
        raise ValueError(
            f"{path} must be a file of weights, but it is damaged ({error}). Copy it again."
        ) from error
