"""A first look: what a few photos show is found again without training, and the detector stays what it is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.tiny import (
    CLASS_NAMES,
    drawn_pictures,
    start_anew,
    start_from_extractor,
    tiny_detector,
    weights,
)
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.data.samples import duck_clip, duck_photos
from tflhelpers.evaluation.scores import evaluate
from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.model.detector import Detector
from tflhelpers.model.first_look import BACKGROUND, NEITHER, _head_with, _shown_at, _told_apart, _views
from tflhelpers.model.heads import CLASS_BIAS
from tflhelpers.model.layers import conv, separable_conv

SIZE = (64, 64)


@pytest.fixture(scope="module")
def detector():
    return tiny_detector()


@pytest.fixture
def pictures(tmp_path):
    return drawn_pictures(tmp_path, 5, negatives=1)


def test_colours_are_told_apart_where_they_are(detector, pictures):
    """The places of red squares score higher for red, of blue ones for blue, and all of them than the ground."""
    looked = detector.first_look(pictures)
    assert looked.class_names == CLASS_NAMES
    for path, boxes in pictures:
        shown = _shown_at(detector.anchors_rel_yxyx, *_truth(path, boxes, looked))
        scores = (
            looked.raw_boxes(looked.network_input(read_image(path))[None]).scores[0].reshape(len(shown), 6, 2)
        )
        assert (scores == scores[:, :1]).all()  # all anchors of a place alike
        for label in set(boxes.labels.tolist()):
            its, ground = scores[shown == label, 0], scores[shown == BACKGROUND, 0]
            assert its[:, label].mean() > its[:, 1 - label].mean() + 0.25
            assert its[:, label].mean() > ground[:, label].mean() + 0.25


def _truth(path, boxes, detector):
    (_, rel_yxyx), *_ = _views(np.zeros((70, 91, 3), np.uint8), boxes, detector.image_size)
    return rel_yxyx, boxes.labels


def test_the_detector_itself_stays_what_it_is(detector, pictures):
    before, network = weights(detector), detector.network
    detector.first_look(pictures)
    assert detector.network is network
    for key, value in weights(detector).items():
        np.testing.assert_array_equal(value, before[key], err_msg=key)
    start_anew(detector)


def test_ducks_are_found_without_training_and_it_can_be_saved(tmp_path):
    """A class head that has yet to learn reaches AP50 0.13 here: it marks what sticks out."""
    clip = duck_clip()[::4]
    looked = Detector.embedded(["duck"]).first_look(duck_photos())
    found = looked.detect_all(clip.image_paths, threshold=0.0, progress=False)
    assert evaluate(found, clip).ap50 > 0.5
    again = Detector.load(looked.save(tmp_path / "looked"))
    assert again.keeps_stem
    before, after = weights(looked), weights(again)
    assert before.keys() == after.keys()
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value, err_msg=key)


@pytest.mark.parametrize(
    ("photos", "words"),
    [
        (Annotations(("red", "green"), []), "['red', 'blue'], got ['red', 'green']"),
        (Annotations(CLASS_NAMES, [("a.jpg", Boxes.empty())]), "at least one box, got none on 1 pictures"),
        (
            Annotations(CLASS_NAMES, [("a.jpg", Boxes([[0, 0, 9, 9]], [0], crowd=[True]))]),
            "at least one box, got none on 1 pictures",
        ),
    ],
)
def test_what_cannot_be_learned_from_is_refused(detector, photos, words):
    with pytest.raises(ValueError, match="annotations must") as caught:
        detector.first_look(photos)
    assert words in str(caught.value)


def test_a_box_predictor_that_has_yet_to_be_trained_is_refused(pictures):
    detector = tiny_detector()
    start_from_extractor(detector)
    with pytest.raises(ValueError, match="whose box predictor is new"):
        detector.first_look(pictures)


# ---- its parts


def test_places_show_what_an_anchor_of_theirs_fits():
    anchors = anchors_rel_yxyx(SIZE)
    nothing = _shown_at(anchors, np.zeros((0, 4)), np.zeros(0, int))
    assert (nothing == BACKGROUND).all()
    assert len(nothing) == 8 * 8 + 4 * 4 + 2 * 2 + 1 + 1
    shown = _shown_at(anchors, np.array([[0.25, 0.25, 0.75, 0.75], [0.9, 0.9, 0.92, 0.93]]), np.array([1, 0]))
    fine = shown[:64].reshape(8, 8)
    assert (fine[3:5, 3:5] == 1).all()
    assert (fine == 0).sum() == 1  # too small for any anchor, but not left out
    assert fine[0, 7] == BACKGROUND
    assert (shown == NEITHER).any()


def test_views_hold_the_photo_with_its_boxes():
    photo = np.zeros((60, 80, 3), np.uint8)
    photo[10:30, 20:60] = 255
    views = list(_views(photo, Boxes([[20, 10, 60, 30]], [0]), SIZE))
    assert len(views) == 4
    for seen, boxes in views:
        rows, columns = np.nonzero(seen.mean(axis=2) > 192)
        edges = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
        np.testing.assert_allclose(boxes[0] * 64, edges, atol=1.1)


def test_a_class_is_told_from_all_else():
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (300, 5))
    shown = np.where(features[:, 2] > 1, 1, BACKGROUND)
    found = _told_apart(features, shown, 1)
    logits = features @ found[:5] + found[5]
    assert ((logits > 0) == (shown == 1)).mean() > 0.95
    assert _told_apart(features, shown, 0).tolist() == [0.0] * 5 + [CLASS_BIAS]


@pytest.mark.parametrize("kind", [conv, separable_conv])
def test_a_head_gives_each_place_the_logits_of_its_features(kind):
    rng = np.random.default_rng(0)
    weights, features = rng.normal(0, 1, (8, 3)), rng.normal(0, 1, (2, 4, 5, 7)).astype(np.float32)
    old = kind(6 * 4, 3, "key", bias=True, name="class_head")
    old.build((None, None, None, 7))
    logits = np.asarray(_head_with(old, weights)(features)).reshape(2, 4, 5, 6, 4)
    wanted = features @ weights[:7] + weights[7]
    for anchor in range(6):
        np.testing.assert_allclose(logits[..., anchor, 1:], wanted, atol=1e-4)
    assert not logits[..., 0].any()
