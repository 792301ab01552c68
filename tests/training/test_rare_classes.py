"""Few boxes beside many: pasted more often, counted more, told; and nothing at all where classes are as frequent."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.test_copy_paste import COLORS, TWO, pasting, photo
from tests.training.tiny import CLASS_NAMES, SIDE, drawn_pictures, start_anew, tiny_detector
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.batches import TrainingPictures, training_example
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.losses import detection_losses
from tflhelpers.training.matching import PADDING
from tflhelpers.training.rare_classes import copies_of_rare, told_of_rare, weights_of_rare
from tflhelpers.training.recipe import choose_recipes

NAMES = ("cup", "spoon", "fork")


@pytest.mark.parametrize(
    ("labels", "copies", "weights"),
    [
        ([], {}, None),
        ([[]], {}, None),
        ([[0]] * 5, {}, None),  # one class
        ([[0, 0, 1]] * 3, {}, None),  # rarer, but not by three
        ([[0, 0, 0, 1]] * 3, {1: 3**0.5 - 1}, (1, 1.73, 1)),
        ([[0], [0], [0, 1]], {}, None),  # rarer by three, but drawn more often
        ([[0]] * 6 + [[0, 1]] * 4 + [[1], [2], [2]], {}, None),  # 10, 5 and 2
        # The last is drawn √2 times as often as the first two.
        (
            [[0] * 6, [0] * 6, [1, 2, 2, 2, 2]],
            {1: ((12 * 2**0.5) ** 0.5 - 2**0.5) / (2 + 2**0.5)},
            (1, 2.91, 1),
        ),
        ([[0] * 6, [], [], [1]], {1: (6**0.5 - 1) / 2}, (1, 2.45, 1)),  # negatives get none
        ([[2] * 900, [0]], {0: 2.0}, (4, 1, 1)),  # at most
    ],
)
def test_by_boxes_and_only_where_rarer_by_three(labels, copies, weights):
    labels = [np.array(its, int) for its in labels]
    assert copies_of_rare(labels) == pytest.approx(copies)
    assert weights_of_rare(labels, 3) == weights


# ---- pasted


def objects_beside(view, extra, **how):
    """Labels of what photo 0, which has a red rectangle, gets in a view."""
    _, _, labels = pasting(TWO, extra=extra, **how).photo(0, view)
    assert labels[:3].tolist() == [0, PADDING, PADDING]
    return labels[3:].tolist()


def test_rare_classes_are_pasted_beside_their_own_as_often_as_asked():
    pasted = [objects_beside(view, {0: 1.4}, probability=0.0) for view in range(200)]
    assert {len(each) for each in pasted} == {3}  # a batch has one shape
    counts = [sum(label == 0 for label in each) for each in pasted]
    assert set(counts) <= {0, 1, 2}
    assert 1.2 < np.mean(counts) < 1.5  # sometimes there is no room
    assert not any(label == 1 for each in pasted for label in each)


def test_rare_classes_come_besides_those_that_a_photo_lacks():
    pasted = [objects_beside(view, {1: 1.0}) for view in range(100)]
    assert {tuple(each) for each in pasted} <= {(1, 1), (1, PADDING), (PADDING, PADDING)}
    assert np.mean([each == [1, 1] for each in pasted]) > 0.5


def test_all_that_is_pasted_lies_apart_and_in_its_box():
    small = [photo([(0, (5, 5, 17, 17))]), photo([(1, (30, 40, 42, 52))])]
    for view in range(30):
        picture, boxes, labels = pasting(small, extra={0: 1.0, 1: 2.0}).photo(0, view)
        real = labels != PADDING
        xyxy = boxes[real][:, [1, 0, 3, 2]] * [80, 60, 80, 60]
        overlaps = Boxes(xyxy, labels[real]).iou(Boxes(xyxy, labels[real]))
        assert not (overlaps - np.eye(len(xyxy))).any()
        for (x1, y1, x2, y2), label in zip(xyxy, labels[real], strict=True):
            assert (
                np.abs(picture[int((y1 + y2) / 2), int((x1 + x2) / 2)].astype(int) - COLORS[label]).max() <= 3
            )


def test_negatives_get_nothing():
    photos = [photo([]), TWO[1]]
    picture, _, labels = pasting(photos, extra={1: 2.0}).photo(0, 0)
    np.testing.assert_array_equal(picture, photos[0][0])
    assert (labels == PADDING).all()


@pytest.mark.parametrize("copy_paste", [0.0, 0.5])
def test_a_training_pastes_the_rare_class_unless_pasting_is_off(tmp_path, copy_paste):
    pictures = _few_among_many(tmp_path)
    how = Augmentation(zoom=(1.0, 1.0), stretch=1.0, copy_paste=copy_paste)
    example = training_example(TrainingPictures(pictures, (SIDE, SIDE)), how, 0)
    seen = [example(np.int64(8), np.int64(view))[1]["labels"].numpy() for view in range(60)]
    blue = sum(int((labels == 1).sum()) for labels in seen)  # one of each view is its own
    assert blue > 65 if copy_paste else blue == 60


# ---- counted


def test_the_losses_of_a_class_count_by_its_weight():
    rng = np.random.default_rng(0)
    targets = {
        "matched": np.array([[1, 1, 0, 1.0]], np.float32),
        "box_encodings": np.zeros((1, 4, 4), np.float32),
        "class_targets": np.eye(3, dtype=np.float32)[[[1, 2, 0, 1]]] * np.array([1, 1, 0, 1.0])[:, None],
        "class_weights": np.ones((1, 4), np.float32),
    }
    targets["class_targets"] = targets["class_targets"].astype(np.float32)
    predictions = {
        "box_encodings": rng.normal(0, 1, (1, 4, 4)).astype(np.float32),
        "class_logits": rng.normal(0, 1, (1, 4, 3)).astype(np.float32),
    }

    def losses(weights, kept=slice(None)):
        part = {name: value[:, kept] for name, value in targets.items()}
        seen = {name: value[:, kept] for name, value in predictions.items()}
        return np.array([float(each) for each in detection_losses(seen, part, weights)])

    once = losses(None)
    np.testing.assert_allclose(losses((1.0, 1.0)), once, rtol=1e-6)
    of_second = losses(None, [1])  # alone, so divided by 1 instead of 3
    np.testing.assert_allclose(losses((1.0, 3.5)), once + 2.5 * of_second / 3, rtol=1e-5)


@pytest.mark.parametrize(("few", "weights"), [(2, None), (1, (1.0, 1.73))])
def test_the_recipe_weighs_rare_classes_only(few, weights):
    boxes = Boxes([[0, 0, 9, 9]] * (3 + few), [0] * 3 + [1] * few)
    (recipe,) = choose_recipes(
        Annotations(CLASS_NAMES, [("a.jpg", boxes)]),
        fresh_predictor=False,
        keeps_stem=False,
        steps=None,
        batch_size=4,
        trainable="auto",
        augment="auto",
        optimizer="auto",
        learning_rate=None,
        budget=None,
    )
    assert recipe.class_weights == weights


# ---- told


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([[0, 1, 2]] * 5, []),
        ([[0] * 2, [1] * 2, [2]], []),
        (
            [[0] * 8, [1] * 5, [2] * 2],
            ["It learned from 15 boxes: 8 of cup, 5 of spoon, 2 of fork. Expect more"],
        ),
        (
            [[0, 1]],
            ["It learned from 2 boxes: 1 of cup, 1 of spoon, 0 of fork. Without a box, fork will not be"],
        ),
    ],
)
def test_boxes_of_each_class_are_told_where_some_are_rare(labels, told):
    items = [(f"{k}.jpg", Boxes([[0, 0, 9, 9]] * len(its), its)) for k, its in enumerate(labels)]
    sentences = list(told_of_rare(Annotations(NAMES, items)))
    assert [sentence[: len(words)] for sentence, words in zip(sentences, told, strict=True)] == told
    assert all(("of fork than of the others" in each) == ("2 of fork" in each) for each in sentences)


# ---- with a network


def _few_among_many(folder):
    """Nine pictures, of which the first eight show a red square and the last one a blue one, too."""
    items = list(drawn_pictures(folder, 4))
    return Annotations(CLASS_NAMES, [items[0]] * 8 + [items[3]])


def test_a_training_weighs_and_tells_and_is_the_same_as_ever_for_one_class(tmp_path, monkeypatch):
    detector = tiny_detector()
    how = {"steps": 4, "batch_size": 4, "trainable": "heads", "augment": None, "progress": False}
    pictures = _few_among_many(tmp_path)
    history = fine_tune(detector, pictures, **how)
    (told,) = (note for note in history.notes if note.startswith("It learned from"))
    assert "9 of red, 1 of blue. Expect more to be missed of blue" in told
    start_anew(detector)
    monkeypatch.setattr("tflhelpers.training.recipe.weights_of_rare", lambda *_: None)
    assert sum(fine_tune(detector, pictures, **how).loss) < sum(history.loss)
