"""What lies under a file's name instead of the file is told by how it begins, in one sentence for all readers."""

from __future__ import annotations

import json

import pytest
import tensorflow as tf
from PIL import Image

from tflhelpers.classification.classifier import Classifier
from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.collect.url_list import read_url_list
from tflhelpers.data.formats.label_map import read_label_map
from tflhelpers.data.images import ImageError, read_image
from tflhelpers.data.importing import ImportRefused, import_annotations
from tflhelpers.data.video_reading import VideoError, read_video
from tflhelpers.files.stand_ins import stand_in, stand_in_at
from tflhelpers.model.checkpoint_file import CheckpointError, CheckpointFile
from tflhelpers.model.detector import Detector
from tflhelpers.model.pipeline_reader import read_pipeline_config
from tflhelpers.model.saved_model_file import SavedModelFile
from tflhelpers.sharing.export.packed_files import read_settings
from tflhelpers.sharing.export.saved_model_detector import load_saved_model

_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 12345\n"
_SENTENCE = "a Git LFS pointer, not the file: run git lfs pull, or download it from the page"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (_LFS, _SENTENCE),
        (b"\xef\xbb\xbf" + _LFS.replace(b"\n", b"\r\n"), _SENTENCE),
        (b"../../.git/annex/objects/X1/2q/SHA256E-s12--abc.jpg", "a git-annex pointer, not the file"),
        (b"\n  <!DOCTYPE html>\n<html lang='en'>", "a web page, not the file: download the file itself"),
        ("<html><head>".encode("utf-16"), "a web page, not the file"),
        (
            b'{"message": "Not Found", "documentation_url": "https://x"}',
            "a server's error message, not the file: Not",
        ),
        (
            b'{"error": {"code": 403}}',
            "a server's error message, not the file: {'code': 403}. Download it again",
        ),
        (b'{"detail":"Not authenticated"}', "a server's error message, not the file: Not authenticated."),
        (
            b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>",
            "a server's error message, not the file: NoSuchKey",
        ),
        (b"404: Not Found", "a server's error message, not the file: 404: Not Found. Download it again"),
        (b"502 Bad Gateway\n", "a server's error message, not the file: 502 Bad Gateway. Download it again"),
        (
            b'{"errors": [{"message": "no"}], "data": null}',
            "a server's error message, not the file: [{'message'",
        ),
    ],
)
def test_what_is_not_the_file(tmp_path, head, said):
    assert stand_in(head).startswith(said)
    (tmp_path / "x").write_bytes(head)
    assert stand_in_at(tmp_path / "x") == stand_in(head)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"0 0.5 0.5 0.25 0.25\n",
        b"404 0.5 0.5 0.25 0.25\n",
        b"version 2\nduck\n",
        b'{"images": [], "annotations": [], "categories": []}',
        b'{"version": "5.0", "flags": {}, "shapes": [], "imagePath": "a.jpg"}',
        b'[{"message": "x"}]',
        b'{"message": "from the barn", "images": [], "annotations": [], "categories": []}',
        b'{"detail": "of one class", "class_names": ["duck"]}',
        b"500 Euro\n",
        b'{"message": "cut',
        b"<annotation><filename>a.png</filename></annotation>",
        b"\x89PNG\r\n\x1a\n",
        b"filename,class\n",
        b"{" * 5000,
    ],
)
def test_what_may_be_the_file(tmp_path, head):
    assert stand_in(head) is None


def test_a_file_that_is_not_there(tmp_path):
    assert stand_in_at(tmp_path / "x") is None


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a.ndjson", "a.record", "a.xml", "a.zip", "data.yaml"])
@pytest.mark.parametrize("in_folder", [False, True])
def test_one_sentence_for_every_kind_of_annotations(tmp_path, name, in_folder):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_bytes(_LFS)
    if in_folder and name == "a.zip":
        pytest.skip("a folder of archives is none of annotations")
    with pytest.raises(AnnotationError) as caught:
        import_annotations(tmp_path / "sub" if in_folder else tmp_path / "sub" / name)
    assert _SENTENCE in str(caught.value)


@pytest.mark.parametrize("format", ["coco", "csv", "labelbox"])
def test_a_format_that_was_given_changes_nothing(tmp_path, format):
    (tmp_path / ("a.csv" if format == "csv" else "a.json")).write_bytes(_LFS)
    with pytest.raises(AnnotationError, match="a Git LFS pointer, not the file"):
        import_annotations(tmp_path, format=format)


@pytest.mark.parametrize("content", [_LFS, b"<!DOCTYPE html>", json.dumps({"message": "Not Found"}).encode()])
@pytest.mark.parametrize("classes", [True, False])
def test_a_label_file_that_is_none_makes_no_negative(tmp_path, content, classes):
    for name in ("a", "b"):
        Image.new("RGB", (60, 40)).save(tmp_path / f"{name}.png")
    (tmp_path / "a.txt").write_bytes(content)
    (tmp_path / "b.txt").write_text("0 .5 .5 .5 .5", "utf-8")
    if classes:
        (tmp_path / "classes.txt").write_text("duck", "utf-8")
    annotations, report = import_annotations(tmp_path)
    assert [path.name for path in annotations.image_paths] == ["b.png"]
    assert [(entry.where, entry.what) for entry in report.of("refused")] == [("a.txt", stand_in(content))]


def test_a_class_list_that_is_none_names_no_classes(tmp_path):
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("0 .5 .5 .5 .5", "utf-8")
    (tmp_path / "classes.txt").write_bytes(_LFS)
    with pytest.raises(AnnotationError, match="a Git LFS pointer, not the file"):
        import_annotations(tmp_path)


def test_pictures(tmp_path):
    (tmp_path / "a.jpg").write_bytes(_LFS)
    with pytest.raises(ImageError, match=f"expected a picture, got {_SENTENCE}"):
        read_image(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_text("0 .5 .5 .5 .5", "utf-8")
    with pytest.raises(ImportRefused, match=r"unreadable picture: .*a Git LFS pointer"):
        import_annotations(tmp_path)


def test_our_own_files(tmp_path):
    (tmp_path / "a.json").write_bytes(b'{"message": "Not Found"}')
    with pytest.raises(AnnotationError, match="a server's error message, not the file: Not Found"):
        Annotations.load(tmp_path / "a.json")


def test_videos(tmp_path):
    (tmp_path / "a.mp4").write_bytes(_LFS)
    with pytest.raises(VideoError, match=_SENTENCE):
        list(read_video(tmp_path / "a.mp4"))


def test_exports_and_checkpoints(tmp_path):
    (tmp_path / "a.tflite").write_bytes(_LFS)
    with pytest.raises(ValueError, match=f"expected a file that export_tflite wrote, got {_SENTENCE}"):
        read_settings(tmp_path / "a.tflite")
    for name in ("ckpt-0.index", "ckpt-0.data-00000-of-00001"):
        (tmp_path / name).write_bytes(_LFS)
    with pytest.raises(CheckpointError, match=f"expected the index of a checkpoint, got {_SENTENCE}"):
        CheckpointFile(tmp_path / "ckpt-0")


@pytest.mark.parametrize(
    ("name", "content", "others"),
    [
        ("output.manifest", _LFS, {}),
        (
            "train.txt",
            _LFS,
            {"data.yaml": "train: train.txt\nnames: [duck]", "labels/a.txt": "0 .5 .5 .5 .5"},
        ),
        ("data.yaml", b"<!DOCTYPE html>", {"a.txt": "0 .5 .5 .5 .5"}),
        ("classes.csv", _LFS, {"a.csv": "a.png,10,10,30,20,duck\n"}),
        (
            "class-descriptions-boxable.csv",
            _LFS,
            {
                "a.csv": "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf\n"
                "a,x,/m/1,1,0.1,0.5,0.1,0.5,0\n"
            },
        ),
    ],
)
def test_files_beside_annotations(tmp_path, name, content, others):
    for other, text in others.items():
        (tmp_path / other).parent.mkdir(exist_ok=True)
        (tmp_path / other).write_text(text, "utf-8")
    Image.new("RGB", (60, 40)).save(tmp_path / "a.png")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AnnotationError, match=stand_in(content)):
        import_annotations(tmp_path)


def test_lists_of_the_voc_challenge(tmp_path):
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "JPEGImages").mkdir()
    Image.new("RGB", (60, 40)).save(tmp_path / "JPEGImages" / "a.png")
    (tmp_path / "Annotations" / "a.xml").write_text(
        "<annotation><filename>a.png</filename><object><name>duck</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
        "<xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>",
        "utf-8",
    )
    (tmp_path / "ImageSets" / "Main").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_bytes(_LFS)
    _, report = import_annotations(tmp_path)
    assert [(entry.where, entry.what) for entry in report.of("refused")] == [
        ("ImageSets/Main/train.txt", _SENTENCE)
    ]


def _refused_by(name: str, read, folder, content: bytes) -> str:
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match="not the file") as caught:
        read(folder)
    return str(caught.value)


@pytest.mark.parametrize("content", [_LFS, b"<!DOCTYPE html>\n<html>", b'{"message": "Not Found"}'])
@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("a.pbtxt", lambda folder: read_label_map(folder / "a.pbtxt")),
        ("pipeline.config", lambda folder: read_pipeline_config(folder / "pipeline.config")),
        ("saved_model.pb", load_saved_model),
        ("saved_model.pb", SavedModelFile),
        ("detector.json", Detector.load),
        ("classifier.json", Classifier.load),
        ("urls.csv", lambda folder: read_url_list(folder / "urls.csv")),
    ],
)
def test_one_sentence_for_models_and_lists(tmp_path, name, read, content):
    said = _refused_by(name, read, tmp_path, content)
    assert said.startswith(f"{tmp_path / name}: expected ")
    assert said.endswith(f", got {stand_in(content)}.")


@pytest.mark.parametrize("name", ["detector.json", "weights.npz"])
def test_a_detector_of_which_a_file_is_a_pointer(tmp_path, name):
    Detector.embedded(["duck"]).save(tmp_path)
    assert _SENTENCE in _refused_by(name, Detector.load, tmp_path, _LFS)


def test_a_checkpoint_without_weights(tmp_path):
    prefix = tf.train.Checkpoint(step=tf.Variable(1)).save(str(tmp_path / "ckpt"))
    with pytest.raises(
        CheckpointError, match=r"ckpt-1 holds no weights: expected those of [-\w]+, got .*step"
    ):
        Detector.from_zoo("ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", checkpoint=prefix)
