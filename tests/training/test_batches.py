"""Every picture is learned from as often as any other, and batch k is the same whenever it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.model.preprocess import network_input
from tflhelpers.training import batches
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.batches import PictureBatches, TrainingPictures
from tflhelpers.training.matching import IGNORE, PADDING
from tflhelpers.training.sampler import Sampler

SIZE = (32, 48)  # of the network


def saved(folder, name, level=100, size=(40, 50)):
    path = folder / name
    Image.fromarray(np.full((*size, 3), level, np.uint8)).save(path)
    return path


@pytest.fixture
def five(tmp_path):
    """Five pictures, each of a brightness that tells it; the last has no boxes, the first has three."""
    boxes = [
        Boxes([[0, 0, 25, 20], [10, 10, 20, 40], [5, 4, 50, 40]], [0, 2, 1]),
        *(Boxes([[5 * i, 4, 50, 40]], [i % 3]) for i in (1, 2, 3)),
        Boxes.empty(),
    ]
    items = [(saved(tmp_path, f"{i}.png", 40 * i + 20), its_boxes) for i, its_boxes in enumerate(boxes)]
    return TrainingPictures(Annotations(["a", "b", "c"], items), SIZE)


def training_batches(pictures, *, batch_size, steps, how, seed, first_step=0):
    sampler = Sampler(pictures.labels, batch_size=batch_size, steps=steps, seed=seed)
    return PictureBatches(pictures, sampler, how, seed).batches(first_step)


def drawn(data):
    """The batches as numpy, and which picture each of their rows is."""
    arrays = [
        (images.numpy(), {key: value.numpy() for key, value in truth.items()}) for images, truth in data
    ]
    return arrays, [[round((image.mean() - 20) / 40) for image in images] for images, _ in arrays]


@pytest.mark.parametrize(("batch_size", "steps"), [(1, 1), (2, 10), (4, 10), (7, 3), (5, 2)])
def test_each_picture_comes_as_often_as_any_other(five, batch_size, steps):
    _, order = drawn(training_batches(five, batch_size=batch_size, steps=steps, how=None, seed=3))
    assert [len(rows) for rows in order] == [batch_size] * steps
    counts = np.bincount(np.concatenate(order), minlength=5)
    assert counts.sum() == batch_size * steps
    assert np.ptp(counts) <= 1


def test_the_seed_makes_the_order(five):
    orders = [drawn(training_batches(five, batch_size=4, steps=5, how=None, seed=s))[1] for s in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def assert_same(ours, theirs):
    assert len(ours) == len(theirs)
    for (images, truth), (other_images, other_truth) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(images, other_images)
        assert truth.keys() == other_truth.keys() == {"boxes_rel_yxyx", "labels"}
        for name, value in truth.items():
            np.testing.assert_array_equal(value, other_truth[name])


@pytest.mark.parametrize("how", [None, Augmentation()], ids=["plain", "changed"])
@pytest.mark.parametrize("first_step", [0, 1, 4, 6])
def test_a_training_that_goes_on_sees_what_it_would_have_seen(five, how, first_step):
    arguments = {"batch_size": 3, "steps": 6, "how": how, "seed": 9}
    whole, _ = drawn(training_batches(five, **arguments))
    rest, _ = drawn(training_batches(five, **arguments, first_step=first_step))
    assert_same(rest, whole[first_step:])


def test_a_picture_is_changed_otherwise_each_time(five):
    arrays, order = drawn(training_batches(five, batch_size=5, steps=2, how=Augmentation(flip=0), seed=0))
    boxes = {}
    for (_, truth), rows in zip(arrays, order, strict=True):
        assert len(rows) == 5
        boxes[len(boxes)] = sorted(truth["boxes_rel_yxyx"][:, 0].tolist())
    assert boxes[0] != boxes[1]


def test_plain_pictures_reach_the_network_as_in_detection(five):
    arrays, order = drawn(training_batches(five, batch_size=5, steps=1, how=None, seed=0))
    images, truth = arrays[0]
    for row, number in enumerate(order[0]):
        np.testing.assert_array_equal(images[row], network_input(read_image(five.paths[number]), SIZE))
    first = order[0].index(0)
    wanted = [[0, 0, 0.5, 0.5], [0.25, 0.2, 1, 0.4], [0.1, 0.1, 1, 1]]  # of (40, 50)
    np.testing.assert_allclose(truth["boxes_rel_yxyx"][first], wanted, atol=1e-6)
    assert truth["labels"][first].tolist() == [0, 2, 1]
    negative = order[0].index(4)
    assert truth["labels"][negative].tolist() == [PADDING] * 3
    assert not truth["boxes_rel_yxyx"][negative].any()


OUTSIDE = [60, 8, 70, 16]


@pytest.mark.parametrize(
    ("boxes", "rows", "labels", "dropped"),
    [
        (Boxes.empty(), [[0, 0, 0, 0]], [PADDING], None),
        (Boxes([[10, 8, 30, 16]], [2]), [[0.2, 0.2, 0.4, 0.6]], [2], None),
        (Boxes([[10, 8, 30, 16]], [2], crowd=[True]), [[0.2, 0.2, 0.4, 0.6]], [IGNORE], None),
        (Boxes([[-10, -8, 30, 80]], [0]), [[0, 0, 1, 0.6]], [0], None),  # cut at the edges
        (Boxes([[10, 8, 10, 16]], [0]), [[0, 0, 0, 0]], [PADDING], "1 of 1"),
        (Boxes([OUTSIDE, [10, 8, 30, 16]], [0, 1]), [[0.2, 0.2, 0.4, 0.6], [0] * 4], [1, PADDING], "1 of 2"),
        (Boxes([OUTSIDE, [-9, -9, 0, 40]], [0, 1]), [[0] * 4, [0] * 4], [PADDING, PADDING], "2 of 2"),
    ],
)
def test_rows_of_a_picture(tmp_path, boxes, rows, labels, dropped):
    path = saved(tmp_path, "duck.png")  # (40, 50)
    pictures = TrainingPictures(Annotations(["a", "b", "c"], [(path, boxes)]), SIZE)
    for _ in range(2):
        picture, our_boxes, our_labels = pictures[0]
    np.testing.assert_allclose(our_boxes, rows, atol=1e-6)
    assert our_labels.tolist() == labels
    assert picture.shape == (40, 50, 3)
    sentence = f"duck.png: {dropped} boxes have no area inside the picture"
    assert pictures.dropped == ([sentence] if dropped else [])


def test_huge_pictures_are_kept_small_and_their_boxes_stay(tmp_path):
    path = saved(tmp_path, "huge.png", size=(320, 960))
    boxes = Boxes([[96, 32, 480, 160]], [0])
    pictures = TrainingPictures(Annotations(["a"], [(path, boxes)]), SIZE)
    picture, rows, _ = pictures[0]
    assert picture.shape == (64, 192, 3)  # 5 x 5 pixels to one: the height is still twice the network's
    np.testing.assert_allclose(rows, [[0.1, 0.1, 0.5, 0.5]])


def test_what_does_not_fit_in_memory_is_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "CACHE_BYTES", 7000)  # one picture of 40 x 50 x 3 bytes
    paths = [saved(tmp_path, f"{i}.png", 60 * i) for i in range(2)]
    pictures = TrainingPictures(Annotations(["a"], [(path, Boxes([OUTSIDE], [0])) for path in paths]), SIZE)
    reads = []
    monkeypatch.setattr(batches, "read_image", lambda path: reads.append(path.name) or read_image(path))
    means = [[pictures[i][0].mean() for i in (0, 1)] for _ in range(3)]
    assert means == [[0, 60]] * 3
    assert reads == ["0.png", "1.png", "1.png", "1.png"]
    assert [sentence[:5] for sentence in pictures.dropped] == ["0.png", "1.png"]  # each said once


def test_by_default_photos_get_objects_of_classes_that_they_lack(tmp_path):
    boxes = [Boxes([[4, 4, 14, 14]], [label]) for label in (0, 1)]
    items = [(saved(tmp_path, f"{i}.png"), its) for i, its in enumerate(boxes)]
    pictures = TrainingPictures(Annotations(["a", "b"], items), SIZE)

    def share_with_both(how):
        data = training_batches(pictures, batch_size=2, steps=60, how=how, seed=0)
        found = [{*row[row >= 0].tolist()} for _, truth in data for row in truth["labels"].numpy()]
        return sum(labels == {0, 1} for labels in found) / len(found)

    # Of the half that get one a few lose it at the view's edge.
    assert 0.3 < share_with_both(Augmentation()) < 0.6
    assert share_with_both(Augmentation(copy_paste=0.0)) == 0.0


@pytest.mark.parametrize("first_step", [0, 2])
def test_the_parts_of_a_batch_are_the_batch(five, first_step):
    """Two processes see together what one sees, in the same views."""
    sampler, how = Sampler(five.labels, batch_size=4, steps=5, seed=2), Augmentation()
    whole, *parts = (
        drawn(PictureBatches(five, sampler, how, 2, shard).batches(first_step))[0]
        for shard in ((0, 1), (0, 2), (1, 2))
    )
    assert len(whole) == 5 - first_step
    for (images, truth), *halves in zip(whole, *parts, strict=True):
        np.testing.assert_array_equal(np.concatenate([half[0] for half in halves]), images)
        for name, values in truth.items():
            np.testing.assert_array_equal(np.concatenate([half[1][name] for half in halves]), values)
