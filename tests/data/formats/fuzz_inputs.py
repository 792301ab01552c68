"""What the fuzzer begins with: for each reader small files as people have them. Pictures are 60 x 40 pixels."""

from __future__ import annotations

import io
import json
import zipfile

from PIL import Image

from tflhelpers.files.example_proto import encode_example
from tflhelpers.files.record_file import write_record

_XML = (
    '<?xml version="1.0" encoding="utf-8"?>\n<annotation><folder>x</folder><filename>{name}</filename>'
    "<path>C:\\q\\{name}</path><size><width>60</width><height>40</height><depth>3</depth></size>"
    "<object><name>duck</name><difficult>0</difficult><bndbox><xmin>5</xmin><ymin>6</ymin><xmax>25</xmax>"
    "<ymax>16.5</ymax></bndbox></object><object><name>cat</name><robndbox><cx>20</cx><cy>20</cy><w>10</w><h>8</h>"
    "<angle>0.3</angle></robndbox></object></annotation>\n"
)
_CSV = (
    "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,60,40,duck,5,6,25,16\n"
    '"images/b.png",60,40,"a, ""cat""",1,2,3,4\nb.png,60,40,,,,,\n'
)
_LABEL_MAP = (
    "# classes\nitem {\n  id: 1\n  name: \"duck\"\n  display_name: 'Duck \\303\\244'\n}\n"
    'item: < id: 0x2, name: "c" "at"; keypoints { id: 1 label: "eye" } >\n'
)
_COCO = {
    "info": {"year": 2026},
    "images": [
        {"id": 1, "file_name": "a.png", "width": 60, "height": 40},
        {"id": 7, "file_name": "images/b.png", "width": 60, "height": 40},
    ],
    "categories": [{"id": 0, "name": "_background_"}, {"id": 1, "name": "duck"}, {"id": 9, "name": "cat"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [5, 6, 20, 10], "area": 200, "iscrowd": 0},
        {"id": 2, "image_id": 7, "category_id": 9, "segmentation": [[1, 2, 30, 2, 30, 20]], "area": 1},
        {
            "id": 3,
            "image_id": 7,
            "category_id": 9,
            "iscrowd": 1,
            "segmentation": {"counts": [50, 5, 35, 5], "size": [40, 60]},
        },
        {
            "id": 4,
            "image_id": 1,
            "category_id": 9,
            "iscrowd": 1,
            "segmentation": {"counts": "d2e1", "size": [40, 60]},
        },
    ],
}
_URL = "https://a.org/pics/a.png?Expires=1700000000&Signature=x"
_CORNERS = [{"x": 3, "y": 9}, {"x": 1.5, "y": 4}, {"x": 20, "y": 20}]
_EDGES = {"top": 4, "left": 1.5, "height": 16, "width": 10}
_OLD = {"ID": "x", "Labeled Data": _URL, "External ID": "a.png", "Agreement": 0.5}
_LABELBOX = [
    {**_OLD, "Label": {"Car": "MULTIPOLYGON (((3 9, 1.5 4, 20 20, 3 9)), ((0 0, 5 0, 5 6)))"}},
    {**_OLD, "Label": {"Car": [{"geometry": _CORNERS}, {"geometry": "POLYGON ((0 0, 5 0, 5 6))"}]}},
    {**_OLD, "Label": json.dumps({"Car": [_CORNERS]}), "External ID": "b.png"},
    {**_OLD, "Label": "Skip"},
    {**_OLD, "Label": {"objects": [{"title": "Car", "bbox": _EDGES}, {"value": "Car", "polygon": _CORNERS}]}},
    {
        "data_row": {"id": "d", "external_id": "a.png", "row_data": _URL},
        "media_attributes": {"height": 40, "width": 60},
        "projects": {
            "p": {"labels": [{"annotations": {"objects": [{"name": "Car", "bounding_box": _EDGES}]}}]}
        },
    },
    {"uuid": "u", "dataRow": {"globalKey": "b.png"}, "name": "Car", "polygon": _CORNERS},
]


def picture() -> bytes:
    """A PNG of 60 x 40 pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (60, 40), (90, 120, 30)).save(buffer, "PNG")
    return buffer.getvalue()


def example(**changes: list) -> bytes:
    """The bytes of a `tf.train.Example` as the Object Detection API writes it."""
    fields = {
        "height": [40],
        "width": [60],
        "filename": [b"a.png"],
        "source_id": [b"1"],
        "encoded": [picture()],
        "format": [b"png"],
        "object/bbox/xmin": [0.1, 0.2],
        "object/bbox/ymin": [0.1, 0.3],
        "object/bbox/xmax": [0.6, 0.8],
        "object/bbox/ymax": [0.5, 0.9],
        "object/class/text": [b"duck", b"cat"],
        "object/class/label": [1, 2],
        "object/is_crowd": [0, 1],
        **changes,
    }
    return encode_example({f"image/{name}": values for name, values in fields.items() if values})


def records(*examples: bytes) -> bytes:
    """A TFRecord file with right checksums."""
    file = io.BytesIO()
    for each in examples:
        write_record(file, each)
    return file.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip of files by their names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def text(document: object) -> bytes:
    """JSON as bytes."""
    return json.dumps(document).encode()


# Reader -> the sets of files to begin with, by their names.
FILES: dict[str, list[dict[str, bytes]]] = {
    "voc": [
        {"a.xml": _XML.format(name="a.png").encode(), "b.xml": _XML.format(name="b.png").encode()},
        {
            "Annotations/a.xml": _XML.replace("utf-8", "utf-16").format(name="a.png").encode("utf-16"),
            "classes.txt": b"duck\ncat\n",
        },
    ],
    "yolo": [
        {
            "labels/a.txt": b"0 0.25 0.5 0.5 0.25\n1 .1 .2 .3 .4 .5 .6 .7 .8\n",
            "data.yaml": b'path: .\ntrain: images\nval: [images, train.txt]\nnames: {0: duck, 1: "cat"}\nnc: 2\n',
            "train.txt": b"./images/a.png\nimages/b.png\n",
        },
        {"a.txt": b"1 0.25 0.5 0.5 0.25 0.9\n", "b.txt": b"", "classes.txt": b"duck\ncat\n"},
    ],
    "csv": [
        {"boxes.csv": _CSV.encode()},
        {"boxes.csv": b"image_path,Class,XMin,YMin,XMax,YMax\r\na.png,duck,5,6,25,16\r\nb.png,,,,,\r\n"},
        {"boxes.csv": _CSV.replace(",", ";").encode("utf-16")},
    ],
    "coco": [{"set.json": text(_COCO)}],
    "labelbox": [
        {"export.json": text(_LABELBOX)},
        {"export.ndjson": b"\n".join(map(text, _LABELBOX))},
    ],
    "tfrecord": [
        {"a.record": records(example(), example(**{"object/class/text": []}))},
        {"a.record": records(example()), "label_map.pbtxt": _LABEL_MAP.encode()},
    ],
    "label_map": [{"label_map.pbtxt": _LABEL_MAP.encode()}],
    "zip": [
        {"set.zip": zipped({"set/a.xml": _XML.format(name="a.png").encode(), "set/a.png": picture()})},
        {"set.zip": zipped({"set.json": text(_COCO), "a.png": picture(), "images/b.png": picture()})},
    ],
}
