"""The zoo's detectors as Kaggle and TensorFlow Hub serve them: SavedModels that the Object Detection API exported.

Either client will do, and neither has to be there: `kagglehub`, which Colab has, or `tensorflow-hub`, asked in this
order. What one fetches to its own folder is checked and copied to the cache, so that the next session needs no network.

TensorFlow Hub's addresses are those of Google's own tutorial (tensorflow.org/hub/tutorials/tf2_object_detection).
Kaggle took these models over under names that follow no single rule. That of mobilenet_320,
`tensorflow/ssd-mobilenet-v2/tensorFlow2/fpnlite-320x320/1`, was seen in published code; the others are made like it.
So a failure names what was asked for, and the other client is asked next.
"""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tflhelpers.files.atomic_folder import replace_folder, scratch_beside
from tflhelpers.model.checkpoint import verify_tensors
from tflhelpers.model.checkpoint_file import CheckpointError
from tflhelpers.model.fetch import FetchError
from tflhelpers.model.saved_model_file import GRAPH_FILE, saved_model_folder
from tflhelpers.model.zoo import ZooModel

HUB_URL = "https://tfhub.dev"
VERSION = 1
LONGEST_REASON = 200  # characters; clients pass on whole pages


def hub_handle(model: ZooModel) -> str:
    """The detector's address at TensorFlow Hub."""
    return f"{HUB_URL}/tensorflow/{'/'.join(_published_as(model))}/{VERSION}"


def kaggle_handle(model: ZooModel) -> str:
    """The detector's name at Kaggle: publisher, model, framework, variation, version."""
    name, variation = (part.replace("_", "-") for part in _published_as(model))
    return f"tensorflow/{name}/tensorFlow2/{variation}/{VERSION}"


def fetch_from_hub(model: ZooModel, cache: Path) -> Path:
    """Fetches a detector with the first client that can, and returns the SavedModel's folder in the cache.

    Args:
        model: of the zoo's table.
        cache: folder for downloads; the result is `cache/NAME/saved_model`, as an unpacked archive of the zoo has it.

    Raises:
        FetchError: there is no client, none could fetch the detector, or what they fetched is damaged.
    """
    failures = []
    for client, handle, download in _clients(model):
        try:
            return _kept(Path(download()), cache / model.name)
        except Exception as error:  # what clients raise is their own affair: no network, refused, disk full
            failures.append(f"{client}, asked for {handle}: {_one_line(error)}")
    nobody = "neither kagglehub nor tensorflow-hub is installed; pip install kagglehub adds one"
    raise FetchError("; ".join(failures) or nobody)


def _published_as(model: ZooModel) -> tuple[str, str]:
    height, width = model.input_size
    if model.depth is None:
        return "ssd_mobilenet_v2", f"fpnlite_{height}x{width}"
    return "retinanet", f"resnet{model.depth}_v1_fpn_{height}x{width}"


def _clients(model: ZooModel) -> Iterator[tuple[str, str, Callable[[], str]]]:
    """The name of each client that is installed, what it calls the model, and how to fetch it."""
    ways = (("kagglehub", "model_download", kaggle_handle), ("tensorflow_hub", "resolve", hub_handle))
    for module, function, handle_of in ways:
        try:
            download = getattr(importlib.import_module(module), function)
        except ImportError:
            continue
        handle = handle_of(model)
        yield module.replace("_", "-"), handle, partial(download, handle)


def _kept(fetched: Path, target: Path) -> Path:
    """Checks a fetched SavedModel and copies it to `target/saved_model`, complete or not at all."""
    source = saved_model_folder(fetched)
    if source is None:
        raise CheckpointError(f"expected a SavedModel in {fetched}, got none")
    verify_tensors(source)
    with scratch_beside(target) as scratch:
        shutil.copytree(source / "variables", scratch / "saved_model" / "variables")
        shutil.copy(source / GRAPH_FILE, scratch / "saved_model")
        if not target.is_dir():  # another session may have been quicker
            replace_folder(scratch, target)
    return target / "saved_model"


def _one_line(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= LONGEST_REASON else f"{words[:LONGEST_REASON]} …"
