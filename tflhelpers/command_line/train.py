"""`tflhelpers train`: a detector for your own things."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tflhelpers as tfl
from tflhelpers.command_line.command import Answer, Command
from tflhelpers.command_line.inputs import add_annotations, count, open_start, read_annotations, tiles

if TYPE_CHECKING:
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.model.detector import Detector
    from tflhelpers.training.history import History

UNFINISHED = "training"  # in the detector's folder, while it learns


def _add_arguments(parser: ArgumentParser) -> None:
    add_annotations(parser)
    parser.add_argument("--out", required=True, metavar="FOLDER", help="where the detector is saved")
    parser.add_argument(
        "--start",
        default="auto",
        metavar="MODEL",
        help="what to start from: auto (what suits this machine), embedded (needs no download), a name of the model "
        "zoo such as mobilenet_320, or the folder of a detector (default: %(default)s)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--steps", type=count, metavar="N", help="batches to learn from (default: by the photos)"
    )
    length.add_argument("--budget", metavar="TIME", help='time it may take instead, such as "5 min"')
    parser.add_argument(
        "--batch-size", type=count, default=4, metavar="N", help="photos a step (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="chance (default: %(default)s)")
    parser.add_argument(
        "--tiles",
        type=tiles,
        default="auto",
        metavar="ROWSxCOLUMNS",
        help="learn from parts of the photos too, for small things; none for whole photos only (default: if a class is "
        "small)",
    )
    parser.add_argument(
        "--validation", metavar="ANNOTATIONS", help="pictures held back, to compute the loss on at the end"
    )


def _run(arguments: Namespace) -> Answer:
    annotations = read_annotations(arguments.annotations, arguments.images)
    validation = read_annotations(arguments.validation, None) if arguments.validation else None
    out = _checked_folder(arguments.out)
    detector = open_start(arguments.start, annotations.class_names)
    settings: dict[str, Any] = {
        "steps": arguments.steps,
        "budget": arguments.budget,
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
        "tiles": arguments.tiles,
    }
    unfinished = _training_folder(out, detector, annotations, settings)
    history = tfl.fine_tune(
        detector,
        annotations,
        validation=validation,
        resume_dir=unfinished,
        progress=arguments.progress,
        **settings,
    )
    detector.save(out)
    _remove(unfinished)
    return _answer(out, detector, history)


def _checked_folder(given: str) -> Path:
    folder = Path(given)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(
            f"{given}: --out must be a folder for the detector, got a file of that name."
        )
    return folder


def _training_folder(
    out: Path, detector: Detector, annotations: Annotations, settings: dict[str, Any]
) -> Path:
    from tflhelpers.ready_made.detectors import training_folder_in

    return training_folder_in(out / UNFINISHED, detector, annotations, **settings)


def _remove(unfinished: Path) -> None:
    """It is done and saved: what it went on from is as large as three detectors."""
    shutil.rmtree(unfinished, ignore_errors=True)
    with suppress(OSError):  # another training lies there too
        unfinished.parent.rmdir()


def _answer(out: Path, detector: Detector, history: History) -> Answer:
    sees = f" It looks in {history.tiles[0]}x{history.tiles[1]} tiles." if history.tiles else ""
    return Answer(
        f"{len(history.loss)} steps in {history.seconds:.0f} s, loss {history.loss[0]:.2f} to {history.loss[-1]:.2f}.\n"
        f"The detector is in {out}.{sees}",
        {
            "model": str(out),
            "class_names": list(detector.class_names),
            "threshold": detector.threshold,
            "steps": len(history.loss),
            "seconds": history.seconds,
            "loss": history.loss,
            "validation_loss": history.validation_loss,
            "tiles": history.tiles,
            "notes": list(history.notes),
        },
    )


COMMAND = Command(
    "train",
    "Teach a detector your own things, from photos with boxes.",
    "tflhelpers train photos/annotations.json --out models/duck\n"
    'tflhelpers train photos/ --out models/duck --start embedded --budget "2 min"',
    _add_arguments,
    _run,
    "Stopped. The same command goes on from the last state that was kept.",
)
