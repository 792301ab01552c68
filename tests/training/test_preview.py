"""Who looks on is shown the boxes before the first step, every few, and at the end, each step once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.training.tiny import drawn_pictures, start_anew, tiny_detector
from tflhelpers.data.boxes import Boxes
from tflhelpers.training.fine_tune import fine_tune
from tflhelpers.training.loop import TrainingState
from tflhelpers.training.preview import LEAST_SCORE, ShowPreview


class Witness:
    """Notes what it is shown."""

    image = "held_out.png"

    def __init__(self, every):
        self.every, self.seen = every, []

    def __call__(self, step, boxes, *, loss=None):
        self.seen.append((step, boxes, loss))


class Finding:
    """Stands for a detector."""

    network = SimpleNamespace(variables=())

    def __init__(self, tiles=None):
        self.tiles, self.asked = tiles, []

    def detect(self, image, *, threshold, max_boxes):
        self.asked.append((image, threshold, max_boxes))
        return Boxes([[1, 2, 30, 40]], [0], [0.5])


@pytest.mark.parametrize(
    ("begin", "steps", "every", "tiles", "seen"),
    [
        (0, 0, 5, None, [0]),
        (0, 12, 5, None, [0, 5, 10, 12]),
        (0, 10, 5, None, [0, 5, 10]),
        (0, 3, 1, None, [0, 1, 2, 3]),
        (7, 12, 5, None, [10, 12]),  # resumed
        (0, 3, 100, None, [0, 3]),
        (0, 24, 5, (1, 2), [0, 15, 24]),  # a look that takes three times as long
    ],
)
def test_when_it_is_looked(begin, steps, every, tiles, seen):
    witness, detector, state = Witness(every), Finding(tiles), TrainingState(begin)
    preview = ShowPreview(detector, witness)
    preview.before_run(state)
    for _ in range(begin, steps):
        state.add({"loss": float(state.step), "box_loss": 0, "class_loss": 0, "matched": 1})
        preview.after_step(state)
    preview.after_run(state)
    assert [step for step, _, _ in witness.seen] == seen
    assert set(detector.asked) == {("held_out.png", LEAST_SCORE, 30)}
    for step, boxes, loss in witness.seen:
        assert boxes == Boxes([[1, 2, 30, 40]], [0], [0.5])
        last = [float(number) for number in range(begin, step)][-10:]
        assert loss == (pytest.approx(sum(last) / len(last)) if last else None)


def test_nobody_looks_on_unless_asked():
    ShowPreview(None, None).after_run(TrainingState())


def test_a_training_shows_what_its_detector_finds_by_then(tmp_path):
    pictures = drawn_pictures(tmp_path, 4)
    witness, detector = Witness(2), tiny_detector()
    witness.image = pictures.image_paths[0]
    start_anew(detector)
    course = fine_tune(
        detector, pictures, tiles=None, steps=3, batch_size=2, trainable="heads", augment=None, watch=witness
    )
    assert [step for step, _, _ in witness.seen] == [0, 2, 3]
    assert witness.seen[1][2] == pytest.approx(sum(course.loss[:2]) / 2)
    assert witness.seen[-1][1] == detector.detect(witness.image, threshold=LEAST_SCORE, max_boxes=30)
    assert witness.seen[0][1] != witness.seen[-1][1]
