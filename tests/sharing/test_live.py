"""`LivePicture` keeps what it shows, and changes one picture in the notebook."""

from __future__ import annotations

import numpy as np
import pytest
from IPython import display
from PIL import Image

from tflhelpers.data.boxes import Boxes
from tflhelpers.sharing import live as live_module
from tflhelpers.sharing.draw import draw_boxes
from tflhelpers.sharing.gif import write_gif
from tflhelpers.sharing.live import LivePicture

GRAY = np.full((60, 90, 3), 128, np.uint8)
SURE, UNSURE = [10, 20, 50, 50], [40, 5, 80, 30]


@pytest.fixture
def live():
    return LivePicture(GRAY, ["duck", "boat"], every=5)


def test_a_frame_is_the_picture_with_the_boxes_above_a_caption(live):
    live(0, Boxes([SURE, UNSURE], [0, 1], [0.9, 0.49]))
    frame = live.frames[0]
    drawn = draw_boxes(GRAY, Boxes([SURE], [0], [0.9]), ["duck", "boat"])
    np.testing.assert_array_equal(frame[:60], drawn)
    assert (frame[60:].max(), frame.shape[1]) == (255, 90)
    assert frame[60:].min() < 100  # letters


@pytest.mark.parametrize(
    ("boxes", "loss", "words"),
    [
        (Boxes([SURE], [0], [0.9]), None, "step 40"),
        (Boxes([SURE], [0], [0.9]), 0.1234, "step 40, loss 0.12"),
        (Boxes([SURE], [0], [0.49]), 1.0, "step 40, loss 1.00: nothing found"),
        (Boxes.empty(with_scores=True), None, "step 40: nothing found"),
        (Boxes([SURE], [0]), None, "step 40"),  # without scores all are shown
    ],
)
def test_the_caption_tells_step_loss_and_whether_something_was_found(live, monkeypatch, boxes, loss, words):
    told = []
    text_line = live_module.text_line
    monkeypatch.setattr(
        live_module, "text_line", lambda text, *size: told.append(text) or text_line(text, *size)
    )
    live(40, boxes, loss=loss)
    assert told == [words]


def test_large_pictures_are_shrunk_and_files_are_read(tmp_path):
    Image.fromarray(np.full((1000, 1600, 3), 9, np.uint8)).save(tmp_path / "large.png")
    live = LivePicture(tmp_path / "large.png", ["duck"])
    assert live.image.shape == (400, 640, 3)
    live(1, Boxes([[600, 350, 640, 400]], [0], [1.0]))  # in pixels of `image`
    assert live.frames[0][375, 599:602].max() > 9


def test_of_many_frames_every_second_is_kept_with_the_first_and_the_last(live, monkeypatch):
    monkeypatch.setattr(live_module, "MOST_FRAMES", 7)
    monkeypatch.setattr(
        live_module, "text_line", lambda text, *size: np.full((1, 90, 3), int(text[5:]), np.uint8)
    )
    for step in range(0, 65, 5):
        if step % live.every == 0:
            live(step, Boxes([SURE], [0], [0.9]))
    assert [int(frame[60, 0, 0]) for frame in live.frames] == [0, 20, 40, 60]
    assert live.every == 20  # after [0, 10, 20, 30] it was 10


def test_the_picture_in_the_notebook_changes_in_its_place(live, monkeypatch):
    shown, changed = [], []

    class Handle:
        update = staticmethod(changed.append)

    monkeypatch.setattr(live_module, "_in_notebook", lambda: True)
    monkeypatch.setattr(display, "display", lambda picture, display_id: shown.append(picture) or Handle)
    for step in range(3):
        live(step, Boxes([SURE], [0], [0.9]))
    assert (len(shown), len(changed), len(live.frames)) == (1, 2, 3)
    for picture in (*shown, *changed):
        assert picture.data[:3] == b"\xff\xd8\xff"  # JPEG
    quiet = LivePicture(GRAY, ["duck"], show=False)
    quiet(0, Boxes([SURE], [0], [0.9]))
    assert len(shown) == 1


def test_the_frames_make_a_gif(live, tmp_path):
    for step in range(4):
        live(step, Boxes([[10 + step, 20, 50, 50]], [0], [0.9]), loss=1.0 / (step + 1))
    info = write_gif(live.frames, tmp_path / "learning.gif")
    assert (info.frames, info.image_size) == (4, live.frames[0].shape[:2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "every must be a number of steps, at least 1, got 0"),
        ({"every": 2.5}, "at least 1, got 2.5"),
        ({"threshold": 30}, "threshold must be a score from 0 to 1, got 30"),
        ({"image": GRAY.astype(float)}, "image must be a uint8 array"),
    ],
)
def test_what_makes_no_sense_is_refused_before_the_training(arguments, message):
    with pytest.raises(ValueError, match=message):
        LivePicture(**{"image": GRAY, "class_names": ["duck"]} | arguments)
