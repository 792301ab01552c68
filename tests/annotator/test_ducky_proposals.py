"""The model in the loop, for real: boxes on two photos, a detector from them, good proposals on the other three."""

from __future__ import annotations

import shutil

import pytest

ZOO_NAME = "ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_after_two_photos_the_others_are_proposed_well(shared_data, tmp_path, open_page):
    import keras

    import tflhelpers as tfl
    from tflhelpers.annotator import contents

    folder = shutil.copytree(shared_data / "ducky" / "train", tmp_path / "ducky")
    truth = tfl.Annotations.load(shared_data / "ducky" / "annotations_train.json", images=folder)
    annotator = tfl.Annotator(folder, truth.class_names, tmp_path / "annotations.json")
    page = open_page(annotator)
    for index in (0, 1):
        path, boxes = truth[index]
        page.change(f"ducky/{path.name}", contents.to_content(boxes, truth.class_names), contents.TODO)
    assert annotator.states == "bbttt"

    keras.utils.set_random_seed(0)  # for the fresh class head
    checkpoint = shared_data / "handtrack_320" / "checkpoint" / "ckpt-0"
    detector = tfl.Detector.from_zoo(ZOO_NAME, class_names=annotator.class_names, checkpoint=checkpoint)
    tfl.fine_tune(detector, annotator.annotations, seed=0)
    annotator.suggest = detector

    overlaps = []
    for index in (2, 3, 4):
        (best, *_) = page.ask("propose", index=index)["boxes"] or [None]
        top = tfl.Boxes([best["xyxy"]], [0]) if best else tfl.Boxes.empty()
        overlaps.append(float(top.iou(truth[index][1]).max(initial=0.0)))
    assert sum(overlap >= 0.6 for overlap in overlaps) >= 2, f"IoU of the top proposals: {overlaps}"
    assert annotator.states == "bbttt", "what is proposed is not saved"
