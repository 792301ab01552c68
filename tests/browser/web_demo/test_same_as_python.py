"""The page finds what `Detector.detect` finds: edges within 1 pixel, scores within 0.01."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.browser.web_demo.demo_driver import PHOTOS, add_files, boxes_of, served, set_threshold
from tflhelpers.data.images import read_image

PIXELS, SCORE = 1.0, 0.01


def write_tall_png(folder):
    path = folder / "tall.png"
    Image.open(PHOTOS / "kitchen.jpg").crop((40, 0, 331, 480)).save(path)
    return path


def write_turned_jpeg(folder):
    """Held upright: stored lying on its side, as phones do it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = folder / "turned.jpg"
    Image.open(PHOTOS / "bathroom.jpg").rotate(90, expand=True).save(path, exif=exif, quality=95)
    return path


def write_12_megapixels(folder):
    path = folder / "large.jpg"
    Image.open(PHOTOS / "bathroom.jpg").resize((4032, 3024), Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def write_transparent_png(folder):
    picture = Image.open(PHOTOS / "picnic.jpg").convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    path = folder / "see-through.png"
    picture.save(path)
    return path


def write_tiny_png(folder):
    path = folder / "tiny.png"
    Image.open(PHOTOS / "kitchen.jpg").resize((13, 7)).save(path)
    return path


PICTURES = [
    lambda folder: PHOTOS / "kitchen.jpg",
    write_tall_png,
    write_turned_jpeg,
    write_12_megapixels,
    write_transparent_png,
    write_tiny_png,
]


def same_boxes(got, wanted, class_names):
    """Assert that each box on one side has its like on the other, except those next to the threshold."""
    names, xyxy, scores = got
    wanted_names = [class_names[label] for label in wanted.labels]
    sides = [(names, xyxy, scores), (wanted_names, wanted.xyxy, wanted.scores)]
    for (names_a, xyxy_a, scores_a), (names_b, xyxy_b, scores_b) in [sides, sides[::-1]]:
        for name, box, score in zip(names_a, xyxy_a, scores_a, strict=True):
            if score < 0.2 + SCORE:
                continue
            like = np.array([other == name for other in names_b]) & (np.abs(scores_b - score) <= SCORE)
            assert (like & (np.abs(xyxy_b - box).max(axis=1, initial=0) <= PIXELS)).any(), (name, box, score)


@pytest.mark.parametrize("write", PICTURES, ids=lambda write: write.__name__.removeprefix("write_"))
def test_a_picture_has_the_boxes_that_python_finds(open_demo, detector, tmp_path, write):
    path = write(tmp_path)
    [card] = add_files(open_demo(), [path])
    same_boxes(boxes_of(card), detector.detect(path), detector.class_names)


def test_the_pictures_of_that_test_have_boxes(detector):
    """So that it does not compare nothing with nothing."""
    assert len(detector.detect(PHOTOS / "kitchen.jpg")) >= 5
    assert len(detector.detect(PHOTOS / "bathroom.jpg")) >= 5


@pytest.mark.parametrize("threshold", [0.05, 0.25, 0.3, 0.99])
def test_the_slider_is_the_threshold(open_demo, detector, threshold):
    page = open_demo()
    [card] = add_files(page, [PHOTOS / "kitchen.jpg"])
    set_threshold(page, threshold)
    names, xyxy, scores = boxes_of(card)
    wanted = detector.detect(PHOTOS / "kitchen.jpg", threshold=threshold)
    assert abs(len(names) - len(wanted)) <= (np.abs(wanted.scores - threshold) < SCORE).sum()
    assert scores.min(initial=1) >= threshold - 1e-5
    if threshold == 0.99:
        assert "Nothing found at 99% or more." in card.inner_text()
    for name, box, score in zip(wanted.labels, wanted.xyxy, wanted.scores, strict=True):
        if score > max(0.2, threshold + SCORE):
            near = np.abs(xyxy - box).max(axis=1) <= PIXELS
            assert detector.class_names[name] in np.array(names)[near]


def test_the_saved_picture_has_all_pixels_and_the_boxes(open_demo, tmp_path):
    page = open_demo()
    [card] = add_files(page, [write_turned_jpeg(tmp_path)])
    with page.expect_download() as waiting:
        card.query_selector("text=Save").click()
    assert waiting.value.suggested_filename == "turned_found.jpg"
    saved = read_image(waiting.value.path()).astype(int)
    original = read_image(tmp_path / "turned.jpg").astype(int)
    assert saved.shape == original.shape
    changed = np.abs(saved - original).max(axis=2) > 60
    assert 0.01 < changed.mean() < 0.5  # lines and tags, and the rest is as it was
    _, xyxy, _ = boxes_of(card)
    left, top, _, bottom = xyxy[0].round().astype(int)
    assert changed[(top + bottom) // 2, max(0, left - 4) : left + 4].any()


def test_a_trained_detector_of_the_zoos_size(open_demo, shared_data, runtime, tmp_path):
    """SSD MobileNet V2 FPNLite 320 x 320, trained on hands; the model is loaded by its own page."""
    pytest.importorskip("tensorflow", reason="needs tensorflow, which writes the model")
    from tflhelpers.model.detector import Detector
    from tflhelpers.sharing.web_demo import export_web_demo

    hands, folder = (
        ("open", "closed", "pinch", "point", "face", "pointtip", "pinchtip"),
        shared_data / "handtrack_320",
    )
    name = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
    detector = Detector.from_zoo(name, class_names=hands, checkpoint=folder / "checkpoint")
    picture = folder / "golden" / "hands.png"
    wanted = detector.detect(picture, threshold=0.2)
    assert len(wanted) == 6
    with served(export_web_demo(detector, tmp_path / "demo", runtime=runtime).folder) as address:
        page = open_demo(address)
        [card] = add_files(page, [picture])
        set_threshold(page, 0.2)
        same_boxes(boxes_of(card), wanted, hands)


@pytest.mark.parametrize("quantize", ["dynamic", "int8"])
def test_eight_bits(open_demo, detector, runtime, tmp_path, quantize):
    """The page finds what the file that it was made of finds in Python."""
    from tflhelpers.sharing.export.tflite import export_tflite
    from tflhelpers.sharing.export.tflite_detector import TFLiteDetector
    from tflhelpers.sharing.web_demo import export_web_demo

    photos = sorted(PHOTOS.glob("*.jpg"))
    info = export_web_demo(detector, tmp_path / "demo", quantize=quantize, images=photos, runtime=runtime)
    file = export_tflite(detector, tmp_path / "same.tflite", head="raw", quantize=quantize, images=photos)
    wanted = TFLiteDetector(file).detect(photos[0], threshold=0.2)
    assert len(wanted) >= 5
    with served(info.folder) as address:
        [card] = add_files(open_demo(address), photos[:1])
        same_boxes(boxes_of(card), wanted, detector.class_names)
