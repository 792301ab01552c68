"""tflhelpers at the same job as a peer: one run in a process of its own, one JSON line at its end.

python ours.py train --data DATA --recipe defaults --detections found.json
python ours.py transfer --start embedded --detections found.json
python ours.py several --pictures FOLDER --detections found.json
python ours.py few --photos FOLDER --start embedded --detections found.json
python ours.py original --data DATA --cache-features yes
python ours.py detect --network resnet50_640
python ours.py folder --pictures FOLDER
python ours.py first --network resnet50_640 --checkpoint PREFIX
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import keras
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

import tflhelpers as tfl
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key

ZOO_NAMES = {
    "resnet50_640": "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8",
    "mobilenet_320": "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8",
}
FAMILIES = {"resnet50_640": "ssd_resnet_fpn", "mobilenet_320": "ssd_mobilenet_v2_fpnlite"}
# What is asked of `fine_tune`. The last two are the original's, but for our learning rate's rise and fall.
RECIPES = {
    "defaults": {},
    "fast": {"budget": "20 s"},
    "extractor": {},  # see duck_detector
    "heads": {"trainable": "heads", "steps": 100, "optimizer": "sgd", "learning_rate": 0.01, "augment": None},
    "ancestor": {
        "trainable": "all",
        "steps": 300,
        "optimizer": "sgd",
        "learning_rate": 0.01,
        "augment": None,
    },
}
# Checkpoints in the folder of data.
CHECKPOINTS = {
    "hands": "handtrack_320/checkpoint/ckpt-0",
    "extractor": "coco_fpnlite_extractor/checkpoint_feature_extractor/ckpt-0",
}
MIN_SCORE = 0.001


def duck_detector(data: Path, recipe: str = "defaults") -> tfl.Detector:
    """The hands-and-faces detector with a fresh class head for the rubber duck.

    For the recipe "extractor" it is a feature extractor trained on COCO instead, with all of the box predictor fresh.
    """
    names = tfl.Annotations.load(data / "ducky" / "annotations_train.json").class_names
    return few_detector("extractor" if recipe == "extractor" else "hands", data, names)


def drawn_duck_detector(start: str, class_names: tuple[str, ...]) -> tfl.Detector:
    """The embedded detector, or one of the same architecture with random weights."""
    embedded = tfl.Detector.embedded(class_names)
    return embedded if start == "embedded" else tfl.Detector(embedded.architecture, class_names)


def learn_and_find(detector, photos, frames, recipe: dict, *, seed: int, detections: Path) -> dict:
    """Fine-tunes, keeps what is then found in the frames; returns the figures of both."""
    ready = time.perf_counter()
    history = tfl.fine_tune(detector, photos, seed=seed, **recipe)
    trained = time.perf_counter()
    found = detector.detect_all(frames.image_paths, threshold=MIN_SCORE, progress=False)
    write_detections(detections, [(boxes.xyxy, boxes.labels, boxes.scores) for boxes in found])
    return {
        "seconds": trained - ready,
        "detect_seconds": time.perf_counter() - trained,
        "steps": len(history.loss),
        "loss": [history.loss[0], history.loss[-1]],
        "threshold": detector.threshold,
    }


def run_train(arguments: argparse.Namespace) -> None:
    began = time.perf_counter()
    keras.utils.set_random_seed(arguments.seed)  # for what is fresh
    detector, folder = duck_detector(arguments.data, arguments.recipe), arguments.data / "ducky"
    restore_seconds = time.perf_counter() - began
    photos = tfl.Annotations.load(folder / "annotations_train.json", images=folder / "train")
    frames = tfl.Annotations.load(folder / "annotations_test_reflections.json", images=folder / "test")
    recipe = _with_steps(RECIPES[arguments.recipe], arguments.steps)
    figures = learn_and_find(
        detector, photos, frames, recipe, seed=arguments.seed, detections=arguments.detections
    )
    restored = len(detector.restore_report.restored)
    answer(**figures, restore_seconds=restore_seconds, restored=restored, **_versions())


def run_transfer(arguments: argparse.Namespace) -> None:
    keras.utils.set_random_seed(arguments.seed)
    photos, frames = tfl.samples.duck_photos(), tfl.samples.duck_clip()
    detector = drawn_duck_detector(arguments.start, photos.class_names)
    recipe = _with_steps({}, arguments.steps)
    figures = learn_and_find(
        detector, photos, frames, recipe, seed=arguments.seed, detections=arguments.detections
    )
    answer(**figures, **_versions())


def run_several(arguments: argparse.Namespace) -> None:
    keras.utils.set_random_seed(arguments.seed)
    photos, *others = (
        tfl.Annotations.load(arguments.pictures / f"{part}.json") for part in ("training", "held_out", "test")
    )
    both = tfl.Annotations.from_items(photos.class_names, [item for part in others for item in part])
    figures = learn_and_find(
        tfl.Detector.embedded(photos.class_names),
        photos,
        both,
        _with_steps({}, arguments.steps),
        seed=arguments.seed,
        detections=arguments.detections,
    )
    answer(**figures, **_versions())


def few_detector(start: str, data: Path, class_names: tuple[str, ...]) -> tfl.Detector:
    """The embedded detector, one from `data` (hands, extractor), or one saved in a folder, for these classes."""
    if start in CHECKPOINTS:
        return tfl.Detector.from_zoo(
            ZOO_NAMES["mobilenet_320"], class_names=class_names, checkpoint=data / CHECKPOINTS[start]
        )
    return (
        tfl.Detector.embedded(class_names)
        if start == "embedded"
        else tfl.Detector.load(start, class_names=class_names)
    )


def run_few(arguments: argparse.Namespace) -> None:
    keras.utils.set_random_seed(arguments.seed)
    photos, exam = (tfl.Annotations.load(arguments.photos / f"{part}.json") for part in ("train", "test"))
    figures = learn_and_find(
        few_detector(arguments.start, arguments.data, photos.class_names),
        photos,
        exam,
        _with_steps({}, arguments.steps),
        seed=arguments.seed,
        detections=arguments.detections,
    )
    answer(**figures, **_versions())


def detector_with(weight, network: str, class_names: tuple[str, ...] = ("thing",)) -> tfl.Detector:
    """A detector with the weights that a function (checkpoint key, shape) gives."""
    side = NETWORKS[network]
    detector = tfl.Detector(Architecture(FAMILIES[network], (side, side), {}), class_names)
    for key, variable in variables_by_key(detector.network).items():
        variable.assign(weight(key, tuple(variable.shape)))
    return detector


def run_original(arguments: argparse.Namespace) -> None:
    folder = arguments.data / "ducky"
    photos = tfl.Annotations.load(folder / "annotations_train.json", images=folder / "train")
    detector = detector_with(learnable_weight(), "resnet50_640", photos.class_names)
    recipe = _with_steps(RECIPES["heads"], arguments.steps)
    began = time.perf_counter()
    history = tfl.fine_tune(
        detector, photos, seed=arguments.seed, cache_features=arguments.cache_features == "yes", **recipe
    )
    seconds = time.perf_counter() - began
    answer(seconds=seconds, steps=len(history.loss), loss=history.loss, notes=history.notes, **_versions())


def with_engine(detector: tfl.Detector, engine: str | None):
    """The detector, told what is to run it; None leaves one of an older build as it is."""
    if engine == "litert":
        file = Path(tempfile.mkdtemp(), "detector.tflite")
        tfl.export_tflite(detector, file, head="raw", progress=False)
        return tfl.interop.TFLiteDetector(file)
    if engine is not None:
        detector.engine = engine
    return detector


def run_detect(arguments: argparse.Namespace) -> None:
    built = detector_with(formula_weight(), arguments.network)
    if arguments.save:
        built.save(arguments.save)
    began = time.perf_counter()
    detector = with_engine(built, arguments.engine)
    build_seconds, picture = time.perf_counter() - began, noise_picture()
    figures = time_calls(lambda: detector.detect(picture, threshold=MIN_SCORE), arguments.repeats)
    scores = detector.detect(picture, threshold=MIN_SCORE).scores.tolist()
    answer(**figures, build_seconds=build_seconds, scores=scores, **_versions())


def run_folder(arguments: argparse.Namespace) -> None:
    detector = with_engine(detector_with(formula_weight(), "mobilenet_320"), arguments.engine)
    paths, peaks = sorted(arguments.pictures.glob("*.jpg")), {}
    began = time.perf_counter()
    detector.detect_all(paths[:8], threshold=MIN_SCORE, progress=False)
    first_seconds, began = time.perf_counter() - began, time.perf_counter()
    found = detector.detect_all(
        noting_peaks(paths, arguments.early, peaks), threshold=MIN_SCORE, progress=False
    )
    seconds = time.perf_counter() - began
    scores = found[0].scores.tolist()
    answer(
        seconds=seconds,
        pictures=len(paths),
        first_seconds=first_seconds,
        scores=scores,
        **peaks,
        **_versions(),
    )


def run_first(arguments: argparse.Namespace) -> None:
    if arguments.checkpoint:
        detector = tfl.Detector.from_zoo(
            ZOO_NAMES[arguments.network], class_names=["thing"], checkpoint=arguments.checkpoint
        )
    else:
        detector = tfl.Detector.load(arguments.saved)
    detector = with_engine(detector, arguments.engine)
    ready_at = time.time()
    found = detector.detect(noise_picture(), threshold=MIN_SCORE)
    answer(ready_at=ready_at, detected_at=time.time(), scores=found.scores.tolist(), **_versions())
    if arguments.save:
        detector.save(arguments.save)


def _with_steps(recipe: dict, steps: int | None) -> dict:
    return recipe if steps is None else {**recipe, "steps": steps}


def _versions() -> dict:
    return {"keras": keras.__version__, "backend": keras.backend.backend()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    jobs = parser.add_subparsers(required=True)
    train = jobs.add_parser("train", help="learn the rubber duck, find it in the 49 frames")
    train.add_argument("--data", type=Path, required=True, help="holds ducky and the recipe's checkpoint")
    train.add_argument("--recipe", choices=RECIPES, default="defaults")
    train.set_defaults(run=run_train)
    transfer = jobs.add_parser("transfer", help="learn the drawn duck, find it in the drawn clip")
    transfer.add_argument("--start", choices=("embedded", "random"), default="embedded")
    transfer.set_defaults(run=run_transfer)
    several = jobs.add_parser("several", help="learn three drawn things from few examples")
    several.add_argument("--pictures", type=Path, required=True, help="that several_classes.py has drawn")
    several.set_defaults(run=run_several)
    few = jobs.add_parser("few", help="learn from some photos, find in others")
    few.add_argument("--photos", type=Path, required=True, help="folder of train.json and test.json")
    few.add_argument(
        "--start", required=True, help="embedded, hands, extractor, or a saved detector's folder"
    )
    few.add_argument("--data", type=Path, help="folder of the checkpoints")
    few.set_defaults(run=run_few)
    for job in (train, transfer, several, few):
        job.add_argument("--steps", type=int, help="default: the recipe's")
        job.add_argument("--seed", type=int, default=0)
        job.add_argument("--detections", type=Path, required=True, help="JSON file to write")
    original = jobs.add_parser("original", help="the original's recipe: ResNet50 at 640, heads only")
    original.add_argument("--data", type=Path, required=True, help="holds ducky")
    original.add_argument("--cache-features", choices=("yes", "no"), default="yes")
    original.add_argument("--steps", type=int, help="default: the recipe's 100")
    original.add_argument("--seed", type=int, default=0)
    original.set_defaults(run=run_original)
    detect = jobs.add_parser("detect", help="find things in one picture, many times")
    detect.add_argument("--network", choices=NETWORKS, required=True)
    detect.add_argument("--repeats", type=int, default=30)
    detect.add_argument("--save", type=Path, help="folder to save the detector to beforehand")
    detect.set_defaults(run=run_detect)
    folder = jobs.add_parser("folder", help="find things in all pictures of a folder")
    folder.add_argument("--pictures", type=Path, required=True)
    folder.add_argument("--early", type=int, default=100, help="pictures after which memory is looked at")
    folder.set_defaults(run=run_folder)
    first = jobs.add_parser("first", help="find things in one picture, once")
    first.add_argument("--network", choices=NETWORKS, required=True)
    start = first.add_mutually_exclusive_group(required=True)
    start.add_argument("--checkpoint", type=Path, help="prefix of a checkpoint to restore")
    start.add_argument("--saved", type=Path, help="folder that Detector.save wrote")
    first.add_argument("--save", type=Path, help="folder to save the detector to afterwards")
    first.set_defaults(run=run_first)
    for job in (detect, folder, first):
        job.add_argument("--engine", choices=("openvino", "keras", "litert"), help="default: the build's own")
    return parser


if __name__ == "__main__":
    parsed = _parser().parse_args()
    parsed.run(parsed)
