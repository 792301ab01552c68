"""What a file says beside the edges of a box counts: how it was turned, and how large the picture was."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from tflhelpers.data.formats.oriented import box_around_turned, degrees_of, is_turned
from tflhelpers.data.importing import ImportRefused, import_annotations


def _picture(path, width, height, orientation=1):
    picture = Image.new("RGB", (width, height))
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(path, exif=exif)


def _voc(*edges, size=(200, 100), extra=""):
    sides = ("xmin", "ymin", "xmax", "ymax")
    inside = "".join(f"<{side}>{edge}</{side}>" for side, edge in zip(sides, edges, strict=True))
    return (
        f"<annotation><filename>a.png</filename><size><width>{size[0]}</width><height>{size[1]}</height></size>"
        f"<object><name>duck</name>{extra}<bndbox>{inside}</bndbox></object></annotation>"
    )


def _coco(bbox, size=(200, 100), **changes):
    row = {"id": 7, "image_id": 1, "category_id": 1, "bbox": bbox, **changes}
    images = [{"id": 1, "file_name": "a.png", "width": size[0], "height": size[1]}]
    return json.dumps({"images": images, "annotations": [row], "categories": [{"id": 1, "name": "duck"}]})


def _rotation(value, name="rotation"):
    return f"<attributes><attribute><name>{name}</name><value>{value}</value></attribute></attributes>"


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (45, (64.644661, 14.644661, 135.355339, 85.355339)),
        ("90.0", (90, 10, 110, 90)),
        (-90, (90, 10, 110, 90)),
        (30, (60.358984, 21.339746, 139.641016, 78.660254)),
    ],
)
def test_oriented_of_cvat(tmp_path, degrees, expected):
    _picture(tmp_path / "a.png", 200, 100)
    (tmp_path / "a.xml").write_text(_voc(60, 40, 140, 60, extra=_rotation(degrees)), "utf-8")
    attributes = {"occluded": False, "rotation": degrees}
    (tmp_path / "x.json").write_text(_coco([60, 40, 80, 20], iscrowd=0, attributes=attributes), "utf-8")
    (tmp_path / "y.json").write_text(_coco([60, "40", 80, 20], attributes=attributes), "utf-8")
    for name, where in (("a.xml", "a.xml, object 1"), ("x.json", "x.json: annotation 7"), ("y.json", None)):
        annotations, report = import_annotations(tmp_path / name)
        assert annotations[0][1].xyxy[0].tolist() == pytest.approx(expected, abs=1e-4)
        told = [each for each in report.of("repaired") if each.what.startswith("turned box")]
        assert len(told) == is_turned(float(degrees))  # around a quarter turn nothing is lost
        if told:
            assert told[0].what == f"turned box: by {degrees:g} degrees; the upright box around it is taken"
            assert where in (None, told[0].where)


@pytest.mark.parametrize("value", [0, "0.0", 180, -360, "nan", "", "much", None])
def test_boxes_that_are_not_turned(tmp_path, value):
    assert degrees_of(value) == 0
    _picture(tmp_path / "a.png", 200, 100)
    (tmp_path / "a.xml").write_text(_voc(60, 40, 140, 60, extra=_rotation(value)), "utf-8")
    (tmp_path / "x.json").write_text(_coco([60, 40, 80, 20], attributes={"rotation": value}), "utf-8")
    for name in ("a.xml", "x.json"):
        annotations, _ = import_annotations(tmp_path / name, strict=True)
        assert annotations[0][1].xyxy.tolist() == [[60, 40, 140, 60]]


def test_attributes_of_other_names_turn_nothing(tmp_path):
    _picture(tmp_path / "a.png", 200, 100)
    (tmp_path / "a.xml").write_text(_voc(60, 40, 140, 60, extra=_rotation(45, "year")), "utf-8")
    (tmp_path / "x.json").write_text(_coco([60, 40, 80, 20], attributes=[45]), "utf-8")
    for name in ("a.xml", "x.json"):
        assert import_annotations(tmp_path / name, strict=True)[0][0][1].xyxy.tolist() == [[60, 40, 140, 60]]


def test_a_turned_box_whose_numbers_are_none_is_refused_as_any(tmp_path):
    _picture(tmp_path / "a.png", 200, 100)
    (tmp_path / "a.xml").write_text(_voc("x", 40, 140, 60, extra=_rotation(45)), "utf-8")
    with pytest.raises(ImportRefused, match="not four numbers: x, 40, 140, 60"):
        import_annotations(tmp_path / "a.xml")


def test_the_centre_stays():
    assert box_around_turned((10, 20, 10, 20), 33) == (10, 20, 10, 20)
    assert box_around_turned((3, 1, 1, 2), 180) == (1, 1, 3, 2)


@pytest.mark.parametrize(
    ("annotated", "now", "edges", "expected"),
    [
        ((400, 200), (200, 100), (110, 20, 190, 60), [55, 10, 95, 30]),
        ((200, 100), (400, 200), (55, 10, 95.5, 30), [110, 20, 191, 60]),
        ((1200, 801), (500, 333), (0, 0, 1200, 801), [0, 0, 500, 333]),
        ((4032, 3024), (1000, 750), (2016, 1512, 4032, 3024), [500, 375, 1000, 750]),
    ],
)
@pytest.mark.parametrize("format", ["voc", "coco", "csv"])
def test_boxes_of_a_photo_that_was_resized_since_are_scaled(
    tmp_path, annotated, now, edges, expected, format
):
    _picture(tmp_path / "a.png", *now)
    x1, y1, x2, y2 = edges
    header = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    texts = {
        "voc": _voc(*edges, size=annotated),
        "coco": _coco([x1, y1, x2 - x1, y2 - y1], annotated),
        "csv": header + f"a.png,{annotated[0]},{annotated[1]},duck,{x1},{y1},{x2},{y2}",
    }
    path = tmp_path / {"voc": "a.xml", "coco": "x.json", "csv": "x.csv"}[format]
    path.write_text(texts[format], "utf-8")
    annotations, report = import_annotations(path)
    assert annotations[0][1].xyxy[0].tolist() == pytest.approx(expected, abs=1e-4)
    assert annotations.pictures[0].size == now[::-1]
    assert [entry.kind for entry in report.of("repaired")] == ["picture resized since"]
    with pytest.raises(ImportRefused, match="picture resized since: annotated as"):
        import_annotations(path, strict=True)


@pytest.mark.parametrize(("frame", "expected"), [("auto", [70, 55, 90, 95]), ("stored", [70, 55, 90, 95])])
def test_a_resized_photo_that_exif_turns(tmp_path, frame, expected):
    _picture(tmp_path / "a.png", 200, 100, orientation=6)  # upright 100 wide, 200 high
    (tmp_path / "a.xml").write_text(_voc(110, 20, 190, 60, size=(400, 200)), "utf-8")
    annotations, report = import_annotations(tmp_path / "a.xml", frame=frame)
    assert annotations[0][1].xyxy.tolist() == [expected]
    assert [entry.kind for entry in report.of("repaired")] == ["turned upright", "picture resized since"]


@pytest.mark.parametrize("now", [(60, 40), (100, 200), (200, 180)])
def test_a_size_in_no_proportion_is_a_fault_that_strict_counts(tmp_path, now):
    _picture(tmp_path / "a.png", *now)
    (tmp_path / "a.xml").write_text(_voc(5, 6, 25, 16), "utf-8")
    annotations, report = import_annotations(tmp_path / "a.xml")
    assert annotations[0][1].xyxy.tolist() == [[5, 6, 25, 16]]
    assert [entry.kind for entry in report.of("refused")] == ["picture of another size"]
    with pytest.raises(ImportRefused, match="picture of another size"):
        import_annotations(tmp_path / "a.xml", strict=True)


@pytest.mark.parametrize("now", [(201, 100), (200, 99), (202, 101)])
def test_a_hundredth_more_or_less_is_no_resizing(tmp_path, now):
    _picture(tmp_path / "a.png", *now)
    (tmp_path / "a.xml").write_text(_voc(5, 6, 25, 16), "utf-8")
    annotations, report = import_annotations(tmp_path / "a.xml", strict=True)
    assert annotations[0][1].xyxy.tolist() == [[5, 6, 25, 16]]
    assert [entry.kind for entry in report.of("note")] == ["picture of another size"]


def test_a_fault_is_told_in_the_size_that_was_annotated(tmp_path):
    _picture(tmp_path / "a.png", 200, 100)
    (tmp_path / "a.xml").write_text(_voc(110, 20, 410, 60, size=(400, 200)), "utf-8")
    annotations, report = import_annotations(tmp_path / "a.xml")
    assert annotations[0][1].xyxy.tolist() == [[55, 10, 200, 30]]
    assert report.of("repaired")[1].what == (
        "partly outside the picture: 110, 20, 410, 60 cut to 200 × 400 (height × width)"
    )
