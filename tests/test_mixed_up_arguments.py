"""What is given in the place of something else is named: expected, got, what to write."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import tflhelpers as tfl
from tflhelpers.project import open_project

IMAGE = np.zeros((20, 30, 3), np.uint8)
BOXES = tfl.Boxes([[1, 2, 9, 9]], [0])


@pytest.fixture(scope="module")
def detector():
    return tfl.Detector.embedded(["duck"])


@pytest.fixture
def project(tmp_path):
    return open_project("ducks", parent=tmp_path)


PHOTOS = tfl.samples.duck_photos()
PATHS = {"checkpoint": "c", "train_records": ["a.record"], "eval_records": ["a.record"], "label_map": "l"}
IN_A_PROJECT = {
    "photos kept": (
        lambda project, detector: project.keep(PHOTOS),
        "detector must be a Detector, got Annotations",
    ),
    "a path kept": (
        lambda project, detector: project.keep("detector"),
        r"got str\. The call is project\.keep\(det",
    ),
    "a name that is none": (
        lambda project, detector: project.keep(detector, 7),
        "name must be text, got int",
    ),
    "photos for photos": (
        lambda project, detector: project.photos(PHOTOS),
        "must be a Detector, got Annotations",
    ),
    "photos to score": (
        lambda project, detector: project.scoring_photos(PHOTOS),
        "must be a Detector, got Annotations",
    ),
    "the other way round": (
        lambda project, detector: project.training_folder(PHOTOS, detector),
        r"got Annotations\. The call is project\.training_folder\(detector, annotations\)",
    ),
    "boxes to train on": (
        lambda project, detector: project.training_folder(detector, BOXES),
        "annotations must be Annotations, got Boxes",
    ),
    "a number for a calibration": (
        lambda project, detector: project.threshold(detector, 0.5, PHOTOS),
        "calibration must be what calibrate_threshold returned, got float",
    ),
    "photos for a calibration": (
        lambda project, detector: project.threshold(detector, PHOTOS, PHOTOS),
        "calibration must be what calibrate_threshold returned, got Annotations",
    ),
    "photos for an annotator": (
        lambda project, detector: project.proposer(PHOTOS),
        "must be an Annotator, got Annot",
    ),
    "photos on a page": (
        lambda project, detector: project.web_demo(PHOTOS),
        "expected a Detector or a Classifier, got",
    ),
    "a path on a page": (
        lambda project, detector: project.results_page("models/detector", title="Duck"),
        "detector must be a Detector, got str",
    ),
    "a folder measured": (
        lambda project, detector: project.results_page(detector, "data/test", title="Duck"),
        "annotations must be Annotations, got str",
    ),
    "a detector by itself": (
        lambda project, detector: project.detector(detector),
        "name must be text, got Detector",
    ),
    "a number of a film": (
        lambda project, detector: project.film_frames(7),
        "film must be a name or a path, got int",
    ),
    "classes of a number": (
        lambda project, detector: project.labelled_photos(folder=7),
        "folder must be text, got int",
    ),
    "a number of a project": (lambda project, detector: open_project(7), "name must be text, got int"),
}


@pytest.mark.parametrize("row", IN_A_PROJECT)
def test_in_a_project(project, detector, row):
    call, message = IN_A_PROJECT[row]
    with pytest.raises((TypeError, ValueError), match=message):
        call(project, detector)
    assert not list(project.models.iterdir())


ELSEWHERE = {
    "boxes of photos": (
        lambda detector: BOXES.iou(PHOTOS),
        r"other must be Boxes, got Annotations\. Write Boxes\(",
    ),
    "an array of boxes": (lambda detector: BOXES.iou(BOXES.xyxy), "other must be Boxes, got ndarray"),
    "boxes in no list": (
        lambda detector: tfl.Boxes.concatenate(PHOTOS),
        "parts must be a list of Boxes, got tuple",
    ),
    "a path in a list": (
        lambda detector: tfl.Boxes.concatenate("a.jpg"),
        "parts must be a list of Boxes, got str",
    ),
    "one side of a picture": (
        lambda detector: BOXES.clip(640),
        r"must be \(height, width\), got int\. Write image\.shape",
    ),
    "a picture for its size": (lambda detector: BOXES.clip(IMAGE), r"must be \(height, width\), got ndarray"),
    "one class": (
        lambda detector: BOXES.with_classes("duck"),
        "class_names must be a list of names, got str",
    ),
    "a detector's classes": (
        lambda detector: BOXES.with_classes(detector),
        "must be a list of names, got Detector",
    ),
    "classes of a detector": (
        lambda detector: tfl.Annotations(detector, []),
        "must be a list of names, got Detector",
    ),
    "a picture of nothing": (
        lambda detector: tfl.Annotations(["duck"], 7),
        "pictures must be pairs .* got int",
    ),
    "photos to find in": (
        lambda detector: detector.detect(PHOTOS),
        "image must be a path or .* got Annotations",
    ),
    "boxes to find in": (lambda detector: detector.detect(BOXES), "image must be a path or .* got Boxes"),
    "a detector to find in": (
        lambda detector: detector.detect_all(detector),
        "must be a list of pictures, got Detector",
    ),
    "a number of classes": (lambda detector: tfl.Detector.embedded(3), "class_names must be a list .* got 3"),
    "an array to read": (lambda detector: tfl.read_image(IMAGE), "must name a picture file, got ndarray"),
    "a number of pictures": (lambda detector: tfl.contact_sheet(7), "images must be a list .* got int"),
    "boxes on a sheet": (lambda detector: tfl.contact_sheet([BOXES]), "list of paths and arrays.* got Boxes"),
    "a detector's names": (
        lambda detector: tfl.draw_boxes(IMAGE, BOXES, detector),
        "list of names, got Detector",
    ),
    "a detector judged": (
        lambda detector: tfl.evaluate_classifier(PHOTOS, PHOTOS),
        r"classifier must be a Classifier, got Annotations\. The call is evaluate_classifier\(classifier",
    ),
    "photos judged": (
        lambda detector: tfl.evaluate_classifier(SimpleNamespace(predict=1), PHOTOS),
        "pictures must be those of labelled_photos, got Annotations",
    ),
    "photos combined": (
        lambda detector: tfl.formats.combine(PHOTOS),
        r"list of Annotations, got \w+\. Write \[photos",
    ),
    "a number combined": (lambda detector: tfl.formats.combine(7), "list of Annotations, got int"),
    "a detector written": (
        lambda detector: tfl.formats.write_tfrecords(detector, "a.record"),
        "annotations must be Annotations, got Detector",
    ),
    "photos configured": (
        lambda detector: tfl.interop.write_pipeline_config(PHOTOS, "a.config", **PATHS),
        "detector must be a Detector, got Annotations",
    ),
    "a text of pictures a second": (
        lambda detector: tfl.write_gif([IMAGE], "a.gif", fps="5"),
        r"fps must be a number, got str\. Write fps=5",
    ),
    "a text of bytes": (
        lambda detector: tfl.write_gif([IMAGE], "a.gif", fps=5, max_bytes="1MB"),
        "max_bytes must be a number, got str",
    ),
    "two rates": (
        lambda detector: tfl.write_video([IMAGE], "a.mp4", fps=(5, 9)),
        "fps must be a number, got tuple",
    ),
    "seconds of a film": (
        lambda detector: tfl.detect_video(detector, PHOTOS.image_paths, "a.mp4", max_seconds="10 s"),
        "max_seconds must be a number, got str",
    ),
    "a part as text": (
        lambda detector: PHOTOS.split("0.8"),
        r"train must be a number, got str\. Write train=0\.8",
    ),
    "a batch as text": (
        lambda detector: detector.detect_all([IMAGE], batch_size="8"),
        "batch_size must be a number",
    ),
    "photos to read": (lambda detector: tfl.read_image(PHOTOS), "got Annotations.* image_paths"),
}


@pytest.mark.parametrize("row", ELSEWHERE)
def test_elsewhere(detector, row):
    call, message = ELSEWHERE[row]
    with pytest.raises((TypeError, ValueError), match=message):
        call(detector)
