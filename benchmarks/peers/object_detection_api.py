"""The TensorFlow Object Detection API at the same job: one run, one JSON line at its end.

Runs in the API's own Python (README.md says how to make one), which lacks our package:

    python object_detection_api.py train --data DATA --recipe all --detections found.json
    python object_detection_api.py original --data DATA
    python object_detection_api.py detect --network resnet50_640
    python object_detection_api.py folder --pictures FOLDER --reader tutorial
    python object_detection_api.py first --network resnet50_640 --checkpoint PREFIX
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import deque
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from object_detection.builders import model_builder
from object_detection.protos import pipeline_pb2
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from object_detection_api_config import NETWORK_CONFIGS
from same_job import (
    NETWORKS,
    answer,
    formula_weight,
    learnable_weight,
    noise_picture,
    noting_peaks,
    time_calls,
    write_detections,
)

KEY_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
HEADS = tuple(
    f"WeightSharedConvolutionalBoxPredictor/WeightSharedConvolutional{head}Head" for head in ("Box", "Class")
)
RECIPES = {"heads": 100, "all": 300}  # what learns -> steps
BATCH_SIZE, RATE, MOMENTUM = 4, 0.01, 0.9
MIN_SCORE = 0.001


def build(network: str, *, is_training: bool):
    """The model with one class and all its variables, of a config made of the zoo's values."""
    config = pipeline_pb2.TrainEvalPipelineConfig()
    text_format.Parse(NETWORK_CONFIGS[network], config)
    model = model_builder.build(config.model, is_training=is_training)
    side = NETWORKS[network]
    images, shapes = model.preprocess(tf.zeros([1, side, side, 3]))
    model.postprocess(model.predict(images, shapes), shapes)
    return model


def variables_by_key(model) -> dict[str, tf.Variable]:
    """Each variable under the key of its shortest path, which is how a checkpoint of the model names it."""
    root = tf.train.Checkpoint(model=model)
    view = tf.train.TrackableView(root)
    paths, waiting, seen = {}, deque([(root, ())]), {id(root)}
    while waiting:
        thing, path = waiting.popleft()
        if isinstance(thing, tf.Variable):
            paths["/".join(path) + KEY_SUFFIX] = thing
        for name, child in view.children(thing).items():
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append((child, (*path, name)))
    return {key: variable for key, variable in paths.items() if not key.startswith("save_counter")}


def restore_all_but_class_head(model, prefix: Path) -> int:
    """Sets each variable from the checkpoint; returns how many. The class head stays as it was made."""
    reader = tf.train.load_checkpoint(str(prefix))
    variables = {k: v for k, v in variables_by_key(model).items() if "_class_predictor_layers" not in k}
    for key, variable in variables.items():
        variable.assign(reader.get_tensor(key))
    return len(variables)


def read_photos(annotations: Path, images: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each picture, float32 RGB (1, H, W, 3), and its boxes, relative yxyx (n, 4), crowd regions left out."""
    content = json.loads(annotations.read_text("utf-8"))
    photos = []
    for entry in content["images"]:
        with Image.open(images / entry["file_name"]) as file:
            pixels = np.asarray(file.convert("RGB"), np.float32)[None]
        width, height = entry["width"], entry["height"]
        rows = [
            (y / height, x / width, (y + h) / height, (x + w) / width)
            for row in content["annotations"]
            for x, y, w, h in [row["bbox"]]
            if row["image_id"] == entry["id"] and not row["iscrowd"]
        ]
        photos.append((pixels, np.array(rows, np.float32).reshape(-1, 4)))
    return photos


def learn(model, photos, *, recipe: str, steps: int, side: int) -> list[float]:
    """The loop of the API's few-shot notebooks. Kind to it: each picture is preprocessed once only."""
    images = [model.preprocess(tf.constant(pixels))[0] for pixels, _ in photos]
    boxes = [tf.constant(rows) for _, rows in photos]
    classes = [tf.ones([len(rows), 1]) for _, rows in photos]
    variables = [v for v in model.trainable_variables if recipe == "all" or v.name.startswith(HEADS)]
    optimizer = tf.keras.optimizers.SGD(learning_rate=RATE, momentum=MOMENTUM)
    shapes = tf.constant(BATCH_SIZE * [[side, side, 3]], tf.int32)

    @tf.function
    def step(batch, batch_boxes, batch_classes):
        model.provide_groundtruth(groundtruth_boxes_list=batch_boxes, groundtruth_classes_list=batch_classes)
        with tf.GradientTape() as tape:
            losses = model.loss(model.predict(tf.concat(batch, axis=0), shapes), shapes)
            loss = losses["Loss/localization_loss"] + losses["Loss/classification_loss"]
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    course = []
    for _ in range(steps):
        chosen = random.sample(range(len(photos)), BATCH_SIZE)
        batch = [[values[i] for i in chosen] for values in (images, boxes, classes)]
        course.append(float(step(*batch)))
    return course


def detector(model):
    """The function picture (1, H, W, 3) float32 -> detections, compiled as in the API's notebooks."""

    @tf.function
    def detect(pixels):
        images, shapes = model.preprocess(pixels)
        return model.postprocess(model.predict(images, shapes), shapes)

    return detect


def detect_in_pixels(detect, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(xyxy, labels, scores) of one picture uint8 or float32 (1, H, W, 3), best first."""
    found = detect(tf.convert_to_tensor(pixels, dtype=tf.float32))
    scores = found["detection_scores"][0].numpy()
    sure = scores >= MIN_SCORE
    height, width = pixels.shape[1:3]
    yxyx = found["detection_boxes"][0].numpy()[sure]
    xyxy = yxyx[:, [1, 0, 3, 2]] * np.float32([width, height, width, height])
    return xyxy, found["detection_classes"][0].numpy().astype(int)[sure], scores[sure]


def run_train(arguments: argparse.Namespace) -> None:
    tf.keras.utils.set_random_seed(arguments.seed)
    network, folder = "mobilenet_320", arguments.data / "ducky"
    began = time.perf_counter()
    model = build(network, is_training=True)
    restored = restore_all_but_class_head(model, arguments.data / "handtrack_320" / "checkpoint" / "ckpt-0")
    ready = time.perf_counter()
    photos = read_photos(folder / "annotations_train.json", folder / "train")
    steps = arguments.steps or RECIPES[arguments.recipe]
    losses = learn(model, photos, recipe=arguments.recipe, steps=steps, side=NETWORKS[network])
    trained = time.perf_counter()
    detect = detector(model)
    frames = read_photos(folder / "annotations_test_reflections.json", folder / "test")
    write_detections(arguments.detections, [detect_in_pixels(detect, pixels) for pixels, _ in frames])
    answer(
        seconds=trained - ready,
        restore_seconds=ready - began,
        detect_seconds=time.perf_counter() - trained,
        restored=restored,
        steps=steps,
        loss=[losses[0], losses[-1]],
        tensorflow=tf.__version__,
    )


def build_with(weight, network: str, *, is_training: bool):
    """The model with the weights that a function (checkpoint key, shape) gives."""
    model = build(network, is_training=is_training)
    for key, variable in variables_by_key(model).items():
        variable.assign(weight(key, tuple(variable.shape)))
    return model


def run_original(arguments: argparse.Namespace) -> None:
    tf.keras.utils.set_random_seed(arguments.seed)
    network, folder = "resnet50_640", arguments.data / "ducky"
    model = build_with(learnable_weight(), network, is_training=True)
    began = time.perf_counter()
    photos = read_photos(folder / "annotations_train.json", folder / "train")
    steps = arguments.steps or RECIPES["heads"]
    losses = learn(model, photos, recipe="heads", steps=steps, side=NETWORKS[network])
    answer(seconds=time.perf_counter() - began, steps=steps, loss=losses, tensorflow=tf.__version__)


def run_detect(arguments: argparse.Namespace) -> None:
    began = time.perf_counter()
    model = build_with(formula_weight(), arguments.network, is_training=False)
    ready = time.perf_counter()
    detect, picture = detector(model), noise_picture()[None]
    figures = time_calls(lambda: detect_in_pixels(detect, picture), arguments.repeats)
    _, _, scores = detect_in_pixels(detect, picture)
    answer(
        **figures,
        build_seconds=ready - began,
        scores=scores.tolist(),
        tensorflow=tf.__version__,
    )


def read_as_tutorial(path: Path) -> np.ndarray:
    """As its inference tutorial does it: a list of all pixels on the way."""
    with Image.open(path) as file:
        width, height = file.size
        return np.array(file.getdata()).reshape((height, width, 3)).astype(np.uint8)


def read_quickly(path: Path) -> np.ndarray:
    """As one who knows numpy does it."""
    with Image.open(path) as file:
        return np.asarray(file.convert("RGB"))


READERS = {"tutorial": read_as_tutorial, "quick": read_quickly}


def run_folder(arguments: argparse.Namespace) -> None:
    """The loop of its inference tutorial: read a picture, find things in it, next."""
    detect = detector(build_with(formula_weight(), "mobilenet_320", is_training=False))
    read, paths, peaks = READERS[arguments.reader], sorted(arguments.pictures.glob("*.jpg")), {}
    paths = paths[: arguments.count]
    began = time.perf_counter()
    detect_in_pixels(detect, read(paths[0])[None])
    first_seconds, began = time.perf_counter() - began, time.perf_counter()
    found = [
        detect_in_pixels(detect, read(path)[None]) for path in noting_peaks(paths, arguments.early, peaks)
    ]
    seconds = time.perf_counter() - began
    answer(
        seconds=seconds,
        pictures=len(paths),
        first_seconds=first_seconds,
        scores=found[0][2].tolist(),
        **peaks,
        tensorflow=tf.__version__,
    )


def run_checkpoint(arguments: argparse.Namespace) -> None:
    """Writes a checkpoint as a training of the API does, with the weights of the golden data."""
    model = build_with(formula_weight(), arguments.network, is_training=False)
    tf.train.Checkpoint(model=model).write(str(arguments.checkpoint))
    answer(written=str(arguments.checkpoint))


def run_first(arguments: argparse.Namespace) -> None:
    """Build, restore, find things in one picture: the cells of its inference tutorial."""
    model = build(arguments.network, is_training=False)
    tf.train.Checkpoint(model=model).restore(str(arguments.checkpoint)).expect_partial()
    ready_at = time.time()
    _, _, scores = detect_in_pixels(detector(model), noise_picture()[None])
    answer(ready_at=ready_at, detected_at=time.time(), scores=scores.tolist(), tensorflow=tf.__version__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    jobs = parser.add_subparsers(required=True)
    train = jobs.add_parser("train", help="learn the rubber duck, find it in the 49 frames")
    train.add_argument("--data", type=Path, required=True, help="holds ducky and handtrack_320")
    train.add_argument("--recipe", choices=RECIPES, default="all", help="what learns")
    train.add_argument("--steps", type=int, help="default 100 for heads, 300 for all")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--detections", type=Path, required=True, help="JSON file to write")
    train.set_defaults(run=run_train)
    original = jobs.add_parser("original", help="its notebook's recipe: ResNet50 at 640, heads only")
    original.add_argument("--data", type=Path, required=True, help="holds ducky")
    original.add_argument("--steps", type=int, help="default 100")
    original.add_argument("--seed", type=int, default=0)
    original.set_defaults(run=run_original)
    detect = jobs.add_parser("detect", help="find things in one picture, many times")
    detect.add_argument("--network", choices=NETWORKS, required=True)
    detect.add_argument("--repeats", type=int, default=30)
    detect.set_defaults(run=run_detect)
    folder = jobs.add_parser("folder", help="find things in all pictures of a folder")
    folder.add_argument("--pictures", type=Path, required=True)
    folder.add_argument("--reader", choices=READERS, default="quick")
    folder.add_argument("--count", type=int, help="only so many pictures")
    folder.add_argument("--early", type=int, default=100, help="pictures after which memory is looked at")
    folder.set_defaults(run=run_folder)
    for name, run in (("checkpoint", run_checkpoint), ("first", run_first)):
        job = jobs.add_parser(
            name, help="write a checkpoint" if name == "checkpoint" else "one picture, once"
        )
        job.add_argument("--network", choices=NETWORKS, required=True)
        job.add_argument("--checkpoint", type=Path, required=True, help="prefix")
        job.set_defaults(run=run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
