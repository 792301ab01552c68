"""`Detector`: from a picture to boxes in its pixels, one by one or many, and to disk and back."""

from __future__ import annotations

import contextlib
import json
import math
import os
from importlib import resources
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from tests.training.tiny import start_anew
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import ImageError
from tflhelpers.model.anchors import anchors_rel_yxyx
from tflhelpers.model.detector import WEIGHTS_FILE, Detector
from tflhelpers.model.preprocess import network_input
from tflhelpers.model.settings import SETTINGS_FILE, Architecture
from tflhelpers.model.ssd import is_class_head, variables_by_key

TINY = Architecture("ssd_mobilenet_v2_fpnlite", (64, 96), {"alpha": 0.35, "fpn_depth": 16, "tower_layers": 1})
SQUARE = Architecture("ssd_mobilenet_v2_fpnlite", (128, 128), {})
NO_CODE = (0.0, 0.0, 0.0, 0.0)


class Planted(keras.layers.Layer):
    """Puts out the same values for every picture."""

    def __init__(self, values):
        super().__init__()
        self.values = values

    def call(self, images):  # (B, H, W, 3) to (B, A, n)
        return ops.zeros_like(images[:, :1, :1, 0]) + ops.convert_to_tensor(self.values)


def planted_network(image_size, num_classes, fires):
    """Stands in for a network: given anchors fire with given scores, whatever the picture."""
    count = len(anchors_rel_yxyx(image_size))
    codes = np.zeros((count, 4), np.float32)
    logits = np.full((count, num_classes + 1), -30.0, np.float32)
    logits[:, 0] = 30.0  # the background slot: it must be left out
    for anchor, label, score, code in fires:
        codes[anchor] = code
        logits[anchor, label + 1] = math.log(score / (1 - score))
    images = keras.Input((*image_size, 3))
    outputs = {"box_encodings": codes[None], "class_logits": logits[None]}
    return keras.Model(images, {name: Planted(values)(images) for name, values in outputs.items()})


def planted(*fires, threshold=0.5):
    network = planted_network((128, 128), 2, fires)
    return Detector(SQUARE, ["duck", "boat"], network=network, threshold=threshold)


def level3(y, x, of_cell=0):
    """Index of an anchor of the 16 x 16 cells of level 3; anchor 0 of a cell has sides of 32 pixels."""
    return (16 * y + x) * 6 + of_cell


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("picture_size", "code", "xyxy"),
    [
        # cell (5, 2): centre (44, 20), so 28..60 down and 4..36 across, of 128
        ((128, 128), NO_CODE, [4, 28, 36, 60]),
        ((256, 384), NO_CODE, [12, 56, 108, 120]),
        ((64, 1280), NO_CODE, [40, 14, 360, 30]),
        ((37, 53), NO_CODE, [53 * 4 / 128, 37 * 28 / 128, 53 * 36 / 128, 37 * 60 / 128]),
        # a quarter side down, twice as wide: 36..68 down and -12..52 across, which is cut at the edge
        ((256, 384), (2.5, 0, 0, 5 * math.log(2)), [0, 72, 156, 136]),
        # a side left and half as high: 36..52 down and -28..4 across
        ((256, 384), (0, -10, -5 * math.log(2), 0), [0, 72, 12, 104]),
    ],
)
def test_an_anchor_that_fires_gives_its_box_in_pixels_of_the_picture(picture_size, code, xyxy):
    found = planted((level3(5, 2), 1, 0.9, code)).detect(noise(*picture_size))
    np.testing.assert_allclose(found.xyxy, [xyxy], atol=1e-3)
    np.testing.assert_allclose(found.scores, [0.9], rtol=1e-5)
    assert found.labels.tolist() == [1]


APART = [(level3(3, 3), 0, 0.6, NO_CODE), (level3(12, 12), 1, 0.8, NO_CODE), (level3(3, 12), 0, 0.2, NO_CODE)]


@pytest.mark.parametrize(
    ("own", "arguments", "scores"),
    [
        (0.5, {"threshold": 0.9}, []),
        (0.5, {"max_boxes": 0}, []),
        (0.5, {}, [0.8, 0.6]),
        (0.7, {}, [0.8]),  # its own threshold
        (0.7, {"threshold": 0.1}, [0.8, 0.6, 0.2]),  # the caller's word counts
        (0.7, {"threshold": 0.0}, [0.8, 0.6, 0.2]),
        (0.5, {"threshold": 0.0, "max_boxes": 2}, [0.8, 0.6]),
    ],
)
def test_threshold_and_max_boxes(own, arguments, scores):
    found = planted(*APART, threshold=own).detect(noise(60, 90), **arguments)
    np.testing.assert_allclose(found.scores, scores, rtol=1e-5)
    assert found.labels.tolist() == [{0.8: 1, 0.6: 0, 0.2: 0}[score] for score in scores]


def test_nothing_found_is_no_boxes_with_scores():
    assert planted().detect(noise(20, 30)) == Boxes.empty(with_scores=True)


def test_of_boxes_on_one_thing_the_best_stays_in_each_class():
    same = [(level3(5, 5), 0, 0.7, NO_CODE), (level3(5, 5, 1), 0, 0.6, (0, 0, -2.5 * math.log(2), 0))]
    other = (level3(5, 6), 1, 0.65, (0, -2.5, 0, 0))  # the same place again, of the other class
    found = planted(*same, other).detect(noise(128, 128))
    np.testing.assert_allclose(found.scores, [0.7, 0.65], rtol=1e-5)
    np.testing.assert_allclose(found.xyxy[0], found.xyxy[1], atol=1e-3)


def test_the_network_sees_the_pictures_as_in_the_original(monkeypatch):
    seen, full = [], Detector._run
    monkeypatch.setattr(
        Detector,
        "_run",
        lambda self, inputs, size: seen.append(inputs) or full(self, inputs, size),
    )
    pictures = [noise(100, 300), noise(31, 17), noise(128, 128)]
    planted().detect_all(pictures, batch_size=2, progress=False)
    for ours, picture in zip(np.concatenate(seen), pictures, strict=True):
        np.testing.assert_array_equal(ours, network_input(picture, (128, 128)))


def test_a_last_short_batch_has_as_many_results_as_pictures():
    found = planted(*APART).detect_all([noise(40, 50, i) for i in range(5)], batch_size=3, progress=False)
    assert [len(boxes) for boxes in found] == [2] * 5


@pytest.fixture(scope="module")
def detector():
    """A tiny network whose weights are given by formula: its boxes mean nothing but differ by picture."""
    detector = Detector(TINY, ["duck", "boat", "wave"], threshold=0.01)
    start_anew(detector)
    return detector


PICTURES = [noise(64, 96, 1), noise(37, 53, 2), noise(300, 100, 3), noise(1, 1, 4), noise(64, 96, 5) // 4]


def assert_close(ours, theirs):
    assert len(ours) == len(theirs)
    assert ours.labels.tolist() == theirs.labels.tolist()
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-5)
    np.testing.assert_allclose(ours.xyxy, theirs.xyxy, atol=1e-2)


@pytest.mark.parametrize("batch_size", [1, 2, 8])
def test_many_at_once_are_found_as_one_by_one(detector, batch_size):
    singly = [detector.detect(picture, max_boxes=10) for picture in PICTURES]
    assert len({boxes.scores[0] for boxes in singly}) == len(PICTURES)  # each picture has boxes of its own
    at_once = detector.detect_all(iter(PICTURES), batch_size=batch_size, progress=False, max_boxes=10)
    for ours, theirs in zip(at_once, singly, strict=True):
        assert_close(ours, theirs)


def test_only_a_few_pictures_are_asked_for_before_the_first_batch_is_seen(monkeypatch):
    asked, asked_when_seen, full = [], [], Detector._run

    def seen(self, inputs, size):
        asked_when_seen.append(len(asked))
        return full(self, inputs, size)

    monkeypatch.setattr(Detector, "_run", seen)
    pictures = (asked.append(i) or noise(20, 30, i) for i in range(12))
    found = planted(*APART).detect_all(pictures, batch_size=2, progress=False)
    assert len(found) == 12
    assert asked_when_seen == [6, 8, 10, 12, 12, 12]  # a batch, and two more under way


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.zeros((4, 4), np.uint8), ValueError, r"images\[5\]: image must be a path or RGB"),
        ("empty.jpg", ImageError, r"empty\.jpg: expected a picture, got an empty file"),
        ("absent.jpg", FileNotFoundError, r"absent\.jpg"),
    ],
)
def test_the_picture_that_cannot_be_used_is_named(tmp_path, bad, error, message):
    (tmp_path / "empty.jpg").touch()
    bad = tmp_path / bad if isinstance(bad, str) else bad
    pictures = [noise(20, 30, i) for i in range(8)]
    with pytest.raises(error, match=message):
        planted().detect_all([*pictures[:5], bad, *pictures[5:]], batch_size=2, progress=False)


def test_boxes_are_sorted_and_inside_their_picture(detector):
    for picture in PICTURES:
        found = detector.detect(picture)
        height, width = picture.shape[:2]
        assert (np.diff(found.scores) <= 0).all()
        assert found == found.clip((height, width))
        assert (found.area > 0).all()


def test_no_pictures_give_no_lists(detector):
    assert detector.detect_all([], progress=False) == []


def test_paths_are_read_and_turned_upright(detector, tmp_path):
    upright = PICTURES[1]
    Image.fromarray(upright).save(tmp_path / "plain.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # hold it a quarter to the right
    Image.fromarray(np.rot90(upright)).save(tmp_path / "turned.png", exif=exif)
    expected = detector.detect(upright, max_boxes=10)
    for path in (tmp_path / "plain.png", str(tmp_path / "turned.png")):
        assert_close(detector.detect(path, max_boxes=10), expected)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_loading_undoes_saving(detector, tmp_path, dtype):
    assert detector.save(tmp_path / "a" / "duck detector", dtype=dtype) == tmp_path / "a" / "duck detector"
    again = Detector.load(tmp_path / "a" / "duck detector")
    assert (again.class_names, again.image_size, again.threshold) == (
        ("duck", "boat", "wave"),
        (64, 96),
        0.01,
    )
    assert again.architecture == detector.architecture
    if dtype == "float32":
        assert again.detect(PICTURES[2]) == detector.detect(PICTURES[2])
    for key, variable in variables_by_key(detector.network).items():
        ours = np.asarray(variables_by_key(again.network)[key])
        np.testing.assert_array_equal(ours, np.asarray(variable).astype(dtype), err_msg=key)
    names = sorted(path.name for path in tmp_path.rglob("*"))
    assert names == ["a", SETTINGS_FILE, "duck detector", WEIGHTS_FILE]


def test_a_save_that_fails_leaves_the_detector_that_was_there(detector, tmp_path, monkeypatch):
    folder = detector.save(tmp_path / "duck")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def disk_full(*arguments, **others):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", disk_full)
    with pytest.raises(OSError, match="No space"):
        detector.save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("renaming", "expected"), [(1, "old"), (2, "old"), (3, "new"), (4, "new"), (5, "new")]
)
def test_a_death_at_each_renaming_leaves_names_and_weights_of_one_detector(
    tmp_path, monkeypatch, renaming, expected
):
    made = {name: Detector(TINY, [name]) for name in ("old", "new")}
    folder = made["old"].save(tmp_path / "duck")
    (folder / "notes.txt").write_text("mine")
    replace, calls = os.replace, []

    def dying(source, target):
        calls.append(target)
        if len(calls) == renaming:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(os, "replace", dying)
        made["new"].save(folder)
    again = Detector.load(folder)
    assert again.class_names == (expected,)
    theirs = variables_by_key(made[expected].network)
    for key, variable in variables_by_key(again.network).items():
        np.testing.assert_array_equal(variable, theirs[key])
    assert {path.name for path in folder.iterdir()} == {SETTINGS_FILE, WEIGHTS_FILE, "notes.txt"}


SETTINGS = {"format": 1, "family": TINY.family, "image_size": [64, 96], "arguments": TINY.arguments}
SETTINGS |= {"class_names": ["duck"], "threshold": 0.5}
RECORD = {"class_names": ["duck"], "images": {"a": "b"}, "num_boxes": 1, "when": "2026-01-01T10:00:00+00:00"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"detector\.json.*damaged"),
        ("", r"detector\.json.*damaged"),
        ("[1, 2]", r"detector\.json.*damaged"),
        (
            json.dumps({"format": 1, "family": TINY.family}),
            r"detector\.json.*lacks image_size, arguments, class",
        ),
        *[
            (
                json.dumps(SETTINGS | {name: value}),
                rf"detector\.json is damaged .*{name} must be .*Copy the folder",
            )
            for name, value in [
                ("image_size", "ab"),
                ("image_size", [320]),
                ("image_size", [-1, 320]),
                ("image_size", [320.5, 320]),
                ("image_size", [10**6, 10**6]),
                ("arguments", [1]),
                ("class_names", 5),
                ("class_names", [1, 2]),
                ("class_names", "duck"),
                ("threshold", "x"),
                ("threshold", math.nan),
                ("keeps_stem", "no"),
                ("trained_on", [1]),
                ("tiles", 2),
                ("tiles", [0, 2]),
                ("tiles", [2, 9]),
                ("tiles", [True, 2]),
                ("tiles", "auto"),
            ]
        ],
        *[
            (
                json.dumps(SETTINGS | {"arguments": {name: value}}),
                rf"detector\.json is damaged .*{name} must be",
            )
            for name, value in [
                ("x", 1),
                ("depth", 50),
                ("fpn_depth", "a"),
                ("fpn_depth", 10**9),
                ("alpha", -1),
            ]
        ],
        *[
            (
                json.dumps(SETTINGS | {"trained_on": RECORD | {name: value}}),
                rf"detector\.json is damaged .*{name} must be",
            )
            for name, value in [("when", "yesterday"), ("images", [1]), ("num_boxes", "2"), ("start", 5)]
        ],
        (
            json.dumps(SETTINGS | {"trained_on": {"when": "2026-01-01"}}),
            r"detector\.json is damaged .*lacks class_names",
        ),
        (json.dumps(SETTINGS | {"family": ["a"]}), "a family of ssd_resnet_fpn"),
        ("[" * 100_000, r"detector\.json is damaged"),
        *[
            (json.dumps(SETTINGS | {"format": 2, **more}), "must have format 1 .*, got 2 .*newer tflhelpers")
            for more in ({}, {"trained_on": [1]}, {"trained_on": {"photos": 5}})
        ],
        (json.dumps(SETTINGS | {"family": "yolo"}), "a family of ssd_resnet_fpn, .*, got 1 and yolo"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_by_name(tmp_path, text, message):
    (tmp_path / SETTINGS_FILE).write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message):
        Detector.load(tmp_path)


def test_the_tiles_that_it_learned_with_are_kept(tmp_path):
    detector = Detector(TINY, ["duck"])
    detector.tiles = (2, 3)
    detector.save(tmp_path)
    kept = Detector.load(tmp_path)
    assert kept.tiles == (2, 3)
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    assert kept.detect(image, threshold=0.0) == kept.detect(image, threshold=0.0, tiles=(2, 3))
    assert kept.detect(image, threshold=0.0) != kept.detect(image, threshold=0.0, tiles=None)
    assert Detector.load(tmp_path, class_names=["other"]).tiles is None


def test_a_folder_of_the_first_version_is_read(tmp_path):
    """Its settings do not say whether the first layers are kept, nor what it was trained on: all layers learned."""
    Detector(TINY, ["duck"]).save(tmp_path)
    written = json.loads((tmp_path / SETTINGS_FILE).read_text("utf-8"))
    assert set(written) == {*SETTINGS, "keeps_stem", "trained_on", "tiles"}
    (tmp_path / SETTINGS_FILE).write_text(json.dumps(SETTINGS), "utf-8")
    assert Detector.load(tmp_path).keeps_stem is False
    assert Detector.load(tmp_path).trained_on is None
    assert Detector.load(tmp_path).tiles is None


def test_a_folder_without_a_detector_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No detector in .*nowhere.*detector\.json is missing"):
        Detector.load(tmp_path / "nowhere")
    (tmp_path / SETTINGS_FILE).write_text(json.dumps(SETTINGS), "utf-8")
    with pytest.raises(FileNotFoundError, match=WEIGHTS_FILE):
        Detector.load(tmp_path)


def test_weights_of_another_detector_are_refused(detector, tmp_path):
    detector.save(tmp_path / "three")
    settings = json.loads((tmp_path / "three" / SETTINGS_FILE).read_text("utf-8"))
    (tmp_path / "three" / SETTINGS_FILE).write_text(json.dumps(settings | {"class_names": ["duck"]}), "utf-8")
    with pytest.raises(ValueError, match=r"weights\.npz does not fit this network: 2 of .* weights"):
        Detector.load(tmp_path / "three")


@pytest.mark.parametrize("names", [[], "duck", ["duck", "duck"], ["duck", ""], [" "], ["M\udcf6we"], [1]])
def test_class_names_that_are_no_list_of_names_are_refused(names):
    with pytest.raises(ValueError, match=r'class_names must be .*like \["duck"\], got'):
        Detector(TINY, names)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\).*read_image"),
        (np.zeros((4, 4, 4), np.uint8), r"uint8 \(4, 4, 4\)"),
        (np.zeros((4, 4, 3), np.float32), r"float32 \(4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"uint8 \(0, 4, 3\)"),
    ],
)
def test_what_is_no_picture_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        planted().detect(image)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"threshold": 1.5}, ValueError, "0 to 1, got 1.5"),
        ({"threshold": math.nan}, ValueError, "0 to 1, got nan"),
        ({"batch_size": 0}, ValueError, "at least 1, got 0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        planted().detect_all([noise(4, 4)], progress=False, **arguments)


def test_one_path_is_no_list_of_pictures():
    with pytest.raises(TypeError, match=r"duck\.jpg.*use detect"):
        planted().detect_all("duck.jpg", progress=False)


needs_embedded = pytest.mark.skipif(
    not (resources.files("tflhelpers.model") / "embedded").is_dir(), reason="no detector is embedded yet"
)


@needs_embedded
def test_the_embedded_detector_keeps_all_but_its_class_head_for_other_classes():
    drawn, ours = Detector.embedded(), Detector.embedded(["rubber duck"])
    assert ours.class_names == ("rubber duck",)
    assert ours.keeps_stem
    assert ours.image_size == drawn.image_size
    theirs = variables_by_key(drawn.network)
    for key, variable in variables_by_key(ours.network).items():
        if not is_class_head(key):
            np.testing.assert_array_equal(np.asarray(variable), np.asarray(theirs[key]), err_msg=key)


def test_a_saved_detector_starts_other_classes_with_all_but_its_class_head(tmp_path):
    saved = Detector(TINY, ["duck"], threshold=0.3, keeps_stem=True)
    saved.save(tmp_path / "d")
    start = Detector.load(tmp_path / "d", class_names=["cup", "spoon"])
    assert (start.class_names, start.threshold, start.keeps_stem) == (("cup", "spoon"), 0.5, True)
    theirs = variables_by_key(saved.network)
    for key, variable in variables_by_key(start.network).items():
        if not is_class_head(key):
            np.testing.assert_array_equal(np.asarray(variable), np.asarray(theirs[key]), err_msg=key)
    assert Detector.load(tmp_path / "d").threshold == 0.3


def test_what_is_found_knows_its_classes():
    detector = planted(*APART)
    one, (first, second) = (
        detector.detect(noise(20, 30)),
        detector.detect_all([noise(20, 30)] * 2, progress=False),
    )
    assert one.class_names == first.class_names == second.class_names == ("duck", "boat")
    assert planted().detect(noise(20, 30)).class_names == ("duck", "boat")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            "https://example.org/duck.jpg",
            r"expected a picture file, got an address\. Fetch it first: .*from_csv",
        ),
        (Path("http://example.org/duck.jpg"), "got an address"),
        ("gs://bucket/duck.jpg", "got an address"),
        (["a.jpg", "b.jpg"], r"must be one picture, .*, got a list of 2\. For many pictures use detect_all"),
        ([noise(4, 4), noise(4, 5)], "got a list of 2"),
        (None, "must be a path or RGB uint8"),
    ],
)
def test_detect_is_given_something_else(image, message):
    with pytest.raises(ValueError, match=message):
        planted().detect(image)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            Annotations(["duck"], [("a.jpg", Boxes.empty())]),
            r"got Annotations\. Write annotations\.image_paths",
        ),
        (noise(20, 30), r"got one of \(20, 30, 3\)\. For one picture use detect"),
        (
            "https://example.org/duck.jpg",
            "single path https://example.org/duck.jpg. For one picture use detect",
        ),
    ],
)
def test_detect_all_is_given_something_else(images, message):
    with pytest.raises(TypeError, match=message):
        planted().detect_all(images, progress=False)
