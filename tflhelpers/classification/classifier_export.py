"""A classifier in the forms that other programs run, each proven to give the same probabilities before it is kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tflhelpers.classification.classifier import Classifier
from tflhelpers.data.samples import duck_photos
from tflhelpers.files.atomic_file import atomic_path
from tflhelpers.files.atomic_folder import replace_folder, scratch_beside
from tflhelpers.model.picture_boxes import checked_image
from tflhelpers.model.preprocess import network_input
from tflhelpers.sharing.export.equality import ExportMismatch
from tflhelpers.sharing.export.network import tensorflow_variables
from tflhelpers.sharing.export.resize_graph import network_input_graph

INPUT, OUTPUT = "images", "probabilities"
LIMITS = {None: 1e-3, "float16": 5e-3, "dynamic": 0.1}
PICTURES = 5
CLASSES_FILE = "class_names.txt"


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


def export_classifier_saved_model(
    classifier: Classifier, folder: str | os.PathLike, *, photos: Iterable | None = None
) -> ClassifierExport:
    """Writes a TensorFlow SavedModel from `input_tensor`, uint8 (1, H, W, 3) RGB of any size, to `probabilities`.

    The latter are float32 (1, K). The class names are in assets/class_names.txt, a line each.

    Args:
        classifier: stays as it is.
        folder: made if absent; a SavedModel in it is replaced when the new one is whole and proven.
        photos: pictures to compare on, the first five; None for the package's own.

    Raises:
        ExportMismatch: what was written gives other probabilities; nothing is left of it.
        FileExistsError: the folder holds something else.
        RuntimeError: Keras does not compute with TensorFlow.
    """
    _need_tensorflow()
    folder, pictures = Path(folder), _pictures(photos)
    if folder.exists() and not (folder / "saved_model.pb").is_file() and any(folder.iterdir()):
        raise FileExistsError(
            f"expected a new folder, or one with a SavedModel to replace, got {folder}. Name another."
        )
    with scratch_beside(folder) as scratch:
        names = scratch / CLASSES_FILE
        names.write_text("\n".join(classifier.class_names) + "\n", "utf-8")
        _save(classifier, names, scratch / "new")
        run = tf.saved_model.load(str(scratch / "new")).signatures["serving_default"]
        got = [run(input_tensor=tf.constant(picture[None]))[OUTPUT].numpy()[0] for picture in pictures]
        difference = _proven(classifier, pictures, got, LIMITS[None])
        replace_folder(scratch / "new", folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return ClassifierExport(folder, size, difference)


def export_classifier_tflite(
    classifier: Classifier,
    path: str | os.PathLike,
    *,
    quantize: str | None = None,
    photos: Iterable | None = None,
) -> ClassifierExport:
    """Writes a LiteRT file from `images`, float32 (1, height, width, 3) RGB in 0..255, to `probabilities` (1, K).

    Pictures are to be resized as by `tflhelpers.model.preprocess.network_input`.

    Args:
        classifier: stays as it is.
        path: where to write; a file there is replaced when the new one is whole and proven.
        quantize: None for float32, "float16" (half the size), "dynamic" (8-bit weights, a quarter).
        photos: pictures to compare on, the first five; None for the package's own.

    Raises:
        ExportMismatch: what was written gives other probabilities; nothing is left of it.
        ValueError: an unknown `quantize`.
        RuntimeError: Keras does not compute with TensorFlow, or that can no longer convert.
    """
    _need_tensorflow()
    if quantize not in LIMITS:
        raise ValueError(f"quantize must be one of {', '.join(map(repr, LIMITS))}, got {quantize!r}.")
    path, pictures = Path(path), _pictures(photos)
    content = _tflite(classifier, quantize)
    with atomic_path(path, ".tflite") as part:
        part.write_bytes(content)
        got = _run_tflite(part, classifier.image_size, pictures)
        difference = _proven(classifier, pictures, got, LIMITS[quantize])
    return ClassifierExport(path, len(content), difference)


def _save(classifier: Classifier, names: Path, folder: Path) -> None:
    network, size = classifier.network, classifier.image_size

    def classify(input_tensor):
        return {OUTPUT: network(network_input_graph(input_tensor, size), training=False)}

    served = tf.Module()
    served.weights = tensorflow_variables(network)
    served.class_names = tf.saved_model.Asset(str(names))
    taken = tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")
    served.__call__ = tf.function(classify, input_signature=[taken])
    tf.saved_model.save(
        served, str(folder), signatures={"serving_default": served.__call__.get_concrete_function()}
    )


def _tflite(classifier: Classifier, quantize: str | None) -> bytes:
    from tflhelpers.sharing.export.tflite_convert import converted

    network = classifier.network
    content = converted(
        lambda images: {OUTPUT: network(images, training=False)},
        {INPUT: tf.TensorSpec((1, *classifier.image_size, 3), tf.float32)},
        tensorflow_variables(network),
        quantize="dynamic" if quantize == "dynamic" else None,
    )
    if quantize != "float16":
        return content
    from tflhelpers.sharing.export.tflite_file import opened, packed
    from tflhelpers.sharing.export.tflite_quantize import halve_convolutions

    model = opened(content)
    halve_convolutions(model)
    return packed(model)


def _run_tflite(path: Path, image_size: tuple[int, int], pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    from tflhelpers.sharing.export.litert import interpreter

    run = interpreter(path).get_signature_runner()
    return [run(**{INPUT: network_input(picture, image_size)[None]})[OUTPUT][0] for picture in pictures]


def _proven(
    classifier: Classifier, pictures: Sequence[np.ndarray], got: Sequence[np.ndarray], limit: float
) -> float:
    """The largest difference from Keras' probabilities; raises ExportMismatch where it is above the limit."""
    wanted = classifier.predict(pictures, progress=False).probabilities
    difference = float(np.abs(np.stack(got) - wanted).max())
    if not difference <= limit:
        raise ExportMismatch(
            f"expected probabilities within {limit} of Keras, got {difference:.2g}. Nothing was written. Another "
            "quantize= may help; else please report it."
        )
    return difference


def _pictures(photos: Iterable | None) -> list[np.ndarray]:
    chosen = list(duck_photos().image_paths if photos is None else photos)[:PICTURES]
    if not chosen:
        raise ValueError(
            "photos must hold at least one picture, got none. Leave it out for the package's own."
        )
    return [
        np.ascontiguousarray(each.read()) if hasattr(each, "label") else checked_image(each)
        for each in chosen
    ]


def _need_tensorflow() -> None:
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"exports are written by TensorFlow, but Keras computes with {keras.backend.backend()}. Save the "
            "classifier, start Python anew with KERAS_BACKEND=tensorflow, load and export it there."
        )
