"""A set in the wrong unit is put right as a whole, and no picture becomes a negative because its boxes were refused."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from tflhelpers.data.importing import ImportRefused, import_annotations
from tflhelpers.files.example_proto import encode_example
from tflhelpers.files.record_file import write_record

_HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (200, 100)).save(tmp_path / name)
    return tmp_path


def _boxes(annotations):
    return {path.name: boxes.xyxy.tolist() for path, boxes in annotations}


def _voc(*edges, name="a.png", tag="bndbox"):
    sides = ("xmin", "ymin", "xmax", "ymax")
    inside = "".join(f"<{side}>{edge}</{side}>" for side, edge in zip(sides, edges, strict=True))
    drawn = f"<object><name>duck</name><{tag}>{inside}</{tag}></object>"
    return f"<annotation><filename>{name}</filename>{drawn}</annotation>"


def _coco(*bboxes, **changes):
    images = [{"id": 1, "file_name": "a.png"}]
    rows = [
        {"id": number, "image_id": 1, "category_id": 1, "bbox": bbox, **changes}
        for number, bbox in enumerate(bboxes, 1)
    ]
    return json.dumps({"images": images, "annotations": rows, "categories": [{"id": 1, "name": "duck"}]})


_FRACTIONS = {
    "voc": ("x.xml", _voc(0.25, 0.5, 0.75, 1), {"a.png": [[50, 50, 150, 100]]}),
    "csv": ("x.csv", _HEADER + "a.png,200,100,duck,0,0.5,0.75,1\n", {"a.png": [[0, 50, 150, 100]]}),
    "beyond the edge": ("x.csv", _HEADER + "a.png,,,duck,-0.02,0.5,0.75,1\n", {"a.png": [[0, 50, 150, 100]]}),
}


@pytest.mark.parametrize("row", ["voc", "csv", "beyond the edge"])
def test_fractions_where_pixels_belong(folder, row):
    name, text, expected = _FRACTIONS[row]
    (folder / name).write_text(text, "utf-8")
    annotations, report = import_annotations(folder / name)
    assert _boxes(annotations) == expected
    assert report.of("repaired")[0].kind == "fractions where pixels belong"
    with pytest.raises(ImportRefused, match="fractions where pixels belong: all edges of 1 boxes"):
        import_annotations(folder / name, strict=True)


def test_one_box_that_is_no_fraction_makes_the_set_one_of_pixels(folder):
    rows = "a.png,200,100,duck,0.25,0.5,0.75,1\nb.png,200,100,duck,5,6,25,16\n"
    (folder / "x.csv").write_text(_HEADER + rows, "utf-8")
    annotations, report = import_annotations(folder / "x.csv")
    assert _boxes(annotations) == {"b.png": [[5, 6, 25, 16]]}
    assert [(entry.where, entry.kind) for entry in report.of("refused")] == [
        ("x.csv: a.png, row 2", "less than a pixel")
    ]


_WHOLE, _KEPT = "0 .5 .5 .5 .5\n", [[50, 25, 150, 75]]
_MIXED = {  # a file and its text with one box in the other unit; what the report says of that one
    "a line in pixels": ("a.txt", _WHOLE + "0 100 50 40 40", "outside the picture"),
    "pixels at the corner": ("a.txt", _WHOLE + "0 5 5 10 10", "outside the picture"),
    "pixels that reach out of the picture": ("a.txt", _WHOLE + "0 30 20 80 30", "outside the picture"),
    "pixels that are next to nothing": ("a.txt", _WHOLE + "0 1 1 3 3", "outside the picture"),
    "the other way round": ("a.txt", _WHOLE + "0 100 50 -400 40", "outside the picture"),
    "a polygon in pixels": ("a.txt", _WHOLE + "0 -20 -10 60 -10 60 50", "outside the picture"),
    "an object in fractions": ("a.xml", [(50, 25, 150, 75), (0.25, 0.5, 0.75, 1)], "less than a pixel"),
    "a fraction in COCO": ("x.json", [[50, 25, 100, 50], [0.25, 0.5, 0.5, 0.5]], "less than a pixel"),
}


@pytest.mark.parametrize("row", _MIXED)
def test_a_box_in_another_unit_than_the_others_is_refused(folder, row):
    name, content, told = _MIXED[row]
    if name == "x.json":
        content = _coco(*content)
    elif name == "a.xml":
        content = _voc(*content[0]).replace("</annotation>", _voc(*content[1]).partition("</filename>")[2])
    (folder / name).write_text(content, "utf-8")
    if name == "a.txt":
        (folder / "classes.txt").write_text("duck", "utf-8")
    annotations, report = import_annotations(folder)
    assert _boxes(annotations)["a.png"] == _KEPT
    assert [entry.kind for entry in report.of("refused")] == [told]
    assert not list(report.of("repaired"))


def test_a_box_of_one_whole_pixel_stays_one(folder):
    (folder / "x.csv").write_text(_HEADER + "a.png,200,100,duck,0,0,1,1\n", "utf-8")
    annotations, _ = import_annotations(folder / "x.csv", strict=True)
    assert _boxes(annotations) == {"a.png": [[0, 0, 1, 1]]}


@pytest.mark.parametrize("line", ["0 100 50 40 40", "0 20 50 41.5 10.5", "0 100 50 200 100"])
def test_pixels_where_fractions_belong(folder, line):
    (folder / "a.txt").write_text(line, "utf-8")
    (folder / "b.txt").write_text("", "utf-8")
    (folder / "classes.txt").write_text("duck", "utf-8")
    x, y, width, height = map(float, line.split()[1:])
    annotations, report = import_annotations(folder)
    edges = [max(x - width / 2, 0), y - height / 2, x + width / 2, y + height / 2]
    assert _boxes(annotations) == {"a.png": [edges], "b.png": []}
    assert report.of("repaired")[0].kind == "pixels where fractions belong"


def test_pixels_in_records(folder):
    picture = (folder / "a.png").read_bytes()
    columns = {"xmin": [20.0], "ymin": [10.0], "xmax": [60.5], "ymax": [50.0]}
    features = {f"image/object/bbox/{side}": values for side, values in columns.items()}
    features |= {"image/encoded": [picture], "image/object/class/text": [b"duck"]}
    with (folder / "a.record").open("wb") as file:
        write_record(file, encode_example(features))
    annotations, report = import_annotations(folder / "a.record")
    ((_, boxes),) = annotations
    assert boxes.xyxy.tolist() == [[20, 10, 60.5, 50]]
    assert report.of("repaired")[0].kind == "pixels where fractions belong"


_LOST = {
    "a class that YOLO does not name": {"a.txt": "7 .5 .5 .5 .5", "classes.txt": "duck"},
    "lines that are none": {"a.txt": "duck .5 .5", "classes.txt": "duck"},
    "a turned box only": {"a.xml": _voc(5, 6, 25, 16, tag="robndbox")},
    "an unknown category": {"x.json": _coco([5, 6, 20, 10], category_id=8)},
    "no category": {"x.json": _coco([5, 6, 20, 10], category_id=None)},
    "no box": {"x.json": _coco([5, 6, 20])},
    "a CSV row without class": {"x.csv": _HEADER + "a.png,,,,5,6,25,16\n"},
    "a point in Labelbox": {
        "x.json": json.dumps(
            [{"External ID": "a.png", "Label": {"objects": [{"title": "duck", "point": {"x": 1, "y": 2}}]}}]
        )
    },
}
_SOUND = {
    ".txt": ("b.txt", "0 .5 .5 .5 .5"),
    ".xml": ("b.xml", _voc(5, 6, 25, 16, name="b.png")),
}


@pytest.mark.parametrize("row", _LOST)
def test_a_picture_of_which_all_was_refused_is_left_out(folder, row):
    for name, text in _LOST[row].items():
        (folder / name).write_text(text, "utf-8")
    ending = "." + next(iter(_LOST[row])).rpartition(".")[2]
    if ending in _SOUND:
        (folder / _SOUND[ending][0]).write_text(_SOUND[ending][1], "utf-8")
        annotations, report = import_annotations(folder)
    else:
        with pytest.raises(ImportRefused) as caught:
            import_annotations(folder)
        annotations, report = [], caught.value.report
    assert "a.png" not in [path.name for path, _ in annotations]
    assert [entry.kind for entry in report.of("note") if "box" in entry.kind] == ["no box left"]


def test_an_empty_entry_elsewhere_makes_it_no_negative(folder):
    rows = "a.png,,,duck,5,6,5,16\n./a.png,,,,,,,\nb.png,,,duck,5,6,25,16\n"
    (folder / "x.csv").write_text(_HEADER + rows, "utf-8")
    assert _boxes(import_annotations(folder)[0]) == {"b.png": [[5, 6, 25, 16]]}


def test_classes_come_from_boxes_that_were_taken(folder):
    rows = "a.png,,,cat,5,6,5,16\na.png,,,duck,5,6,25,16\nb.png,,,dog,1,2,x,4\nb.png,,,duck,1,2,3,4\n"
    (folder / "x.csv").write_text(_HEADER + rows, "utf-8")
    annotations, _ = import_annotations(folder / "x.csv", rename={"cat": "dog"})
    assert annotations.class_names == ("duck",)
    assert [boxes.labels.tolist() for _, boxes in annotations] == [[0], [0]]


def test_numbers_of_classes_come_from_boxes_that_were_taken(folder):
    (folder / "a.txt").write_text("7 .5 .5 0 0\n9 .5 .5 .5 .5\n8 .5 .5 .5 1", "utf-8")
    assert import_annotations(folder)[0].class_names == ("8", "9")


@pytest.mark.parametrize(
    "again",
    [_HEADER, _HEADER.upper(), "filename;width;height;class;xmin;ymin;xmax;ymax\n".replace(";", " , ")],
)
def test_a_header_that_comes_again_is_no_row(folder, again):
    rows = "a.png,200,100,duck,5,6,25,16\n"
    (folder / "x.csv").write_text(_HEADER + rows + again + rows.replace("a.", "b."), "utf-8")
    annotations, report = import_annotations(folder / "x.csv")
    assert _boxes(annotations) == {"a.png": [[5, 6, 25, 16]], "b.png": [[5, 6, 25, 16]]}
    assert annotations.class_names == ("duck",)
    assert [tuple(entry)[:2] for entry in report.of("note")] == [("note", "x.csv, row 3")]


def test_a_second_header_may_name_the_columns_in_another_order(folder):
    rows = "a.png,200,100,duck,5,6,25,16\nxmin,ymin,xmax,ymax,class,filename\n5,6,25,16,duck,b.png\n"
    (folder / "x.csv").write_text(_HEADER + rows, "utf-8")
    assert _boxes(import_annotations(folder / "x.csv")[0]) == {
        "a.png": [[5, 6, 25, 16]],
        "b.png": [[5, 6, 25, 16]],
    }


@pytest.mark.parametrize("missing", ["nan", "NaN", "<NA>", "#N/A", "None"])
def test_what_pandas_writes_for_nothing_is_an_empty_cell(folder, missing):
    rows = "a.png,200,100,duck,5,6,25,16\nb.png,200,100" + f",{missing}" * 5 + "\n"
    (folder / "x.csv").write_text(_HEADER + rows, "utf-8")
    annotations, _ = import_annotations(folder / "x.csv", strict=True)
    assert _boxes(annotations) == {"a.png": [[5, 6, 25, 16]], "b.png": []}
    assert annotations.class_names == ("duck",)


_GROUND_TRUTH = {"class-map": {"0": "duck"}, "type": "groundtruth/object-detection"}
_SHAPES_OF = {  # tool → its file, with what is drawn
    "label_studio": lambda drawn: [{"data": {"image": "a.png"}, "annotations": [{"id": 1, "result": drawn}]}],
    "labelme": lambda drawn: {"version": "5.0", "flags": {}, "shapes": drawn, "imagePath": "a.png"},
    "createml": lambda drawn: [{"image": "a.png", "annotations": drawn}],
    "via": lambda drawn: {
        "a.png1": {"filename": "a.png", "size": 1, "regions": drawn, "file_attributes": {}}
    },
    "datumaro": lambda drawn: {
        "categories": {"label": {"labels": [{"name": "duck"}]}},
        "items": [{"id": "a", "annotations": drawn, "image": {"path": "a.png"}}],
    },
    "vott": lambda drawn: {"asset": {"name": "a.png", "state": 2}, "regions": drawn, "version": "2.2.0"},
    "ground_truth": lambda drawn: {
        "source-ref": "s3://x/a.png",
        "boxes": {"annotations": drawn},
        "boxes-metadata": _GROUND_TRUTH,
    },
    "labelbox": lambda drawn: {
        "data_row": {"id": "1", "external_id": "a.png"},
        "projects": {"p": {"labels": [{"id": "1", "annotations": {"objects": drawn}}]}},
    },
}


@pytest.mark.parametrize("drawn", ["lost", 5, [5], ["lost"]])
@pytest.mark.parametrize("tool", list(_SHAPES_OF))
def test_a_list_of_shapes_that_is_none_makes_no_negative(folder, tool, drawn):
    (folder / "a.json").write_text(json.dumps(_SHAPES_OF[tool]([])), "utf-8")
    annotations, _ = import_annotations(folder / "a.json", format=tool, class_names=["duck"])
    assert [len(boxes) for path, boxes in annotations if path.name == "a.png"] == [0]
    (folder / "a.json").write_text(json.dumps(_SHAPES_OF[tool](drawn)), "utf-8")
    with pytest.raises(ImportRefused) as caught:
        import_annotations(folder / "a.json", format=tool, class_names=["duck"])
    assert [entry.outcome for entry in caught.value.report.entries if entry.where.startswith("a.json")]
