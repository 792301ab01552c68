"""`tflhelpers doctor`: what is wrong with the installation, or with a detector."""

from __future__ import annotations

import platform
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from importlib.util import find_spec
from typing import Any

import tflhelpers as tfl
from tflhelpers.command_line.command import Answer, Command, WrongUse, sentence
from tflhelpers.command_line.inputs import add_annotations, add_model, count, open_detector, read_annotations
from tflhelpers.files.words import listed

# Extra of the package -> the module that it brings, and what that is for.
_EXTRAS = {
    "heic": ("pillow_heif", "iPhone photos"),
    "litert": ("ai_edge_litert", "exported models without TensorFlow"),
    "onnx": ("tf2onnx", "export to ONNX"),
    "jax": ("jax", "KERAS_BACKEND=jax"),
}


def _add_arguments(parser: ArgumentParser) -> None:
    add_model(parser, nargs="?")
    add_annotations(parser, nargs="?")
    parser.add_argument(
        "--max-images", type=count, default=50, metavar="N", help="pictures to look at (default: %(default)s)"
    )


def _run(arguments: Namespace) -> Answer:
    if arguments.model is None:
        return _installation()
    if arguments.annotations is None:
        raise WrongUse("say on which pictures: tflhelpers doctor MODEL ANNOTATIONS")
    annotations = read_annotations(arguments.annotations, arguments.images)
    found = tfl.diagnose(
        open_detector(arguments.model),
        annotations,
        max_images=arguments.max_images,
        progress=arguments.progress,
    )
    causes = [asdict(cause) for cause in found.causes]
    data = {"healthy": found.healthy, "summary": found.summary, "causes": causes}
    names = listed([cause.name for cause in found.causes])
    return Answer(str(found), data, "" if found.healthy else f"something is wrong: {names}.")


def _installation() -> Answer:
    data: dict[str, Any] = {
        "tflhelpers": tfl.__version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "extras": {extra: find_spec(module) is not None for extra, (module, _) in _EXTRAS.items()},
    }
    try:
        data |= _backend()
        failed = ""
    except Exception as error:  # whatever a damaged installation raises
        failed = f"TensorFlow and Keras cannot be loaded: {sentence(error)} Install them with: pip install tflhelpers"
    return Answer("\n".join(_lines(data)), data, failed)


def _backend() -> dict[str, Any]:
    import keras
    import tensorflow as tf

    from tflhelpers.model.pretrained import has_gpu
    from tflhelpers.model.zoo import default_cache

    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "gpu": has_gpu(),
        "downloads": str(default_cache()),
    }


def _lines(data: dict[str, Any]) -> list[str]:
    shown = {name: value for name, value in data.items() if name not in ("extras", "gpu")}
    if "gpu" in data:
        shown["gpu"] = "yes" if data["gpu"] else "none: training takes minutes, not seconds"
    for extra, (_, use) in _EXTRAS.items():
        there = "installed" if data["extras"][extra] else f"not installed: pip install 'tflhelpers[{extra}]'"
        shown[f"{extra} ({use})"] = there
    return [f"{name}: {value}" for name, value in shown.items()]


COMMAND = Command(
    "doctor",
    "Say why a detector finds nothing, or everything; without a model, look at the installation. Ends with 1 if "
    "something is wrong.",
    "tflhelpers doctor\ntflhelpers doctor models/duck photos/annotations.json",
    _add_arguments,
    _run,
)
