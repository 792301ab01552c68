"""Every text format is read in UTF-8 with or without a mark, UTF-16, and in cp1252 with a note."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.label_map import read_label_map
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.importing import import_annotations
from tflhelpers.model.pipeline_reader import PipelineConfigError, read_pipeline_config

NAME = "Größe"
VOC = (
    f"<annotation><filename>a.png</filename><size><width>60</width><height>40</height></size><object><name>{NAME}</name>"
    "<bndbox><xmin>10</xmin><ymin>10</ymin><xmax>30</xmax><ymax>20</ymax></bndbox></object></annotation>"
)
CVAT = (
    '<annotations><version>1.1</version><image id="0" name="a.png" width="60" height="40">'
    f'<box label="{NAME}" xtl="10" ytl="10" xbr="30" ybr="20"/></image></annotations>'
)
LABEL_STUDIO_BOX = {
    "type": "rectanglelabels",
    "original_width": 60,
    "original_height": 40,
    "value": {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": [NAME]},
}
JSON = {
    "coco": {
        "images": [{"id": 1, "file_name": "a.png", "width": 60, "height": 40}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 10]}],
        "categories": [{"id": 1, "name": NAME}],
    },
    "label_studio": [{"data": {"image": "a.png"}, "annotations": [{"id": 1, "result": [LABEL_STUDIO_BOX]}]}],
    "labelme": {
        "version": "5.0",
        "shapes": [{"label": NAME, "points": [[10, 10], [30, 20]], "shape_type": "rectangle"}],
        "imagePath": "a.png",
        "imageHeight": 40,
        "imageWidth": 60,
    },
    "createml": [
        {
            "image": "a.png",
            "annotations": [{"label": NAME, "coordinates": {"x": 20, "y": 15, "width": 20, "height": 10}}],
        }
    ],
    "labelbox": [
        {
            "ID": "x",
            "External ID": "a.png",
            "Label": {
                "objects": [{"title": NAME, "bbox": {"top": 10, "left": 10, "height": 10, "width": 20}}]
            },
        }
    ],
}
# Kind of set → the file that is written in an encoding, its text, and others beside it.
SETS: dict[str, tuple[str, str, dict[str, str]]] = {
    "voc": ("a.xml", VOC, {}),
    "voc that says UTF-8": ("a.xml", f'<?xml version="1.0" encoding="utf-8"?>{VOC}', {}),
    "cvat": ("a.xml", CVAT, {}),
    **{name: ("a.json", json.dumps(content, ensure_ascii=False), {}) for name, content in JSON.items()},
    "yolo classes": ("classes.txt", NAME, {"a.txt": "0 .5 .5 .5 .5"}),
    "yolo yaml": ("data.yaml", f'names: ["{NAME}"]', {"a.txt": "0 .5 .5 .5 .5"}),
    "yolo labels": ("a.txt", "0 .5 .5 .5 .5", {"classes.txt": NAME}),
    "csv": (
        "a.csv",
        f"filename,width,height,class,xmin,ymin,xmax,ymax\na.png,60,40,{NAME},10,10,30,20\n",
        {},
    ),
    "kitti": ("a.txt", f"{NAME} 0 0 0 10 10 30 20 0 0 0 0 0 0 0\n", {}),
    "dota": ("a.txt", f"10 10 30 10 30 20 10 20 {NAME} 0\n", {}),
}


def written(folder: Path, kind: str, encoding: str) -> Path:
    name, text, others = SETS[kind]
    Image.new("RGB", (60, 40)).save(folder / "a.png")
    (folder / name).write_bytes(text.encode(encoding))
    for other, content in others.items():
        (folder / other).write_text(content, "utf-8")
    return folder


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("kind", SETS)
def test_names_come_out_right(tmp_path, kind, encoding):
    annotations, report = import_annotations(written(tmp_path, kind, encoding))
    assert annotations.class_names == (NAME,)
    assert [len(boxes) for _, boxes in annotations] == [1]
    told = [entry.where for entry in report.of("note") if entry.what.startswith("not UTF-8: read as Western")]
    guessed = encoding == "cp1252" and kind != "yolo labels"  # which are digits
    assert told == ([SETS[kind][0]] if guessed else [])


@pytest.mark.parametrize("declared", ["ISO-8859-1", "windows-1252", "utf-16"])
@pytest.mark.parametrize("text", [VOC, CVAT])
def test_xml_in_the_encoding_that_it_declares(tmp_path, declared, text):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    (tmp_path / "a.xml").write_bytes(f'<?xml version="1.0" encoding="{declared}"?>{text}'.encode(declared))
    annotations, report = import_annotations(tmp_path)
    assert annotations.class_names == (NAME,)
    assert not report.of("note")


@pytest.mark.parametrize(
    ("declared", "written_in"),
    [
        ("utf-16", "utf-8"),
        ("UTF-16", "utf-8-sig"),
        ("utf-16le", "utf-8"),
        ("utf-8", "utf-16"),
        ("utf-16", "cp1252"),
    ],
)
@pytest.mark.parametrize("text", [VOC, CVAT])
def test_xml_that_says_another_unicode_than_it_is(tmp_path, declared, written_in, text):
    """.NET declares UTF-16 in text that it then saves as UTF-8."""
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    (tmp_path / "a.xml").write_bytes(f'<?xml version="1.0" encoding="{declared}"?>{text}'.encode(written_in))
    annotations, report = import_annotations(tmp_path)
    assert annotations.class_names == (NAME,)
    assert len(report.of("note")) == (written_in == "cp1252")


@pytest.mark.parametrize(
    ("declared", "written_in", "name"),
    [
        ("gb2312", "gb2312", "鸭子"),
        ("GB2312", "gbk", "鴨子"),  # a letter that only the larger set has
        ("Shift_JIS", "shift_jis", "アヒル"),
        ("EUC-KR", "euc_kr", "오리"),
        ("Big5", "big5", "鴨子"),
    ],
)
@pytest.mark.parametrize("text", [VOC, CVAT])
def test_xml_of_several_bytes_a_letter(tmp_path, declared, written_in, name, text):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    written_text = f'<?xml version="1.0" encoding="{declared}"?>{text}'.replace(NAME, name)
    (tmp_path / "a.xml").write_bytes(written_text.encode(written_in))
    assert import_annotations(tmp_path)[0].class_names == (name,)


@pytest.mark.parametrize("text", [VOC, CVAT])
def test_xml_in_another_encoding_than_it_declares_is_to_be_saved_again(tmp_path, text):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    written_text = f'<?xml version="1.0" encoding="euc-kr"?>{text}'.replace(NAME, "ÿÿ")
    (tmp_path / "a.xml").write_bytes(written_text.encode("cp1252"))
    with pytest.raises(AnnotationError, match=r"unknown encoding: .*; save it as UTF-8"):
        import_annotations(tmp_path)


def test_a_damaged_file_of_unicode_is_not_read_as_another(tmp_path):
    """A letter in UTF-8 and a broken one: guessing would make nonsense of what follows."""
    folder = written(tmp_path, "labelme", "utf-8")
    text = json.dumps({**JSON["labelme"], "version": "ü", "text": "?"}, ensure_ascii=False)
    (folder / "a.json").write_bytes(text.encode().replace(b"?", b"\xff"))
    with pytest.raises(AnnotationError, match="not written in utf-8"):
        import_annotations(folder)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_label_maps_and_configs(tmp_path, encoding):
    path = tmp_path / "label_map.pbtxt"
    path.write_bytes(f'item {{ id: 1 name: "{NAME}" }}\r\n'.encode(encoding))
    report = ReportBuilder()
    assert read_label_map(path, report).class_names == (NAME,)
    assert len(report.build().of("note")) == (encoding == "cp1252")
    (tmp_path / "pipeline.config").write_bytes(f"# {NAME}\nmodel {{ faster_rcnn {{ }} }}".encode(encoding))
    with pytest.raises(PipelineConfigError, match="expected a model of the kind ssd, got faster_rcnn"):
        read_pipeline_config(tmp_path / "pipeline.config")
