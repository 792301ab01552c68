"""What frozen layers computed is used again: the course of a training stays the same, and memory stays bounded."""

from __future__ import annotations

import logging
import math

import keras
import numpy as np
import pytest

from tests.training.tiny import drawn_pictures, start_anew, tiny_detector, weights
from tflhelpers.model.ssd import layer_group
from tflhelpers.training import feature_cache
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.batches import PictureBatches, TrainingPictures
from tflhelpers.training.feature_cache import FeatureCache, split_network
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.recipe import TRAINABLE
from tflhelpers.training.sampler import Sampler

RECIPE = {"steps": 7, "batch_size": 2, "optimizer": "sgd", "learning_rate": 0.01, "tiles": None}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return drawn_pictures(tmp_path_factory.mktemp("pictures"), 4, negatives=1)


@pytest.fixture(scope="module")
def shared_detector():
    return tiny_detector()


@pytest.fixture
def detector(shared_detector):
    start_anew(shared_detector)
    return shared_detector


def split(detector, trainable):
    groups = TRAINABLE[trainable]
    return split_network(detector.network, lambda layer: layer_group(layer) in groups)


@pytest.mark.parametrize(
    ("trainable", "features"),
    [
        ("heads", {(2, 2, 16), (1, 1, 16), (4, 4, 16), (8, 8, 16)}),  # the tower's, one for each level
        ("predictor", {(2, 2, 16), (1, 1, 16), (4, 4, 16), (8, 8, 16)}),  # the pyramid's
        ("fpn", {(8, 8, 16), (4, 4, 16), (2, 2, 16)}),  # the backbone's C3 to C5
    ],
)
def test_a_split_network_is_the_network(detector, trainable, features):
    below, above = split(detector, trainable)
    images = np.random.default_rng(0).uniform(0, 255, (3, 64, 64, 3)).astype(np.float32)
    whole, in_two = detector.network(images), above(below(images))
    for name in ("box_encodings", "class_logits"):
        np.testing.assert_array_equal(np.asarray(whole[name]), np.asarray(in_two[name]))
    assert {tuple(x.shape[1:]) for x in below.outputs} == features
    assert {layer_group(layer) for layer in above.layers} - {None} == set(TRAINABLE[trainable])
    assert all(layer in detector.network.layers for layer in above.layers if layer.weights)


@pytest.mark.parametrize("learns", [lambda layer: True, lambda layer: False], ids=["every layer", "nothing"])
def test_a_network_that_learns_all_or_nothing_is_not_split(detector, learns):
    assert split_network(detector.network, learns) is None


def test_pictures_that_are_only_scaled_before_they_are_learned_from_are_not_worth_keeping(detector):
    assert split(detector, "all") is None


@pytest.mark.parametrize(
    ("trainable", "augment"), [("heads", None), ("fpn", Augmentation())], ids=["plain", "augmented"]
)
def test_the_course_is_the_one_without_a_cache(detector, pictures, trainable, augment):
    """Also with augmentation, while there are no more draws of a picture than views are kept."""
    course, after = {}, {}
    for cached in (True, False):
        start_anew(detector)
        course[cached] = fine_tune(
            detector, pictures, **RECIPE, trainable=trainable, augment=augment, cache_features=cached
        )
        after[cached] = weights(detector)
    assert course[True].notes[0].startswith("features of 5 pictures")
    assert course[False].notes == ()
    np.testing.assert_allclose(course[True].loss, course[False].loss, rtol=1e-4)
    for key, value in after[False].items():
        np.testing.assert_allclose(after[True][key], value, atol=1e-4, err_msg=key)


def made_cache(detector, pictures, **changes):
    """A cache of what the pyramid takes in, of 5 pictures drawn 8 times each: 5376 bytes a view of a picture."""
    below, _ = split(detector, "fpn")
    arguments = {"steps": 20, "how": Augmentation(), "labels": [[0]] * 5} | changes
    sampler = Sampler(arguments.pop("labels"), batch_size=2, steps=arguments.pop("steps"), seed=3)
    how = arguments.pop("how")
    return FeatureCache(below, TrainingPictures(pictures, (64, 64)), sampler, how, 3, **arguments), below


def test_a_picture_comes_back_in_its_views_in_turn(detector, pictures, monkeypatch):
    monkeypatch.setattr(feature_cache, "MAX_VIEWS", 3)
    cache, below = made_cache(detector, pictures)
    plain = PictureBatches(cache.pictures, cache.sampler, Augmentation(), 3).batches()
    sampler = [(np.asarray(below(images.numpy())[0]), truth) for images, truth in plain]
    wanted = [features for batch, _ in sampler for features in batch]  # of each of the 40 draws
    with cache:
        got = [features for (batch, *_), _ in cache.batches() for features in batch.numpy()]
    order = cache.sampler.order
    seen = {index: [draw for draw in range(40) if order[draw] == index] for index in range(5)}
    for draw, index in enumerate(order):
        turn = seen[index].index(draw)
        np.testing.assert_allclose(got[draw], wanted[seen[index][turn % 3]], rtol=1e-4, atol=1e-5)
    assert not np.allclose(wanted[seen[0][0]], wanted[seen[0][1]], atol=1e-2)  # views differ


def test_pictures_have_as_many_views_as_they_are_drawn(detector, pictures, monkeypatch):
    """Pictures 0 to 2 show class 0, picture 3 class 1, 4 nothing: of 40 draws 8 are negatives, 32 are shared out."""
    cache, _ = made_cache(detector, pictures, labels=[[0], [0], [0], [1], []])
    shares = [32 / (3 + 3**0.5) * factor for factor in (1, 1, 1, 3**0.5)]
    assert cache._views_of.tolist() == [*(math.ceil(share) for share in shares), 8]
    with cache:
        for step, (_, truth) in enumerate(cache.batches()):
            labels = [cache.pictures[index][2][:1].tolist() for index in cache.sampler.of_step(step)]
            assert truth["labels"].numpy()[:, :1].tolist() == labels


def test_what_is_too_large_for_the_memory_lies_on_the_disk_until_the_end(
    detector, pictures, tmp_path, monkeypatch
):
    monkeypatch.setattr(feature_cache.tempfile, "tempdir", str(tmp_path))
    small, _ = made_cache(detector, pictures)
    large, _ = made_cache(detector, pictures, memory_bytes=100_000)
    assert (small.views, small.on_disk, large.views, large.on_disk) == (8, False, 8, True)
    with small as in_memory, large as on_disk:
        assert len(list(tmp_path.glob(".tflhelpers-features.*/*.npy"))) == 3
        for (ours, _), (theirs, _) in zip(in_memory.batches(4), on_disk.batches(4), strict=True):
            for mine, its in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(mine, its)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "views", "on_disk"),
    [
        ({"how": None}, 1, False),
        ({}, 8, False),  # as often as each picture is drawn
        ({"steps": 200}, 32, False),
        ({"steps": 200, "memory_bytes": 20 * 5 * 5376}, 20, False),  # rather fewer views than the disk
        ({"steps": 200, "memory_bytes": 7 * 5 * 5376}, 8, True),
    ],
)
def test_the_number_of_views_follows_from_the_memory(detector, pictures, changes, views, on_disk):
    cache, _ = made_cache(detector, pictures, **changes)
    assert (cache.views, cache.on_disk) == (views, on_disk)
    assert cache.megabytes == pytest.approx(views * 5 * 5376 / 2**20)


def test_without_room_the_features_are_computed_at_each_step(detector, pictures, monkeypatch, caplog):
    monkeypatch.setattr(feature_cache.FeatureCache.__init__, "__kwdefaults__", {"memory_bytes": 10})
    monkeypatch.setattr(feature_cache, "_free_disk_bytes", lambda: 1000)
    with caplog.at_level(logging.WARNING):
        course = fine_tune(detector, pictures, **RECIPE, trainable="heads", augment=None)
    assert "No room for features of 5 pictures" in caplog.text
    assert len(course.loss) == 7


def test_the_parts_of_a_batch_are_the_batch(detector, pictures):
    caches = [made_cache(detector, pictures, shard=shard, steps=3)[0] for shard in ((0, 1), (0, 2), (1, 2))]
    with caches[0], caches[1], caches[2]:
        for whole, *halves in zip(*(cache.batches(1) for cache in caches), strict=True):
            flat, *parts = (keras.tree.flatten(batch) for batch in (whole, *halves))
            for values, *its in zip(flat, *parts, strict=True):
                np.testing.assert_allclose(np.concatenate(its), values, atol=1e-6)
