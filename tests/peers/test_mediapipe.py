"""MediaPipe's ObjectDetector runs our files: the same boxes, under the right names.

The variable MEDIAPIPE_PYTHON names the Python of an environment with mediapipe (`pip install mediapipe`).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.sharing.export.conftest import HANDS, MOBILENET_320, TINY, tiny_network
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.model.detector import Detector
from tflhelpers.sharing.export.tflite import export_tflite

pytestmark = [pytest.mark.peers, pytest.mark.timeout(600)]

JOBS = Path(__file__).with_name("mediapipe_jobs.py")
NAMES = ("duck", "toy boat", 'a "quoted" größe')
CUT = 2.0  # pixels: MediaPipe cuts edges and widths down to whole ones
ONE_PLACE = 0.8  # overlap of boxes of which it keeps one
LOOSE = {"int8": (10.0, 0.1)}  # pixels and score; 8 bits are not Keras to the digit


@pytest.fixture(scope="module")
def mediapipe_python():
    python = os.environ.get("MEDIAPIPE_PYTHON")
    if not python:
        pytest.skip("needs the variable MEDIAPIPE_PYTHON: a Python that has mediapipe")
    return python


def ask(python, model, threshold, pictures):
    command = [python, JOBS, model, threshold, *pictures]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def as_boxes(rows, class_names):
    xyxy = [[x, y, x + width, y + height] for _, _, x, y, width, height in rows]
    return Boxes(xyxy, [class_names.index(row[0]) for row in rows], [row[1] for row in rows])


def partners(found, wanted, pixels, score):
    """For each box found the one wanted that it is: of its class, with its edges and its score."""
    pairs = []
    for xyxy, label, sure in zip(found.xyxy, found.labels, found.scores, strict=True):
        near = (np.abs(wanted.xyxy - xyxy).max(axis=1) <= pixels) & (np.abs(wanted.scores - sure) <= score)
        rows = np.flatnonzero(near & (wanted.labels == label))
        assert len(rows), f"nothing of ours is like {xyxy}, label {label}, score {sure}"
        pairs.append(rows[0])
    return pairs


@pytest.mark.parametrize("quantize", [None, "float16", "int8"])
def test_the_hands(mediapipe_python, shared_data, tmp_path, quantize):
    folder = shared_data / "handtrack_320"
    detector = Detector.from_zoo(MOBILENET_320, class_names=HANDS, checkpoint=folder / "checkpoint")
    picture = folder / "golden" / "hands.png"
    info = export_tflite(detector, tmp_path / "hands.tflite", quantize=quantize, images=[picture])
    (rows,) = ask(mediapipe_python, info.path, 0.6, [picture])["detections"]
    assert [row[0] for row in rows] == ["open"] * 3
    pixels, score = LOOSE.get(quantize, (CUT, 0.005))
    found, wanted = as_boxes(rows, HANDS), detector.detect(picture, threshold=0.6)
    assert sorted(partners(found, wanted, pixels, score)) == [0, 1, 2]


@pytest.fixture(scope="module")
def of_all_names(mediapipe_python, tmp_path_factory):
    """A detector that finds things of three classes, its pictures, and what MediaPipe says of them."""
    folder = tmp_path_factory.mktemp("names")
    detector = Detector(TINY, NAMES, network=tiny_network(len(NAMES)))
    pictures = []
    for seed in range(2):
        noise = np.random.default_rng(seed).integers(0, 256, (16, 24, 3), dtype=np.uint8)
        pictures.append(folder / f"{seed}.png")
        Image.fromarray(noise).resize((96, 64)).save(pictures[-1])  # the network's own size: nobody resizes
    info = export_tflite(detector, folder / "a.tflite", images=[read_image(path) for path in pictures])
    return detector, pictures, ask(mediapipe_python, info.path, 0.5, pictures)


def test_boxes_of_several_classes(of_all_names):
    """MediaPipe adds a rule of its own: of boxes in one place only the best stays, whatever the classes."""
    detector, pictures, answer = of_all_names
    for picture, rows in zip(pictures, answer["detections"], strict=True):
        found, wanted = as_boxes(rows, NAMES), detector.detect(picture, threshold=0.5)
        assert set(found.labels) == {0, 1, 2}
        there = partners(found, wanted, CUT, 1e-3)
        overlaps = np.tril(wanted.iou(wanted), -1).max(axis=1)  # with better ones
        assert set(range(len(wanted))) - set(there) <= set(np.flatnonzero(overlaps > ONE_PLACE))


def test_its_schema_reads_our_metadata(of_all_names):
    assert of_all_names[2]["metadata"] == {
        "description": 'Finds duck, toy boat, a "quoted" größe in pictures.',
        "parser": "1.2.0",
        "inputs": ["image"],
        "color_space": 1,
        "normalization": [[0.0], [1.0]],
        "outputs": ["location", "category", "score", "number of detections"],
        "box_order": [1, 0, 3, 2],
        "ranges": [[2, 2], [2, 2], [2, 2], None],
        "files": [["labels.txt", 3]],
        "group": ["location", "category", "score"],
    }
