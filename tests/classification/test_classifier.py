"""A classifier predicts one and many, explains exactly, and comes back from disk as it was."""

from __future__ import annotations

import contextlib
import json
import os

import numpy as np
import pytest

from tests.classification.tiny import SIDE, tiny_classifier
from tflhelpers.classification.activation import activation_maps, evidence
from tflhelpers.classification.classifier import Classifier
from tflhelpers.data.images import ImageError


@pytest.fixture
def classifier(monkeypatch):
    made = tiny_classifier(monkeypatch, size=(SIDE, SIDE + 8))
    rng = np.random.default_rng(1)
    made.set_head(rng.normal(0, 1, (20, 2)), rng.normal(0, 1, 2))
    return made


def test_a_new_one_says_nothing(monkeypatch, asymmetric_image):
    found = tiny_classifier(monkeypatch, class_names=("a", "b", "c")).predict(asymmetric_image)
    np.testing.assert_allclose(found.probabilities, [[1 / 3] * 3], atol=1e-6)


def test_one_and_many_agree(classifier, asymmetric_image):
    others = [asymmetric_image[::-1].copy(), asymmetric_image[:, :20].copy(), asymmetric_image]
    many = classifier.predict((image for image in others), batch_size=2)
    assert len(many) == 3
    for image, row in zip(others, many.probabilities, strict=True):
        np.testing.assert_allclose(classifier.predict(image).probabilities[0], row, atol=1e-5)
    np.testing.assert_allclose(many.probabilities.sum(axis=1), 1, atol=1e-6)
    logits = classifier.logits(others)
    np.testing.assert_allclose(
        np.exp(logits) / np.exp(logits).sum(1, keepdims=True), many.probabilities, atol=1e-5
    )


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        ([], ValueError, "at least one picture, got none"),
        (
            [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)],
            ValueError,
            r"images\[1\]: image must be",
        ),
        ("nowhere.jpg", FileNotFoundError, "nowhere.jpg"),
        ([__file__], ImageError, "test_classifier.py: expected a picture"),
    ],
)
def test_what_is_no_picture(classifier, images, error, message):
    with pytest.raises(error, match=message):
        classifier.predict(images)


def test_the_map_adds_up_to_the_logits(classifier, asymmetric_image):
    """Logit = bias + the mean of each level's map."""
    maps, probabilities = _maps_of(classifier, asymmetric_image)
    assert [each.shape for each in maps] == [(12, 16, 2), (6, 8, 2)]
    total = sum(each.mean(axis=(0, 1)) for each in maps) + classifier.head[1]
    np.testing.assert_allclose(total, classifier.logits(asymmetric_image)[0], atol=1e-4)
    np.testing.assert_allclose(
        probabilities, classifier.predict(asymmetric_image).probabilities[0], atol=1e-6
    )


def test_evidence_of_two_classes_is_opposite(classifier, asymmetric_image):
    maps, _ = _maps_of(classifier, asymmetric_image)
    size, bias = asymmetric_image.shape[:2], classifier.head[1]
    first, second = (evidence(maps, bias, label, size) for label in (0, 1))
    assert first.shape == size
    np.testing.assert_allclose(first, -second, atol=1e-4)


def test_the_mean_of_the_evidence_is_what_decided():
    """A class against the mean of the two others, each place with its share of the bias."""
    level = [np.zeros((2, 3, 3), np.float32), np.zeros((1, 1, 3), np.float32)]
    level[0][0, 0], level[1][0, 0] = (6, 0, 0), (0, 2, 4)  # means 1, 0, 0 and 0, 2, 4
    found = evidence(level, np.float32([5, 1, 0]), 0, (2, 3))
    np.testing.assert_allclose(found[1], [1.5] * 3, atol=1e-5)  # 0 - 0, less 3, and 5 - 0.5
    np.testing.assert_allclose(found.mean(), (1 + 0 + 5) - (0 + 2 + 1 + 0 + 4 + 0) / 2, atol=1e-5)


def test_evidence_is_where_the_thing_is(monkeypatch):
    """A head that adds up one channel of the first map: it is brightest where that channel is."""
    classifier = tiny_classifier(monkeypatch)
    image = np.full((48, 48, 3), 90, np.uint8)
    image[30:46, 2:18] = np.random.default_rng(0).integers(0, 256, (16, 16, 3))
    flat = np.full_like(image, 90)
    maps = [
        classifier.looking.predict_on_batch(_input(each, classifier))["maps"][0] for each in (image, flat)
    ]
    channel = int(np.abs(maps[0] - maps[1]).max(axis=(0, 1, 2)).argmax())
    kernel = np.zeros((20, 2))
    kernel[channel, 0] = 1
    classifier.set_head(kernel, np.zeros(2))
    parts = [_maps_of(classifier, each)[0] for each in (image, flat)]
    both = [evidence(part, np.zeros(2), 0, (48, 48)) for part in parts]
    difference = np.abs(both[0] - both[1])
    y, x = np.unravel_index(difference.argmax(), difference.shape)
    assert 24 <= y < 48
    assert 0 <= x < 24


def _maps_of(classifier, image):
    return activation_maps(classifier.looking, classifier.head[0], _input(image, classifier))


def _input(image, classifier):
    from tflhelpers.model.preprocess import network_input

    return network_input(image, classifier.image_size)[None]


def test_explaining_keeps_the_picture_and_says_the_class(classifier, asymmetric_image):
    drawn = classifier.explain(asymmetric_image, opacity=0.0)
    gray = asymmetric_image @ np.float32([0.299, 0.587, 0.114])
    np.testing.assert_allclose(drawn[: len(gray), :, 0], gray, atol=1)
    assert drawn.shape[0] > len(gray)
    with pytest.raises(ValueError, match="class_name must be one of checked, striped, got 'dotted'"):
        classifier.explain(asymmetric_image, "dotted")


def test_it_comes_back_from_disk(classifier, asymmetric_image, tmp_path):
    folder = classifier.save(tmp_path / "deep" / "clothes")
    classifier.save(folder)  # over an older one
    again = Classifier.load(folder)
    assert (again.class_names, again.backbone, again.mode) == (("checked", "striped"), "embedded", "features")
    assert (again.image_size, again.trained_backbone) == ((SIDE, SIDE + 8), True)
    np.testing.assert_array_equal(
        again.predict(asymmetric_image).probabilities, classifier.predict(asymmetric_image).probabilities
    )
    assert sorted(path.name for path in folder.parent.iterdir()) == ["clothes"]


def _spoil(folder):
    arrays = dict(np.load(folder / "classifier_weights.npz"))
    arrays["00003"] = np.full_like(arrays["00003"], np.nan)
    np.savez(folder / "classifier_weights.npz", **arrays)


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda f: (f / "classifier.json").unlink(), FileNotFoundError, "classifier.json is missing"),
        (lambda f: (f / "classifier.json").write_text("{"), ValueError, "is damaged"),
        (lambda f: _change(f, backbone="Other"), ValueError, "a known backbone"),
        (lambda f: _change(f, class_names=["a", "b", "c"]), ValueError, "does not fit the classifier.json"),
        (lambda f: (f / "classifier.json").write_text("[" * 100_000), ValueError, "is damaged"),
        (lambda f: (f / "classifier.json").write_text("[1]"), ValueError, "is damaged"),
        (lambda f: _change(f, backbone=["x"]), ValueError, "a known backbone"),
        (lambda f: _change(f, class_names=5), ValueError, "classifier.json is damaged .class_names must be"),
        (lambda f: _change(f, mode=None), ValueError, "classifier.json is damaged .mode must be one of"),
        (
            lambda f: _change(f, image_size=[224, "x"]),
            ValueError,
            "classifier.json is damaged .image_size must be",
        ),
        (
            lambda f: _change(f, trained_backbone=1),
            ValueError,
            "classifier.json is damaged .trained_backbone must",
        ),
        (lambda f: _change(f, width="wide"), ValueError, "classifier.json is damaged .width must be"),
        (lambda f: _spoil(f), ValueError, "classifier_weights.npz must hold finite numbers, but 1 of"),
        (lambda f: (f / "classifier_weights.npz").write_bytes(b"PK12"), ValueError, "but it is damaged"),
    ],
)
def test_damaged_folders(classifier, tmp_path, damage, error, message):
    folder = classifier.save(tmp_path / "c")
    damage(folder)
    with pytest.raises(error, match=message):
        Classifier.load(folder)


def test_one_saved_with_the_first_embedded_backbone_comes_back(asymmetric_image, tmp_path):
    """Its file does not name the width of its backbone, which was half of today's."""
    old = Classifier(
        ("a", "b"), backbone="embedded", mode="features", image_size=(64, 96), weights=None, width=0.5
    )
    old.set_head(np.random.default_rng(0).normal(0, 1, (old.head[0].shape[0], 2)), np.zeros(2))
    old.trained_backbone = True
    folder = old.save(tmp_path / "old")
    settings = json.loads((folder / "classifier.json").read_text())
    assert settings.pop("width") == 0.5
    (folder / "classifier.json").write_text(json.dumps(settings))
    again = Classifier.load(folder)
    assert (again.width, again.trained_backbone) == (0.5, True)
    assert Classifier.build(["a", "b"], "embedded").width == 1.0
    before = old.predict(asymmetric_image).probabilities
    assert not np.allclose(before, 0.5, atol=1e-3)
    np.testing.assert_array_equal(again.predict(asymmetric_image).probabilities, before)


def _change(folder, **settings):
    path = folder / "classifier.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def test_a_save_that_dies_leaves_the_old_one(classifier, asymmetric_image, tmp_path, monkeypatch):
    folder = classifier.save(tmp_path / "c")
    before = classifier.predict(asymmetric_image).probabilities
    classifier.set_head(np.zeros((20, 2)), np.zeros(2))

    def dies(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("tflhelpers.classification.classifier_folder.json.dumps", dies)
    with pytest.raises(OSError, match="disk full"):
        classifier.save(folder)
    monkeypatch.undo()
    monkeypatch.setattr("tflhelpers.classification.classifier.feature_maps", _maps())
    np.testing.assert_array_equal(Classifier.load(folder).predict(asymmetric_image).probabilities, before)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_a_save_whose_program_was_killed_is_finished_by_loading(
    classifier, asymmetric_image, tmp_path, monkeypatch
):
    folder = classifier.save(tmp_path / "c")
    classifier.set_head(np.zeros((20, 2)), np.zeros(2))
    moved = []

    def killed(source, target):
        moved.append((source, target))
        if len(moved) == 4:  # between the two files
            raise KeyboardInterrupt
        replace(source, target)

    replace = os.replace
    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(os, "replace", killed)
        classifier.save(folder)
    assert len(list(folder.iterdir())) == 3
    loaded = Classifier.load(folder)
    np.testing.assert_array_equal(loaded.predict(asymmetric_image).probabilities, [[0.5, 0.5]])
    assert len(list(folder.iterdir())) == 2


def _maps():
    from tests.classification.tiny import tiny_maps

    return tiny_maps


def test_pictures_that_cannot_be_read_can_be_skipped_and_what_was_done_is_kept(
    classifier, asymmetric_image, tmp_path, caplog
):
    wanted = classifier.predict([asymmetric_image] * 2, progress=False)
    images = [asymmetric_image, tmp_path / "none.png", asymmetric_image]
    got = classifier.predict(images, batch_size=1, progress=False, on_error="skip")
    assert (got.labels[1], got.top[1], np.isnan(got.probabilities[1]).all()) == (-1, "", True)
    np.testing.assert_allclose(got.probabilities[[0, 2]], wanted.probabilities, atol=1e-5)
    assert "none.png" in caplog.text
    with pytest.raises(FileNotFoundError) as caught:
        classifier.predict(images, batch_size=1, progress=False)
    np.testing.assert_allclose(caught.value.partial.probabilities, wanted.probabilities[:1], atol=1e-5)
