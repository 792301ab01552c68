"""What is exported gives the same probabilities, and is refused where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.classification.tiny import SIDE, tiny_classifier
from tflhelpers.classification.classifier import Classifier
from tflhelpers.model.preprocess import network_input
from tflhelpers.sharing.export import classifier as classifier_forms
from tflhelpers.sharing.export.equality import ExportMismatch
from tflhelpers.sharing.export.saved_model import export_saved_model
from tflhelpers.sharing.export.tflite import export_tflite

tf = pytest.importorskip("tensorflow")


@pytest.fixture
def classifier(monkeypatch):
    made = tiny_classifier(monkeypatch, class_names=("a", "b", "c"))
    rng = np.random.default_rng(1)
    made.set_head(rng.normal(0, 0.7, (20, 3)), rng.normal(0, 0.5, 3))
    return made


def test_a_saved_model_takes_pictures_of_any_size(classifier, asymmetric_image, tmp_path):
    info = classifier.export_saved_model(tmp_path / "model", images=[asymmetric_image])
    run = tf.saved_model.load(str(info.path)).signatures["serving_default"]
    for picture in (asymmetric_image, asymmetric_image[:, ::-1], np.tile(asymmetric_image, (5, 5, 1))):
        got = run(input_tensor=tf.constant(picture[None]))["probabilities"].numpy()
        np.testing.assert_allclose(
            got, classifier.predict(np.ascontiguousarray(picture)).probabilities, atol=1e-4
        )
    assert (tmp_path / "model" / "assets" / "class_names.txt").read_text() == "a\nb\nc\n"
    assert info.difference < 1e-4
    assert "probabilities within" in str(info)


@pytest.mark.parametrize(("quantize", "limit"), [(None, 1e-4), ("float16", 5e-3), ("dynamic", 0.05)])
def test_a_litert_file_gives_the_same(classifier, asymmetric_image, tmp_path, quantize, limit):
    from tflhelpers.sharing.export.litert import interpreter

    info = classifier.export_tflite(tmp_path / "c.tflite", quantize=quantize, images=[asymmetric_image])
    run = interpreter(info.path).get_signature_runner()
    got = run(images=network_input(asymmetric_image, (SIDE, SIDE))[None])["probabilities"]
    np.testing.assert_allclose(got, classifier.predict(asymmetric_image).probabilities, atol=limit)
    assert [path.name for path in tmp_path.iterdir()] == ["c.tflite"]


def test_one_that_differs_is_not_written(classifier, asymmetric_image, tmp_path, monkeypatch):
    monkeypatch.setitem(classifier_forms.LIMITS, None, -1.0)
    for export, name in ((classifier.export_tflite, "c.tflite"), (classifier.export_saved_model, "model")):
        with pytest.raises(ExportMismatch, match="expected probabilities within"):
            export(tmp_path / name, images=[asymmetric_image])
    assert list(tmp_path.iterdir()) == []


def test_arguments_that_make_no_sense(classifier, tmp_path):
    with pytest.raises(ValueError, match="quantize must be one of None, 'float16', 'dynamic', got 'int4'"):
        classifier.export_tflite(tmp_path / "c.tflite", quantize="int4")
    with pytest.raises(ValueError, match="path must be a file, got the folder"):
        classifier.export_tflite(tmp_path)
    for export in (export_tflite, export_saved_model):
        with pytest.raises(TypeError, match="expected a Detector or a Classifier, got str"):
            export("detector", tmp_path / "c")
        with pytest.raises(TypeError, match="expected a Detector or a Classifier, got str"):
            export("c", classifier)
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="expected a new folder"):
        classifier.export_saved_model(tmp_path)


@pytest.mark.slow
def test_the_embedded_backbone_is_exported(tmp_path, asymmetric_image):
    classifier = Classifier.build(["a", "b"], "embedded")
    kernel = np.random.default_rng(0).normal(0, 1, classifier.head[0].shape)
    classifier.set_head(kernel, np.zeros(2))
    assert classifier.export_tflite(tmp_path / "c.tflite", quantize="float16").difference < 5e-3
    assert classifier.export_saved_model(tmp_path / "m").difference < 1e-3
