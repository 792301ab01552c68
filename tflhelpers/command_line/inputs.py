"""What commands take in: annotations, models and numbers, as people type them."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tflhelpers as tfl
from tflhelpers.files.atomic_folder import finish_files

if TYPE_CHECKING:
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.model.detector import Detector

ANNOTATIONS_FILE = "annotations.json"
_STARTS = ("auto", "embedded")
_OWN = ("detector.json", "classifier.json")
_READERS: dict[str, Callable[[Path], Any]] = {
    _OWN[0]: lambda path: tfl.Detector.load(path),
    _OWN[1]: lambda path: tfl.Classifier.load(path),
    "saved_model.pb": lambda path: tfl.interop.load_saved_model(path),
    "saved_model/saved_model.pb": lambda path: tfl.interop.load_saved_model(path),
    ".tflite": lambda path: tfl.interop.TFLiteDetector(path),
}
_KINDS = (
    "the folder of a detector (detector.json), a .tflite file, a SavedModel, or a name: auto, embedded or one of the "
    "zoo's, such as mobilenet_320"
)

# ------------------------------------------------------------------------------------------------ annotations


def add_annotations(parser: ArgumentParser, *, nargs: str | None = None) -> None:
    """Add the arguments that `read_annotations` takes."""
    parser.add_argument(
        "annotations",
        metavar="ANNOTATIONS",
        nargs=nargs,
        help=f"pictures and boxes: a COCO file, or a folder with {ANNOTATIONS_FILE} in it",
    )
    parser.add_argument("--images", metavar="FOLDER", help="where the pictures are, if not beside that file")


def read_annotations(given: str, images: str | None) -> Annotations:
    """Read a COCO file, or the one in a folder.

    Raises:
        FileNotFoundError: If there is none.
        AnnotationError: If it is something else.
    """
    path = Path(given)
    if path.is_dir():
        path /= ANNOTATIONS_FILE
        if not path.is_file():
            raise FileNotFoundError(
                f"{given}: expected {ANNOTATIONS_FILE} in this folder, got none. To make it of the labels of another "
                f"tool: tflhelpers import {given} --out {path}"
            )
    return tfl.Annotations.load(path, images)


# ----------------------------------------------------------------------------------------------------- models


def add_model(parser: ArgumentParser, *, nargs: str | None = None) -> None:
    """Add the argument that `open_model` takes."""
    parser.add_argument("model", metavar="MODEL", nargs=nargs, help=_KINDS)


def open_detector(given: str, looks_in: tuple[int, int] | str | None = "auto") -> Any:
    """Return what has `detect`, of any kind.

    Args:
        given: A path or a name.
        looks_in: The tiles that it looks in; "auto" for its own.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is something else.
    """
    model = open_model(given)
    if not hasattr(model, "detect_all"):
        raise ValueError(f"{given}: expected a detector, got a classifier, which finds no boxes.")
    model.tiles = model.tiles_or_own(looks_in)
    return model


def open_model(given: str, *, exported: bool = True) -> Any:
    """Return the detector or classifier that a path or a name means; what is none is told before TensorFlow is loaded.

    Args:
        given: A path or a name.
        exported: Whether a .tflite file or a SavedModel will do.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is something else.
    """
    path = Path(given)
    if not path.exists():
        return _named(given, None)
    kind = _kind_of(path)
    if kind not in _READERS:
        raise ValueError(f"{given}: expected {_KINDS}; got another {'folder' if path.is_dir() else 'file'}.")
    if kind not in _OWN and not exported:
        raise ValueError(f"{given}: expected the folder of a detector or classifier, got an export of one.")
    return _READERS[kind](path)


def open_start(given: str, class_names: Sequence[str]) -> Detector:
    """Return a detector of these classes to train, of a folder or a name.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is something else.
    """
    path = Path(given)
    if not path.exists():
        return _named(given, class_names)
    if _kind_of(path) != _OWN[0]:
        raise ValueError(
            f"{given}: expected the folder of a detector, with {_OWN[0]} in it; got something else."
        )
    return tfl.Detector.load(path, class_names=class_names)


def _kind_of(path: Path) -> str:
    """Which of `_READERS` reads it: the name of a file in a folder, or the ending of a file."""
    if not path.is_dir():
        return path.suffix.lower()
    finish_files(path)
    return next((name for name in _READERS if (path / name).is_file()), "")


def _named(name: str, class_names: Sequence[str] | None) -> Detector:
    zoo = tfl.interop.zoo_models()
    if name not in (*_STARTS, *zoo, *(model.short_name for model in zoo.values())):
        short = ", ".join(model.short_name for model in zoo.values())
        raise FileNotFoundError(f"{name}: expected {_KINDS}; got nothing there. The zoo's names: {short}.")
    detector = tfl.Detector.pretrained(name, class_names, progress=sys.stderr.isatty())
    print(detector.origin, file=sys.stderr)
    return detector


# ---------------------------------------------------------------------------------------------------- numbers


def add_tiles(parser: ArgumentParser) -> None:
    """Add `--tiles`, for detecting."""
    parser.add_argument(
        "--tiles",
        type=tiles,
        default="auto",
        metavar="ROWSxCOLUMNS",
        help="look at that many overlapping parts of each picture as well, for small things; none for whole pictures "
        "only (default: what it was trained with)",
    )


def tiles(text: str) -> tuple[int, int] | str | None:
    """Return (rows, columns), "auto", or None for none.

    >>> tiles("2x3"), tiles("none")
    ((2, 3), None)
    """
    if text in ("auto", "none"):
        return None if text == "none" else text
    found = re.fullmatch(r"([1-9]\d?)[xX×]([1-9]\d?)", text)
    if found is None:
        raise ArgumentTypeError(f"expected rows and columns such as 2x3, auto or none, got {text!r}")
    return int(found[1]), int(found[2])


def shard(text: str) -> tuple[int, int]:
    """Return (i, n), the i-th of n parts.

    >>> shard("0/4")
    (0, 4)
    """
    found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if found is None or int(found[1]) >= int(found[2]):
        raise ArgumentTypeError(f"expected a part from 0 on and their number such as 0/4, got {text!r}")
    return int(found[1]), int(found[2])


def share(text: str) -> float:
    """Return a number from 0 to 1.

    >>> share("0.5")
    0.5
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return number


def count(text: str) -> int:
    """Return a whole number of 1 or more.

    >>> count("12")
    12
    """
    if not re.fullmatch(r"0*[1-9]\d{0,8}", text):
        raise ArgumentTypeError(f"expected a whole number, at least 1, got {text!r}")
    return int(text)
