"""Files of other annotation tools: the boxes drawn there, and what is said of those that cannot be used."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.formats.fuzz_mutations import spoiled_bytes
from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats.oriented import around_ellipse, around_turned, is_turned
from tflhelpers.data.formats.recognise import ADVICE, tool_of
from tflhelpers.data.formats.tools import TOOLS
from tflhelpers.data.importing import export_annotations, import_annotations

_SIZES = {"a.png": (200, 100), "pics/b.png": (60, 80), "c.png": (10, 20)}  # width, height
_CVAT = '<?xml version="1.0"?><annotations><version>1.1</version>{}</annotations>'
_LABELS = "<labels><label><name>cat</name></label><label><name>x</name><type>any</type></label></labels>"


def _write(folder: Path, files: dict[str, object], pictures=_SIZES) -> None:
    for name, size in pictures.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size).save(folder / name)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, "utf-8")


def _read(folder: Path, files: dict[str, object], **arguments):
    """{picture: [(class, edges), ...]}, and the report."""
    _write(folder, files)
    only = folder / next(iter(files))
    place = only if len(files) == 1 and only.suffix != ".txt" else folder
    annotations, report = import_annotations(place, **arguments)
    found = {
        path.relative_to(folder).as_posix(): [
            (annotations.class_names[label], tuple(np.round(xyxy.astype(float), 3).tolist()))
            for xyxy, label in zip(boxes.xyxy, boxes.labels, strict=True)
        ]
        for path, boxes in annotations
    }
    return found, report


def _cvat(*children: str) -> dict[str, object]:
    return {"annotations.xml": _CVAT.format("".join(children))}


def _task(value: object, kind: str = "rectanglelabels", size=(200, 100), **fields) -> dict:
    result = {"id": "r", "type": kind, "original_width": size[0], "original_height": size[1], "value": value}
    return {
        "id": 1,
        "data": {"image": "/data/upload/1/a.png"},
        "annotations": [{"result": [result]}],
        **fields,
    }


def _percent(**more) -> dict:
    return {"x": 5, "y": 20, "width": 20, "height": 40, "rotation": 0, "rectanglelabels": ["x"], **more}


def _labelme(*shapes: dict, **fields) -> dict:
    return {"version": "5.4.1", "flags": {}, "shapes": list(shapes), "imagePath": "a.png", **fields}


def _shape(points: list, kind: str = "rectangle", label: object = "x") -> dict:
    return {"label": label, "points": points, "group_id": None, "shape_type": kind, "flags": {}}


def _via(shape: dict, attributes: dict | None = None, name: str = "a.png") -> dict:
    region = {"shape_attributes": shape, "region_attributes": attributes or {"class": "x"}}
    return {f"{name}1": {"filename": name, "size": 1, "regions": [region], "file_attributes": {}}}


def _table(*rows: list) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _vott(regions: list, **asset) -> dict:
    whole = {
        "name": "a.png",
        "path": "file:C:/me/a.png",
        "size": {"width": 200, "height": 100},
        "state": 2,
        **asset,
    }
    return {"name": "p", "tags": [{"name": "x"}], "assets": {"1": {"asset": whole, "regions": regions}}}


def _datumaro(annotations: list, name: str = "a.png") -> dict:
    item = {"id": name[:1], "annotations": annotations, "image": {"path": name, "size": _SIZES[name][::-1]}}
    labels = {"labels": [{"name": "cat", "parent": ""}, {"name": "x", "parent": ""}]}
    return {"dm_format_version": "1.0", "infos": {}, "categories": {"label": labels}, "items": [item]}


def _supervisely(*objects: dict) -> dict:
    return {"description": "", "tags": [], "size": {"height": 100, "width": 200}, "objects": list(objects)}


def _manifest(*rows: tuple[str, list]) -> str:
    metadata = {"class-map": {"0": "x"}, "type": "groundtruth/object-detection"}
    size = [{"width": 200, "height": 100, "depth": 3}]
    return "".join(
        json.dumps(
            {
                "source-ref": f"s3://b/{name}",
                "j": {"annotations": drawn, "image_size": size},
                "j-metadata": metadata,
            }
        )
        + "\n"
        for name, drawn in rows
    )


_DM_BOX = {
    "id": 0,
    "type": "bbox",
    "label_id": 1,
    "bbox": [10, 20, 40, 40],
    "attributes": {"occluded": False},
}
_RECT = {"name": "rect", "x": 10, "y": 20, "width": 40, "height": 40}
_REGION = {
    "type": "RECTANGLE",
    "tags": ["x"],
    "boundingBox": {"left": 10, "top": 20, "width": 40, "height": 40},
}
_KITTI = "x 0.00 0 -1.5 10.0 20.0 50.0 60.0 1 1 1 1 1 1 1\n"
_BOX = '<box label="x" xtl="10" ytl="20" xbr="50" ybr="60"{}/>'
_IMAGE = '<image id="0" name="a.png" width="200" height="100">{}</image>'
_OPEN_IMAGES = ["ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax", "IsGroupOf"]
_VIA_CSV = ["filename", "file_size", "file_attributes", "region_count", "region_id"]
_VIA_CSV = [*_VIA_CSV, "region_shape_attributes", "region_attributes"]
_X = {"a.png": [("x", (10.0, 20.0, 50.0, 60.0))]}

_READ = [  # tool, files, {picture: boxes}
    ("cvat", _cvat(_IMAGE.format(_BOX.format(""))), _X),
    ("cvat", _cvat(f"<meta><task>{_LABELS}</task></meta>", _IMAGE.format(_BOX.format(' rotation="0.0"'))), _X),
    ("cvat", _cvat(_IMAGE.format(""), '<image id="1" name="pics/b.png">' + _BOX.format("") + "</image>"),
     {"a.png": [], "pics/b.png": [("x", (10.0, 20.0, 50.0, 60.0))]}),
    ("cvat", _cvat(_IMAGE.format('<polygon label="x" points="10.0,20.5;50,20;30.25,60"/>')),
     {"a.png": [("x", (10.0, 20.0, 50.0, 60.0))]}),
    ("cvat", _cvat(_IMAGE.format('<mask label="x" rle="1, 2" left="10" top="20" width="40" height="40"/>')), _X),
    ("cvat", _cvat(_IMAGE.format('<ellipse label="x" cx="30" cy="40" rx="20" ry="20"/><tag label="night"/>')), _X),
    ("cvat", _cvat(_IMAGE.format('<box label="x" xtl="10" ytl="30" xbr="50" ybr="50" rotation="90"/>')),
     {"a.png": [("x", (20.0, 20.0, 40.0, 60.0))]}),
    ("label_studio", {"s.json": [_task(_percent())]}, _X),
    ("label_studio", {"s.json": [
        _task(_percent(), size=(60, 80), data={"image": "/data/local-files/?d=pics%2Fb.png"})]},
     {"pics/b.png": [("x", (3.0, 16.0, 15.0, 48.0))]}),
    ("label_studio", {"s.json": [_task({"points": [[5, 20], [25, 60]], "polygonlabels": ["x"]}, "polygonlabels")]}, _X),
    ("label_studio", {"s.json": [_task({"x": 15, "y": 40, "radiusX": 10, "radiusY": 20, "ellipselabels": ["x"]})]}, _X),
    ("label_studio", {"s.json": [_task(_percent()), _task({}, data={"image": "c.png"}, annotations=[{"result": []}])]},
     {**_X, "c.png": []}),
    ("label_studio", {"s.json": [{"image": "/data/upload/1/a.png", "id": 1, "label": [
        _percent(original_width=200, original_height=100)], "annotator": 1, "lead_time": 2.5}]}, _X),
    ("label_studio", {"s.json": [{"image": "a.png", "id": 1, "label": [_percent()], "lead_time": 1}]}, _X),
    ("labelme", {"a.json": _labelme(_shape([[50, 60], [10, 20]]), imageHeight=100, imageWidth=200)}, _X),
    ("labelme", {"a.json": _labelme(_shape([[10, 60], [50, 20]]), imageData="iVBORw0KGgo" * 9000)}, _X),
    ("labelme", {"a.json": {"imageData": "iVBORw0KGgo" * 9000, **_labelme(_shape([[10, 60], [50, 20]]))}}, _X),
    ("labelme", {"a.json": _labelme(_shape([[30, 40], [42, 56]], "circle"))}, _X),
    ("labelme", {"a.json": _labelme(_shape([[10, 30], [50, 20], [20, 60]], "polygon")),
                 "pics/b.json": _labelme(imagePath="..\\pics\\b.png")}, {**_X, "pics/b.png": []}),
    ("via", {"v.json": _via(_RECT)}, _X),
    ("via", {"v.json": {"_via_settings": {}, "_via_img_metadata": _via(_RECT), "_via_attributes": {}}}, _X),
    ("via", {"v.json": {"a": {"filename": "a.png", "regions": {"0": _via(_RECT)["a.png1"]["regions"][0]}}}}, _X),
    ("via", {"v.json": _via(_RECT, name="https://a.org/b/a.png?x=1")}, _X),
    ("via", {"v.json": _via(_RECT, {"animal": "x", "note": ""})}, _X),
    ("via", {"v.json": _via(_RECT, {"type": {"x": True, "y": False}})}, _X),
    ("via", {"v.json": _via({"name": "circle", "cx": 30, "cy": 40, "r": 20})}, _X),
    ("via", {"v.json": _via({"name": "ellipse", "cx": 30, "cy": 40, "rx": 20, "ry": 20, "theta": 0.5})}, _X),
    ("via", {"v.json": _via({"name": "polygon", "all_points_x": [10, 50, 20], "all_points_y": [20, 30, 60]})}, _X),
    ("via", {"v.csv": _table(_VIA_CSV, ["a.png", 1, "{}", 1, 0, json.dumps(_RECT), '{"class":"x"}'],
                             ["c.png", 1, "{}", 0, 0, "{}", "{}"])}, {**_X, "c.png": []}),
    ("createml", {"c.json": [{"image": "a.png", "annotations": [
        {"label": "x", "coordinates": {"x": 30, "y": 40, "width": 40, "height": 40}}]},
        {"imagefilename": "c.png", "annotations": []}]}, {**_X, "c.png": []}),
    ("vott", {"p-export.json": _vott([_REGION])}, _X),
    ("vott", {"1-asset.json": {"asset": {"name": "a.png"}, "regions": [_REGION], "version": "2.2.0"},
              "2-asset.json": {"asset": {"name": "c.png", "state": 1}, "regions": [], "version": "2.2.0"}},
     {**_X, "c.png": []}),
    ("vott", {"e.json": _vott([{"tags": ["x"], "points": [{"x": 10, "y": 20}, {"x": 50, "y": 60}]}])}, _X),
    ("datumaro", {"train.json": _datumaro([_DM_BOX, {"type": "label", "label_id": 0}])}, _X),
    ("datumaro", {"annotations/a.json": _datumaro([{**_DM_BOX, "type": "rotated_bbox", "bbox": [30, 40, 40, 40, 90]}]),
                  "annotations/c.json": _datumaro([], "c.png")}, {**_X, "c.png": []}),
    ("datumaro", {"t.json": _datumaro([{"type": "polygon", "label_id": 1, "points": [10, 20, 50, 20, 30, 60]}])}, _X),
    ("supervisely", {"meta.json": {"classes": [{"title": "x"}], "tags": []}, "ds/ann/a.png.json": _supervisely(
        {"classTitle": "x", "geometryType": "rectangle", "points": {"exterior": [[50, 60], [10, 20]], "interior": []}}),
        "ds/ann/c.png.json": _supervisely()}, {**_X, "c.png": []}),
    ("ground_truth", {"output.manifest": _manifest(
        ("a.png", [{"class_id": 0, "left": 10, "top": 20, "width": 40, "height": 40}]), ("c.png", []))},
     {**_X, "c.png": []}),
    ("open_images", {"o.csv": _table(_OPEN_IMAGES, ["a", "xclick", "x", 1, 0.05, 0.25, 0.2, 0.6, 0])}, _X),
    ("open_images", {"o.csv": _table(_OPEN_IMAGES, ["a", "xclick", "/m/0x", 1, 0.05, 0.25, 0.2, 0.6, 0]),
                     "oidv7-class-descriptions-boxable.csv": "/m/0y,y\n/m/0x,x\n"}, _X),
    ("retinanet", {"r.csv": "a.png,10,20,50,60,x\nc.png,,,,,\n"}, {**_X, "c.png": []}),
    ("retinanet", {"r.csv": "C:\\me\\a.png,10,20,50,60,x\n"}, _X),
    ("automl", {"m.csv": "TRAIN,gs://b/a.png,x,0.05,0.2,,,0.25,0.6,,\nTEST,gs://b/c.png,,,,,,,,,\n"},
     {**_X, "c.png": []}),
    ("automl", {"m.csv": "gs://b/a.png,x,0.05,0.2,0.25,0.2,0.25,0.6,0.05,0.6\n"}, _X),
    ("kitti", {"label_2/a.txt": _KITTI + "DontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10\n",
               "label_2/c.txt": ""}, {**_X, "c.png": []}),
    ("dota", {"labelTxt/a.txt": "imagesource:G\ngsd:0.1\n10 20 50 20 50 60 10 60 x 0\n", "labelTxt/c.txt": "gsd:1\n"},
     {**_X, "c.png": []}),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "files", "expected"), _READ)
def test_boxes_of_other_tools(tool, files, expected, tmp_path):
    found, report = _read(tmp_path, files)
    assert found == expected
    assert report.counts["repaired"] == report.counts["refused"] == 0
    assert {tool_of(tmp_path / name) for name in files} <= {tool, None}
    assert _read(tmp_path, files, format=tool)[0] == expected


def test_every_tool_is_in_the_table():
    assert {tool for tool, _, _ in _READ} == set(TOOLS)


_TURNED = _percent(rotation=90)  # about its corner (10, 20): 40 × 40 px go to the left of it
_FAULTS = [  # files, what the report says, {picture: boxes}
    (_cvat(_IMAGE.format(_BOX.format(' rotation="45"'))), "turned box: by 45 degrees",
     {"a.png": [("x", (1.716, 11.716, 58.284, 68.284))]}),
    (_cvat(_IMAGE.format(_BOX.format("") + '<points label="x" points="1,2"/>')), "'x' is points", _X),
    (_cvat(_IMAGE.format(_BOX.format("")), '<image name="c.png"><polyline points="1,2;3,4"/></image>'),
     "picture left out: nothing drawn on 'c.png' can be used", _X),
    (_cvat(_IMAGE.format(_BOX.format("")), "<image"), "no whole XML file", _X),
    ({"s.json": [_task(_percent(rotation=30, x=50))]}, "turned box: by 30 degrees",
     {"a.png": [("x", (80.0, 20.0, 134.641, 74.641))]}),
    ({"s.json": [_task(_TURNED), _task(_percent(), data={"image": "c.png"}, annotations=[])]},
     "not annotated in Label Studio: 'c.png' is left out", None),
    ({"s.json": [_task(_percent(), annotations=[{"result": _task(_percent())["annotations"][0]["result"]},
                                                {"result": []}])]},
     "another annotation of the same picture: 'a.png' has 2; taken is the first", _X),
    ({"s.json": [_task(_percent(), annotations=[{"result": []}, {"ground_truth": True, "result": _task(
        _percent())["annotations"][0]["result"]}])]}, "taken is the ground truth", _X),
    ({"s.json": [_task(_percent(), annotations=[{"was_cancelled": True, "result": []}, {"result": _task(
        _percent())["annotations"][0]["result"]}])]}, "1 picture and 1 box taken, 0 things repaired, 0 refused", _X),
    ({"s.json": [{"image": "a.png", "id": 1, "label": [_percent()], "annotator": n} for n in (1, 2)]},
     "another annotation of the same picture: 'a.png'; taken is that of task 1", _X),
    ({"s.json": [_task(_percent(), data={"image": "/data/upload/1/0123abcd-a.png"})]},
     "picture found by another name", _X),
    ({"a.json": _labelme(_shape([[10, 20], [50, 60]]), _shape([[1, 2]], "point"))}, "a point", _X),
    ({"a.json": _labelme(_shape([[10, 20], [50, 60]])), "c.json": '{"version": "5", "flags": {}, "shapes": [{"la'},
     "no whole LabelMe file", _X),
    ({"a.json": _labelme(_shape([[10, 20], [50, 60]])), "z.json": {"theme": "dark"}}, "JSON of another kind", _X),
    ({"v.json": {**_via(_RECT), **_via({"name": "point", "cx": 1, "cy": 2}, name="c.png")}},
     "picture left out: nothing drawn on 'c.png'", _X),
    ({"v.json": {**_via(_RECT), "c": {"size": 3, "regions": []}}}, "it has no filename", _X),
    ({"v.json": _via(_RECT, {"animal": "x"})}, "taken from its attribute 'animal'", _X),
    ({"v.csv": _table(_VIA_CSV, ["a.png", 1, "{}", 1, 0, json.dumps(_RECT), '{"class":"x"}'], ["c.png"])},
     "too few cells: 1", _X),
    ({"c.json": [{"image": "a.png", "annotations": [
        {"label": "x", "coordinates": {"x": 30, "y": 40, "width": 40, "height": 40}},
        {"label": "y", "coordinates": {"x": "wide"}}]}]}, "no numbers", _X),
    ({"p.json": {**_vott([_REGION]), "z": 1}}, "1 picture and 1 box taken", _X),
    ({"t.json": _datumaro([{**_DM_BOX, "attributes": {"rotation": 45}}])}, "turned box: by 45 degrees",
     {"a.png": [("x", (1.716, 11.716, 58.284, 68.284))]}),
    ({"t.json": _datumaro([_DM_BOX, {**_DM_BOX, "label_id": 7}])}, "no class name", _X),
    ({"t.json": _datumaro([_DM_BOX, {"type": "points", "label_id": 0, "points": [1, 2]}])}, "'points'", _X),
    ({"meta.json": {}, "ds/ann/a.png.json": _supervisely(
        {"classTitle": "x", "geometryType": "polygon", "points": {"exterior": [[50, 60], [10, 20], [10, 50]]}},
        {"classTitle": "x", "geometryType": "bitmap", "bitmap": {"origin": [1, 2]}})}, "'bitmap'", _X),
    ({"o.manifest": _manifest(("a.png", [{"class_id": 0, "left": 10, "top": 20, "width": 40, "height": 40}]))
      + '{"source-ref": "s3://b/c.png"}\n'}, "not annotated in Ground Truth: 'c.png' is left out", _X),
    ({"r.csv": "a.png,10,20,50,60,x\na.png,1,2\n"}, "too few cells: 3", _X),
    ({"label_2/a.txt": _KITTI + "x 0\n"}, "no line of KITTI: expected a class and 14 numbers, got 2 words", _X),
    ({"label_2/a.txt": _KITTI, "label_2/c.txt": "who knows"}, "no file of labels", _X),
    ({"labelTxt/a.txt": "30 20 50 40 30 60 10 40 x 1\n"}, "turned box: the upright box around it is taken", _X),
]  # fmt: skip


@pytest.mark.parametrize(("files", "told", "expected"), _FAULTS)
def test_what_cannot_be_used_is_told(files, told, expected, tmp_path):
    found, report = _read(tmp_path, files)
    assert told in "\n".join([str(report), *map(str, report.entries)])
    assert expected is None or found == expected


def test_every_frame_of_a_cvat_track(tmp_path):
    """A frame after the object has left has no box of it; names of CVAT's own export of the frames are found."""
    meta = "<meta><task><original_size><width>60</width><height>80</height></original_size></task></meta>"
    frame = '<box frame="{}" outside="{}" keyframe="1" xtl="{}" ytl="2" xbr="30" ybr="40"/>'
    tracks = "".join(
        f'<track id="{number}" label="{name}">{"".join(map(frame.format, *rows))}</track>'
        for number, name, rows in ((0, "x", ((0, 1, 2), (0, 0, 1), (1, 2, 3))), (1, "y", ((1,), (0,), (9,))))
    )
    pictures = {f"frame_{number:06d}.PNG": (60, 80) for number in range(3)}
    _write(tmp_path, _cvat(meta, tracks), pictures)
    annotations, report = import_annotations(tmp_path)
    found = {path.name: (boxes.xyxy[:, 0].tolist(), boxes.labels.tolist()) for path, boxes in annotations}
    assert annotations.class_names == ("x", "y")
    assert found == {"frame_000000.PNG": ([1.0], [0]), "frame_000001.PNG": ([2.0, 9.0], [0, 1])}
    assert report.counts["refused"] == report.counts["repaired"] == 0


def test_what_has_no_box_in_cvat_makes_no_class(tmp_path):
    """A skeleton's joints are labels and tracks too, in the task and in its track."""
    types = "".join(
        f"<label><name>{name}</name><type>{name}</type></label>" for name in ("points", "rectangle", "tag")
    )
    joint = '<track id="0" label="points"><points frame="0" outside="0" points="1,2"/></track>'
    skeleton = f'<track id="1" label="s"><skeleton frame="0" outside="0" points="1,2"/>{joint}</track>'
    track = '<track id="0" label="rectangle"><box frame="0" outside="0" xtl="1" ytl="2" xbr="30" ybr="40"/></track>'
    files = _cvat(f"<meta><task><labels>{types}</labels></task></meta>", track, skeleton)
    _write(tmp_path, files, {"frame_000000.PNG": (60, 80)})
    annotations, report = import_annotations(tmp_path)
    assert annotations.class_names == ("rectangle",)
    assert [entry.what for entry in report.of("refused")] == ["no area: 's' is a skeleton"]


def test_frames_that_were_collected_are_found(tmp_path):
    meta = "<meta><task><source>clip.mp4</source></task></meta>"
    track = '<track id="0" label="x"><box frame="7" outside="0" xtl="1" ytl="2" xbr="30" ybr="40"/></track>'
    _write(tmp_path, _cvat(meta, track), {"clip_000007.jpg": (60, 80)})
    assert [path.name for path, _ in import_annotations(tmp_path)[0]] == ["clip_000007.jpg"]


@pytest.mark.parametrize("given", ["set", "set/annotations", "set/annotations/train.json"])
def test_pictures_of_a_datumaro_set_are_found(given, tmp_path):
    _write(
        tmp_path, {"set/annotations/train.json": _datumaro([_DM_BOX])}, {"set/images/train/a.png": (200, 100)}
    )
    annotations, report = import_annotations(tmp_path / given)
    assert [path.parent.name for path, _ in annotations] == ["train"]
    assert "missing" not in str(report)


@pytest.mark.parametrize("given", ["set", "set/ds/ann", "set/ds/ann/a.png.json"])
def test_pictures_of_a_supervisely_project_are_found(given, tmp_path):
    box = {"classTitle": "x", "geometryType": "rectangle", "points": {"exterior": [[10, 20], [50, 60]]}}
    files = {"set/ds/ann/a.png.json": _supervisely(box)}
    _write(tmp_path, files, {"set/ds/img/a.png": (200, 100)})
    annotations, report = import_annotations(tmp_path / given)
    assert [path.is_file() for path, _ in annotations] == [True]
    assert report.counts["repaired"] == report.counts["refused"] == 0


def test_open_images_groups_are_ignored_by_scoring(tmp_path):
    _write(tmp_path, {"o.csv": _table(_OPEN_IMAGES, ["a", "x", "x", 1, 0.05, 0.25, 0.2, 0.6, 1])})
    (_, boxes), *_ = import_annotations(tmp_path / "o.csv")[0]
    assert boxes.crowd.tolist() == [True]


def test_photos_turned_by_exif(tmp_path):
    """LabelMe draws on the upright photo, CVAT names its size: either way the box is where it was drawn."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (200, 100)).save(tmp_path / "a.jpg", exif=exif)
    upright = _labelme(_shape([[10, 120], [50, 160]]), imagePath="a.jpg", imageHeight=200, imageWidth=100)
    (tmp_path / "a.json").write_text(json.dumps(upright), "utf-8")
    (_, boxes), *_ = import_annotations(tmp_path / "a.json")[0]
    assert boxes.xyxy.tolist() == [[10.0, 120.0, 50.0, 160.0]]


_NAMED = [
    ("cvat_backup", "b.json", [{"version": 0, "tags": [], "shapes": [], "tracks": []}]),
    ("darwin", "d.json", {"version": "2.0", "item": {"name": "a.png"}, "annotations": []}),
    ("bdd100k", "d.json", [{"name": "a.png", "labels": [{"category": "x", "box2d": {"x1": 1}}]}]),
    ("cityscapes", "d.json", {"imgHeight": 3, "imgWidth": 4, "objects": []}),
    ("hasty", "d.json", {"project_name": "p", "label_classes": [], "images": []}),
    ("imglab", "d.xml", "<?xml version='1.0'?><dataset><images/></dataset>"),
    ("labelbox_csv", "d.csv", "ID,Labeled Data,Label\n1,https://a.org/a.png,Skip\n"),
    ("superannotate", "d.json", {"metadata": {"name": "a.png"}, "instances": []}),
    ("via3", "d.json", {"project": {"pid": "1"}, "config": {}, "attribute": {}, "file": {}, "metadata": {}}),
]


@pytest.mark.parametrize("as_folder", [False, True])
@pytest.mark.parametrize(("tool", "name", "content"), _NAMED)
def test_other_tools_are_named(tool, name, content, as_folder, tmp_path):
    _write(tmp_path, {name: content}, {})
    with pytest.raises(AnnotationError) as caught:
        import_annotations(tmp_path if as_folder else tmp_path / name)
    assert ADVICE[tool] in str(caught.value)


def test_every_named_tool_is_tried():
    assert {tool for tool, _, _ in _NAMED} == set(ADVICE)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", {"images": [], "annotations": [], "categories": []}),
        (
            "a.json",
            {
                "info": {"version": "5"},
                "images": [{"file_name": "a.png"}],
                "annotations": [],
                "categories": [],
            },
        ),
        ("a.json", [{"data_row": {"id": "1"}, "projects": {}}]),
        ("a.json", [{"Labeled Data": "https://a.org/a.png", "Label": {}}]),
        ("a.json", {"theme": "dark"}),
        ("a.xml", "<annotation/>"),
        ("a.csv", "filename,width,height,class,xmin,ymin,xmax,ymax\n"),
        ("a.csv", "name,age,a,b,c,d\nx,1,2,3,4,5\n"),
        ("a.txt", "0 0.1 0.2 0.3 0.4\n"),
        ("a.txt", "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8\n"),
        ("a.txt", "cat\ndog\n"),
        ("a.txt", ""),
    ],
)
def test_what_is_of_no_such_tool(name, content, tmp_path):
    _write(tmp_path, {name: content}, {})
    assert tool_of(tmp_path / name) is None


def test_a_cvat_file_is_read_picture_by_picture(tmp_path):
    """What stands behind a document type or too deep is not read; what came before is."""
    for tail, why in (("<image>" * 60, "nested too deep"), ("<a></b>", "no whole XML file")):
        (tmp_path / "a.xml").write_text(f"<annotations>{_IMAGE.format(_BOX.format(''))}{tail}", "utf-8")
        annotations, report = import_annotations(tmp_path / "a.xml")
        assert (len(annotations), why in str(report)) == (1, True)
    bomb = '<!DOCTYPE a [<!ENTITY b "b">]>' + _CVAT.format(_IMAGE.format(""))
    (tmp_path / "a.xml").write_text(bomb, "utf-8")
    with pytest.raises(AnnotationError, match="document type"):
        import_annotations(tmp_path / "a.xml", format="cvat")


_WRITTEN_CVAT = """<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <labels>
        <label>
          <name>cat</name>
        </label>
        <label>
          <name>&lt;duck&gt; </name>
        </label>
      </labels>
    </task>
  </meta>
  <image id="0" name="../a.png" width="200" height="100">
    <box label="&lt;duck&gt; " source="manual" occluded="0" xtl="0" ytl="6.5" xbr="25" ybr="16.1" />
  </image>
  <image id="1" name="../c.png" width="10" height="20" />
</annotations>
"""


def _two_pictures(folder: Path, names=("cat", "<duck> ")) -> Annotations:
    _write(folder, {})
    boxes = Boxes([[0, 6.5, 25, 16.1]], [1])
    return Annotations(names, [(folder / "a.png", boxes), (folder / "c.png", Boxes.empty())])


def test_cvat_is_written(tmp_path):
    annotations = _two_pictures(tmp_path)
    path = tmp_path / "new" / "annotations.xml"
    assert export_annotations(annotations, path, "cvat") == [path]
    assert path.read_text("utf-8") == _WRITTEN_CVAT
    assert import_annotations(path, strict=True)[0] == annotations


def test_labelme_is_written(tmp_path):
    annotations = _two_pictures(tmp_path)
    written = export_annotations(annotations, tmp_path / "new", "labelme")
    assert [path.name for path in written] == ["classes.txt", "a.json", "c.json"]
    content = json.loads(written[1].read_text("utf-8"))
    assert (content["imagePath"], content["imageHeight"], content["imageWidth"]) == ("../a.png", 100, 200)
    assert [shape["points"] for shape in content["shapes"]] == [[[0, 6.5], [25, 16.1]]]
    assert import_annotations(tmp_path / "new", strict=True)[0] == annotations


def test_createml_is_written(tmp_path):
    annotations = _two_pictures(tmp_path)
    path, classes = export_annotations(annotations, tmp_path / "set.json", "createml")
    first, second = json.loads(path.read_text("utf-8"))
    assert (second, classes.read_text("utf-8")) == ({"image": "c.png", "annotations": []}, "cat\n<duck> \n")
    centre = first["annotations"][0]["coordinates"]
    assert np.allclose([centre["x"], centre["y"], centre["width"], centre["height"]], [12.5, 11.3, 25, 9.6])
    assert import_annotations(path, strict=True)[0] == annotations


def test_via_is_written(tmp_path):
    annotations = _two_pictures(tmp_path)
    path = tmp_path / "new" / "set.json"
    assert export_annotations(annotations, path, "via") == [path]
    project = json.loads(path.read_text("utf-8"))
    first, second = project["_via_img_metadata"].values()
    size = (tmp_path / "a.png").stat().st_size
    assert project["_via_image_id_list"] == list(project["_via_img_metadata"])
    assert project["_via_image_id_list"][0] == f"../a.png{size}"
    assert (first["filename"], first["size"], second["regions"]) == ("../a.png", size, [])
    assert first["regions"][0]["region_attributes"] == {"class": "<duck> "}
    assert import_annotations(path, strict=True)[0] == annotations


@pytest.mark.parametrize("format", ["cvat", "labelme", "createml"])
def test_names_with_line_breaks_cannot_be_written(format, tmp_path):
    with pytest.raises(AnnotationError, match="line breaks"):
        export_annotations(_two_pictures(tmp_path, ("cat", "a\nb")), tmp_path / "new" / "x", format)
    assert not (tmp_path / "new").exists()


def test_turning_and_back():
    assert around_turned((10, 20, 40, 10), 360, (0, 0)) == (10, 20, 50, 30)
    assert around_turned((10, 20, 40, 10), 180, (30, 25)) == (10, 20, 50, 30)
    assert np.allclose(around_turned((10, 20, 40, 10), 89.999999, (10, 20)), (0, 20, 10, 60), atol=1e-4)
    assert np.allclose(around_ellipse(5, 6, 3, 1, 90), (4, 3, 6, 9))
    assert [is_turned(degrees) for degrees in (0, 90, -180, 360, 1, 45, 89)] == [False] * 4 + [True] * 3


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.filterwarnings("ignore")
def test_spoiled_files(tool, tmp_path):
    """Cut off anywhere, bytes flipped, numbers and tokens exchanged: a refusal in words, or boxes that are sound."""
    mine = [files for name, files, _ in _READ if name == tool]
    for seed in range(60):
        rng = random.Random(f"{tool} {seed}")
        files = rng.choice(mine)
        folder = tmp_path / str(seed)
        _write(folder, files, {"a.png": (200, 100)})
        for name in files:
            content = (
                (folder / name).read_bytes()[-4000:] if rng.random() < 0.1 else (folder / name).read_bytes()
            )
            cut = content[: rng.randrange(len(content) + 1)] if rng.random() < 0.4 else content
            (folder / name).write_bytes(spoiled_bytes(rng, cut))
        taken = _import_or_why(folder, tool)
        if isinstance(taken, str):
            assert len(taken.split()) > 4
        else:
            assert all(np.isfinite(boxes.xyxy).all() for _, boxes in taken)


def _import_or_why(folder: Path, tool: str):
    try:
        annotations, report = import_annotations(folder, format=tool)
    except AnnotationError as error:
        return str(error)
    json.loads(report.to_json().encode("utf-8", "surrogatepass"))
    return annotations


def test_the_labelling_config_beside_tasks_of_label_studio_is_no_voc(tmp_path):
    """Label Studio's own converter writes both."""
    (tmp_path / "tasks.label_config.xml").write_text(
        '<View>\n  <Image name="image" value="$image"/></View>', "utf-8"
    )
    found, _ = _read(tmp_path, {"tasks.json": [_task(_percent())], "tasks.label_config.xml": "<View/>"})
    assert found == {"a.png": [("x", (10.0, 20.0, 50.0, 60.0))]}


@pytest.mark.parametrize(("mark", "noted"), [("", 0), (" 0", 0), (" 1", 1), (" 2", 1)])
def test_dota_boxes_marked_difficult_are_noted(tmp_path, mark, noted):
    Image.new("RGB", (200, 100)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text(f"10 20 50 20 50 60 10 60 x{mark}\n")
    annotations, report = import_annotations(tmp_path, format="dota")
    assert annotations[0][1].xyxy.tolist() == [[10, 20, 50, 60]]
    assert [entry.kind for entry in report.of("note")] == ["boxes marked difficult"] * noted
