"""`tflhelpers evaluate`: how good a detector is."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import Any

import tflhelpers as tfl
from tflhelpers.command_line.command import Answer, Command
from tflhelpers.command_line.inputs import (
    add_annotations,
    add_model,
    add_tiles,
    open_detector,
    read_annotations,
)

LOWEST_SCORE = 0.01  # below it boxes cost time and change no digit shown
_FIGURES = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large", "ar100")
_NUMBERS = ("n_pictures", "n_truth", "n_crowd", "n_predictions")


def _add_arguments(parser: ArgumentParser) -> None:
    add_model(parser)
    add_annotations(parser)
    add_tiles(parser)


def _run(arguments: Namespace) -> Answer:
    annotations = read_annotations(arguments.annotations, arguments.images)
    detector = open_detector(arguments.model, arguments.tiles)
    found = detector.detect_all(annotations.image_paths, threshold=LOWEST_SCORE, progress=arguments.progress)
    scores = tfl.evaluate(found, annotations)
    known = _trained_on(detector, annotations)
    flattering = (
        f"\nIt was trained on {known} of these pictures, so the figures are flattering." if known else ""
    )
    return Answer(
        f"{scores}{flattering}",
        {name: getattr(scores, name) for name in (*_FIGURES, *_NUMBERS)}
        | {
            "per_class": {name: asdict(each) for name, each in scores.per_class.items()},
            "n_trained_on": known,
            "notes": list(scores.notes),
        },
    )


def _trained_on(detector: Any, annotations: Any) -> int:
    """How many of the pictures it learned from."""
    from tflhelpers.training.record import training_record

    record = getattr(detector, "trained_on", None)
    return record.shares(training_record(annotations)) if record is not None else 0


COMMAND = Command(
    "evaluate",
    "Measure a detector on pictures with boxes: COCO's average precision and recall.",
    "tflhelpers evaluate models/duck exam/annotations.json\n"
    "tflhelpers evaluate models/duck.tflite exam/ --json",
    _add_arguments,
    _run,
)
