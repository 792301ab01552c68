"""`tflhelpers export`: a model in the form that other programs run."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tflhelpers as tfl
from tflhelpers.command_line.command import Answer, Command, WrongUse
from tflhelpers.command_line.inputs import add_model, open_model, read_annotations

# Format -> what the name of the model gets at its end, and the function that writes it.
FORMATS: dict[str, tuple[str, Callable[[], Callable[..., Any]]]] = {
    "tflite": (".tflite", lambda: tfl.export_tflite),
    "saved_model": ("_saved_model", lambda: tfl.interop.export_saved_model),
    "onnx": (".onnx", lambda: tfl.interop.export_onnx),
}
_ONLY_TFLITE = ("quantize", "head")


def _add_arguments(parser: ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument(
        "--format", required=True, choices=FORMATS, help="a LiteRT file, TensorFlow's folder, or an ONNX file"
    )
    parser.add_argument("--out", metavar="PATH", help="where to write (default: beside the model)")
    parser.add_argument(
        "--quantize",
        choices=("float16", "dynamic", "int8"),
        help="for tflite: smaller, and less exact; int8 needs --images",
    )
    parser.add_argument(
        "--head",
        choices=("postprocess", "raw"),
        help="for tflite: with or without the suppression of double boxes",
    )
    parser.add_argument(
        "--images",
        metavar="PATH",
        help="pictures to compare with, and to calibrate int8 on: a folder, or a COCO file",
    )


def _run(arguments: Namespace) -> Answer:
    chosen = {name: value for name in _ONLY_TFLITE if (value := getattr(arguments, name)) is not None}
    if chosen and arguments.format != "tflite":
        raise WrongUse(f"--{next(iter(chosen))} is for --format tflite, got {arguments.format}. Leave it out")
    images = None if arguments.images is None else _images(Path(arguments.images))
    ending, writer = FORMATS[arguments.format]
    out = Path(arguments.out) if arguments.out else _beside(arguments.model, ending)
    model = open_model(arguments.model, exported=False)
    info: Any = writer()(model, out, images=images, progress=arguments.progress, **chosen)
    return Answer(
        str(info), {"written": os.fspath(info), "format": arguments.format, "size_bytes": info.size_bytes}
    )


def _images(path: Path) -> Any:
    from tflhelpers.data.picture_files import pictures_in

    if not path.is_dir():
        return read_annotations(str(path), None)
    if not (pictures := pictures_in(path)):
        raise FileNotFoundError(f"{path}: expected pictures in this folder, got none.")
    return pictures


def _beside(model: str, ending: str) -> Path:
    path = Path(model)
    path = path if path.name else path.resolve()
    return path.with_name(path.name + ending)


COMMAND = Command(
    "export",
    "Write a detector or classifier for phones, servers and other runtimes; it is compared with the model first.",
    "tflhelpers export models/duck --format tflite --quantize float16\n"
    "tflhelpers export models/duck --format saved_model --out served/duck/1",
    _add_arguments,
    _run,
)
