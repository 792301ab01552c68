"""What a training tells besides its losses, each with a planted cause."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from PIL import Image

from tests.training.tiny import CLASS_NAMES, drawn_pictures, start_anew, tiny_detector
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.training.advice import Movement, still_loss, tiny_objects
from tflhelpers.training.fine_tune import fine_tune

SIZE = (
    60,
    80,
)  # of the pictures, height and width; the network sees 320 x 320: 5.33 times as high, 4 times as wide


def annotations(folder, *boxes):
    items = []
    for number, its in enumerate(boxes):
        path = folder / f"{number}.png"
        Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(path)
        items.append((path, its))
    return Annotations(CLASS_NAMES, items)


@pytest.mark.parametrize(
    ("boxes", "told"),
    [
        ([], None),
        ([Boxes.empty()], None),
        ([Boxes([[0, 0, 4, 3.1]], [0])], None),  # 16 x 16.5 pixels
        ([Boxes([[0, 0, 2, 6.1]], [0])], None),  # 8 x 33
        (
            [Boxes([[0, 0, 3.9, 3]], [0]), Boxes([[0, 0, 40, 30], [5, 5, 7, 6.5]], [0, 1])],
            "2 of 3 objects measure under 16 pixels in the 320 × 320 pixels that the detector sees (the smallest 8.0, "
            "in 1.png) and are hardly learned. Come closer, crop the photos",
        ),
        ([Boxes([[0, 0, 2, 2], [0, 0, 40, 30]], [0, 0], crowd=[True, False])], None),  # not asked for
        ([Boxes([[5, 5, 5, 9]], [0])], None),  # no area: told elsewhere
    ],
)
def test_objects_that_are_too_small_are_counted_in_the_networks_pixels(tmp_path, boxes, told):
    sentences = list(tiny_objects(annotations(tmp_path, *boxes), (320, 320)))
    assert [sentence[: len(told)] for sentence in sentences] == ([told] if told else [])


class Moved:
    """Stands for `Movement`."""

    def __init__(self, share):
        self.share = lambda: share


FLAT, EARLY = [2.0, 1.9] * 20, [4.0] * 2 + [0.5] * 38


@pytest.mark.parametrize(
    ("loss", "matched", "moved", "told"),
    [
        ([], 1, 0, None),
        (FLAT[:19], 1, 0, None),  # too few to say
        (np.linspace(2, 1, 40), 1, 0.1, None),
        (EARLY, 1, 0.1, None),  # learned within the first quarter
        ([0.1] * 40, 1, 0.1, None),  # it could do it already
        (
            FLAT,
            1,
            0,
            "The loss never moved: 1.95 at the start, 1.95 at the end. Nothing learns: no weight has",
        ),
        (
            FLAT,
            1,
            1e-4,
            "The loss never moved: 1.95 at the start, 1.95 at the end. The learning rate is too low",
        ),
        (
            FLAT,
            1,
            0.1,
            "The loss never moved: 1.95 at the start, 1.95 at the end. Look for boxes that contradict",
        ),
        (FLAT, 1, None, "The loss never moved: 1.95 at the start, 1.95 at the end. Look for boxes"),
        ([*FLAT[:20], *[9.0] * 20], 1, 0.1, "The loss never moved: 1.95 at the start, 9 at the end."),
        ([2.0, 1.0], 0, 0.1, "No anchor matched a box in any step"),
    ],
)
def test_a_loss_that_never_moves_is_diagnosed(loss, matched, moved, told):
    losses = {"loss": loss, "matched": [matched] * len(loss)}
    sentences = list(still_loss(losses, None if moved is None else Moved(moved)))
    assert [sentence[: len(told)] for sentence in sentences] == ([told] if told else [])


def test_movement_is_the_way_over_the_length_of_the_weights():
    weights = [np.array([3.0, 0.0]), np.array([[4.0]])]
    movement = Movement(weights)
    assert movement.share() == 0
    weights[0][1] = 0.5
    assert movement.share() == pytest.approx(0.1)


# ---- with a network


@pytest.fixture(scope="module")
def detector():
    return tiny_detector()


def test_a_training_says_that_its_loss_never_moved_and_that_an_object_is_tiny(detector, tmp_path, caplog):
    start_anew(detector)
    path, boxes = drawn_pictures(tmp_path, 1)[0]
    with_tiny = Boxes.concatenate([boxes, Boxes([[60, 60, 62, 62]], [0])])
    how = {
        "steps": 20,
        "batch_size": 1,
        "trainable": "heads",
        "augment": None,
        "learning_rate": 1e-6,
        "tiles": None,
    }
    with caplog.at_level(logging.WARNING):
        course = fine_tune(detector, Annotations(CLASS_NAMES, [(path, with_tiny)]), **how)
    small, _, still = course.notes
    assert small.startswith(
        "1 of 3 objects measure under 16 pixels in the 64 × 64 pixels that the detector sees"
    )
    assert "The loss never moved" in still
    assert "The learning rate is too low: the weights have changed by" in still
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("tflhelpers.")]
    assert ours == [small, still]
