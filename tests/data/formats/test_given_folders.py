"""Pictures and class names are found from whichever folder of a usual layout is given, and written as tools look."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.importing import export_annotations, import_annotations

_LINE = "1 0.25 0.5 0.5 0.25\n"  # of 60 x 40: x from 0 to 30, y from 15 to 25


def _picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (60, 40)).save(path)
    return path


def _text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _coco(path, *names):
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    rows = [{"id": 1, "image_id": 0, "category_id": 1, "bbox": [5, 6, 20, 10]}]
    return _text(
        path, json.dumps({"images": images, "annotations": rows, "categories": [{"id": 1, "name": "duck"}]})
    )


@pytest.mark.parametrize(
    ("file", "pictures"),
    [
        ("annotations/instances_train.json", "images/train"),
        ("annotations/instances_train2017.json", "train2017"),
        ("annotations/instances_default.json", "images"),
        ("annotations/boxes.json", "photos/2024"),
        ("boxes.json", "train"),
    ],
)
@pytest.mark.parametrize("as_file", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_the_layout_of_coco(tmp_path, monkeypatch, file, pictures, as_file, relative):
    expected = [_picture(tmp_path / "set" / pictures / name) for name in ("a.png", "b.png")]
    given = _coco(tmp_path / "set" / file, "a.png", "b.png")
    monkeypatch.chdir(tmp_path)
    given = given if as_file else tmp_path / "set"
    annotations, report = import_annotations(given.relative_to(tmp_path) if relative else given)
    assert [path.resolve() for path in annotations.image_paths] == expected
    assert not report.of("note")


def test_each_split_has_its_own_pictures_though_their_names_are_equal(tmp_path):
    for split in ("train", "val"):
        _picture(tmp_path / "images" / split / "a.png")
        _coco(tmp_path / f"annotations/instances_{split}.json", "a.png")
    for split in ("train", "val"):
        annotations, _ = import_annotations(tmp_path / f"annotations/instances_{split}.json", strict=True)
        assert annotations.image_paths == (tmp_path / "images" / split / "a.png",)


def test_a_table_in_a_folder_of_its_own(tmp_path):
    picture = _picture(tmp_path / "images/a.png")
    _text(tmp_path / "annotations/x.csv", "filename,class,xmin,ymin,xmax,ymax\na.png,duck,5,6,25,16\n")
    assert import_annotations(tmp_path, strict=True)[0].image_paths == (picture,)


@pytest.mark.parametrize(
    "names", [("data.yaml", "names: [cat, duck]\ntrain: images\n"), ("classes.txt", "cat\nduck")]
)
@pytest.mark.parametrize("given_images", [True, False])
@pytest.mark.parametrize("split", ["", "train"])
@pytest.mark.parametrize("format", ["auto", "yolo"])
def test_a_folder_of_labels_alone(tmp_path, names, given_images, split, format):
    pictures = [_picture(tmp_path / "images" / split / name) for name in ("a.png", "b.png")]
    _text(tmp_path / "labels" / split / "a.txt", _LINE)
    _text(tmp_path / "labels" / split / "b.txt", "")
    _text(tmp_path / names[0], names[1])
    images = tmp_path / "images" if given_images else None
    annotations, _ = import_annotations(tmp_path / "labels" / split, images, format, strict=True)
    expected = [(pictures[0], Boxes([[0, 15, 30, 25]], [1])), (pictures[1], Boxes.empty())]
    assert annotations == Annotations(["cat", "duck"], expected)


def test_labels_beside_nothing_with_the_folder_of_the_pictures(tmp_path):
    picture = _picture(tmp_path / "elsewhere/a.png")
    _text(tmp_path / "boxes/a.txt", _LINE)
    annotations, report = import_annotations(tmp_path / "boxes", tmp_path / "elsewhere")
    assert annotations == Annotations(["1"], [(picture, Boxes([[0, 15, 30, 25]], [0]))])
    assert [entry.kind for entry in report.of("note")] == ["no classes.txt or data.yaml"]


def test_pictures_of_coco_named_from_their_own_folder(tmp_path):
    items = [
        (_picture(tmp_path / "images/train/a.png"), Boxes([[5, 6, 25, 16]], [0])),
        (_picture(tmp_path / "images/train/sub/b.png"), Boxes.empty()),
    ]
    annotations = Annotations(["duck"], items)
    path = tmp_path / "annotations/instances_train.json"
    root = tmp_path / "images/train"
    assert export_annotations(annotations, path, "coco", images_root=root) == [path]
    names = [entry["file_name"] for entry in json.loads(path.read_text("utf-8"))["images"]]
    assert names == ["a.png", "sub/b.png"]
    assert import_annotations(path, root, strict=True)[0] == annotations
    assert import_annotations(tmp_path, strict=True)[0] == annotations


def test_a_root_that_does_not_hold_all_pictures_is_refused(tmp_path):
    annotations = Annotations(["duck"], [(_picture(tmp_path / "a.png"), Boxes.empty())])
    with pytest.raises(AnnotationError, match="images_root: expected the folder that holds all pictures"):
        export_annotations(annotations, tmp_path / "x.json", "coco", images_root=tmp_path / "images")
    assert not (tmp_path / "x.json").exists()
    with pytest.raises(ValueError, match="images_root is for coco, got the format 'csv'"):
        export_annotations(annotations, tmp_path / "x.csv", "csv", images_root=tmp_path)


@pytest.mark.parametrize("given", ["", "Annotations"])
@pytest.mark.parametrize("listed", ["a\nb\n", "a  1\nb -1\n\n"])
def test_pictures_that_only_the_lists_of_voc_name_are_told(tmp_path, given, listed):
    for name in ("a.png", "b.png"):
        _picture(tmp_path / "JPEGImages" / name)
    box = "<xmin>5</xmin><ymin>6</ymin><xmax>25</xmax><ymax>16</ymax>"
    drawn = f"<object><name>duck</name><bndbox>{box}</bndbox></object>"
    _text(tmp_path / "Annotations/a.xml", f"<annotation><filename>a.png</filename>{drawn}</annotation>")
    _text(tmp_path / "ImageSets/Main/duck_train.txt", listed)
    annotations, report = import_annotations(tmp_path / given)
    assert [path.name for path in annotations.image_paths] == ["a.png"]
    told = [entry for entry in report.of("note") if entry.where == "ImageSets/Main"]
    assert [entry.what.partition(";")[0] for entry in told] == [
        "pictures without an XML file: 1 are only listed, such as 'b', and left out"
    ]
