"""`fine_tune` learns what it is told to learn, repeatably, and goes on where it was interrupted."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from tests.training.tiny import CLASS_NAMES, drawn_pictures, start_anew, tiny_detector, weights
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.model.detector import Detector
from tflhelpers.model.ssd import GROUPS, layer_group, variables_by_key
from tflhelpers.training import resume
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.resume import STATE_FILE
from tflhelpers.training.trainer import DetectorTrainer

RECIPE = {
    "steps": 10,
    "batch_size": 2,
    "optimizer": "sgd",
    "learning_rate": 0.01,
}  # of our own: the default one is being improved


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Annotations:
    return drawn_pictures(tmp_path_factory.mktemp("pictures"), 4, negatives=2)


@pytest.fixture(scope="module")
def shared_detector() -> Detector:
    return tiny_detector()


@pytest.fixture
def detector(shared_detector) -> Detector:
    """The same network for all tests, with the same weights at the start of each."""
    start_anew(shared_detector)
    return shared_detector


@pytest.fixture(scope="module")
def unbroken(shared_detector, pictures):
    """A training from start to end: its history, and the weights before and after."""
    start_anew(shared_detector)
    before = weights(shared_detector)
    course = fine_tune(shared_detector, pictures, **RECIPE)
    return course, before, weights(shared_detector)


def moved_groups(detector, before, after):
    """The groups in which a weight has changed."""
    groups = {
        layer.checkpoint_key: layer_group(layer) for layer in detector.network.layers if layer_group(layer)
    }
    moved = [key for key in before if not np.array_equal(before[key], after[key])]
    return {group for key, group in groups.items() if any(name.startswith(f"{key}/") for name in moved)}


def test_the_course_is_kept_step_by_step(unbroken):
    course, _, _ = unbroken
    assert [len(getattr(course, name)) for name in ("loss", "box_loss", "class_loss", "matched")] == [10] * 4
    np.testing.assert_allclose(np.add(course.box_loss, course.class_loss), course.loss, rtol=1e-3, atol=1e-3)
    assert max(course.matched) >= 2
    assert course.validation_loss is None
    assert course.dropped == ()


def test_every_part_learns_but_not_the_statistics_of_batch_norm(unbroken, detector):
    course, before, after = unbroken
    assert set(course.trained) == moved_groups(detector, before, after) == set(GROUPS)
    statistics = [key for key in before if "/moving_" in key]
    assert len(statistics) == 2 * (5 + 4 + 5)  # of the backbone, the pyramid, and each level's tower
    for key in statistics:
        np.testing.assert_array_equal(after[key], before[key], err_msg=key)


def test_equal_seeds_give_equal_trainings_and_others_do_not(unbroken, detector, pictures):
    again = fine_tune(detector, pictures, **RECIPE)
    np.testing.assert_allclose(again.loss, unbroken[0].loss, rtol=1e-3)
    start_anew(detector)
    other = fine_tune(detector, pictures, **RECIPE | {"steps": 2}, seed=1)
    assert not np.allclose(other.loss, unbroken[0].loss[:2], rtol=1e-2)


@pytest.mark.parametrize(
    ("trainable", "groups"),
    [("heads", {"heads"}), ("predictor", {"heads", "tower"}), ("fpn", {"heads", "tower", "fpn"})],
)
def test_only_the_parts_asked_for_learn(detector, pictures, trainable, groups):
    before = weights(detector)
    course = fine_tune(detector, pictures, **RECIPE | {"steps": 2}, trainable=trainable, augment=None)
    assert set(course.trained) == moved_groups(detector, before, weights(detector)) == groups
    assert not any(
        "/moving_" in key for key, value in weights(detector).items() if (value != before[key]).any()
    )


def test_pictures_without_objects_are_learned_from_and_validated_on(detector, pictures):
    negatives = pictures[4:]
    course = fine_tune(
        detector, pictures, steps=6, batch_size=1, trainable="heads", augment=None, validation=negatives
    )
    matched = np.round(course.matched, 3)
    assert (matched == 0).sum() == 2
    assert (matched >= 1).sum() == 4
    assert all(np.isfinite(course.loss))
    assert min(course.class_loss) > 0
    by_hand = [course.class_loss[i] for i in np.flatnonzero(matched == 0)]
    assert 0 < course.validation_loss < 1.5 * max(by_hand)


class Interrupted(Exception):
    """As when a session dies."""


def interrupt_at(monkeypatch, step):
    learn, calls = DetectorTrainer.learn, []

    def interrupted(self, *batch):
        calls.append(batch)
        if len(calls) > step:
            raise Interrupted
        return learn(self, *batch)

    monkeypatch.setattr(DetectorTrainer, "learn", interrupted)


def test_an_interrupted_training_ends_as_the_unbroken_one(
    unbroken, detector, pictures, tmp_path, monkeypatch
):
    whole, _, wanted = unbroken
    monkeypatch.setattr(resume, "SAVE_STEPS", 2)
    monkeypatch.setattr(resume, "SAVE_SHARE", np.inf)
    monkeypatch.setattr(resume, "SAVE_SECONDS", np.inf)
    with monkeypatch.context() as patched:
        interrupt_at(patched, 5)
        with pytest.raises(Interrupted):
            fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    (tmp_path / "run" / f".{STATE_FILE}.tmp.npz").write_bytes(b"half a state")  # it died while writing, too
    start_anew(detector)  # a new session
    rates, learn = [], DetectorTrainer.learn
    with monkeypatch.context() as patched:
        patched.setattr(
            DetectorTrainer, "learn", lambda self, *batch: (rates.append(batch[-1]), learn(self, *batch))[1]
        )
        course = fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")
    assert len(rates) == 6  # steps 5 to 10: the state after 4 was kept
    np.testing.assert_allclose(course.loss, whole.loss, rtol=1e-2)
    for key, value in weights(detector).items():
        np.testing.assert_allclose(value, wanted[key], atol=1e-3, err_msg=key)
    refuse_another_training(detector, pictures, tmp_path / "run")
    start_anew(detector)
    ended = fine_tune(detector, pictures, **RECIPE, resume_dir=tmp_path / "run")  # nothing is left to do
    assert ended.loss == course.loss
    for key, value in weights(detector).items():
        np.testing.assert_allclose(value, wanted[key], atol=1e-3, err_msg=key)


def refuse_another_training(detector, pictures, folder):
    """Another recipe, another seed, or other pictures are not gone on with."""
    for given, other in ((pictures, {"learning_rate": 0.02}), (pictures, {"seed": 1}), (pictures[:3], {})):
        with pytest.raises(
            ValueError, match=r"belongs to another training .* another resume_dir to start over"
        ):
            fine_tune(detector, given, **RECIPE | other, resume_dir=folder)


def test_boxes_that_cannot_be_learned_from_are_named(detector, pictures, caplog):
    path = pictures.image_paths[0]
    one = Annotations(CLASS_NAMES, [(path, Boxes([[10, 10, 30, 30], [500, 10, 520, 30]], [0, 1]))])
    with caplog.at_level(logging.WARNING):
        course = fine_tune(detector, one, steps=1, batch_size=1, trainable="heads")
    assert course.dropped == ("0.png: 1 of 2 boxes have no area inside the picture",)
    assert "0.png: 1 of 2 boxes have no area inside the picture; left out" in caplog.text


CLASS_LIST = r"\['red', 'blue'\]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"trainable": "everything"},
            "trainable must be auto, heads, predictor, fpn, most, all, got 'everything'",
        ),
        ({"augment": "strong"}, "augment must be \"auto\", None or an Augmentation, got 'strong'"),
        ({"optimizer": "lion"}, "optimizer must be auto, adamw, sgd, got 'lion'"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"validation": Annotations(["duck"], [("a.png", Boxes.empty())])}, rf"{CLASS_LIST}, got \['duck'\]"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_and_nothing_is_learned(
    detector, pictures, arguments, message
):
    before = weights(detector)
    with pytest.raises(ValueError, match=message):
        fine_tune(detector, pictures, **arguments)
    assert moved_groups(detector, before, weights(detector)) == set()


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        (Annotations(CLASS_NAMES, []), "at least one box, got none on 0 pictures. Draw some first"),
        (
            Annotations(CLASS_NAMES, [("a.png", Boxes.empty())] * 3),
            "at least one box, got none on 3 pictures",
        ),
        (Annotations(["duck"], [("a.png", Boxes([[0, 0, 9, 9]], [0]))]), rf"{CLASS_LIST}, got \['duck'\]"),
        (Annotations(["blue", "red"], []), rf"{CLASS_LIST}, got \['blue', 'red'\]. Make the detector with"),
    ],
)
def test_annotations_that_cannot_be_learned_from_are_refused(detector, annotations, message):
    with pytest.raises(ValueError, match=message):
        fine_tune(detector, annotations)


@pytest.mark.parametrize(
    ("mixed_up", "message"),
    [
        (
            lambda detector, photos: fine_tune(photos, detector),
            r"must be a Detector, .*, got Annotations\. The call is",
        ),
        (lambda detector, photos: fine_tune("embedded", photos), "must be a Detector, .*, got str"),
        (
            lambda detector, photos: fine_tune(detector, detector),
            r"must be Annotations, got Detector\. The call is",
        ),
        (lambda detector, photos: fine_tune(detector, list(photos)), "must be Annotations, got list"),
        (
            lambda detector, photos: fine_tune(detector, photos, validation=0.2),
            "must be Annotations, got float",
        ),
    ],
)
def test_arguments_that_are_mixed_up_are_named(detector, pictures, mixed_up, message):
    with pytest.raises(ValueError, match=message):
        mixed_up(detector, pictures)


def test_the_loss_falls_with_an_augmentation_of_nothing_as_without_any(detector, pictures):
    how = Augmentation(
        flip=0,
        zoom=(1, 1),
        stretch=1,
        brightness=0,
        contrast=(1, 1),
        saturation=(1, 1),
        hue=0,
        copy_paste=0,
    )
    recipe = {"steps": 60, "batch_size": 4, "learning_rate": 0.03}
    course = fine_tune(detector, pictures[:4], **recipe, augment=how)
    assert course.loss[-1] < 0.3 * course.loss[0]
    start_anew(detector)
    plain = fine_tune(detector, pictures[:4], **recipe, augment=None)
    np.testing.assert_allclose(course.loss, plain.loss, rtol=1e-2)


def test_weights_have_one_group_each(detector):
    keys = {layer.checkpoint_key for layer in detector.network.layers if layer_group(layer)}
    assert {
        key.rsplit("/.ATTR", 1)[0].rsplit("/", 1)[0] for key in variables_by_key(detector.network)
    } == keys


@pytest.mark.parametrize(("optimizer", "clip_norm"), [("auto", 2.0), ("sgd", None)])
def test_gradients_are_clipped_unless_the_originals_optimizer_is_asked_for(
    detector, pictures, monkeypatch, optimizer, clip_norm
):
    prepared = []
    prepare = DetectorTrainer.prepare
    monkeypatch.setattr(
        DetectorTrainer,
        "prepare",
        lambda self, its: prepared.append(its.global_clipnorm) or prepare(self, its),
    )
    fine_tune(detector, pictures, steps=1, batch_size=2, trainable="heads", optimizer=optimizer)
    assert prepared == [clip_norm]


def test_small_things_are_learned_and_looked_for_in_tiles(detector, pictures, tmp_path):
    how = RECIPE | {"steps": 2}
    history = fine_tune(detector, pictures, **how, tiles=(2, 3), resume_dir=tmp_path / "resume")
    assert history.tiles == detector.tiles == (2, 3)
    assert any("2 x 3 overlapping tiles" in note and "7 times as long" in note for note in history.notes)
    image = pictures.image_paths[0]
    whole, tiled = (detector.detect(image, threshold=0.0, tiles=tiles) for tiles in (None, (2, 3)))
    assert len(whole) > 0
    assert len(tiled) > 0
    assert whole != tiled
    assert detector.detect(image, threshold=0.0) == tiled  # unless told otherwise, it looks as it has learned
    assert detector.detect_all([image], threshold=0.0, progress=False) == [tiled]
    start_anew(detector)
    with pytest.raises(ValueError, match="another training"):
        fine_tune(detector, pictures, **how, tiles=None, resume_dir=tmp_path / "resume")
    assert fine_tune(detector, pictures, **how, tiles=None).tiles is detector.tiles is None


def test_large_things_need_no_tiles(detector, pictures):
    """Left to choose, it takes none: the same weights as without."""
    whole = Annotations.from_items(
        CLASS_NAMES, [(path, Boxes([[0, 0, 80, 60]], [0])) for path in pictures.image_paths]
    )
    fine_tune(detector, whole, **(RECIPE | {"steps": 2}), tiles=None)
    without = weights(detector)
    start_anew(detector)
    assert fine_tune(detector, whole, **(RECIPE | {"steps": 2})).tiles is None
    for key, values in weights(detector).items():
        np.testing.assert_array_equal(values, without[key])
