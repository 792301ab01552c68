"""COCO files as people have them: each row is taken, repaired or refused for itself, and the report tells which."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats import coco, json_window
from tflhelpers.data.formats.report import ImportReport, ReportBuilder

_CATEGORIES = [
    {"id": 7, "name": "rubber duck"},
    {"id": 3, "name": "Ente äöü"},
    {"id": 90, "name": "never seen"},
]
_IMAGES = [
    {"id": 12, "file_name": "b.png", "width": 53, "height": 37},
    {"id": 5, "file_name": "sub/a b.png", "width": 60, "height": 40},
    {"id": 900, "file_name": "nothing \U0001f986.png", "width": 10, "height": 20},
]
_ROWS = [
    {"id": 31, "image_id": 12, "category_id": 3, "bbox": [1, 2.5, 30, 20.25], "area": 321.5, "iscrowd": 0},
    {"id": 8, "image_id": 5, "category_id": 7, "bbox": [0, 0, 60, 40], "iscrowd": 0},
    {"id": 9, "image_id": 12, "category_id": 7, "bbox": [10, 10, 20, 5], "area": 100, "iscrowd": 1},
]
_TAKEN = [  # picture, its boxes: class, edges, crowd
    ("b.png", [("Ente äöü", (1, 2.5, 31, 22.75), False), ("rubber duck", (10, 10, 30, 15), True)]),
    ("sub/a b.png", [("rubber duck", (0, 0, 60, 40), False)]),
    ("nothing \U0001f986.png", []),
]


def _document(**changes) -> dict:
    return {"images": _IMAGES, "annotations": _ROWS, "categories": _CATEGORIES, **changes}


def _read(path: Path, document: dict | str) -> tuple[list, list[str], ImportReport]:
    """Pictures as (name, boxes as (class, edges, crowd)), the classes, and the report."""
    path.write_text(document if isinstance(document, str) else json.dumps(document), "utf-8")
    report = ReportBuilder()
    raw = coco.read(path, report)
    pictures = [
        (picture.name, [(box.class_name, box.xyxy, box.crowd) for box in picture.boxes])
        for picture in raw.pictures
    ]
    return pictures, list(raw.class_names), report.build()


def _told(report: ImportReport) -> list[tuple[str, str, str]]:
    return [(entry.outcome, entry.where, entry.kind) for entry in report.entries]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("chunk", [7, 4 * 2**20])
def test_lists_are_read_in_any_order(tmp_path, monkeypatch, order, chunk):
    monkeypatch.setattr(json_window, "_CHUNK", chunk)
    items = list(_document().items())
    pictures, classes, report = _read(tmp_path / "a.json", dict(items[i] for i in order))
    assert pictures == _TAKEN
    assert classes == ["rubber duck", "Ente äöü", "never seen"]
    assert report.entries == ()


def test_places_and_sizes_are_told(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(_document()), "utf-8")
    first = next(iter(coco.read(tmp_path / "a.json", ReportBuilder()).pictures))
    assert (first.where, first.size, first.fractions) == ("a.json: image 12", (37, 53), False)
    assert [box.where for box in first.boxes] == ["annotation 31", "annotation 9"]


def _row(**changes) -> dict:
    row = {"id": 1, "image_id": 12, "category_id": 7, "bbox": [10, 10, 20, 5], "iscrowd": 0, **changes}
    return {key: value for key, value in row.items() if value != "left out"}


_BOX = ("rubber duck", (10, 10, 30, 15), False)
_POLYGON = [[10, 12, 30, 10, 15.5, 15]]
_MASK = {"size": [20, 40], "counts": [210, 5] + [15, 5] * 19 + [205]}  # columns 10 to 29, rows 10 to 14
_BAD_ROWS = [  # the row, the boxes taken of it, what is told: outcome and kind
    (_row(id="left out"), [_BOX], []),
    (_row(iscrowd="left out"), [_BOX], []),
    (_row(iscrowd=None), [_BOX], []),
    (_row(iscrowd="0"), [_BOX], []),
    (_row(area="left out"), [_BOX], []),
    (_row(area=0), [_BOX], []),
    (_row(iscrowd=1, segmentation=_MASK), [(*_BOX[:2], True)], []),
    (_row(segmentation=[[1, 2, 3, 4]]), [_BOX], []),
    (_row(image_id="12"), [_BOX], []),
    (_row(category_id=7.0), [_BOX], []),
    (_row(bbox=["10", " 1e1", "20", 5]), [_BOX], ["repaired numbers written as text"]),
    (_row(bbox=[30, 15, -20, -5]), [("rubber duck", (30, 15, 10, 10), False)], []),  # mended for all formats
    (_row(bbox="left out", segmentation=_POLYGON), [_BOX], ["repaired no bbox"]),
    (_row(bbox=[], segmentation=_POLYGON), [_BOX], ["repaired no bbox"]),
    (_row(bbox=None, segmentation=[[10, 12, 30, 10], [15, 15, 16, 11]]), [_BOX], ["repaired no bbox"]),
    (_row(bbox=None, segmentation=_MASK, iscrowd=1), [(*_BOX[:2], True)], ["repaired no bbox"]),
    (_row(bbox="left out"), [], ["refused neither bbox nor segmentation"]),
    (_row(bbox=[], segmentation=[]), [], ["refused neither bbox nor segmentation"]),
    (_row(bbox=[1, 2, 3]), [], ["refused bbox must be x, y, width, height"]),
    (_row(bbox=[1, 2, None, 4]), [], ["refused bbox must be x, y, width, height"]),
    (_row(bbox=[1, 2, True, 4]), [], ["refused bbox must be x, y, width, height"]),
    (_row(bbox="big"), [], ["refused bbox must be x, y, width, height"]),
    (_row(bbox=[1, 2, 10**400, 4]), [], ["refused bbox must be x, y, width, height"]),
    (_row(iscrowd=2), [], ["refused iscrowd must be 0 or 1"]),
    (_row(iscrowd=[1]), [], ["refused iscrowd must be 0 or 1"]),
    (_row(image_id=13), [], ["refused unknown image_id"]),
    (_row(image_id=None), [], ["refused no image_id"]),
    (_row(image_id=[12]), [], ["refused no image_id"]),
    (_row(image_id=True), [], ["refused no image_id"]),
    (_row(category_id=8), [], ["refused unknown category_id"]),
    (_row(category_id="left out"), [], ["refused no category_id"]),
    ([1, 2], [], ["refused no object"]),
    (None, [], ["refused no object"]),
]


@pytest.mark.parametrize(("row", "boxes", "told"), _BAD_ROWS, ids=range(len(_BAD_ROWS)))
def test_each_row_is_judged_alone(tmp_path, row, boxes, told):
    whole = {"id": 2, "image_id": 5, "category_id": 3, "bbox": [1, 2, 3, 4], "iscrowd": 0}
    pictures, _, report = _read(tmp_path / "a.json", _document(annotations=[row, whole]))
    assert pictures == [("b.png", boxes), ("sub/a b.png", [("Ente äöü", (1, 2, 4, 6), False)]), _TAKEN[2]]
    assert [f"{entry.outcome} {entry.kind}" for entry in report.entries] == told
    assert all(re.match(r"a\.json: annotation (1|without id)$", entry.where) for entry in report.entries)


def test_nan_goes_on_to_where_boxes_are_mended(tmp_path):
    pictures, _, _ = _read(tmp_path / "a.json", _document(annotations=[_row(bbox=[float("nan"), 1, 2, 3])]))
    assert str(pictures[0][1][0][1]) == "(nan, 1.0, nan, 4.0)"


def test_ids_of_boxes_may_come_twice(tmp_path):
    rows = [_row(), _row(bbox=[1, 1, 1, 1])]
    pictures, _, report = _read(tmp_path / "a.json", _document(annotations=rows))
    assert [box[1] for box in pictures[0][1]] == [(10, 10, 30, 15), (1, 1, 2, 2)]
    assert report.entries == ()


_BAD_PICTURES = [  # the entries of images, names taken with their numbers of boxes, what is told
    ([_IMAGES[0], _IMAGES[0], *_IMAGES[1:]], [("b.png", 2), ("sub/a b.png", 1), (_IMAGES[2]["file_name"], 0)],
     [("repaired", "a.json: image 12", "image listed twice")]),
    ([_IMAGES[0], {**_IMAGES[0], "file_name": "c.png"}, _IMAGES[1]], [("sub/a b.png", 1)],
     [("refused", "a.json: image 12", "image id given twice"),
      ("refused", "a.json: annotation 31", "image id of two"), ("refused", "a.json: annotation 9", "image id of two")]),
    ([*_IMAGES[:2], {"file_name": "c.png"}], [("b.png", 2), ("sub/a b.png", 1)],
     [("refused", "a.json: image without id", "no id that boxes can name")]),
    ([*_IMAGES[:2], {"id": 4}], [("b.png", 2), ("sub/a b.png", 1)], [("refused", "a.json: image 4", "no file_name")]),
    ([*_IMAGES[:2], {"id": 4, "coco_url": "http://a.org/v/c%20d.jpg?x=1"}],
     [("b.png", 2), ("sub/a b.png", 1), ("c d.jpg", 0)], [("repaired", "a.json: image 4", "no file_name")]),
    ([*_IMAGES[:2], {"id": 4, "file_name": "https://a.org/v/c.jpg?x=1"}],
     [("b.png", 2), ("sub/a b.png", 1), ("c.jpg", 0)], []),
    ([*_IMAGES[:2], 17], [("b.png", 2), ("sub/a b.png", 1)],
     [("refused", "a.json: image without id", "no id that boxes can name")]),
]  # fmt: skip


@pytest.mark.parametrize(("images", "names", "told"), _BAD_PICTURES, ids=range(len(_BAD_PICTURES)))
def test_pictures_are_judged_alone(tmp_path, images, names, told):
    pictures, _, report = _read(tmp_path / "a.json", _document(images=images))
    assert [(name, len(boxes)) for name, boxes in pictures] == names
    assert _told(report) == told


_CLASSES = [  # categories, the classes, boxes taken, what is told
    ([{"id": 0, "name": "ducks", "supercategory": "none"}, {"id": 7, "name": "duck", "supercategory": "ducks"},
      {"id": 3, "name": "Ente", "supercategory": "ducks"}],
     ["duck", "Ente"], 3, [("note", "a.json: category 0", "group of the other classes")]),
    ([{"id": 0, "name": "person", "supercategory": "person"}, *_CATEGORIES],
     ["person", "rubber duck", "Ente äöü", "never seen"], 3, []),
    ([*_CATEGORIES, {"id": 8, "name": "rubber duck"}], ["rubber duck", "Ente äöü", "never seen"], 3, []),
    ([*_CATEGORIES, _CATEGORIES[0]], ["rubber duck", "Ente äöü", "never seen"], 3,
     [("repaired", "a.json: category 7", "category listed twice")]),
    ([*_CATEGORIES, {"id": 3, "name": "goose"}], ["rubber duck", "never seen"], 2,
     [("refused", "a.json: category 3", "category id given twice"),
      ("refused", "a.json: annotation 31", "category id of two")]),
    ([{"id": 7}, {"id": 3, "name": 12}], ["category 7", "12"], 3,
     [("repaired", "a.json: category 7", "category without a name"),
      ("repaired", "a.json: category 3", "category without a name")]),
    ([], ["category 3", "category 7"], 3, [("note", "a.json", "no categories in the file")]),
]  # fmt: skip


@pytest.mark.parametrize(("categories", "names", "boxes", "told"), _CLASSES, ids=range(len(_CLASSES)))
def test_classes_are_what_boxes_can_name(tmp_path, categories, names, boxes, told):
    pictures, classes, report = _read(tmp_path / "a.json", _document(categories=categories))
    assert classes == names
    assert sum(len(found) for _, found in pictures) == boxes
    assert _told(report) == told


def test_the_dummy_category_stays_where_it_is_drawn(tmp_path):
    categories = [
        {"id": 0, "name": "ducks"},
        {"id": 7, "name": "duck", "supercategory": "ducks"},
        _CATEGORIES[1],
    ]
    _, classes, _ = _read(
        tmp_path / "a.json", _document(categories=categories, annotations=[_row(category_id=0)])
    )
    assert classes == ["ducks", "duck", "Ente äöü"]


def _cut_at(document: dict, text: str) -> str:
    whole = json.dumps(document, ensure_ascii=False)
    return whole[: whole.index(text)]


def test_a_cut_file_gives_what_was_whole_and_no_doubtful_negatives(tmp_path):
    pictures, classes, report = _read(tmp_path / "a.json", _cut_at(_document(), '"id": 9,'))
    assert [(name, len(boxes)) for name, boxes in pictures] == [("b.png", 1), ("sub/a b.png", 1)]
    assert classes == ["category 3", "category 7"]
    assert [kind for _, _, kind in _told(report)] == [
        "cut off or malformed",
        "no categories in the file",
        "pictures whose boxes may be cut off",
    ]
    assert "5 entries before it are whole" in str(report.entries[0])


def test_a_file_cut_behind_the_boxes_keeps_its_negatives(tmp_path):
    document = {"categories": _CATEGORIES, **_document(), "info": {"year": 2024}}
    pictures, _, report = _read(tmp_path / "a.json", _cut_at(document, '"year"'))
    assert pictures == _TAKEN
    assert [kind for _, _, kind in _told(report)] == ["cut off or malformed"]


def test_a_file_cut_in_the_pictures_takes_none(tmp_path):
    pictures, _, report = _read(tmp_path / "a.json", _cut_at(_document(), '"id": 5'))
    assert pictures == []
    assert "1 pictures left out" in str(report.entries[-1])


def test_pictures_on_which_nobody_drew_are_no_negatives(tmp_path):
    pictures, _, report = _read(tmp_path / "a.json", {"images": _IMAGES, "categories": _CATEGORIES})
    assert pictures == []
    assert _told(report) == [("refused", "a.json", "no annotations in the file")]


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1", '{"a": 1}', "no JSON", '{"images": 3}'])
def test_what_is_no_coco_is_refused_by_name(tmp_path, text):
    with pytest.raises(AnnotationError, match=r"a\.json: expected"):
        _read(tmp_path / "a.json", text)


def test_what_is_written_is_read_again(tmp_path):
    boxes = Boxes([[1, 2.5, 30, 20.25], [0.1, 0.2, 0.7, 30]], [1, 0], crowd=[False, True])
    annotations = Annotations(["a b", "Ä"], [("x.png", boxes), ("sub/y.png", Boxes.empty())])
    coco.write(annotations, tmp_path / "a.json")
    pictures, classes, report = _read(tmp_path / "a.json", (tmp_path / "a.json").read_text("utf-8"))
    assert classes == ["a b", "Ä"]
    assert [[box[0] for box in found] for _, found in pictures] == [["Ä", "a b"], []]
    assert (
        Boxes([box[1] for box in pictures[0][1]], [1, 0], crowd=[box[2] for box in pictures[0][1]]) == boxes
    )
    assert report.entries == ()


@pytest.mark.parametrize("name", ["labelformat/tests/fixtures/object_detection/COCO/train.json",
                                  "labelbox-python/libs/labelbox/tests/data/assets/coco/instances.json"])  # fmt: skip
def test_real_files_are_read_as_load_reads_them(shared_data, tmp_path, name):
    path = shared_data / "formats" / name
    loaded = Annotations.load(path)
    report = ReportBuilder()
    raw = coco.read(path, report)
    assert tuple(raw.class_names) == loaded.class_names
    for picture, (image_path, boxes) in zip(raw.pictures, loaded, strict=True):
        assert image_path.name == picture.name.rsplit("/", 1)[-1]
        labels = [loaded.class_names.index(box.class_name) for box in picture.boxes]
        assert Boxes([box.xyxy for box in picture.boxes], labels) == boxes
    assert report.build().entries == ()
