"""What a detector is made of, beside its weights: the text file that tells how to build it again."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from tflhelpers.files.json_file import (
    NAMES,
    SHARE,
    SIZE,
    SWITCH,
    BadJson,
    Check,
    check_fields,
    is_count,
    is_number,
    one_of,
    read_json,
)
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.model.ssd import FAMILIES
from tflhelpers.model.tiles import TILES, Tiles, checked_tiles
from tflhelpers.model.training_record import TrainingRecord

SETTINGS_FILE = "detector.json"
FORMAT_VERSION = 1
_ARGUMENTS: dict[str, Check] = {
    "depth": one_of(50, 101, 152),
    "alpha": ((lambda value: is_number(value, 0.01, 10)), "a number from 0.01 to 10"),
    "fpn_depth": ((lambda value: is_count(value) and 1 <= value <= 4096), "a number from 1 to 4096"),
    "tower_layers": ((lambda value: is_count(value) and value <= 100), "a number from 0 to 100"),
}
_BEFORE = {"keeps_stem": False, "trained_on": None, "tiles": None}
_FIELDS: dict[str, Check] = {
    "image_size": SIZE,
    "arguments": ((lambda value: isinstance(value, dict)), "an object"),
    "class_names": NAMES,
    "threshold": SHARE,
    "keeps_stem": SWITCH,
    "trained_on": ((lambda value: value is None or isinstance(value, dict)), "an object or null"),
    "tiles": TILES,
}


@dataclass(frozen=True)
class Architecture:
    """What it takes to build a network again: a family of `ssd.FAMILIES`, the input size, the arguments."""

    family: str
    image_size: tuple[int, int]
    arguments: dict

    def build(self, num_classes: int) -> keras.Model:
        return FAMILIES[self.family](tuple(self.image_size), num_classes, **self.arguments)


def write_settings(
    path: Path,
    architecture: Architecture,
    class_names: Sequence[str],
    threshold: float,
    keeps_stem: bool = False,
    trained_on: TrainingRecord | None = None,
    tiles: Tiles | None = None,
) -> None:
    """Writes what `read_settings` reads."""
    settings = {
        "format": FORMAT_VERSION,
        "family": architecture.family,
        "image_size": list(architecture.image_size),
        "arguments": architecture.arguments,
        "class_names": list(class_names),
        "threshold": threshold,
        "keeps_stem": keeps_stem,
        "trained_on": None if trained_on is None else trained_on.to_json(),
        "tiles": tiles,
    }
    path.write_text(json.dumps(settings, indent=1, ensure_ascii=False), "utf-8")


def read_settings(path: Path) -> tuple[Architecture, dict]:
    """The architecture, and the rest as a dict: "class_names", "threshold", "keeps_stem", "trained_on" and "tiles".

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or of another version of this package.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"No detector in {path.parent}: {SETTINGS_FILE} is missing. Give the folder that Detector.save wrote."
        )
    refuse_stand_in(path, "the settings of a detector")
    try:
        settings = {**_BEFORE, **check_fields(read_json(path), {})}  # files of older versions lack some
        version, family = settings.get("format"), settings.get("family")
        if version == FORMAT_VERSION and family in list(FAMILIES):
            check_fields(settings, _FIELDS)
            check_fields(
                settings["arguments"], {name: _argument(name, family) for name in settings["arguments"]}
            )
            settings["trained_on"] = _record(settings["trained_on"])
            settings["tiles"] = checked_tiles(settings["tiles"])
    except BadJson as error:
        raise ValueError(
            f"{path} is damaged ({error}). Copy the folder again, or save the detector again."
        ) from error
    if version != FORMAT_VERSION or family not in list(FAMILIES):
        raise ValueError(
            f"{path} must have format {FORMAT_VERSION} and a family of {', '.join(FAMILIES)}, "
            f"got {version} and {family}. A newer tflhelpers may have written it."
        )
    return Architecture(family, tuple(settings["image_size"]), settings["arguments"]), settings


def _record(stored: dict | None) -> TrainingRecord | None:
    try:
        return TrainingRecord.from_json(stored) if stored else None
    except BadJson as error:
        raise BadJson(f"trained_on: {error}") from error


def _argument(name: str, family: str) -> Check:
    """The check of an argument of a family's function."""
    if name not in inspect.signature(FAMILIES[family]).parameters or name not in _ARGUMENTS:
        return (lambda value: False), f"left out: {family} has no such argument"
    return _ARGUMENTS[name]
