"""`tflhelpers import`: what is written where, in which format."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.command_line.program import main
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.importing import export_annotations, import_annotations

TRUTH = [[1, 2, 30, 20]]


@pytest.fixture
def voc(tmp_path, monkeypatch):
    """A folder of Pascal VOC: two pictures, one box each, the second partly outside."""
    monkeypatch.chdir(tmp_path)
    Path("photos").mkdir()
    items = []
    for name, box in (("a.png", TRUTH), ("b.png", [[10, 5, 53, 37]])):
        Image.fromarray(np.zeros((37, 53, 3), np.uint8)).save(Path("photos", name))
        items.append((Path("photos", name), Boxes(box, [0])))
    export_annotations(Annotations(["Duck"], items), "voc", "voc")
    outside = Path("voc", "b.xml")
    outside.write_text(outside.read_text("utf-8").replace("<xmax>53", "<xmax>60"), "utf-8")
    return Path("voc")


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("--out boxes.json", "boxes.json"),
        ("--out new/boxes.json --to coco", "new/boxes.json"),
        ("--out photos", "photos/annotations.json"),
        ("--out new", "new/annotations.json"),
        ("--out boxes.csv", "boxes.csv"),
        ("--out boxes.xml", "boxes.xml"),
        ("--out new --to csv", "new/annotations.csv"),
        ("--out new --to via", "new/annotations.json"),
        ("--out new.d --to voc", "new.d"),
        ("--out new --to yolo", "new"),
    ],
)
def test_the_place_says_the_format(voc, capsys, words, written):
    assert main(["import", "voc", "--images", "photos", *words.split()]) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 pictures and 2 boxes taken, 1 thing repaired, 0 refused.")
    assert re.search(rf"\nWritten: .*{re.escape(str(Path(written)))}", said)
    again, _ = import_annotations(written, "photos", progress=False)
    assert [boxes.xyxy.round().tolist() for _, boxes in again] == [TRUTH, [[10, 5, 53, 37]]]


def test_classes_are_renamed_and_the_answer_is_for_programs(voc, capsys):
    words = ["import", "voc", "--images", "photos", "--out", "a.json", "--rename", "Duck=toy duck", "--json"]
    assert main(words) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["class_names"] == ["toy duck"]
    assert (said["written"], said["counts"]["repaired"], said["counts"]["boxes"]) == (["a.json"], 1, 2)
    assert [entry["outcome"] for entry in said["entries"] if entry["outcome"] != "note"] == ["repaired"]


def test_strict_fails_and_writes_nothing(voc, capsys):
    assert main(["import", "voc", "--images", "photos", "--out", "a.json", "--strict"]) == 1
    assert capsys.readouterr().err.startswith("tflhelpers import: ")
    assert not Path("a.json").exists()


def test_boxes_that_somebody_drew_are_replaced_only_by_name(voc, capsys):
    drawn = Path("photos", "annotations.json")
    drawn.write_text("hours of work")
    words = ["import", "voc", "--images", "photos", "--out"]
    assert main([*words, "photos"]) == 1
    told = f"tflhelpers import: {drawn} is there already. To replace it, name it: --out {drawn}\n"
    assert capsys.readouterr().err == told
    assert drawn.read_text() == "hours of work"
    assert main([*words, str(drawn)]) == 0
    assert len(Annotations.load(drawn)) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("photos --out a.json", "tflhelpers import: photos: "),
        ("voc --format yolo --out a.json", "tflhelpers import: "),
        ("voc --format nonsense --out a.json", "format must be one of 'auto', 'voc'"),
    ],
)
def test_what_holds_no_boxes_is_refused(voc, capsys, words, told):
    assert main(["import", *words.split()]) == 1
    assert told in capsys.readouterr().err
    assert not Path("a.json").exists()
