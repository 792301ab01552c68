"""`Detector.from_zoo` restores a really trained checkpoint, whole, and gives the outputs of its makers."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from tflhelpers.data.images import read_image
from tflhelpers.model.box_coding import decode_boxes
from tflhelpers.model.checkpoint_file import CheckpointError
from tflhelpers.model.detector import Detector
from tflhelpers.model.preprocess import network_input
from tflhelpers.model.ssd import is_class_head, variables_by_key

MOBILENET = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"
RESNET = "ssd_resnet50_v1_fpn_640x640_coco17_tpu-8"
HANDS = ("open", "closed", "pinch", "point", "face", "pointtip", "pinchtip")
ANCHOR_ROUNDING = 0.009  # that graph's anchors are stored in 8 bits


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data / "handtrack_320"


@pytest.fixture(scope="module")
def detector(folder):
    return Detector.from_zoo(MOBILENET, class_names=HANDS, checkpoint=folder / "checkpoint")


@pytest.fixture(scope="module")
def golden(folder):
    with np.load(folder / "golden" / "tfjs_outputs.npz") as file:
        return {name: file[name] for name in file.files}


def test_every_weight_is_restored(detector):
    report = detector.restore_report
    print(report)
    assert len(report.restored) == len(variables_by_key(detector.network)) == 384
    assert (report.skipped, report.missing, report.surplus, report.shape_mismatch) == ((), (), (), ())
    assert report.summary().startswith("ckpt-0: restored 384 of 384 weights")
    assert detector.class_names == HANDS


def test_raw_outputs_are_those_of_the_original_graph(detector, folder, golden):
    picture = read_image(folder / "golden" / "hands.png")
    outputs = detector.network(network_input(picture, (320, 320))[None], training=False)
    scores = ops.convert_to_numpy(ops.sigmoid(outputs["class_logits"]))  # with the background slot
    np.testing.assert_allclose(scores, golden["raw_detection_scores"], rtol=0, atol=1e-4)
    boxes = ops.convert_to_numpy(decode_boxes(outputs["box_encodings"], detector.anchors_rel_yxyx))
    wanted = golden["raw_detection_boxes"]
    np.testing.assert_allclose(boxes, wanted, rtol=0, atol=ANCHOR_ROUNDING)
    assert np.abs(boxes - wanted).mean() < 0.002


def test_the_best_boxes_are_those_of_the_original_graph(detector, folder, golden):
    picture = read_image(folder / "golden" / "hands.png")
    found = detector.detect(picture, threshold=0.2)
    sure = golden["detection_scores"][0] > 0.2
    np.testing.assert_allclose(found.scores, golden["detection_scores"][0][sure], atol=1e-4)
    class_ids = np.round(golden["detection_classes"][0][sure]).astype(int)  # that graph counts from 1
    assert found.labels.tolist() == (class_ids - 1).tolist()
    height, width = picture.shape[:2]
    expected = golden["detection_boxes"][0][sure][:, [1, 0, 3, 2]] * [width, height, width, height]
    np.testing.assert_allclose(found.xyxy, expected, atol=ANCHOR_ROUNDING * max(height, width))


def test_for_other_classes_the_class_head_is_fresh_and_the_report_says_so(folder, detector):
    ours = Detector.from_zoo(MOBILENET, class_names=["duck"], checkpoint=folder / "checkpoint")
    report, theirs = ours.restore_report, variables_by_key(detector.network)
    assert (len(report.restored), len(report.skipped)) == (381, 3)
    assert all(is_class_head(key) for key in report.skipped)
    assert "restored 381 of 384 weights, skipped 3" in str(report)
    for key, variable in variables_by_key(ours.network).items():
        if not is_class_head(key):
            np.testing.assert_array_equal(np.asarray(variable), np.asarray(theirs[key]), err_msg=key)
    np.testing.assert_allclose(np.asarray(ours.network.get_layer("class_head").bias), -4.6, rtol=1e-6)


def test_without_class_names_it_must_have_cocos(folder):
    with pytest.raises(CheckpointError, match="trained on 7 classes, the network has 90") as raised:
        Detector.from_zoo(MOBILENET, checkpoint=folder / "checkpoint")
    assert "the network has 90: give class_names=[7 names]." in str(raised.value)
    assert "skip" not in str(raised.value)


def test_a_checkpoint_of_another_network_is_refused(folder):
    with pytest.raises(CheckpointError, match=r"network is ssd_resnet50.*file looks like SSD MobileNetV2"):
        Detector.from_zoo(RESNET, class_names=HANDS, checkpoint=folder / "checkpoint")


def test_an_unknown_name_lists_the_known_ones(folder):
    with pytest.raises(ValueError, match=rf"has no 'mobilenet'.*{MOBILENET}"):
        Detector.from_zoo("mobilenet", checkpoint=folder / "checkpoint")
