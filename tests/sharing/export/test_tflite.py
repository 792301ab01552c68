"""`export_tflite` and `TFLiteDetector`: the contract, the same boxes as Keras, and what is refused."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import numpy as np
import pytest

from tests.sharing.export.conftest import TINY_ANCHORS as ANCHORS
from tflhelpers.data.images import read_image
from tflhelpers.data.samples import duck_photos
from tflhelpers.sharing.export import tflite
from tflhelpers.sharing.export.equality import ExportMismatch
from tflhelpers.sharing.export.litert import interpreter
from tflhelpers.sharing.export.tflite import export_tflite
from tflhelpers.sharing.export.tflite_detector import TFLiteDetector

OUTPUTS = {
    "raw": {"boxes": (1, ANCHORS, 4), "scores": (1, ANCHORS, 3)},
    "postprocess": {
        "location": (1, 100, 4),
        "category": (1, 100),
        "score": (1, 100),
        "number of detections": (1,),
    },
}


@pytest.fixture(scope="module", params=["raw", "postprocess"])
def info(request, tiny, pictures, tmp_path_factory):
    path = tmp_path_factory.mktemp("tflite") / "new folder" / f"{request.param}.tflite"
    return export_tflite(tiny, path, head=request.param, images=pictures)


def test_it_says_what_it_wrote(info):
    assert info.size_bytes == info.path.stat().st_size
    assert str(info).startswith(f"{info.path}: float32, head {info.head}, ")
    assert info.equality.boxes == 300
    assert info.equality.pixels < 0.01
    assert info.equality.score < 1e-4
    assert [path.name for path in info.path.parent.iterdir()] == [info.path.name]


def test_names_shapes_and_types(info):
    ready = interpreter(info)
    (taken,) = ready.get_input_details()
    assert (taken["name"], tuple(taken["shape"]), taken["dtype"]) == ("images", (1, 64, 96, 3), np.float32)
    given = {detail["name"]: tuple(detail["shape"]) for detail in ready.get_output_details()}
    assert list(given.items()) == list(OUTPUTS[info.head].items())  # the order counts: MediaPipe goes by it
    signature = ready.get_signature_list()["serving_default"]
    assert (signature["inputs"], sorted(signature["outputs"])) == (["images"], sorted(given))


def test_no_two_tensors_have_one_name(info):
    names = [detail["name"] for detail in interpreter(info).get_tensor_details() if detail["name"]]
    assert len(set(names)) == len(names)


def test_it_detects_what_keras_detects(info, tiny, pictures):
    small = TFLiteDetector(info)
    assert (small.class_names, small.image_size) == (tiny.class_names, tiny.image_size)
    assert (small.threshold, small.head) == (tiny.threshold, info.head)
    for threshold in (None, 0.6):
        ours = small.detect_all(pictures, threshold=threshold, max_boxes=30, progress=False)
        for found, picture in zip(ours, pictures, strict=True):
            wanted = tiny.detect(picture, threshold=threshold, max_boxes=30)
            assert len(found) > 2
            np.testing.assert_array_equal(found.labels, wanted.labels)
            np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-5)
            np.testing.assert_allclose(found.xyxy, wanted.xyxy, atol=1e-2)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_no_class_is_lost_on_several_threads(info, tiny, pictures, threads):
    """LiteRT's own operation never looks at class n on n > 1 threads."""
    labels = TFLiteDetector(info, threads=threads).detect(pictures[0], threshold=0.01).labels
    np.testing.assert_array_equal(labels, tiny.detect(pictures[0], threshold=0.01).labels)


def test_a_file_looks_in_the_tiles_of_its_detector(tiny, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(tiny, "tiles", (2, 3))
    small = TFLiteDetector(export_tflite(tiny, tmp_path / "a.tflite", images=pictures, progress=False))
    assert small.tiles == (2, 3)
    assert small.detect(pictures[0]) == small.detect(pictures[0], tiles=(2, 3))
    assert small.detect(pictures[0]) != small.detect(pictures[0], tiles=None)


def test_bad_pictures_are_named(info, pictures):
    small = TFLiteDetector(info)
    with pytest.raises(ValueError, match=r"images\[1\]: image must be a path or RGB uint8"):
        small.detect_all([pictures[0], np.zeros((4, 4))], progress=False)
    with pytest.raises(TypeError, match="got the single path"):
        small.detect_all("photo.jpg")
    with pytest.raises(ValueError, match="threshold must be a score from 0 to 1, got 2"):
        small.detect(pictures[0], threshold=2)


def test_class_names_are_at_the_end(info):
    with zipfile.ZipFile(info.path) as archive:
        assert archive.read("labels.txt").decode() == 'duck\ntoy boat\na "quoted" größe\n'


def test_neither_tensorflow_nor_keras_is_loaded(info):
    pytest.importorskip("ai_edge_litert.interpreter")
    code = (
        "import sys, numpy as np\n"
        "from tflhelpers.sharing.export.tflite_detector import TFLiteDetector\n"
        f"found = TFLiteDetector({str(info.path)!r}).detect(np.zeros((50, 70, 3), np.uint8), threshold=0)\n"
        "print(len(found), [name for name in ('tensorflow', 'keras', 'jax') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split(" ", 1)[1].strip() == "[]"
    assert int(done.stdout.split()[0]) > 50


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"quantize": "int4"}, r"quantize must be one of None, 'float16', 'dynamic', 'int8', got 'int4'"),
        ({"head": "nms"}, r"head must be one of 'postprocess', 'raw', got 'nms'"),
        ({"quantize": "int8"}, r"calibrated on pictures .* got none\. Give images="),
        ({"quantize": "int8", "images": []}, r"calibrated on pictures .* got none"),
        ({"images": []}, r"images must hold at least one picture"),
    ],
)
def test_arguments_that_are_refused(tiny, tmp_path, how, message):
    with pytest.raises(ValueError, match=message):
        export_tflite(tiny, tmp_path / "a.tflite", **how)
    with pytest.raises(ValueError, match=r"path must be a file, got the folder"):
        export_tflite(tiny, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_wrong_export_is_refused(tiny, pictures, tmp_path, monkeypatch):
    """Outputs of the right shapes under each other's names, and a file that was there stays."""
    (tmp_path / "a.tflite").write_bytes(b"the one before")
    monkeypatch.setattr(
        "tflhelpers.sharing.export.tflite_heads.decode_boxes", lambda codes, anchors: codes * 0 + anchors
    )
    with pytest.raises(ExportMismatch, match=r"scores within 0\.001 of Keras, got \d+ boxes in 3 pictures"):
        export_tflite(tiny, tmp_path / "a.tflite", images=pictures)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"the one before"]


@pytest.mark.slow
@pytest.mark.parametrize("head", ["raw", "postprocess"])
@pytest.mark.parametrize("quantize", [None, "float16"])
def test_hands_and_ducks(hands, shared_data, tmp_path, head, quantize):
    """A really trained detector, on the picture of its makers and on all frames of another clip."""
    paths = sorted((shared_data / "ducky" / "test").glob("*.jpg"))
    paths.append(shared_data / "handtrack_320" / "golden" / "hands.png")
    info = export_tflite(hands, tmp_path / "hands.tflite", head=head, quantize=quantize, images=paths[-5:])
    pictures, small = [read_image(path) for path in paths], TFLiteDetector(info)
    equality = tflite.prove_equal(hands, small, pictures, tflite.LIMITS[quantize])
    print(info, equality, sep="\n")
    assert equality.boxes >= 50 * len(pictures)
    assert sorted(small.detect(pictures[-1]).labels.tolist()) == [0, 0, 0]
    again = [boxes.scores.tolist() for boxes in small.detect_all(duck_photos().image_paths, progress=False)]
    assert again == [small.detect(path).scores.tolist() for path in duck_photos().image_paths]
