"""`export_tflite`: a detector or classifier as one LiteRT file, for phones, browsers and small computers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import tensorflow as tf

from tflhelpers.data.annotations import Annotations
from tflhelpers.model.detector import Detector
from tflhelpers.sharing.export.classifier import (
    ClassifierExport,
    ImageClassifier,
    check_classifier_tflite,
    classifier_tflite,
)
from tflhelpers.sharing.export.equality import Equality, Limits, pictures_of, prove_equal
from tflhelpers.sharing.export.network import exportable_network, require_tensorflow, tensorflow_variables
from tflhelpers.sharing.export.packed_files import (
    LABELS_FILE,
    SETTINGS_FILE,
    ExportSettings,
    labels_text,
    settings_text,
    with_files,
)
from tflhelpers.sharing.export.proven import check_file, write_file
from tflhelpers.sharing.export.tflite_convert import converted
from tflhelpers.sharing.export.tflite_detector import INPUT, TFLiteDetector
from tflhelpers.sharing.export.tflite_file import joined, name_and_order, opened, packed, set_metadata
from tflhelpers.sharing.export.tflite_heads import HEADS, POSTPROCESS_OUTPUTS, RAW_OUTPUTS, converted_head
from tflhelpers.sharing.export.tflite_metadata import METADATA_NAME, detector_metadata
from tflhelpers.sharing.export.tflite_quantize import (
    calibration_samples,
    compute_in_float,
    halve_convolutions,
)

LIMITS = {
    None: Limits(pixels=1.0, score=1e-3, min_score=0.001),
    "float16": Limits(pixels=1.0, score=5e-3, min_score=0.01),
    "dynamic": Limits(pixels=20.0, score=0.15, min_score=0.3),
    "int8": Limits(pixels=20.0, score=0.15, min_score=0.3),
}


@dataclass(frozen=True)
class TFLiteInfo:
    """What `export_tflite` wrote of a detector. Usable wherever a path is: `TFLiteDetector(info)`, `Path(info)`.

    Attributes:
        path: the file.
        size_bytes: size of the file.
        head: "postprocess" or "raw".
        quantize: None, "float16", "dynamic" or "int8".
        equality: how far it is from Keras.
    """

    path: Path
    size_bytes: int
    head: str
    quantize: str | None
    equality: Equality

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        kind = self.quantize or "float32"
        return f"{self.path}: {kind}, head {self.head}, {self.size_bytes / 1e6:.1f} MB; {self.equality}."


@overload
def export_tflite(
    model: Detector,
    path: str | os.PathLike,
    *,
    quantize: str | None = None,
    head: str = "postprocess",
    images: Annotations | Iterable | None = None,
    progress: bool = True,
) -> TFLiteInfo: ...


@overload
def export_tflite(
    model: ImageClassifier,
    path: str | os.PathLike,
    *,
    quantize: str | None = None,
    images: Annotations | Iterable | None = None,
    progress: bool = True,
) -> ClassifierExport: ...


def export_tflite(model, path, *, quantize=None, head="postprocess", images=None, progress=True):
    """Writes a detector or a classifier as a LiteRT (TensorFlow Lite) file.

    The file's input is `images`, (1, height, width, 3) RGB in 0..255, resized as by
    `tflhelpers.model.preprocess.network_input`. The outputs depend on the model:

    - A detector with head="postprocess" gives `location` (1, 100, 4) ymin, xmin, ymax, xmax as fractions, `category`
      (1, 100) from 0, `score` (1, 100) and `number of detections` (1,); ignore the rows after that number. With its
      metadata this is what MediaPipe's ObjectDetector takes.
    - A detector with head="raw" gives `boxes` (1, A, 4), not clipped, and `scores` (1, A, N); do the non-maximum
      suppression yourself, as in `tflhelpers.model.nms`.
    - A classifier gives `probabilities` (1, K).

    `TFLiteDetector` runs both kinds of detectors.

    Args:
        model: a `Detector` or `Classifier`; it is not changed.
        path: where to write; a file there is replaced only once the new one is complete and checked.
        quantize: None for float32, which finds what Keras finds. "float16": half the size. "dynamic": 8-bit weights, a
            third of the size, for a classifier a quarter. "int8", for detectors only: 8 bits throughout, also a third
            of the size, and the fastest; needs `images`. Everything after the network is always float32.
        head: "postprocess" or "raw"; for detectors only.
        images: annotations, or paths and RGB uint8 arrays. The first five are used to compare the file with the model;
            None uses the package's own. "int8" calibrates on all of them; those you trained with will do.
        progress: show a bar for making and comparing.

    Raises:
        ExportMismatch: the file does not find what the model finds; it is deleted.
        TypeError: `model` is neither a detector nor a classifier.
        ValueError: an argument is wrong; the message says which.
        RuntimeError: Keras does not use TensorFlow as its backend, or this TensorFlow can no longer convert.
    """
    if not isinstance(model, Detector):
        return classifier_tflite(model, path, quantize, images, progress)
    return _detector_tflite(model, Path(path), quantize, head, images, progress)


def _detector_tflite(
    detector: Detector, path: Path, quantize: str | None, head: str, images, progress: bool
) -> TFLiteInfo:
    if images is not None:
        images = list(images.image_paths if isinstance(images, Annotations) else images)
    check_tflite(detector, quantize, head, images)
    check_file(path)
    pictures = pictures_of(images)
    settings = ExportSettings(
        detector.class_names, detector.image_size, detector.threshold, head, quantize, detector.tiles
    )
    equality, size = write_file(
        path,
        lambda: _file(detector, settings, images),
        lambda new: prove_equal(
            detector, TFLiteDetector(new), pictures, LIMITS[quantize], arguments="images= or quantize="
        ),
        progress=progress,
    )
    return TFLiteInfo(path, size, head, quantize, equality)


def check_tflite(
    model: Detector | ImageClassifier, quantize: str | None, head: str, images: list | None
) -> None:
    """Raises what `export_tflite` would raise of its arguments before it converts anything."""
    if not isinstance(model, Detector):
        check_classifier_tflite(model, quantize)
        return
    require_tensorflow("detector")
    if quantize not in LIMITS:
        names = ", ".join(repr(name) for name in LIMITS)
        raise ValueError(f"quantize must be one of {names}, got {quantize!r}.")
    if head not in HEADS:
        raise ValueError(f"head must be one of {', '.join(map(repr, HEADS))}, got {head!r}.")
    if quantize == "int8" and not images:
        raise ValueError(
            'quantize="int8" is calibrated on pictures like those it will see, got none. '
            "Give images=, for example those you trained with."
        )


def _file(detector: Detector, settings: ExportSettings, images: list | None) -> bytes:
    body = opened(_body(detector, settings, images))
    if settings.quantize == "float16":
        halve_convolutions(body)
    elif settings.quantize == "dynamic":
        compute_in_float(body)
    model = joined(body, opened(converted_head(detector, settings.head)))
    if settings.head == "raw":
        name_and_order(model, RAW_OUTPUTS)
    else:
        name_and_order(model, POSTPROCESS_OUTPUTS)
        said = detector_metadata(POSTPROCESS_OUTPUTS, LABELS_FILE, description=_description(settings))
        set_metadata(model, METADATA_NAME, said)
    files = {LABELS_FILE: labels_text(settings.class_names), SETTINGS_FILE: settings_text(settings)}
    return with_files(packed(model), files)


def _description(settings: ExportSettings) -> str:
    names = settings.class_names
    return f"Finds {', '.join(names[:10])}{' and more' if len(names) > 10 else ''} in pictures."


def _body(detector: Detector, settings: ExportSettings, images: list | None) -> bytes:
    """From `images` to `box_encodings` (1, A, 4) and `class_logits` (1, A, N + 1)."""
    network = exportable_network(detector)

    def run(images) -> dict:
        return dict(network(images, training=False))

    int8 = settings.quantize == "int8"
    return converted(
        run,
        {INPUT: tf.TensorSpec((1, *settings.image_size, 3), tf.float32)},
        tensorflow_variables(network),
        quantize=settings.quantize if settings.quantize != "float16" else None,
        samples=calibration_samples(images or (), settings.image_size) if int8 else None,
        uint8_input=int8 and settings.head == "postprocess",
    )
