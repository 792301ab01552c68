"""JavaScript computes what Python computes, bit for bit: the resize, the shrinking, the suppression."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.browser.web_demo.demo_driver import served
from tflhelpers.model.nms import select_detections
from tflhelpers.model.postprocess import select_boxes
from tflhelpers.model.preprocess import network_input
from tflhelpers.sharing.web_demo import WEB

READ = """async ([png, size, huge]) => {
    const { networkInput } = await import("/js/pixels.js");
    const blob = await (await fetch(`data:image/png;base64,${png}`)).blob();
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
    const input = networkInput(bitmap, bitmap.width, bitmap.height, size, huge);
    const bytes = new Uint8Array(input.buffer);
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
}"""
SELECT = """async ([boxes, scores, settings, threshold, later]) => {
    const { atLeast, selectDetections } = await import("/js/nms.js");
    const found = selectDetections(Float32Array.from(boxes), Float32Array.from(scores), settings, threshold);
    const shown = atLeast(found, later);
    return [[...shown.boxes], [...shown.labels], [...shown.scores]];
}"""


WIDEN = """async ([travels, model]) => {
    const { widened } = await import("/js/weights.js");
    return [...widened(Uint8Array.from(travels).buffer, model)];
}"""


@pytest.fixture(scope="module")
def modules():
    """The address of the page's files, without model and runtime."""
    with served(WEB) as address:
        yield address


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (37, 53, (64, 96)),  # enlarged
        (480, 640, (256, 256)),
        (1023, 700, (256, 256)),  # just not huge
        (1024, 1024, (256, 256)),  # averaged over 2 x 2
        (1301, 1999, (256, 256)),  # a rest at both sides
        (700, 5000, (64, 96)),  # averaged over 5 x 5
        (2111, 2999, (64, 96)),  # several strips, averaged over 15 x 15
        (2600, 1000, (256, 320)),  # several strips, as it is
        (1, 1, (8, 8)),
    ],
)
def test_the_networks_input(page, modules, height, width, size):
    rng = np.random.default_rng(height)
    coarse = rng.integers(0, 256, (height // 9 + 1, width // 7 + 1, 3), np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR))
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    page.goto(f"{modules}/style.css")
    got = page.evaluate(READ, [base64.b64encode(stream.getvalue()).decode(), size, 4])
    got = np.frombuffer(base64.b64decode(got), np.float32).reshape(*size, 3)
    np.testing.assert_array_equal(got, network_input(picture, size))


def scattered(seed, anchors, classes):
    """Overlapping boxes, some beyond the picture, with many equal scores."""
    rng = np.random.default_rng(seed)
    centres = rng.choice([-0.05, 0.2, 0.5, 0.8, 1.02], (anchors, 2)) + rng.normal(0, 0.02, (anchors, 2))
    sides = np.abs(rng.normal(0.15, 0.1, (anchors, 2)))
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1).astype(np.float32)
    scores = rng.choice(np.linspace(0, 1, 40), (anchors, classes)).astype(np.float32)
    return boxes, scores


@pytest.mark.parametrize(
    ("boxes", "scores", "max_boxes", "threshold"),
    [
        (np.zeros((0, 4), np.float32), np.zeros((0, 2), np.float32), 100, 0.5),
        (*scattered(0, 3, 1), 100, 0.0),
        (*scattered(1, 400, 3), 100, 0.0),
        (*scattered(2, 400, 3), 7, 0.2),
        (*scattered(3, 900, 5), 100, 0.5),
        (*scattered(4, 60, 90), 100, 0.05),
    ],
    ids=lambda value: f"{value.shape}" if hasattr(value, "shape") else None,
)
def test_the_boxes_that_survive(page, modules, boxes, scores, max_boxes, threshold):
    settings = {"iou_threshold": 0.6, "min_score": 1e-8, "max_boxes": max_boxes}
    page.goto(f"{modules}/style.css")
    given = [boxes.ravel().tolist(), scores.ravel().tolist()]
    for later in (threshold, max(threshold, 0.6)):
        wanted = select_boxes(boxes, scores, (1, 1), later, max_boxes)
        xyxy, labels, got_scores = page.evaluate(SELECT, [*given, settings, threshold, later])
        assert labels == wanted.labels.tolist()
        np.testing.assert_array_equal(np.float32(got_scores), wanted.scores)
        np.testing.assert_array_equal(np.float32(xyxy).reshape(-1, 4), wanted.xyxy)


def test_the_scattered_boxes_try_everything():
    """They suppress each other, lie outside, and fill the list."""
    boxes, scores = scattered(1, 400, 3)
    anchors, _ = select_detections(boxes, scores)
    assert len(anchors) == 100
    assert (boxes < 0).any()


def test_small_weights_become_what_they_were(page, modules):
    """Halves of every exponent and both signs, then bytes with a scale for each channel, text before and after."""
    bits = np.arange(0x7C00, dtype=np.uint16)  # all finite ones that are not negative
    halves = np.concatenate([bits, bits | 0x8000]).view(np.float16)
    scales = np.array([0.5, 3.3e-4, 7.0], np.float32)
    numbers = np.array([-127, -1, 0, 1, 99, 127] * 4, np.int8)
    channel = np.arange(len(numbers)) // 2 % 3
    parts = [b"sixteen bytes...", halves.tobytes(), b"four", scales.tobytes() + numbers.tobytes(), b"end"]
    wide = [halves.astype(np.float32), numbers * scales[channel]]
    whole = b"".join([parts[0], wide[0].tobytes(), parts[2], wide[1].tobytes(), parts[4]])
    second = 16 + halves.size * 4 + 4
    model = {
        "whole_bytes": len(whole),
        "small": [
            {"at": 16, "count": halves.size, "kind": "float16"},
            {"at": second, "count": numbers.size, "kind": "int8", "channels": 3, "inner": 2},
        ],
    }
    page.goto(f"{modules}/style.css")
    assert bytes(page.evaluate(WIDEN, [list(b"".join(parts)), model])) == whole
