"""The benchmark of few photos: folds by hand, which file is the exam, its table, and that it refuses other classes."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest
from PIL import Image

import tflhelpers as tfl


def planted(folder, labels, class_names=("a", "b")):
    """A picture for each list of labels, a box for each label."""
    items = []
    for number, its_labels in enumerate(labels):
        boxes = tfl.Boxes(np.array([[0, 0, 4, 5]] * len(its_labels), np.float32).reshape(-1, 4), its_labels)
        items.append((folder / f"{number}.png", boxes))
    return tfl.Annotations.from_items(class_names, items)


def test_each_photo_is_left_out_once(script, tmp_path):
    photos = planted(tmp_path, [[0], [1], [0, 1], [0], [1]])
    folds = script("few_shot").folds_of(photos, 2)
    assert [[path.stem for path, _ in left] for _, left in folds] == [["0", "2", "4"], ["1", "3"]]
    assert [[path.stem for path, _ in kept] for kept, _ in folds] == [["1", "3"], ["0", "2", "4"]]


def test_a_class_is_never_left_without_a_photo(script, tmp_path):
    photos = planted(tmp_path, [[0], [1], [0]])
    folds = script("few_shot").folds_of(photos, 3)
    assert [[path.stem for path, _ in left] for _, left in folds] == [["0"], ["2"]]


@pytest.fixture
def set_folder(tmp_path):
    """A set whose photos lie in train and test; its second file of the exam has a region to ignore."""
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        Image.new("RGB", (6, 8)).save(tmp_path / part / "0.png")
    planted(tmp_path / "train", [[1]]).save(tmp_path / "annotations_train.json")
    planted(tmp_path / "test", [[0]]).save(tmp_path / "annotations_test.json")
    return tmp_path


def test_the_exam_with_regions_to_ignore_goes_before(script, set_folder):
    early, late = script("few_shot").exam_of(set_folder)
    assert [len(boxes) for _, boxes in late] == [1]
    assert early.image_paths[0] == set_folder / "train" / "0.png"
    planted(set_folder / "test", [[0, 0]]).save(set_folder / "annotations_test_reflections.json")
    _, late = script("few_shot").exam_of(set_folder)
    assert [len(boxes) for _, boxes in late] == [2]
    assert late.image_paths[0] == set_folder / "test" / "0.png"


def test_classes_in_another_order_are_refused(script, set_folder):
    planted(set_folder / "test", [[0]], ("b", "a")).save(set_folder / "annotations_test.json")
    with pytest.raises(SystemExit, match=r"one list of classes, got \('a', 'b'\) and \('b', 'a'\)"):
        script("few_shot").exam_of(set_folder)


def test_the_table_by_hand(script):
    same = {"set": "ducky", "start": "embedded", "steps": 160}
    runs = [
        {**same, "ap": 0.8, "ap50": 1.0, "ap75": 0.9, "seconds": 40.0},
        {**same, "ap": 0.9, "ap50": 1.0, "ap75": 0.9, "seconds": 50.0},
        {**same, "set": "cards", "ap": 0.3, "ap50": 0.5, "ap75": 0.25, "seconds": 300.0, "start": "mine"},
    ]
    duck, cards = script("few_shot").table(runs).splitlines()[2:]
    assert duck == (
        "| ducky | embedded | 0.850 (0.800–0.900) | 1.000 (1.000–1.000) | 0.900 (0.900–0.900) "
        "| 45.0 (40.0–50.0) | 160 |"
    )
    assert cards == "| cards | mine | 0.300 | 0.500 | 0.250 | 300.0 | 160 |"


def test_one_run_scores_what_its_child_found(script, set_folder, tmp_path, monkeypatch):
    few, asked = script("few_shot"), []

    def ask_us(*words):
        asked.append(words)
        rows = [{"xyxy": [[0, 0, 4, 5]], "labels": [0], "scores": [0.9]}]
        words[words.index("--detections") + 1].write_text(json.dumps(rows))
        return {"seconds": 2.0, "steps": 3}

    monkeypatch.setattr(few, "ask_us", ask_us)
    arguments = argparse.Namespace(data=tmp_path, steps=None)
    work = tmp_path / "work"
    work.mkdir()
    run = few.run_one(arguments, "embedded", 7, [few.exam_of(set_folder)] * 2, work)
    assert (run["ap50"], run["seconds"], run["steps"]) == (pytest.approx(1.0), 4.0, 6)
    assert asked[0][:7] == ("few", "--photos", work, "--start", "embedded", "--seed", 7)
    assert tfl.Annotations.load(work / "train.json").image_paths == few.exam_of(set_folder)[0].image_paths


@pytest.mark.parametrize("start", ["embedded", "hands", "some/folder"])
def test_other_starts_are_handed_on(script, tmp_path, start):
    assert script("few_shot").start_folder(start, tmp_path) == start
