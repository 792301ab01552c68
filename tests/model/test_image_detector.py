"""`ImageDetector`, whatever runs the network: whole batches for it, its images' own boxes for the caller."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.postprocess import RawBoxes

SIDES = [(20, 30), (7, 50), (64, 64), (33, 9), (10, 10)]
IMAGES = [np.full((*sides, 3), 10 * (1 + number), np.uint8) for number, sides in enumerate(SIDES)]


class ByBrightness(ImageDetector):
    """Finds the upper half of an image in the second class, its brightness the score."""

    def __init__(self, max_batch=None, suppressed=False):
        super().__init__(["dark", "bright"], 0.0)
        self.max_batch, self.suppressed, self.batches = max_batch, suppressed, []

    image_size = (4, 6)

    def raw_boxes(self, inputs):
        self.batches.append(inputs.shape)
        bright = inputs.mean(axis=(1, 2, 3), dtype=np.float32)[:, None] / 100
        half = np.tile(np.float32([0, 0, 0.5, 1]), (len(inputs), 1, 1))
        if self.suppressed:
            return RawBoxes(half, bright, np.ones_like(bright))
        return RawBoxes(half, np.stack([np.zeros_like(bright), bright], axis=-1))


@pytest.mark.parametrize("suppressed", [False, True])
@pytest.mark.parametrize(
    ("max_batch", "batch_size", "batches"),
    [
        (None, 2, [2, 2, 2]),
        (None, 8, [8]),
        (None, 1, [1] * 5),
        (1, 8, [1] * 5),
        (3, 8, [3, 3]),
        (3, 2, [2, 2, 2]),
    ],
)
def test_the_network_sees_whole_batches(max_batch, batch_size, batches, suppressed):
    detector = ByBrightness(max_batch, suppressed)
    found = detector.detect_all(iter(IMAGES), batch_size=batch_size, progress=False)
    assert detector.batches == [(size, 4, 6, 3) for size in batches]
    for number, (boxes, (height, width)) in enumerate(zip(found, SIDES, strict=True)):
        np.testing.assert_allclose(boxes.scores, [0.1 * (1 + number)], rtol=1e-6)
        assert boxes == Boxes([[0, 0, width, height / 2]], [1], boxes.scores)
        assert boxes == detector.detect(IMAGES[number])


def test_the_first_image_that_is_none_is_named():
    with pytest.raises(ValueError, match=r"images\[4\]: image must be a path or RGB uint8"):
        ByBrightness().detect_all([*IMAGES[:4], IMAGES[0][0], IMAGES[0][0]], batch_size=3, progress=False)


@pytest.mark.parametrize("threshold", [-0.1, 1.01, float("nan")])
def test_a_threshold_is_a_score(threshold):
    class Wrong(ByBrightness):
        def __init__(self):
            ImageDetector.__init__(self, ["thing"], threshold)

    with pytest.raises(ValueError, match="threshold must be a score from 0 to 1, got"):
        Wrong()
    with pytest.raises(ValueError, match="threshold must be a score from 0 to 1, got"):
        ByBrightness().detect(IMAGES[0], threshold=threshold)


def broken(folder):
    """Five pictures of which the fourth is cut, and a sixth that is not there."""
    paths = [folder / f"{number}.png" for number in range(6)]
    for path, image in zip(paths, IMAGES, strict=False):
        Image.fromarray(image).save(path)
    paths[3].write_bytes(paths[3].read_bytes()[:40])
    return paths


@pytest.mark.parametrize("batch_size", [1, 2, 8])
def test_pictures_that_cannot_be_read_can_be_skipped(tmp_path, caplog, batch_size):
    detector, paths = ByBrightness(), broken(tmp_path)
    found = detector.detect_all(paths, batch_size=batch_size, progress=False, on_error="skip")
    wanted = detector.detect_all(IMAGES, progress=False)
    assert [len(boxes) for boxes in found] == [1, 1, 1, 0, 1, 0]
    assert [found[row] for row in (0, 1, 2, 4)] == [wanted[row] for row in (0, 1, 2, 4)]
    assert found[3].class_names == ("dark", "bright")
    assert "Skipped" in caplog.text
    assert "3.png" in caplog.text
    assert "5.png" in caplog.text


@pytest.mark.parametrize(("batch_size", "done"), [(1, 3), (2, 3), (8, 3)])
def test_what_was_found_before_an_error_is_not_lost(tmp_path, batch_size, done):
    detector = ByBrightness()
    with pytest.raises(ImageError) as caught:
        detector.detect_all(broken(tmp_path), batch_size=batch_size, progress=False)
    assert caught.value.partial == detector.detect_all(IMAGES[:done], progress=False)


def test_what_was_found_before_ctrl_c_is_not_lost():
    detector = ByBrightness()

    def images():
        yield from IMAGES[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        detector.detect_all(images(), batch_size=1, progress=False)
    assert caught.value.partial == detector.detect_all(IMAGES, progress=False)[: len(caught.value.partial)]


def test_on_error_is_one_of_two():
    with pytest.raises(ValueError, match='on_error must be "raise" or "skip", got \'ignore\''):
        ByBrightness().detect_all(IMAGES, on_error="ignore")
