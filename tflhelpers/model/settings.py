"""What a detector is made of, beside its weights: the text file that tells how to build it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.model.ssd import FAMILIES
from tflhelpers.model.training_record import TrainingRecord

SETTINGS_FILE = "detector.json"
SETTINGS_NAMES = ("format", "family", "image_size", "arguments", "class_names", "threshold")
FORMAT_VERSION = 1


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
    }
    path.write_text(json.dumps(settings, indent=1, ensure_ascii=False), "utf-8")


def read_settings(path: Path) -> tuple[Architecture, dict]:
    """The architecture, and the rest as a dict: "class_names", "threshold", "keeps_stem" and "trained_on".

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
        settings = json.loads(path.read_text("utf-8"))
        written_by = settings["format"], settings["family"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged ({error!r}). Copy the folder again, or save the detector anew."
        ) from error
    if written_by[0] != FORMAT_VERSION or written_by[1] not in FAMILIES:
        raise ValueError(
            f"{path} must have format {FORMAT_VERSION} and a family of {', '.join(FAMILIES)}, "
            f"got {written_by[0]} and {written_by[1]}. A newer tflhelpers may have written it."
        )
    missing = [name for name in SETTINGS_NAMES if name not in settings]
    if missing:
        raise ValueError(f"{path} is damaged: it lacks {', '.join(missing)}. Copy the folder again.")
    architecture = Architecture(settings["family"], tuple(settings["image_size"]), settings["arguments"])
    rest = {"keeps_stem": False, **settings, "trained_on": None}  # files of older versions lack some
    if settings.get("trained_on"):
        try:
            rest["trained_on"] = TrainingRecord.from_json(settings["trained_on"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} is damaged (trained_on: {error!r}). Copy the folder again, or save the detector anew."
            ) from error
    return architecture, rest
