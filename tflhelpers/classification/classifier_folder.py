"""A classifier on disk: a text file that tells how to build it, and its weights, replaced whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tflhelpers.classification.backbones import EMBEDDED, WIDTH_BEFORE, known_backbones
from tflhelpers.files.atomic_folder import finish_files, replace_files, scratch_beside
from tflhelpers.model.weights import DamagedFile, read_npz, write_npz

if TYPE_CHECKING:
    from tflhelpers.classification.classifier import Classifier

SETTINGS_FILE = "classifier.json"
WEIGHTS_FILE = "classifier_weights.npz"
FORMAT_VERSION = 1


def save_classifier(classifier: Classifier, folder: Path) -> Path:
    """Writes both files; an older classifier in the folder is replaced once both are whole."""
    with scratch_beside(folder) as scratch:
        write_npz(scratch / WEIGHTS_FILE, np.savez, _arrays(classifier))
        settings = json.dumps(_settings(classifier), indent=1, ensure_ascii=False)
        (scratch / SETTINGS_FILE).write_text(settings, "utf-8")
        replace_files(scratch, folder)
    return folder


def load_classifier(folder: Path) -> Classifier:
    """The classifier that `save_classifier` wrote; nothing is downloaded for it.

    Raises:
        FileNotFoundError: there is none.
        ValueError: its files are damaged or do not fit together.
    """
    from tflhelpers.classification.classifier import Classifier

    finish_files(folder)
    settings = _read_settings(folder / SETTINGS_FILE)
    classifier = Classifier(
        settings["class_names"],
        backbone=settings["backbone"],
        mode=settings["mode"],
        image_size=(settings["image_size"][0], settings["image_size"][1]),
        weights=None,
        width=settings.get("width", WIDTH_BEFORE if settings["backbone"] == EMBEDDED else None),
    )
    classifier.trained_backbone = settings["trained_backbone"]
    arrays = _read_weights(folder / WEIGHTS_FILE)
    variables = classifier.network.variables
    shapes = [tuple(variable.shape) for variable in variables]
    if [array.shape for array in arrays] != shapes:
        raise ValueError(
            f"{folder / WEIGHTS_FILE} does not fit {SETTINGS_FILE} beside it: expected {len(shapes)} weights of "
            f"{settings['backbone']}, got {len(arrays)} or other shapes. Copy the folder again."
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return classifier


def _arrays(classifier: Classifier) -> dict[str, np.ndarray]:
    return {f"{i:05d}": np.asarray(variable) for i, variable in enumerate(classifier.network.variables)}


def _settings(classifier: Classifier) -> dict:
    return {
        "format": FORMAT_VERSION,
        "class_names": list(classifier.class_names),
        "backbone": classifier.backbone,
        "mode": classifier.mode,
        "image_size": list(classifier.image_size),
        "trained_backbone": classifier.trained_backbone,
        "width": classifier.width,
    }


def _read_settings(path: Path) -> dict:
    if not path.is_file():
        raise FileNotFoundError(
            f"No classifier in {path.parent}: {SETTINGS_FILE} is missing. Give the folder that Classifier.save wrote."
        )
    try:
        settings = json.loads(path.read_text("utf-8"))
        version, backbone = settings["format"], settings["backbone"]
        missing = [
            name for name in ("class_names", "mode", "image_size", "trained_backbone") if name not in settings
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error!r}). Copy the folder again.") from error
    if version != FORMAT_VERSION or backbone not in known_backbones() or missing:
        raise ValueError(
            f"{path} must have format {FORMAT_VERSION}, a known backbone and all settings, got {version}, {backbone!r}"
            f"{', without ' + ', '.join(missing) if missing else ''}. A newer tflhelpers or Keras may have written it."
        )
    return settings


def _read_weights(path: Path) -> list[np.ndarray]:
    try:
        return [array for _, array in sorted(read_npz(path).items())]
    except DamagedFile as error:
        raise ValueError(
            f"{path} must be a file of weights, but it is damaged ({error}). Copy it again."
        ) from error
