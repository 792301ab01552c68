"""`export_saved_model`: a detector as the model zoo's own SavedModels are, or a classifier."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import keras
import tensorflow as tf

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.formats.label_map import LABEL_MAP_NAME, write_label_map
from tflhelpers.model.box_coding import decode_boxes
from tflhelpers.model.detector import Detector
from tflhelpers.sharing.export.classifier import (
    ClassifierExport,
    ImageClassifier,
    classifier_saved_model,
)
from tflhelpers.sharing.export.equality import Equality, Limits, pictures_of, prove_equal
from tflhelpers.sharing.export.network import exportable_network, save_network, warn_of_tiles
from tflhelpers.sharing.export.nms_graph import select_detections_graph
from tflhelpers.sharing.export.proven import bytes_of, check_folder, write_folder
from tflhelpers.sharing.export.resize_graph import network_input_graph
from tflhelpers.sharing.export.saved_model_detector import load_saved_model

LIMITS = Limits(pixels=1.0, score=1e-3, min_score=0.001)


@dataclass(frozen=True)
class SavedModelInfo:
    """What `export_saved_model` wrote of a detector. Usable as a path: `tf.saved_model.load(info)`, `Path(info)`.

    Attributes:
        folder: of the SavedModel.
        size_bytes: of all its files.
        equality: how far it is from Keras.
    """

    folder: Path
    size_bytes: int
    equality: Equality

    def __fspath__(self) -> str:
        return str(self.folder)

    def __str__(self) -> str:
        return f"{self.folder}: SavedModel, {self.size_bytes / 1e6:.1f} MB; {self.equality}."


@overload
def export_saved_model(
    model: Detector,
    folder: str | os.PathLike,
    *,
    images: Annotations | Iterable | None = None,
    progress: bool = True,
) -> SavedModelInfo: ...


@overload
def export_saved_model(
    model: ImageClassifier,
    folder: str | os.PathLike,
    *,
    images: Annotations | Iterable | None = None,
    progress: bool = True,
) -> ClassifierExport: ...


def export_saved_model(model, folder, *, images=None, progress=True):
    """Writes a detector or a classifier as a TensorFlow SavedModel, which takes pictures of any size.

    It takes `input_tensor`, uint8 (1, H, W, 3) RGB. That of a detector has the signature of the model zoo's: it gives
    float32 `detection_boxes` (1, 100, 4) ymin, xmin, ymax, xmax as fractions, `detection_scores` (1, 100),
    `detection_classes` (1, 100) counted from 1, `num_detections` (1,), `detection_anchor_indices` (1, 100),
    `detection_multiclass_scores` (1, 100, N + 1), `raw_detection_boxes` (1, A, 4) and `raw_detection_scores`
    (1, A, N + 1), the background first. So programs written for the zoo's run it unchanged. The class names are in
    assets/label_map.pbtxt; `load_saved_model` reads it all back. That of a classifier gives `probabilities`, float32
    (1, K), and its class names are in assets/class_names.txt, a line each.

    Args:
        model: a `Detector` or `Classifier`; stays as it is.
        folder: made if absent; a SavedModel in it is replaced when the new one is whole and proven.
        images: pictures or annotations of which the first five are looked at to compare; None for the package's own.
        progress: show a bar: made, compared.

    Raises:
        ExportMismatch: what was written does not find what the model finds; nothing is left of it.
        FileExistsError: the folder holds something else.
        TypeError: `model` is neither.
        RuntimeError: Keras does not compute with TensorFlow.
    """
    if not isinstance(model, Detector):
        return classifier_saved_model(model, folder, images, progress)
    return _detector_saved_model(model, Path(folder), images, progress)


def _detector_saved_model(detector: Detector, folder: Path, images, progress: bool) -> SavedModelInfo:
    check_folder(folder)
    pictures, network = pictures_of(images), exportable_network(detector)
    equality = write_folder(
        folder,
        lambda new: _save(detector, network, new),
        lambda new: prove_equal(detector, load_saved_model(new), pictures, LIMITS),
        progress=progress,
    )
    warn_of_tiles(detector, "A program that runs the SavedModel")
    return SavedModelInfo(folder, bytes_of(folder), equality)


def _save(detector: Detector, network: keras.Model, folder: Path) -> None:
    size, anchors = detector.image_size, detector.anchors_rel_yxyx
    label_map = folder.with_name(LABEL_MAP_NAME)
    write_label_map(detector.class_names, label_map)

    def detect(input_tensor):
        outputs = network(network_input_graph(input_tensor, size), training=False)
        return detection_outputs(
            decode_boxes(outputs["box_encodings"], anchors), tf.sigmoid(outputs["class_logits"])
        )

    save_network(detect, network, label_map, folder)


def detection_outputs(boxes_rel_yxyx, scores) -> dict:
    """The outputs as the Object Detection API names and shapes them; all are float32.

    Args:
        boxes_rel_yxyx: (1, A, 4) decoded boxes, not clipped.
        scores: (1, A, N + 1), slot 0 the background.
    """
    anchors, labels, best, number = select_detections_graph(boxes_rel_yxyx[0], scores[0, :, 1:])
    real = tf.range(len(best)) < number
    boxes = tf.clip_by_value(tf.gather(boxes_rel_yxyx[0], anchors), 0.0, 1.0)
    outputs = {
        "detection_boxes": tf.where(real[:, None], boxes, 0.0),
        "detection_scores": best,
        "detection_classes": tf.cast(labels, tf.float32) + 1.0,
        "num_detections": tf.cast(number, tf.float32),
        "detection_anchor_indices": tf.cast(anchors, tf.float32),
        "detection_multiclass_scores": tf.where(real[:, None], tf.gather(scores[0], anchors), 0.0),
        "raw_detection_boxes": boxes_rel_yxyx[0],
        "raw_detection_scores": scores[0],
    }
    return {name: tf.expand_dims(value, 0) for name, value in outputs.items()}
