"""`export_saved_model`: a detector as the model zoo's own SavedModels are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.formats.label_map import LABEL_MAP_NAME, write_label_map
from tflhelpers.files.atomic_folder import replace_folder, scratch_beside
from tflhelpers.model.box_coding import decode_boxes
from tflhelpers.model.detector import Detector
from tflhelpers.sharing.export.equality import Equality, Limits, pictures_of, prove_equal
from tflhelpers.sharing.export.network import exportable_network, quiet_tensorflow, tensorflow_variables
from tflhelpers.sharing.export.nms_graph import select_detections_graph
from tflhelpers.sharing.export.off_the_shelf import SAVED_MODEL_FILES, off_the_shelf
from tflhelpers.sharing.export.resize_graph import network_input_graph

LIMITS = Limits(pixels=1.0, score=1e-3, min_score=0.001)


@dataclass(frozen=True)
class SavedModelInfo:
    """What `export_saved_model` wrote. Usable wherever a path is: `tf.saved_model.load(info)`, `Path(info)`.

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


def export_saved_model(
    detector: Detector, folder: str | os.PathLike, *, photos: Annotations | Iterable | None = None
) -> SavedModelInfo:
    """Writes the detector as a TensorFlow SavedModel with the signature of the model zoo's.

    It takes `input_tensor`, uint8 (1, H, W, 3) RGB of any size, and gives float32 `detection_boxes` (1, 100, 4) ymin,
    xmin, ymax, xmax as fractions, `detection_scores` (1, 100), `detection_classes` (1, 100) counted from 1,
    `num_detections` (1,), `detection_anchor_indices` (1, 100), `detection_multiclass_scores` (1, 100, N + 1),
    `raw_detection_boxes` (1, A, 4) and `raw_detection_scores` (1, A, N + 1), the background first. So programs written
    for the zoo's run it unchanged. The class names are in assets/label_map.pbtxt; `off_the_shelf` reads it all back.

    Args:
        detector: stays as it is.
        folder: made if absent; a SavedModel in it is replaced when the new one is whole and proven.
        photos: pictures or annotations of which the first five are looked at to compare; None for the package's own.

    Raises:
        ExportMismatch: what was written does not find what the detector finds; nothing is left of it.
        FileExistsError: the folder holds something else.
        RuntimeError: Keras does not compute with TensorFlow.
    """
    folder = Path(folder)
    _check_replaceable(folder)
    pictures, served = pictures_of(photos), _served(detector)
    with scratch_beside(folder) as scratch:
        new = scratch / "new"
        write_label_map(detector.class_names, scratch / LABEL_MAP_NAME)
        served.label_map = tf.saved_model.Asset(str(scratch / LABEL_MAP_NAME))
        _save(served, new)
        equality = prove_equal(detector, off_the_shelf(new), pictures, LIMITS)
        replace_folder(new, folder)
    size_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return SavedModelInfo(folder, size_bytes, equality)


def _check_replaceable(folder: Path) -> None:
    holds = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if folder.is_file() or (holds and not any(name in holds for name in SAVED_MODEL_FILES)):
        what = "a file" if folder.is_file() else f"a folder with {', '.join(sorted(holds)[:3])}"
        raise FileExistsError(
            f"expected a new folder, or one with a SavedModel to replace, got {folder}, {what}. Name another one."
        )


def _served(detector: Detector) -> tf.Module:
    """What is saved: it holds the weights, and looks at a picture when called.

    The Keras model itself stays out of it: it would bring all of its weights along a second time.
    """
    network, size, anchors = exportable_network(detector), detector.image_size, detector.anchors_rel_yxyx

    def detect(input_tensor):
        outputs = network(network_input_graph(input_tensor, size), training=False)
        return detection_outputs(
            decode_boxes(outputs["box_encodings"], anchors), tf.sigmoid(outputs["class_logits"])
        )

    served = tf.Module()
    served.weights = tensorflow_variables(network)
    taken = tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")
    served.__call__ = tf.function(detect, input_signature=[taken])
    return served


def _save(served: tf.Module, folder: Path) -> None:
    signature = served.__call__.get_concrete_function()
    with quiet_tensorflow():
        tf.saved_model.save(served, str(folder), signatures={"serving_default": signature})


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
