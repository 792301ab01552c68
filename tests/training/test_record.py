"""What a detector learned from is known again, and what has changed is told."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tests.training.tiny import drawn_pictures, tiny_detector
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats.tfrecord_writer import write_tfrecords
from tflhelpers.data.importing import import_annotations
from tflhelpers.model.detector import Detector
from tflhelpers.model.settings import Architecture
from tflhelpers.model.training_record import TrainingRecord
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.record import contents_mark, image_key, training_record

WHEN = "2026-11-30T06:32:06+00:00"


def record(images, class_names=("duck",), boxes=3):
    return TrainingRecord(class_names, images, boxes, WHEN)


@pytest.mark.parametrize(
    ("then", "now", "sentences"),
    [
        ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, []),
        ({"a": "1"}, {"a": "1", "b": "2"}, ["It was trained on 1 of your 2 photos."]),
        ({"a": "1"}, {"b": "2"}, ["It was trained on none of your 1 photo."]),
        ({"a": "1", "b": "2"}, {"a": "1"}, ["1 photo that it was trained on is not there any more."]),
        ({"a": "1", "b": "2"}, {"a": "9", "b": "8"}, ["The boxes on 2 photos have changed since."]),
    ],
)
def test_differences(then, now, sentences):
    assert record(then).differences(record(now)) == sentences


def test_other_classes():
    assert record({"a": "1"}).differences(record({"a": "1"}, ("cup", "mug"))) == [
        "Its classes are duck, those of your boxes cup, mug."
    ]


def test_it_is_told_in_words():
    assert str(record({"a": "1", "b": "2"})) == "2 photos with 3 boxes of duck, on 30 November 2026"
    assert str(record({"a": "1"}, boxes=1)) == "1 photo with 1 box of duck, on 30 November 2026"


def test_a_copy_of_a_file_is_the_same_image(tmp_path):
    pictures = drawn_pictures(tmp_path, 2)
    first, second = pictures.image_paths
    copy = shutil.copyfile(first, tmp_path / "other name.png")
    assert image_key(copy) == image_key(first) != image_key(second)
    assert image_key(tmp_path / "missing.png") == ""


def test_photos_that_change_places_are_other_contents(tmp_path):
    pictures = drawn_pictures(tmp_path, 2)
    before = contents_mark(training_record(pictures))
    first, second = (path.read_bytes() for path in pictures.image_paths)
    assert contents_mark(training_record(pictures)) == before
    for path, contents in zip(pictures.image_paths, (second, first), strict=True):
        path.write_bytes(contents)
    assert contents_mark(training_record(pictures)) != before


def test_images_within_records_are_known(tmp_path):
    pictures = drawn_pictures(tmp_path, 3)
    write_tfrecords(pictures, tmp_path / "photos.record")
    again, _ = import_annotations(tmp_path / "photos.record")
    assert training_record(again).images.keys() == training_record(pictures).images.keys()


@pytest.mark.parametrize(("moved_px", "same"), [(0.0, True), (0.01, True), (0.3, False)])
def test_boxes_are_compared_to_a_tenth_of_a_pixel_in_any_order(tmp_path, moved_px, same):
    path = drawn_pictures(tmp_path, 1).image_paths[0]
    xyxy = np.array([[1, 2, 30, 40], [5, 6, 20, 20]], np.float32)
    before = Annotations(["red", "blue"], [(path, Boxes(xyxy, [0, 1]))])
    after = Annotations(["red", "blue"], [(path, Boxes(xyxy[::-1] + np.float32(moved_px), [1, 0]))])
    assert (training_record(before).differences(training_record(after)) == []) is same


def test_it_is_kept_with_the_detector(tmp_path):
    pictures = drawn_pictures(tmp_path, 3, negatives=1)
    detector = tiny_detector()
    assert detector.trained_on is None
    fine_tune(detector, pictures, steps=1)
    assert detector.trained_on.differences(training_record(pictures)) == []
    assert detector.trained_on.num_boxes == sum(len(boxes) for _, boxes in pictures)
    small = Detector(
        Architecture("ssd_mobilenet_v2_fpnlite", (64, 64), {"alpha": 0.35, "fpn_depth": 8}), ["red"]
    )
    small.trained_on = detector.trained_on
    small.save(tmp_path / "saved")
    loaded = Detector.load(tmp_path / "saved")
    assert loaded.trained_on == detector.trained_on
    assert loaded.folder == small.folder == tmp_path / "saved"
    assert Detector.load(tmp_path / "saved", class_names=["cup"]).trained_on is None


def test_a_damaged_record_is_refused(tmp_path):
    small = Detector(
        Architecture("ssd_mobilenet_v2_fpnlite", (64, 64), {"alpha": 0.35, "fpn_depth": 8}), ["red"]
    )
    file = small.save(tmp_path) / "detector.json"
    settings = json.loads(file.read_text("utf-8")) | {"trained_on": {"images": 3}}
    file.write_text(json.dumps(settings), "utf-8")
    with pytest.raises(ValueError, match="trained_on: it lacks class_names, num_boxes, when"):
        Detector.load(tmp_path)
