"""`export_onnx`: ONNX Runtime finds what Keras finds, and nothing is left of what does not."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from tests.sharing.export.conftest import TINY_ANCHORS as ANCHORS
from tflhelpers.sharing.export.equality import ExportMismatch
from tflhelpers.sharing.export.onnx import export_onnx


@pytest.fixture(scope="module")
def runtime():
    pytest.importorskip("tf2onnx", reason="needs the extra onnx: pip install -e '.[onnx]'")
    return pytest.importorskip("onnxruntime", reason="needs the extra onnx: pip install -e '.[onnx]'")


@pytest.fixture(scope="module")
def info(runtime, tiny, pictures, tmp_path_factory):
    return export_onnx(tiny, tmp_path_factory.mktemp("onnx") / "new folder" / "tiny.onnx", images=pictures)


@pytest.mark.peers
def test_it_says_what_it_wrote(info):
    print(info)
    assert info.size_bytes == info.path.stat().st_size
    assert str(info).startswith(f"{info.path}: ONNX, ")
    assert info.equality.boxes == 300
    assert (info.equality.pixels < 0.01, info.equality.score < 1e-4, info.equality.missed) == (True, True, 0)
    assert [path.name for path in info.path.parent.iterdir()] == ["tiny.onnx"]


@pytest.mark.peers
@pytest.mark.parametrize("batch", [1, 3])
def test_onnx_runtime_gives_what_keras_gives(runtime, info, tiny, pictures, batch):
    session = runtime.InferenceSession(info)
    (taken,) = session.get_inputs()
    assert (taken.name, taken.shape[1:], taken.type) == ("images", [64, 96, 3], "tensor(float)")
    assert [(out.name, out.shape[1:]) for out in session.get_outputs()] == [
        ("boxes", [ANCHORS, 4]),
        ("scores", [ANCHORS, 3]),
    ]
    names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
    assert tuple(names) == tiny.class_names
    inputs = np.stack([tiny.network_input(picture) for picture in pictures[:batch]])
    boxes, scores = session.run(["boxes", "scores"], {"images": inputs})
    wanted = tiny.raw_boxes(inputs)
    np.testing.assert_allclose(boxes, wanted.boxes_rel_yxyx, atol=1e-5)
    np.testing.assert_allclose(scores, wanted.scores, atol=1e-5)


@pytest.mark.peers
def test_a_wrong_export_is_refused(runtime, tiny, pictures, tmp_path, monkeypatch):
    (tmp_path / "a.onnx").write_bytes(b"the one before")
    monkeypatch.setattr("tflhelpers.model.inference.decode_boxes", lambda codes, anchors: codes * 0 + anchors)
    with pytest.raises(ExportMismatch, match=r"scores within 0\.001 of Keras, got \d+ boxes in 3 pictures"):
        export_onnx(tiny, tmp_path / "a.onnx", images=pictures)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"the one before"]


@pytest.mark.parametrize("lacking", ["tf2onnx", "onnxruntime"])
def test_the_extra_is_named(tiny, tmp_path, monkeypatch, lacking):
    monkeypatch.setitem(sys.modules, lacking, None)
    with pytest.raises(ImportError, match=r"pip install 'tflhelpers\[onnx\]'"):
        export_onnx(tiny, tmp_path / "a.onnx")
    with pytest.raises(TypeError, match="expected a Detector, got str"):
        export_onnx("detector", tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []
