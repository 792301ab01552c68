"""The forms of a classifier that other programs run, each proven to give the same probabilities before it is kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import keras
import numpy as np
import tensorflow as tf

from tflhelpers.model.preprocess import network_input
from tflhelpers.sharing.export.equality import PICTURES, ExportMismatch, pictures_of
from tflhelpers.sharing.export.litert import interpreter
from tflhelpers.sharing.export.network import require_tensorflow, save_network, tensorflow_variables
from tflhelpers.sharing.export.proven import bytes_of, check_file, check_folder, write_file, write_folder
from tflhelpers.sharing.export.resize_graph import network_input_graph
from tflhelpers.sharing.export.tflite_convert import converted
from tflhelpers.sharing.export.tflite_file import opened, packed
from tflhelpers.sharing.export.tflite_quantize import halve_convolutions

INPUT, OUTPUT = "images", "probabilities"
LIMITS = {None: 1e-3, "float16": 5e-3, "dynamic": 0.1}
CLASSES_FILE = "class_names.txt"


@runtime_checkable
class ImageClassifier(Protocol):
    """What a `Classifier` is to an export."""

    @property
    def class_names(self) -> Sequence[str]: ...
    @property
    def image_size(self) -> tuple[int, int]: ...
    @property
    def network(self) -> keras.Model:
        """From float32 RGB in 0..255 (B, H, W, 3) to probabilities (B, K)."""

    def predict(self, images, *, progress: bool = True) -> Any:
        """What has `probabilities` (n, K) of pictures of any size."""


@dataclass(frozen=True)
class ClassifierExport:
    """What was written. Usable wherever a path is.

    Attributes:
        path: of the file or folder.
        size_bytes: of all of it.
        difference: largest between its probabilities and Keras', on the pictures compared.
    """

    path: Path
    size_bytes: int
    difference: float

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.size_bytes / 1e6:.1f} MB; probabilities within {self.difference:.1e} of Keras, on "
            f"{PICTURES} pictures."
        )


def classifier_saved_model(
    classifier: ImageClassifier,
    folder: str | os.PathLike,
    images: Iterable | None,
    progress: bool = True,
) -> ClassifierExport:
    """Writes a SavedModel; see `export_saved_model`."""
    check_classifier(classifier)
    folder = Path(folder)
    check_folder(folder)
    pictures = pictures_of(images, longest=None)

    def prove(new: Path) -> float:
        run = tf.saved_model.load(str(new)).signatures["serving_default"]
        got = [run(input_tensor=tf.constant(picture[None]))[OUTPUT].numpy()[0] for picture in pictures]
        return _proven(classifier, pictures, got, LIMITS[None], arguments="images=")

    difference = write_folder(folder, lambda new: _save(classifier, new), prove, progress=progress)
    return ClassifierExport(folder, bytes_of(folder), difference)


def classifier_tflite(
    classifier: ImageClassifier,
    path: str | os.PathLike,
    quantize: str | None,
    images: Iterable | None,
    progress: bool = True,
) -> ClassifierExport:
    """Writes a LiteRT file; see `export_tflite`."""
    check_classifier_tflite(classifier, quantize)
    path = Path(path)
    check_file(path)
    pictures = pictures_of(images, longest=None)

    def prove(new: Path) -> float:
        run = interpreter(new).get_signature_runner()
        inputs = (network_input(picture, classifier.image_size)[None] for picture in pictures)
        got = [run(**{INPUT: each})[OUTPUT][0] for each in inputs]
        return _proven(classifier, pictures, got, LIMITS[quantize], arguments="images= or quantize=")

    difference, size = write_file(path, lambda: _tflite(classifier, quantize), prove, progress=progress)
    return ClassifierExport(path, size, difference)


def check_classifier_tflite(classifier: Any, quantize: str | None) -> None:
    """Raises what `classifier_tflite` would raise before it converts anything."""
    check_classifier(classifier)
    if quantize not in LIMITS:
        raise ValueError(f"quantize must be one of {', '.join(map(repr, LIMITS))}, got {quantize!r}.")


def check_classifier(classifier: Any) -> None:
    """Raises TypeError where it is none, RuntimeError where Keras does not compute with TensorFlow."""
    if not isinstance(classifier, ImageClassifier):
        raise TypeError(
            f"expected a Detector or a Classifier, got {type(classifier).__name__}. Give the one with the weights."
        )
    require_tensorflow("classifier")


def _save(classifier: ImageClassifier, folder: Path) -> None:
    network, size = classifier.network, classifier.image_size
    names = folder.with_name(CLASSES_FILE)
    names.write_text("\n".join(classifier.class_names) + "\n", "utf-8")

    def classify(input_tensor):
        return {OUTPUT: network(network_input_graph(input_tensor, size), training=False)}

    save_network(classify, network, names, folder)


def _tflite(classifier: ImageClassifier, quantize: str | None) -> bytes:
    network = classifier.network
    content = converted(
        lambda images: {OUTPUT: network(images, training=False)},
        {INPUT: tf.TensorSpec((1, *classifier.image_size, 3), tf.float32)},
        tensorflow_variables(network),
        quantize="dynamic" if quantize == "dynamic" else None,
    )
    if quantize != "float16":
        return content
    model = opened(content)
    halve_convolutions(model)
    return packed(model)


def _proven(
    classifier: ImageClassifier,
    pictures: Sequence[np.ndarray],
    got: Sequence[np.ndarray],
    limit: float,
    *,
    arguments: str,
) -> float:
    """The largest difference from Keras' probabilities; raises ExportMismatch where it is above the limit."""
    wanted = classifier.predict(pictures, progress=False).probabilities
    difference = float(np.abs(np.stack(got) - wanted).max())
    if not difference <= limit:
        raise ExportMismatch(
            f"expected probabilities within {limit} of Keras, got {difference:.2g}. Nothing was written. Another "
            f"{arguments} may help; else please report it."
        )
    return difference
