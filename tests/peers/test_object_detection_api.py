"""The real Object Detection API and we understand each other: records, configs, checkpoints both ways.

One fixture a network has it do all that is asked of it; the tests compare.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.tiny import start_anew
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes, iou_matrix
from tflhelpers.data.formats.label_map import LABEL_MAP_NAME
from tflhelpers.data.formats.tfrecord_writer import write_tfrecords
from tflhelpers.data.images import read_image
from tflhelpers.data.samples import duck_photos
from tflhelpers.model.detector import Detector
from tflhelpers.model.pipeline_config import write_pipeline_config
from tflhelpers.model.pipeline_reader import detector_from_pipeline, read_pipeline_config
from tflhelpers.model.preprocess import network_input
from tflhelpers.model.settings import Architecture
from tflhelpers.model.ssd import variables_by_key

pytestmark = [pytest.mark.peers, pytest.mark.timeout(1500)]

CLASS_NAMES = ("duck", "Bob's 19\" Straße 🦆")
ATOL = 1e-3
NETWORKS = {  # name in the zoo, family, side, arguments
    "mobilenet_320": ("ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8", "ssd_mobilenet_v2_fpnlite", 320, {}),
    "embedded": (None, "ssd_mobilenet_v2_fpnlite", 320, {"fpn_depth": 96, "tower_layers": 3}),
    "half_width": (
        None,
        "ssd_mobilenet_v2_fpnlite",
        256,
        {"alpha": 0.5, "fpn_depth": 64, "tower_layers": 3},
    ),
    "resnet50_640": ("ssd_resnet50_v1_fpn_640x640_coco17_tpu-8", "ssd_resnet_fpn", 640, {"depth": 50}),
}
STEPS = 2


@dataclass
class Exchange:
    """What was handed to the API and what came back."""

    zoo_name: str | None
    folder: Path
    detector: Detector
    annotations: Annotations
    pictures: list[Path]

    def answer(self, name: str):
        path = self.folder / name
        if path.suffix == ".json":
            return json.loads(path.read_text("utf-8"))
        with np.load(path) as file:
            return {key: file[key] for key in file.files}


@pytest.fixture(scope="module", params=NETWORKS)
def exchange(request, tmp_path_factory, ask_api):
    zoo_name, family, side, arguments = NETWORKS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    detector = Detector(Architecture(family, (side, side), arguments), CLASS_NAMES)
    start_anew(detector)
    annotations = _photos(folder)
    records = write_tfrecords(annotations, folder / "train", 2)
    checkpoint = detector.save_zoo_checkpoint(folder / "ours" / "ckpt-0")
    config = write_pipeline_config(
        detector,
        folder / "pipeline.config",
        train_records=records,
        label_map=folder / LABEL_MAP_NAME,
        checkpoint=checkpoint,
        batch_size=2,
        steps=STEPS,
        learning_rate=1e-5,  # the formula's weights are no trained ones: more would explode
    )
    pictures = [folder / "photo.npy", folder / "noise.npy"]
    np.save(pictures[0], read_image(annotations.image_paths[0]))
    np.save(pictures[1], np.random.RandomState(0).randint(0, 256, (480, 601, 3)).astype(np.uint8))
    shown = {"config": str(config), "pictures": [str(picture) for picture in pictures]}
    run, trained = str(folder / "run"), str(folder / "run" / f"ckpt-{STEPS}")
    files, label_map = [str(record) for record in records], str(folder / LABEL_MAP_NAME)
    ask_api(
        folder,
        [
            {"job": "decode", "records": files, "label_map": label_map, "out": str(folder / "decoded.json")},
            {"job": "outputs", "checkpoint": str(checkpoint), "out": str(folder / "restored.npz"), **shown},
            {
                "job": "train",
                "config": str(config),
                "folder": run,
                "steps": STEPS,
                "out": str(folder / "run.json"),
            },
            {"job": "outputs", "checkpoint": trained, "out": str(folder / "trained.npz"), **shown},
        ],
    )
    return Exchange(zoo_name, folder, detector, annotations, pictures)


def _photos(folder: Path) -> Annotations:
    """Photos as people have them: plain, of the second class, without objects, turned, transparent, a crowd."""
    items = [(path, Boxes(boxes.xyxy, boxes.labels + i % 2)) for i, (path, boxes) in enumerate(duck_photos())]
    items[1] = (items[1][0], Boxes.empty())
    path, boxes = items[2]
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(read_image(path)))).save(
        folder / "turned.jpg", exif=exif, quality=95
    )
    Image.fromarray(read_image(path)).convert("RGBA").save(folder / "transparent.png")
    items.append((folder / "turned.jpg", boxes))
    items.append((folder / "transparent.png", Boxes(boxes.xyxy, boxes.labels, crowd=[True] * len(boxes))))
    return Annotations(CLASS_NAMES, items)


def test_the_api_reads_our_records_as_we_do(exchange):
    rows = exchange.answer("decoded.json")
    assert len(rows) == len(exchange.annotations) == 7
    for row, (path, boxes) in zip(rows, exchange.annotations, strict=True):
        picture = read_image(path)
        height, width = picture.shape[:2]
        assert (row["filename"].endswith(path.name), row["shape"]) == (True, [height, width, 3])
        assert row["classes"] == (boxes.labels + 1).tolist()
        assert row["crowd"] == boxes.crowd_mask.tolist()
        xyxy = np.reshape(row["boxes_rel_yxyx"], (-1, 4))[:, [1, 0, 3, 2]] * [width, height, width, height]
        np.testing.assert_allclose(xyxy, boxes.xyxy, atol=1e-3)
        np.testing.assert_allclose(
            row["mean"], picture.mean(axis=(0, 1)), atol=2
        )  # its JPEG decoder is a quick one


def test_the_api_restores_our_checkpoint_whole_and_has_our_outputs(exchange):
    """`assert_consumed` holds, else there would be no answer."""
    _check_outputs(exchange.detector, exchange.answer("restored.npz"), exchange.pictures)


def test_we_load_what_the_api_trained_and_have_its_outputs(exchange):
    """By the config alone; and those of the zoo by their names."""
    config, run = exchange.folder / "pipeline.config", exchange.folder / "run"
    detectors = [detector_from_pipeline(config, run, CLASS_NAMES)]
    if exchange.zoo_name:
        detectors.append(Detector.from_zoo(exchange.zoo_name, class_names=CLASS_NAMES, checkpoint=run))
    for detector in detectors:
        _check_restored(exchange.detector, detector)
        _check_outputs(detector, exchange.answer("trained.npz"), exchange.pictures)


def test_the_config_comes_back(exchange):
    config = read_pipeline_config(exchange.folder / "pipeline.config")
    assert config.num_classes == 2
    assert config.architecture.image_size == exchange.detector.image_size
    assert config.architecture.arguments == exchange.detector.architecture.arguments


def _check_restored(before: Detector, detector: Detector) -> None:
    """Every weight was restored, and those that learn have learned."""
    report = detector.restore_report
    assert (report.missing, report.surplus, report.skipped, report.shape_mismatch) == ((), (), (), ())
    assert any("optimizer" in key for key in report.bookkeeping)
    old = variables_by_key(before.network)
    moved = {key for key, v in variables_by_key(detector.network).items() if not np.array_equal(v, old[key])}
    assert len(moved) > 100
    assert not any("moving_" in key for key in moved)  # frozen, as our config says


def _check_outputs(detector: Detector, theirs: dict, pictures: list[Path]) -> None:
    for number, path in enumerate(pictures):
        picture = np.load(path)
        inputs = network_input(picture, detector.image_size)[None]
        ours = {
            name: np.asarray(value)[0] for name, value in detector.network(inputs, training=False).items()
        }
        for name in ("box_encodings", "class_logits"):
            assert np.isfinite(theirs[f"{number}/{name}"]).all()
            np.testing.assert_allclose(
                ours[name], theirs[f"{number}/{name}"], rtol=0, atol=ATOL, err_msg=name
            )
        _check_detections(detector.detect(picture, threshold=0.0), theirs, number, picture.shape[:2])


def _check_detections(ours: Boxes, theirs: dict, number: int, size: tuple[int, int]) -> None:
    """The best hundred have the same scores; each of the best twenty is found again with its class."""
    scores = theirs[f"{number}/scores"]
    np.testing.assert_allclose(ours.scores, scores[: len(ours)], atol=ATOL)
    sides = np.array([size[1], size[0], size[1], size[0]])
    xyxy = theirs[f"{number}/boxes_rel_yxyx"][:, [1, 0, 3, 2]] * sides
    overlap = iou_matrix(xyxy[:20], ours.xyxy)
    same = (theirs[f"{number}/labels"][:20, None] == ours.labels) & (overlap > 0.98)
    same &= np.abs(scores[:20, None] - ours.scores) < ATOL
    assert same.any(axis=1).all()
