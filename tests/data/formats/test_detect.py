"""A format is told by what only it has, so that other files beside it neither hide it nor stand for one."""

from __future__ import annotations

import json
import tarfile

import pytest
from PIL import Image

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats import detect
from tflhelpers.data.formats.detect import detect_format, format_of_file

_VOC = "<annotation><filename>a.png</filename></annotation>"
_COCO = {
    "info": {"images": 5},
    "licenses": [],
    "images": [{"id": 1, "file_name": "a.png"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
    "categories": [{"id": 1, "name": "duck"}],
}
_NO_ANNOTATIONS = {
    "notes of Label Studio": {
        "categories": [{"id": 0, "name": "duck"}],
        "info": {"year": 2026, "version": "1.0"},
    },
    "settings": {"images": "photos", "annotations": "labels", "categories": ["duck"], "info": "mine"},
    "a list of names": {"images": ["a.png", "b.png"], "licenses": []},
    "a nested list": {"train": {"images": [{"id": 1}], "annotations": []}},
    "a text that quotes": {"note": 'write "images": [{ or "annotations": [] here', "info": {}},
    "labels of a model": ["duck", "cat"],
    "numbers": [1, 2, 3],
    "rows of something": [{"epoch": 1, "loss": 0.5}],
    "nothing": [],
}


_ONE_KEY = {
    "Label": {"Label": "duck", "Color": "red"},
    "External ID": [{"External ID": "x"}],
    "images": {"images": []},
    "annotations": {"annotations": [{"x": 1}], "mine": True},
}


@pytest.mark.parametrize("row", _ONE_KEY)
@pytest.mark.parametrize("kind", ["voc", "yolo", "coco", "labelbox"])
def test_one_key_of_a_format_beside_another_stands_for_none(tmp_path, row, kind):
    (tmp_path / "notes.json").write_text(json.dumps(_ONE_KEY[row]), "utf-8")
    (tmp_path / "labels").mkdir()
    files = {
        "voc": ("a.xml", _VOC),
        "yolo": ("labels/a.txt", "0 .5 .5 .5 .5"),
        "coco": ("x.json", json.dumps(_COCO)),
        "labelbox": ("x.ndjson", '{"data_row": {"id": "1"}, "projects": {}}'),
    }
    name, text = files[kind]
    (tmp_path / name).write_text(text, "utf-8")
    assert detect_format(tmp_path) == kind


@pytest.mark.parametrize("row", _NO_ANNOTATIONS)
@pytest.mark.parametrize("kind", ["voc", "yolo", "coco"])
def test_other_json_beside_annotations_stands_for_none(tmp_path, row, kind):
    (tmp_path / "notes.json").write_text(json.dumps(_NO_ANNOTATIONS[row]), "utf-8")
    (tmp_path / "labels").mkdir()
    files = {"voc": "a.xml", "yolo": "labels/a.txt", "coco": "x.json"}
    texts = {"voc": _VOC, "yolo": "0 .5 .5 .5 .5", "coco": json.dumps(_COCO)}
    (tmp_path / files[kind]).write_text(texts[kind], "utf-8")
    assert detect_format(tmp_path) == kind


@pytest.mark.parametrize("row", _NO_ANNOTATIONS)
def test_other_json_alone_is_of_another_kind(tmp_path, row):
    path = tmp_path / "notes.json"
    path.write_text(json.dumps(_NO_ANNOTATIONS[row]), "utf-8")
    assert format_of_file(path) is None
    with pytest.raises(AnnotationError, match="expected annotations, got a file of another kind"):
        detect_format(path)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("head_bytes", [60, 200, 65536])
def test_coco_in_any_order_and_however_long_its_lists_are(tmp_path, monkeypatch, order, indent, head_bytes):
    monkeypatch.setattr(detect, "_HEAD_BYTES", head_bytes)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(dict(list(_COCO.items())[::order]), indent=indent), "utf-8")
    assert format_of_file(path) == "coco"


@pytest.mark.parametrize("document", [{"images": []}, {"annotations": []}, {"images": [{}], "x": 1}])
def test_a_lack_of_lists_is_told_by_the_reader_of_coco(tmp_path, document):
    (tmp_path / "x.json").write_text(json.dumps(document), "utf-8")
    assert format_of_file(tmp_path / "x.json") == "coco"


@pytest.mark.parametrize(
    "text",
    [
        '[{"ID": "1", "DataRow ID": "2", "Labeled Data": "https://x/a.png"}]',
        '[{"Label": {"objects": []}, "External ID": "a.png"}]',
        '{"data_row": {"id": "1"}}\n{"data_row": {"id": "2"}}\n',
        '[{"Label": "Skip"}]',
    ],
)
def test_labelbox(tmp_path, text):
    (tmp_path / "x.json").write_text(text, "utf-8")
    assert format_of_file(tmp_path / "x.json") == "labelbox"


def test_text_files_of_numbers_that_are_no_labels(tmp_path):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    (tmp_path / "b.txt").write_text("0.5 1.5 2.5 3.5 4.5\n", "utf-8")
    with pytest.raises(AnnotationError, match="got none of them"):
        detect_format(tmp_path)


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_archives_that_are_not_read_are_named(tmp_path, ending):
    (tmp_path / "a.xml").write_text(_VOC)
    path = tmp_path / f"set.{ending}"
    with tarfile.open(path, f"w:{ending[4:]}") as archive:
        archive.add(tmp_path / "a.xml", "a.xml")
    with pytest.raises(
        AnnotationError, match=r"got an archive that is not read here\. Unpack it and give its folder"
    ):
        detect_format(path)


@pytest.mark.parametrize("beginning", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\0"])
def test_others_are_told_by_their_first_bytes(tmp_path, beginning):
    (tmp_path / "set.dat").write_bytes(beginning)
    with pytest.raises(AnnotationError, match="got an archive"):
        detect_format(tmp_path / "set.dat")
