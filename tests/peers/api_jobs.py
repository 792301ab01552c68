"""Jobs that the real Object Detection API does for the tests, in its own Python, which lacks our package.

    python api_jobs.py jobs.json

The file holds a list of {"job": name, **arguments}; each job writes its answer to the file `out`.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import tensorflow as tf


def mend_old_imports() -> None:
    """The API's tf-slim looks for these where TensorFlow had them until 2.12."""
    from tensorflow.python.ops import cond, control_flow_case, control_flow_ops, while_loop

    for module, name in ((cond, "cond"), (control_flow_case, "case"), (while_loop, "while_loop")):
        if not hasattr(control_flow_ops, name):
            setattr(control_flow_ops, name, getattr(module, name))


def decode(records: list[str], label_map: str, out: str) -> None:
    """What the API's decoder makes of records: boxes, classes, crowds, names, and the pixels' mean."""
    from object_detection.data_decoders.tf_example_decoder import TfExampleDecoder

    decoder = TfExampleDecoder(label_map_proto_file=label_map)
    rows = []
    for record in tf.data.TFRecordDataset(records):
        found = decoder.decode(record)
        rows.append(
            {
                "boxes_rel_yxyx": found["groundtruth_boxes"].numpy().tolist(),
                "classes": found["groundtruth_classes"].numpy().tolist(),
                "crowd": found["groundtruth_is_crowd"].numpy().tolist(),
                "filename": found["filename"].numpy().decode(),
                "shape": list(found["image"].shape),
                "mean": found["image"].numpy().mean(axis=(0, 1)).tolist(),
            }
        )
    write(out, rows)


def outputs(config: str, checkpoint: str, pictures: list[str], out: str) -> None:
    """The outputs of a network of a config, with a checkpoint of which every object is restored."""
    from object_detection.builders import model_builder
    from object_detection.utils import config_util

    model = model_builder.build(
        config_util.get_configs_from_pipeline_file(config)["model"], is_training=False
    )
    found: dict[str, np.ndarray] = {}
    run(model, np.zeros((1, 64, 64, 3), np.float32))  # makes the variables
    status = tf.train.Checkpoint(model=model).restore(checkpoint)
    status.assert_existing_objects_matched()
    if not has_training_state(checkpoint):
        status.assert_consumed()
    for number, picture in enumerate(pictures):
        pixels = np.load(picture).astype(np.float32)[None]
        found |= {f"{number}/{name}": value for name, value in run(model, pixels).items()}
    np.savez(out, **found)


def has_training_state(checkpoint: str) -> bool:
    """A training's checkpoint also holds its optimizer, for which a program that only detects has no place."""
    return any(name.startswith("optimizer") for name, _ in tf.train.list_variables(checkpoint))


def run(model, pixels: np.ndarray) -> dict[str, np.ndarray]:
    images, shapes = model.preprocess(tf.constant(pixels))
    predictions = model.predict(images, shapes)
    detections = model.postprocess(predictions, shapes)
    return {
        "box_encodings": np.reshape(predictions["box_encodings"], (-1, 4)),
        "class_logits": predictions["class_predictions_with_background"][0].numpy(),
        "boxes_rel_yxyx": detections["detection_boxes"][0].numpy(),
        "labels": detections["detection_classes"][0].numpy(),
        "scores": detections["detection_scores"][0].numpy(),
    }


def train(config: str, folder: str, steps: int, out: str) -> None:
    """The API's own training loop, as model_main_tf2 calls it."""
    from object_detection import model_lib_v2

    model_lib_v2.train_loop(
        config,
        folder,
        train_steps=steps,
        checkpoint_every_n=steps,
        num_steps_per_iteration=1,
        record_summaries=False,
    )
    write(out, {"checkpoint": tf.train.latest_checkpoint(folder)})


def export(config: str, checkpoint_folder: str, folder: str, pictures: list[str], out: str) -> None:
    """A SavedModel as the zoo's archives hold it, by the API's own exporter, and what it says to pictures."""
    from object_detection import exporter_lib_v2
    from object_detection.utils import config_util

    pipeline = config_util.create_pipeline_proto_from_configs(
        config_util.get_configs_from_pipeline_file(config)
    )
    exporter_lib_v2.export_inference_graph("image_tensor", pipeline, checkpoint_folder, folder)
    detect = tf.saved_model.load(f"{folder}/saved_model").signatures["serving_default"]
    found: dict[str, np.ndarray] = {}
    for number, picture in enumerate(pictures):
        detections = detect(tf.constant(np.load(picture)[None]))
        found |= {f"{number}/{name}": value[0].numpy() for name, value in detections.items()}
    np.savez(out, **found)


def write(path: str, content: object) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)


if __name__ == "__main__":
    mend_old_imports()
    with open(sys.argv[1], encoding="utf-8") as file:
        todo = json.load(file)
    for each in todo:
        globals()[each.pop("job")](**each)
