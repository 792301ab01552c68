"""What was drawn is loaded whole or refused by name, saved whole or not at all; nothing gets lost between."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image

from tflhelpers.data.annotations import AnnotationError, Annotations, Picture
from tflhelpers.data.boxes import Boxes

# Ids with gaps and out of order, unknown fields on every level, a crowd box, a negative, a class never used.
_COCO = {
    "info": {"description": "my ducks", "year": 2024},
    "licenses": [{"id": 4, "name": "CC BY"}],
    "categories": [
        {"id": 7, "name": "rubber duck", "supercategory": "toy"},
        {"id": 3, "name": "Ente äöü", "colour": [1, 2]},
        {"id": 90, "name": "never seen"},
    ],
    "images": [
        {"id": 12, "file_name": "b.png", "width": 53, "height": 37, "date_captured": "2024-05-01"},
        {"id": 5, "file_name": "sub/a.png", "width": 60, "height": 40},
        {"id": 900, "file_name": "nothing on it.png", "width": 10, "height": 20, "flag": True},
    ],
    "annotations": [
        {
            "id": 31,
            "image_id": 12,
            "category_id": 3,
            "bbox": [1, 2.5, 30, 20.25],
            "area": 321.5,
            "iscrowd": 0,
            "segmentation": [[1, 2.5, 31, 2.5, 31, 22.75]],
            "mood": "calm",
        },
        {"id": 8, "image_id": 5, "category_id": 7, "bbox": [0, 0, 60, 40], "area": 2400, "iscrowd": 0},
        {
            "id": 9,
            "image_id": 5,
            "category_id": 7,
            "bbox": [10, 10, 20, 5],
            "area": 100,
            "iscrowd": 1,
            "segmentation": {"size": [40, 60], "counts": [3, 4]},
        },
    ],
}


def _write(path: Path, data: object) -> Path:
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def _changed(part: str, index: int, **fields) -> dict:
    data = json.loads(json.dumps(_COCO))
    data[part][index] = {**data[part][index], **fields}
    return data


def _without(part: str, index: int, key: str) -> dict:
    data = json.loads(json.dumps(_COCO))
    del data[part][index][key]
    return data


@pytest.fixture
def coco_file(tmp_path) -> Path:
    return _write(tmp_path / "annotations.json", _COCO)


def test_load_reads_coco(coco_file):
    annotations = Annotations.load(coco_file)
    folder = coco_file.parent
    assert annotations.class_names == ("rubber duck", "Ente äöü", "never seen")
    assert list(annotations) == [
        (folder / "b.png", Boxes([[1, 2.5, 31, 22.75]], [1])),
        (folder / "sub" / "a.png", Boxes([[0, 0, 60, 40], [10, 10, 30, 15]], [0, 0], crowd=[False, True])),
        (folder / "nothing on it.png", Boxes.empty()),
    ]
    assert [picture.size for picture in annotations.pictures] == [(37, 53), (40, 60), (20, 10)]
    assert repr(annotations) == "Annotations(3 classes, 3 pictures, 3 boxes)"


def test_unknown_fields_and_ids_survive_load_and_save(coco_file):
    copy = coco_file.with_name("copy.json")
    Annotations.load(coco_file).save(copy)
    assert json.loads(copy.read_text(encoding="utf-8")) == _COCO


def test_a_file_in_another_folder_still_finds_the_pictures(coco_file, tmp_path):
    annotations = Annotations.load(coco_file)
    elsewhere = tmp_path / "deep" / "down" / "copy.json"
    annotations.save(elsewhere)
    assert Annotations.load(elsewhere) == annotations
    names = [image["file_name"] for image in json.loads(elsewhere.read_text(encoding="utf-8"))["images"]]
    assert names == ["../../b.png", "../../sub/a.png", "../../nothing on it.png"]


def test_a_byte_order_mark_does_no_harm(coco_file):
    coco_file.write_bytes(b"\xef\xbb\xbf" + coco_file.read_bytes())
    assert len(Annotations.load(coco_file)) == 3


# Edges whose width, height or start has no short decimal; load∘save must give the same float32 back.
_AWKWARD = Boxes(
    [
        [0.1, 0.2, 1 / 3, 0.7],
        [1234.5677, 3.3333333, 4031.9998, 3023.9],
        [5, 5, 5, 9],  # zero area
        [-3.7, -0.1, 700, 12],
        [1e-3, 0, 16777216, 1],
    ],
    [1, 0, 1, 1, 0],
    crowd=[False, True, False, False, True],
)


@pytest.mark.parametrize(
    "items",
    [
        [],
        [("a.png", Boxes.empty())],
        [
            ("photos/a b.png", _AWKWARD),
            ("photos/ü.png", Boxes.empty()),
            ("../c.png", Boxes([[1, 2, 3, 4]], [1])),
        ],
    ],
)
def test_load_gives_back_what_save_was_given(tmp_path, items):
    items = [(Path(os.path.normpath(tmp_path / name)), boxes) for name, boxes in items]
    annotations = Annotations.from_items(["duck", "Ente äöü"], items)
    annotations.save(tmp_path / "a.json")
    assert Annotations.load(tmp_path / "a.json") == annotations


def test_a_new_file_is_plain_coco(tmp_path, asymmetric_image):
    Image.fromarray(asymmetric_image).save(tmp_path / "a.png")
    boxes = Boxes([[1.5, 2, 11.5, 6.2], [0, 0, 53, 37]], [1, 0], crowd=[False, True])
    items = [(tmp_path / "a.png", boxes), (tmp_path / "missing.png", Boxes.empty())]
    Annotations.from_items(["cat", "duck"], items).save(tmp_path / "new.json")
    assert json.loads((tmp_path / "new.json").read_text(encoding="utf-8")) == {
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "duck"}],
        "images": [
            {"id": 1, "file_name": "a.png", "height": 37, "width": 53},
            {"id": 2, "file_name": "missing.png"},
        ],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 2, "iscrowd": 0, "bbox": [1.5, 2, 10, 4.2], "area": 42},
            {"id": 2, "image_id": 1, "category_id": 1, "iscrowd": 1, "bbox": [0, 0, 53, 37], "area": 1961},
        ],
    }


def test_pycocotools_reads_what_is_saved(tmp_path, coco_file, capsys):
    coco = pytest.importorskip("pycocotools.coco")
    Annotations.load(coco_file).with_boxes(2, Boxes([[1, 2, 3, 5]], [2])).save(tmp_path / "new.json")
    read = coco.COCO(str(tmp_path / "new.json"))
    assert read.loadAnns(read.getAnnIds(imgIds=[900]))[0]["bbox"] == [1, 2, 2, 3]
    assert sorted(read.getAnnIds()) == [8, 9, 31, 32]
    assert read.getCatIds(["never seen"]) == [90]


def test_scores_are_written_but_loaded_boxes_are_truth(tmp_path):
    Annotations(["duck"], {"a.png": Boxes([[0, 0, 1, 2]], [0], [0.25])}).save(tmp_path / "a.json")
    loaded = Annotations.load(tmp_path / "a.json")
    assert loaded[0][1].scores is None
    assert loaded.pictures[0].box_records[0]["score"] == 0.25


def test_with_boxes_keeps_the_fields_of_unchanged_boxes(coco_file):
    before = Annotations.load(coco_file)
    old = before[1][1]
    after = before.with_boxes(1, Boxes.concatenate([Boxes([[7, 7, 9, 9]], [2]), old[1]]))
    after.save(coco_file)
    rows = [
        row
        for row in json.loads(coco_file.read_text(encoding="utf-8"))["annotations"]
        if row["image_id"] == 5
    ]
    assert rows[0]["id"] == 32
    assert (rows[0]["category_id"], rows[0]["bbox"], "segmentation" in rows[0]) == (90, [7, 7, 2, 2], False)
    assert rows[1] == _COCO["annotations"][2]
    assert before[1][1] == old  # the value itself has not changed


def test_of_equal_boxes_each_keeps_its_own_fields_and_a_new_class_keeps_none():
    boxes = Boxes([[1, 2, 3, 5]] * 2, [0, 0])
    picture = Picture(Path("a.png"), boxes, None, {}, ({"mood": "calm"}, {"mood": "wild"}))
    more = picture.with_boxes(boxes[[0, 0, 0]])
    assert more.box_records == ({"mood": "calm"}, {"mood": "wild"}, {})
    assert picture.with_boxes(Boxes(boxes.xyxy, [1, 0])).box_records == ({}, {"mood": "calm"})


def test_saving_keeps_the_old_file_when_it_fails(coco_file, monkeypatch):
    def fail(source, target):
        raise OSError("disk full")

    before = coco_file.read_bytes()
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        Annotations(["duck"], []).save(coco_file)
    assert coco_file.read_bytes() == before
    assert [path.name for path in coco_file.parent.iterdir()] == ["annotations.json"]


def test_the_file_is_whole_on_disk_before_it_gets_its_name(coco_file, monkeypatch):
    events = []
    real_fsync, real_replace = os.fsync, os.replace

    def replace(source, target):
        events.append(
            ("replace", Path(source).parent == Path(target).parent, json.loads(Path(source).read_text()))
        )
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", lambda number: (events.append("fsync"), real_fsync(number)))
    monkeypatch.setattr(os, "replace", replace)
    Annotations(["duck"], []).save(coco_file)
    categories = [{"id": 1, "name": "duck"}]
    assert events == ["fsync", ("replace", True, {"categories": categories, "images": [], "annotations": []})]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "expected a COCO JSON object.*got a list"),
        ({}, "'categories' must be a list.*'images' must be a list.*'annotations' must be a list"),
        ({**_COCO, "images": 3}, "'images' must be a list"),
        (
            {**_COCO, "annotations": True, "categories": {"id": 1}},
            "'categories' must be.*'annotations' must be",
        ),
        (
            _changed("images", 0, file_name="a\0.png"),
            r"image 12: file_name must be the name of a file, got 'a\\x00",
        ),
        ({**_COCO, "images": [3]}, "'images': entry 0 must be an object, got 3"),
        ({**_COCO, "categories": []}, "at least one class"),
        (_changed("categories", 1, name="rubber duck"), "'rubber duck' is taken by class 0"),
        (_changed("categories", 1, name=" "), "class 1: expected a name, got ' '"),
        (_changed("categories", 1, name=5), "class 1: expected a name, got 5"),
        (_changed("categories", 1, id=7), "category 7: the id is given twice"),
        (_changed("images", 1, id=12), "image 12: the id is given twice"),
        (_changed("images", 1, id=[]), r"image number 1: id must be a number, got \[\]"),
        (_without("images", 0, "file_name"), "image 12: file_name must be the name of a file, got None"),
        (
            _changed("annotations", 0, bbox=[1, 2, float("nan"), 4]),
            r"annotation 31: bbox must be four finite.*nan",
        ),
        (_changed("annotations", 0, bbox=[1, 2, float("inf"), 4]), "annotation 31: bbox must be four finite"),
        (_changed("annotations", 0, bbox=[1, 2, "3", 4]), "annotation 31: bbox must be four finite"),
        (_changed("annotations", 0, bbox=[1, 2, 3]), "annotation 31: bbox must be four finite"),
        (_without("annotations", 0, "bbox"), "annotation 31: bbox must be four finite.*got None"),
        (
            _changed("annotations", 0, bbox=[9, 2, -3, 4]),
            "annotation 31: bbox must have width and height of 0 or more",
        ),
        (
            _changed("annotations", 0, bbox=[9, 2, 3, -4]),
            "annotation 31: bbox must have width and height of 0 or more",
        ),
        (
            _changed("annotations", 1, image_id=99),
            "annotation 8: image_id 99 is not among the file's 3 images",
        ),
        (_changed("annotations", 1, image_id=None), "annotation 8: image_id None"),
        (
            _changed("annotations", 1, category_id=1),
            "annotation 8: category_id 1 is unknown; the file has 7 'rubber duck'",
        ),
        (_changed("annotations", 1, iscrowd=2), "annotation 8: iscrowd must be 0 or 1, got 2"),
    ],
)
def test_bad_files_are_refused_with_file_and_entry(tmp_path, data, message):
    path = _write(tmp_path / "bad.json", data)
    with pytest.raises(AnnotationError, match=r"(?s)bad\.json: .*" + message):
        Annotations.load(path)


def test_a_name_that_no_disk_can_hold_is_a_picture_that_cannot_be_read(tmp_path):
    path = _write(tmp_path / "a.json", _changed("images", 0, file_name="a" * 5000 + ".png"))
    loaded = Annotations.load(path)
    assert [problem.kind for problem in loaded[:1].check() if problem.box is None] == ["unreadable_picture"]
    loaded.save(path)
    assert len(Annotations.load(path).image_paths[0].name) == 5004


def test_all_mistakes_are_listed_up_to_ten(tmp_path):
    rows = [{**_COCO["annotations"][0], "id": 100 + i, "bbox": [0, 0, -1, 1]} for i in range(12)]
    path = _write(tmp_path / "bad.json", {**_COCO, "annotations": rows})
    with pytest.raises(AnnotationError) as caught:
        Annotations.load(path)
    assert re.findall(r"annotation (\d+)", str(caught.value)) == [str(100 + i) for i in range(10)]
    assert "and 2 more" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cut file"),
        (b'{"images": [', "cut file"),
        (b"\xff\xfe\x00", "cut file"),
        (b"<annotation/>", "COCO JSON"),
    ],
)
def test_files_that_are_not_json_are_refused_by_name(tmp_path, content, message):
    (tmp_path / "bad.json").write_bytes(content)
    with pytest.raises(AnnotationError, match=rf"bad\.json: .*{message}"):
        Annotations.load(tmp_path / "bad.json")


def test_missing_files_and_folders_are_named(tmp_path, coco_file):
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        Annotations.load(tmp_path / "none.json")
    with pytest.raises(FileNotFoundError, match="nowhere: expected the folder of the pictures"):
        Annotations.load(coco_file, images=tmp_path / "nowhere")
    with pytest.raises(AnnotationError, match="got a folder"):
        Annotations.load(tmp_path)


def test_annotation_ids_that_come_twice_lose_no_box(tmp_path):
    path = _write(tmp_path / "twice.json", _changed("annotations", 1, id=31))
    annotations = Annotations.load(path)
    assert sum(len(boxes) for _, boxes in annotations) == 3
    with pytest.warns(
        UserWarning, match=r"mended\.json: annotation id 31 came twice; the second is saved as 32"
    ):
        annotations.save(tmp_path / "mended.json")
    rows = json.loads((tmp_path / "mended.json").read_text(encoding="utf-8"))["annotations"]
    assert [row["id"] for row in rows] == [31, 32, 9]


@pytest.mark.parametrize(
    ("file_name", "lies_at", "images"),
    [
        ("a.png", "a.png", None),
        ("sub\\a.png", "sub/a.png", None),  # written on Windows
        ("sub/a.png", "moved/sub/a.png", "moved"),
        ("old/place/a.png", "moved/a.png", "moved"),
        ("C:\\Users\\me\\a.png", "moved/a.png", "moved"),
        ("/home/me/a.png", "moved/a.png", "moved"),
    ],
)
def test_pictures_are_found_where_they_lie(tmp_path, file_name, lies_at, images):
    target = tmp_path / lies_at
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"picture")
    path = _write(
        tmp_path / "a.json", {**_COCO, "images": [{"id": 1, "file_name": file_name}], "annotations": []}
    )
    assert Annotations.load(path, None if images is None else tmp_path / images).image_paths == (target,)


@pytest.mark.parametrize(
    ("class_names", "items", "error", "message"),
    [
        ("duck", [], ValueError, r'got the string \'duck\'. Write \["duck"\]'),
        ([], [], ValueError, "at least one class"),
        (["duck", ""], [], ValueError, "class 1: expected a name, got ''"),
        (["duck", "duck"], [], ValueError, "taken by class 0"),
        (["duck", 3], [], ValueError, "expected a name, got 3"),
        (
            ["duck"],
            [("a.png", Boxes([[0, 0, 1, 1]], [1]))],
            ValueError,
            r"a\.png: expected labels from 0 to 0.*got 1",
        ),
        (["duck"], [("a.png", [[0, 0, 1, 1]])], TypeError, "a path and Boxes, got .*Path and list"),
        (["duck"], ["a.png"], TypeError, "must be a pair"),
    ],
)
def test_wrong_values_are_refused(class_names, items, error, message):
    with pytest.raises(error, match=message):
        Annotations.from_items(class_names, items)


def test_indexing_slicing_and_equality():
    one, two = Boxes([[0, 0, 1, 2]], [0]), Boxes.empty()
    annotations = Annotations(["duck"], {"a.png": one, "b.png": two})
    assert annotations[-1] == (Path("b.png"), two)
    assert annotations[:1] == Annotations(["duck"], [("a.png", one)])
    assert annotations.image_paths == (Path("a.png"), Path("b.png"))
    assert annotations != Annotations(["Duck"], annotations.pictures)
    assert annotations != Annotations(["duck"], [("a.png", two), ("b.png", two)])
    with pytest.raises(IndexError):
        annotations[2]


def test_the_real_duck_frames_load_with_their_reflections(shared_data, tmp_path):
    annotations = Annotations.load(
        shared_data / "ducky/annotations_test_reflections.json", shared_data / "ducky/test"
    )
    assert (len(annotations), annotations.class_names) == (49, ("rubber_ducky",))
    path, boxes = annotations[0]
    assert (path.name, boxes) == ("out1.jpg", Boxes([[313, 297, 443, 454]], [0]))
    assert sum(boxes.crowd_mask.sum() for _, boxes in annotations) == 43  # frames 7 to 49
    assert annotations.check(decode=True) == []
    annotations.save(tmp_path / "copy.json")
    assert Annotations.load(tmp_path / "copy.json") == annotations


def test_a_real_coco_export_with_awkward_names_loads(shared_data):
    folder = shared_data / "formats/labelformat/tests/fixtures/object_detection/COCO"
    annotations = Annotations.load(folder / "train.json", folder / "data")
    assert (len(annotations.class_names), len(annotations), annotations.check()) == (32, 2, [])
    assert annotations[0][1][:2] == Boxes([[540, 295, 563, 313], [513, 271, 534, 304]], [16, 0])


@pytest.mark.parametrize(
    ("known", "labels"),
    [
        (None, [0, 1]),
        (("dog", "cat"), [0, 1]),
        (("cat", "dog"), [1, 0]),
        (("Hund", "Katze"), [0, 1]),  # other names for the same labels
    ],
)
def test_boxes_that_know_the_classes_in_another_order_are_matched_by_name(known, labels):
    found = Boxes([[0, 0, 9, 9], [1, 1, 5, 5]], [0, 1], [0.9, 0.8], class_names=known)
    annotations = Annotations(("dog", "cat"), [("a.jpg", found)])
    assert annotations[0][1] == Boxes(found.xyxy, labels, found.scores)
    assert Annotations(("dog", "cat"), annotations.pictures) == annotations[:1] == annotations


@pytest.mark.parametrize("extra", ["NaN", "1e999", '"\\ud83e"', '{"\\ud83e": [-Infinity]}'])
@pytest.mark.parametrize("place", ["header", "categories", "images", "annotations"])
def test_extra_fields_that_no_json_can_hold_are_read_so_that_saving_goes_well(tmp_path, extra, place):
    """Halves of characters made every save fail, NaN is no JSON: the annotator's page stayed blank."""
    document = {
        "categories": [{"id": 1, "name": "duck"}],
        "images": [{"id": 1, "file_name": "a.jpg", "height": 40, "width": 60}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 10]}],
    }
    (document if place == "header" else document[place][0])["note"] = "EXTRA"
    (tmp_path / "a.json").write_text(json.dumps(document).replace('"EXTRA"', extra))
    loaded = Annotations.load(tmp_path / "a.json")
    loaded.save(tmp_path / "b.json")

    def refuse(constant):
        raise AssertionError(constant)

    saved = json.loads((tmp_path / "b.json").read_text("utf-8"), parse_constant=refuse)
    assert "note" in (saved if place == "header" else saved[place][0])
    assert [boxes.xyxy.tolist() for _, boxes in Annotations.load(tmp_path / "b.json")] == [[[1, 2, 11, 12]]]


@pytest.mark.parametrize("extra", ["[" * 100_000, "[" * 400 + "]" * 400, "9" * 5000])
def test_json_that_goes_too_deep_or_far_is_refused_by_name(tmp_path, extra):
    (tmp_path / "a.json").write_text(
        f'{{"categories": [], "images": [], "annotations": [], "note": {extra}}}'
    )
    with pytest.raises(AnnotationError, match=r"a\.json: expected COCO JSON"):
        Annotations.load(tmp_path / "a.json")
