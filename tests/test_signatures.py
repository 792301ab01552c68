"""One word for each thing in all public signatures, and a bar that can be switched off wherever one is shown."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import tflhelpers as tfl
from tflhelpers import explaining
from tflhelpers.classification.labelled import LabelledPictures
from tflhelpers.evaluation.mistakes import Mistakes
from tflhelpers.project import Project

PACKAGE = Path(__file__).resolve().parent.parent / "tflhelpers"
# Word -> the one that is used here.
OTHER_WORDS = {
    "photos": "images (arrays or files) or annotations (with boxes)",
    "photo": "image",
    "picture": "image",
    "dataset": "annotations",
    "most": "max_images or what is counted",
    "most_steps": "max_steps",
    "picture_size": "image_size",
    "limit": "max_images or what is counted",
    "longest": "max_side",
    "seconds": "max_seconds",
    "out": "path",
    "output": "path",
    "file": "path",
    "filename": "path",
    "directory": "folder",
    "detector_or_classifier": "model",
    "verbose": "progress",
    "quiet": "progress",
}
# A checkpoint of TensorFlow is several files that begin alike.
PREFIXES = {"Detector.save_zoo_checkpoint"}
TYPES = (
    *(tfl.Boxes, tfl.Annotations, tfl.Annotator, tfl.Detector, tfl.Classifier),
    *(tfl.LivePicture, tfl.interop.TFLiteDetector, Project, LabelledPictures, Mistakes),
)
# What goes through many images, trains, fetches or converts.
SLOW = """
    import_annotations export_annotations fine_tune diagnose leave_one_out contact_sheet gallery write_gif write_video
    detect_video detect_files interop.detect_files_on_ray interop.export_saved_model
    export_tflite export_web_demo fit_classifier evaluate_classifier
    formats.write_tfrecords formats.labelled_photos collect.from_csv collect.from_video collect.from_folder
    Annotations.check Annotations.shared_scenes Mistakes.what_to_photograph_next LabelledPictures.split
    Detector.from_zoo Detector.pretrained Detector.detect_all TFLiteDetector.detect_all Classifier.predict
    Classifier.logits Classifier.export_saved_model Classifier.export_tflite Project.detector Project.proposer
    Project.first_look Project.film_frames Project.labelled_photos Project.web_demo Project.results_page
    explaining.measure_transfer Annotator.to_html
"""


def public_functions() -> dict[str, inspect.Signature]:
    found = {f"explaining.{name}": getattr(explaining, name) for name in explaining.__all__}
    for name in tfl._HOMES:
        value = getattr(tfl, name)
        if inspect.ismodule(value):
            found |= {f"{name}.{each}": getattr(value, each) for each in value.__all__}
        elif not inspect.isclass(value):
            found[name] = value
    for type_ in TYPES:
        methods = inspect.getmembers(type_, callable)
        own = {n: m for n, m in methods if not n.startswith("_") and _is_ours(m)}
        found |= {f"{type_.__name__}.{name}": method for name, method in own.items()}
        found[type_.__name__] = type_.__init__
    return {name: inspect.signature(value) for name, value in found.items() if inspect.isroutine(value)}


def _is_ours(method: object) -> bool:
    return str(getattr(method, "__module__", "")).startswith("tflhelpers")


FUNCTIONS = public_functions()


def test_functions_are_found():
    assert {"fine_tune", "Boxes", "Boxes.iou", "samples.duck_photos", "Project.photos", "collect.upload"} <= {
        *FUNCTIONS
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_word_for_each_thing(name):
    words = {**OTHER_WORDS, **({} if name in PREFIXES else {"prefix": "path"})}
    wrong = {word: words[word] for word in FUNCTIONS[name].parameters if word in words}
    assert wrong == {}, f"{name}: say {wrong}"


@pytest.mark.parametrize("name", SLOW.split())
def test_what_takes_long_has_a_bar_that_can_be_switched_off(name):
    progress = FUNCTIONS[name].parameters["progress"]
    assert (progress.kind, progress.default) == (inspect.Parameter.KEYWORD_ONLY, True)


def test_every_bar_can_be_switched_off():
    calls = [
        (path.relative_to(PACKAGE).as_posix(), node)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "progress_bar"
    ]
    always = [file for file, call in calls if "enabled" not in {each.arg for each in call.keywords}]
    assert len(calls) > 20
    assert always == []


def test_training_without_a_bar_writes_nothing(capfd):
    detector = tfl.Detector.embedded(["duck"])
    tfl.fine_tune(detector, tfl.samples.duck_photos()[:1], steps=1, trainable="heads", progress=False)
    shown = capfd.readouterr()
    assert (shown.out, "it/s" in shown.err or "%|" in shown.err) == ("", False)
