"""Labelbox's exports of all generations: polygons become boxes, and of several labels the best judged one counts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.boxes import Boxes, iou_matrix
from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats import coco, labelbox
from tflhelpers.data.formats.picture_urls import expires_at, file_name_of
from tflhelpers.data.formats.polygons import segmentation_box, wkt_boxes
from tflhelpers.data.formats.report import ImportReport, ReportBuilder
from tflhelpers.data.importing import import_annotations

_URL = "https://a.org/pics/two%20cars.jpg"
_CORNERS = [{"x": 3, "y": 9}, {"x": 1.5, "y": 4}, {"x": 2, "y": 20}]
_WKT = "3 9, 1.5 4, 2 20, 3 9"
_BOX = ("Car", (1.5, 4.0, 3.0, 20.0))
_OTHER = ("Car", (0.0, 0.0, 5.0, 6.0))


def _read(path: Path, rows: object, **switches) -> tuple[list, ImportReport]:
    """Pictures as (name, [(class, edges), ...]), and the report."""
    path.write_text(rows if isinstance(rows, str) else json.dumps(rows), "utf-8")
    report = ReportBuilder()
    raw = labelbox.read(path, report, **switches)
    pictures = [
        (picture.name, [(box.class_name, box.xyxy) for box in picture.boxes]) for picture in raw.pictures
    ]
    return pictures, report.build()


def _old(label: object, **fields) -> dict:
    return {"ID": "x", "Labeled Data": _URL, "Label": label, "External ID": None, **fields}


def _new(*objects: dict, **fields) -> dict:
    label = {"annotations": {"objects": list(objects)}, **fields}
    data = {"id": "d", "external_id": "two cars.jpg", "row_data": _URL}
    media = {"height": 30, "width": 40}
    return {"data_row": data, "media_attributes": media, "projects": {"p": {"labels": [label]}}}


def _piece(**fields) -> dict:
    return {"uuid": "u", "dataRow": {"globalKey": "two cars.jpg"}, **fields}


_EDGES = {"top": 4, "left": 1.5, "height": 16, "width": 1.5}
_ROWS = [  # a row, the boxes of its picture
    # Generations 1 to 3, with their relatives.
    (_old({"Car": f"POLYGON (({_WKT}))"}), [_BOX]),
    (
        _old({"Car": f"MULTIPOLYGON ((({_WKT})), ((0 0, 5 0, 5 6, 0 0), (1 1, 2 1, 2 2, 1 1)))"}),
        [_BOX, _OTHER],
    ),
    (_old({"Car": f"  multipolygon((({_WKT})))"}), [_BOX]),
    (_old({"Car": "MULTIPOLYGON EMPTY"}), []),
    (
        _old({"Car": [{"geometry": f"POLYGON (({_WKT}))"}, {"geometry": "POLYGON ((0 0, 5 0, 5 6))"}]}),
        [_BOX, _OTHER],
    ),
    (_old({"Car": [{"geometry": _CORNERS}]}), [_BOX]),
    (_old({"Car": [_CORNERS, [{"x": 0, "y": 0}, {"x": 5, "y": 6}]]}), [_BOX, _OTHER]),
    (_old({"Car": _CORNERS}), [_BOX]),
    (_old({"Car": f"POLYGON (({_WKT}))", "Is it day?": "yes", "Tags": ["a", "b"], "Mood": None}), [_BOX]),
    (_old(json.dumps({"Car": [_CORNERS]})), [_BOX]),
    (_old({"objects": [_CORNERS]}), [("objects", _BOX[1])]),
    (_old({}), []),
    # Generation 4.
    (_old({"objects": [{"title": "Car", "value": "car", "bbox": _EDGES}]}), [_BOX]),
    (_old({"objects": [{"value": "Car", "polygon": _CORNERS}], "classifications": []}), [_BOX]),
    (_old({"objects": [], "classifications": [{"title": "day"}]}), []),
    (_old({"classifications": []}), []),
    # Generation 5, and what Labelbox itself imports.
    (_new({"name": "Car", "bounding_box": _EDGES}), [_BOX]),
    (_new({"name": "Car", "polygon": _CORNERS}), [_BOX]),
    (_new(), []),
    (_piece(name="Car", bbox=_EDGES), [_BOX]),
    (_piece(schemaId="Car", polygon=_CORNERS), [_BOX]),
]


@pytest.mark.parametrize(("row", "boxes"), _ROWS, ids=range(len(_ROWS)))
@pytest.mark.parametrize("style", ["array", "lines", "alone"])
def test_each_generation_gives_its_boxes(tmp_path, row, boxes, style):
    texts = {"array": json.dumps([row]), "lines": json.dumps(row) + "\n", "alone": json.dumps(row, indent=2)}
    pictures, report = _read(tmp_path / "a.json", texts[style])
    assert pictures == [("two cars.jpg", boxes)]
    assert report.of("refused") == report.of("repaired") == ()


_LEFT_OUT = [  # a row, what is told of it
    (_old("Skip"), "note skipped in Labelbox"),
    (_old({"Car": [_CORNERS]}, Skipped=True), "note skipped in Labelbox"),
    (_old(None), "note not labelled in Labelbox"),
    (_old(""), "note not labelled in Labelbox"),
    (_old("{broken"), "note not labelled in Labelbox"),
    (_new(performance_details={"skipped": True}), "note skipped in Labelbox"),
    ({**_new(), "projects": {}}, "note not labelled in Labelbox"),
    ({**_new(), "projects": {"p": {"labels": []}}}, "note not labelled in Labelbox"),
    (
        {**_new(), "projects": {"p": {"labels": [{"annotations": {"frames": {}}}]}}},
        "refused labels of a video",
    ),
    (_old({"frames": "https://a.org/frames"}), "refused labels of a video"),
    (
        _old({"Car": []}, **{"Labeled Data": '{"tileLayerUrl": "https://a.org/{z}"}'}),
        "refused no picture, but a map or a text",
    ),
    (_old({"Car": []}, **{"Labeled Data": "A text about cars."}), "refused no picture, but a map or a text"),
    ({"dataRow": {}}, "refused no picture named"),
    ({"a": 1}, "refused no row of a Labelbox export"),
    ([1], "refused no row of a Labelbox export"),
    (None, "refused no row of a Labelbox export"),
]


@pytest.mark.parametrize(("row", "told"), _LEFT_OUT, ids=range(len(_LEFT_OUT)))
def test_what_nobody_labelled_is_no_negative(tmp_path, row, told):
    pictures, report = _read(tmp_path / "a.json", [row])
    assert pictures == []
    assert [f"{entry.outcome} {entry.kind}" for entry in report.entries] == [told]
    assert report.entries[0].where == "a.json: row 1"


_SHAPELESS = [  # a row with one such object and one good one, the reason
    (_old({"Car": "POINT (1 2)", "Bus": f"POLYGON (({_WKT}))"}), "no polygon"),
    (_old({"Car": "POLYGON ((1 2, x y))", "Bus": f"POLYGON (({_WKT}))"}), "no polygon"),
    (_old({"Car": "POLYGON 1 2", "Bus": f"POLYGON (({_WKT}))"}), "no polygon"),
    (_old({"Car": [{"geometry": {"type": "Point"}}], "Bus": [_CORNERS]}), "no polygon"),
    (_new({"name": "Car", "point": {"x": 1, "y": 2}}, {"name": "Bus", "polygon": _CORNERS}), "a point"),
    (_new({"name": "Car", "line": _CORNERS}, {"name": "Bus", "polygon": _CORNERS}), "a line"),
    (_new({"name": "Car", "mask": {"url": "u"}}, {"name": "Bus", "polygon": _CORNERS}), "a mask"),
    (_old({"objects": [{"title": "Car", "instanceURI": "u"}, {"title": "Bus", "bbox": _EDGES}]}), "a mask"),
    (
        _old({"objects": [{"title": "Car", "bbox": {"top": 1}}, {"title": "Bus", "bbox": _EDGES}]}),
        "four numbers",
    ),
    (_new({"name": "Car", "polygon": []}, {"name": "Bus", "polygon": _CORNERS}), "without corners"),
    (_new({"name": "Car"}, {"name": "Bus", "polygon": _CORNERS}), "nothing that we know"),
]


@pytest.mark.parametrize(("row", "reason"), _SHAPELESS, ids=range(len(_SHAPELESS)))
def test_what_has_no_extent_is_refused_alone(tmp_path, row, reason):
    pictures, report = _read(tmp_path / "a.json", [row])
    assert pictures == [("two cars.jpg", [("Bus", _BOX[1])])]
    (refused,) = report.of("refused")
    assert refused.where == "a.json: row 1, object 1"
    assert reason in refused.what


def _judged(first: dict, second: dict) -> list[dict]:
    return [_old({"Car": [_CORNERS]}, **first), _old({"Bus": [_CORNERS]}, **second)]


def _two_labels(first: dict, second: dict) -> list[dict]:
    row = _new()
    row["projects"] = {"p": {"labels": []}}
    for name, fields in (("Car", first), ("Bus", second)):
        objects = [{"name": name, "polygon": _CORNERS}]
        row["projects"]["p"]["labels"].append({"annotations": {"objects": objects}, **fields})
    return [row]


_CONSENSUS = [  # rows with two labels of one picture, the class of the one taken
    (_judged({}, {}), "Car"),
    (_judged({"Agreement": 0.4}, {"Agreement": 0.9}), "Bus"),
    (_judged({"Agreement": 0.9}, {"Agreement": 0.4}), "Car"),
    (_judged({"Agreement": -1}, {"Agreement": 0}), "Bus"),
    (_judged({"Agreement": 0.9, "Benchmark Agreement": 0.1}, {"Benchmark Agreement": 0.2}), "Bus"),
    (_judged({"Agreement": 1}, {"ID": "b", "Benchmark ID": "b"}), "Bus"),
    (_judged({"Reviews": [{"score": -1}]}, {"Reviews": []}), "Bus"),
    (_two_labels({}, {}), "Car"),
    (_two_labels({"performance_details": {"consensus_score": 0.1}}, {"performance_details": {"consensus_score": 0.2}}),
     "Bus"),
    (_two_labels({"performance_details": {"benchmark_score": 1}}, {"label_details": {"is_benchmark_reference": True}}),
     "Bus"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "taken"), _CONSENSUS, ids=range(len(_CONSENSUS)))
def test_of_several_labels_the_best_judged_one_is_taken(tmp_path, rows, taken):
    pictures, report = _read(tmp_path / "a.json", rows)
    assert pictures == [("two cars.jpg", [(taken, _BOX[1])])]
    (refused,) = report.of("refused")
    assert refused.kind == "another label of the same picture"
    assert "'two cars.jpg' has 2" in refused.what


def test_pieces_of_one_picture_are_put_together(tmp_path):
    pictures, report = _read(
        tmp_path / "a.json", [_piece(name="Car", bbox=_EDGES), _piece(name="Bus", bbox=_EDGES)]
    )
    assert pictures == [("two cars.jpg", [_BOX, ("Bus", _BOX[1])])]
    assert report.entries == ()


_NAMES = [  # external id, address, the name and the others
    ("a.jpg", _URL, ("a.jpg", "two cars.jpg")),
    ("", _URL, ("two cars.jpg",)),
    ("customer 17", _URL, ("two cars.jpg", "customer 17")),
    ("folder/b.png", "https://a.org/x?Signature=b.jpg", ("folder/b.png", "x")),
    ("https://b.org/c.png?d=1", _URL, ("c.png", "two cars.jpg")),
    (None, "C:\\pics\\a.jpg", ("a.jpg",)),
]


@pytest.mark.parametrize(("external_id", "address", "names"), _NAMES)
def test_pictures_are_looked_for_by_all_their_names(tmp_path, external_id, address, names):
    (tmp_path / "a.json").write_text(
        json.dumps([_old({}, **{"External ID": external_id, "Labeled Data": address})])
    )
    (picture,) = labelbox.read(tmp_path / "a.json", ReportBuilder()).pictures
    assert (picture.name, *picture.aliases) == names


def test_sizes_come_from_the_file(tmp_path):
    rows = [
        _new(),
        _old({}, **{"Labeled Data": "https://a.org/b.jpg", "Media Attributes": {"height": 3, "width": 4}}),
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    assert [picture.size for picture in labelbox.read(tmp_path / "a.json", ReportBuilder()).pictures] == [
        (30, 40),
        (3, 4),
    ]


@pytest.mark.parametrize("from_bottom", [False, True])
def test_only_exports_of_2018_may_count_from_the_bottom(tmp_path, from_bottom):
    rows = [
        _old({"Car": [_CORNERS]}),
        {**_new({"name": "Car", "polygon": _CORNERS}), "data_row": {"external_id": "b.jpg"}},
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    report = ReportBuilder()
    raw = labelbox.read(tmp_path / "a.json", report, y_from_bottom=from_bottom)
    assert [(picture.y_from_bottom, picture.boxes[0].xyxy) for picture in raw.pictures] == [
        (from_bottom, _BOX[1]),
        (False, _BOX[1]),
    ]
    notes = [entry.what for entry in report.build().of("note") if entry.kind == "an export of 2018"]
    assert len(notes) == (not from_bottom)
    assert all("contact_sheet" in note and "y_from_bottom=True" in note for note in notes)


_EXPIRY = [  # address, when it expires
    ("https://a.org/b.jpg", float("inf")),
    ("https://a.org/b.jpg?Expires=1630706709794&KeyName=k&Signature=s", 1630706709.794),
    ("https://a.org/b.jpg?Expires=1630706709", 1630706709.0),
    ("https://a.org/b.jpg?X-Amz-Date=20210903T220000Z&X-Amz-Expires=3600", 1630710000.0),
    ("https://a.org/b.jpg?X-Goog-Date=20210903T220000Z&X-Goog-Expires=1", 1630706401.0),
    ("https://a.org/b.jpg?Expires=soon", float("inf")),
]


@pytest.mark.parametrize(("url", "at"), _EXPIRY)
def test_signed_addresses_tell_when_they_expire(url, at):
    assert expires_at(url) == at
    assert file_name_of(url) == "b.jpg"


def test_expired_addresses_are_told_with_the_remedy_and_without_the_signature(tmp_path):
    url = "https://a.org/b.jpg?Expires=1630706709&Signature=secret"
    _, report = _read(tmp_path / "a.json", [_old({}, **{"Labeled Data": url})])
    told = [entry.what for entry in report.of("note")]
    assert [what.partition(":")[0] for what in told] == ["pictures named by addresses", "expired addresses"]
    assert "collect.from_csv" in told[0]
    assert "2021-09-03" in told[1]
    assert "secret" not in str(told)
    assert labelbox.write_url_list(tmp_path / "a.json", tmp_path / "urls.csv") == 1
    assert (tmp_path / "urls.csv").read_text() == f"file_name,url\nb.jpg,{url}\n"


def test_a_cut_export_gives_its_whole_rows(tmp_path):
    text = json.dumps([_old({"Car": [_CORNERS]}), _old({"Bus": [_CORNERS]})])
    pictures, report = _read(tmp_path / "a.json", text[:-30])
    assert pictures == [("two cars.jpg", [_BOX])]
    assert [entry.kind for entry in report.of("refused")] == ["cut off or malformed"]


@pytest.mark.parametrize("text", ["", "[]", "no JSON", "["])
def test_what_holds_no_row_is_refused(tmp_path, text):
    with pytest.raises(AnnotationError, match=r"a\.json: expected a Labelbox export"):
        _read(tmp_path / "a.json", text)


_MASKS = [  # a segmentation, the box around it
    ([[1, 2, 5, 2, 5, 9.5]], (1, 2, 5, 9.5)),
    ([1, 2, 5, 2, 5, 9.5], (1, 2, 5, 9.5)),
    ([[[1, 2], [5, 9.5]]], (1, 2, 5, 9.5)),
    ({"size": [4, 3], "counts": [0, 12]}, (0, 0, 3, 4)),
    ({"size": [4, 3], "counts": [5, 1, 6]}, (1, 1, 2, 2)),
    ({"size": [4, 3], "counts": [3, 2, 7]}, (0, 0, 2, 4)),
    ({"size": [4, 3], "counts": "516"}, (1, 1, 2, 2)),
    ({"size": [4, 3], "counts": [12]}, None),
    ({"size": [4, 3], "counts": [5, 9]}, None),
    ({"size": [4], "counts": [5, 9]}, None),
    ({"size": [4, 3], "counts": "\u00ff"}, None),
    ({"size": [10**9, 10**9], "counts": [1, 10**17]}, None),
    ([[]], None),
    ([], None),
    ([[1, "x"]], None),
    (None, None),
    ("POLYGON", None),
]


@pytest.mark.parametrize(("segmentation", "box"), _MASKS, ids=range(len(_MASKS)))
def test_a_segmentation_has_a_box(segmentation, box):
    assert segmentation_box(segmentation) == box


def test_packed_masks_have_the_box_that_pycocotools_finds():
    mask = pytest.importorskip("pycocotools.mask")
    random = np.random.default_rng(0)
    for _ in range(200):
        height, width = random.integers(1, 40, 2)
        pixels = (random.random((height, width)) < random.choice([0, 0.01, 0.3])).astype(np.uint8)
        top, left = random.integers(0, height), random.integers(0, width)
        pixels[top : top + random.integers(9), left : left + random.integers(9)] = 1
        packed = mask.encode(np.asfortranarray(pixels))
        x, y, w, h = mask.toBbox(packed)
        expected = (x, y, x + w, y + h) if pixels.any() else None
        assert segmentation_box({"size": packed["size"], "counts": packed["counts"].decode()}) == expected


def test_wkt_without_end_takes_no_time():
    assert wkt_boxes("POLYGON " + "(" * 100_000) == []
    assert wkt_boxes("MULTIPOLYGON " + "((1 1" * 50_000) == []
    assert wkt_boxes("a question") is None


def _boxes_of(shared_data: Path, name: str) -> dict[str, list]:
    """Picture -> its boxes (class, edges), of a real export; nothing in it may be refused but shapes without extent."""
    report = ReportBuilder()
    raw = labelbox.read(shared_data / "formats" / name, report)
    pictures = {
        picture.name: [(box.class_name, box.xyxy) for box in picture.boxes] for picture in raw.pictures
    }
    assert {entry.kind for entry in report.build().of("refused")} <= {"neither box nor polygon"}
    return pictures


def test_ndjson_has_the_boxes_of_the_same_pictures_in_coco(shared_data):
    folder = "labelformat/tests/fixtures/object_detection"
    ours = _boxes_of(shared_data, f"{folder}/Labelbox/export-result.ndjson")
    raw = coco.read(shared_data / "formats" / folder / "COCO" / "train.json", ReportBuilder())
    assert ours == {
        picture.name: [(box.class_name, box.xyxy) for box in picture.boxes] for picture in raw.pictures
    }


def test_generations_of_2018_agree_on_the_pictures_that_they_share(shared_data):
    drawn = {
        name: _boxes_of(shared_data, f"labelbox-2018/{name}.json")
        for name in ("v2_wkt", "v3_wkt", "labelbox_1")
    }
    assert {name: len(pictures) for name, pictures in drawn.items()} == {
        "v2_wkt": 2,
        "v3_wkt": 10,
        "labelbox_1": 10,
    }
    for name, box in drawn["v2_wkt"].items():
        car = next(edges for class_name, edges in box if class_name == "Car")
        assert iou_matrix([car], [drawn["v3_wkt"][name][0][1]])[0, 0] > 0.95
    overlaps = [
        iou_matrix([box[0][1]], [drawn["v3_wkt"][name][0][1]])[0, 0]
        for name, box in drawn["labelbox_1"].items()
    ]
    assert np.median(overlaps) > 0.8  # two people, two projects


_REAL = [  # file, pictures, boxes
    ("labelbox-2018/labelbox_xy_1.json", 2, 7),
    ("labelbox-2018/empty_skipped.json", 1, 0),
    ("labelbox-python/libs/labelbox/tests/data/assets/labelbox_v1/image_export.json", 1, 6),
    ("labelbox-python/libs/labelbox/tests/data/assets/labelbox_v1/highly_nested_image.json", 1, 1),
    ("labelbox-python/libs/labelbox/tests/data/assets/ndjson/image_import.json", 1, 2),
    ("labelbox-python/libs/labelbox/tests/data/assets/ndjson/image_import_name_only.json", 1, 2),
    ("labelbox-python/libs/labelbox/tests/data/assets/ndjson/rectangle_import.json", 1, 1),
]


@pytest.mark.parametrize(("name", "pictures", "boxes"), _REAL)
def test_real_exports_are_read(shared_data, name, pictures, boxes):
    found = _boxes_of(shared_data, name)
    assert (len(found), sum(map(len, found.values()))) == (pictures, boxes)


def test_maps_are_no_pictures(shared_data):
    report = ReportBuilder()
    path = (
        shared_data
        / "formats/labelbox-python/libs/labelbox/tests/data/assets/labelbox_v1/tiled_image_export.json"
    )
    assert list(labelbox.read(path, report).pictures) == []
    assert [entry.kind for entry in report.build().of("refused")] == ["no picture, but a map or a text"] * 2


@pytest.mark.parametrize(("from_bottom", "top"), [(False, 4.0), (True, 10.0)])
def test_y_from_the_bottom_is_turned_in_the_frame_of_the_picture(tmp_path, from_bottom, top):
    Image.new("RGB", (40, 30)).save(tmp_path / "two cars.jpg")
    (tmp_path / "a.json").write_text(json.dumps([_old({"Car": [_CORNERS]})]))  # y from 4 to 20, of 30
    annotations, _ = import_annotations(tmp_path / "a.json", y_from_bottom=from_bottom)
    ((path, boxes),) = annotations
    assert path == tmp_path / "two cars.jpg"
    assert boxes == Boxes([[1.5, top, 3.0, top + 16]], [0])
    assert annotations.class_names == ("Car",)
