"""The parity proofs notice: each mistake that others have made with these detectors is planted, and must be found."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from tests.model import golden_case as golden
from tflhelpers.data.resizing import resize_image
from tflhelpers.model import anchors, fpn, heads, layers, nms, preprocess
from tflhelpers.training import losses, matching

CASE = golden.MOBILENET


def prove_network(num_classes: int = 1) -> None:
    golden.prove_tensors(CASE, golden.outputs_of(CASE, CASE.network(num_classes)), num_classes)


def half_pixel_resize(monkeypatch):
    def resized(picture, image_size):
        if picture.shape[:2] == image_size:
            return picture.astype(np.float32)
        return np.asarray(keras.ops.image.resize(picture.astype(np.float32), image_size))

    monkeypatch.setattr(preprocess, "network_input", resized)
    prove_network()


def antialiased_resize(monkeypatch):
    monkeypatch.setattr(preprocess, "network_input", lambda p, size: resize_image(p, size).astype(np.float32))
    prove_network()


def keras_batch_norm_epsilon(monkeypatch):
    monkeypatch.setattr(layers, "BN_EPSILON", 1.001e-5)
    prove_network()


def relu_for_relu6(monkeypatch):
    monkeypatch.setattr(heads, "relu6", lambda **kwargs: keras.layers.ReLU(**kwargs))
    monkeypatch.setattr(fpn, "relu6", lambda **kwargs: keras.layers.ReLU(**kwargs))
    prove_network()


def scale_outer_anchors(monkeypatch):
    inner = anchors._cell_sizes
    monkeypatch.setattr(
        anchors, "_cell_sizes", lambda s: inner(s).reshape(3, 2, 2).swapaxes(0, 1).reshape(6, 2)
    )
    golden.prove_matches(CASE)


def no_forced_match(monkeypatch):
    def by_overlap_alone(anchor_boxes, boxes, labels):
        iou = ops.where((labels >= 0)[:, None, :], matching.pairwise_iou(anchor_boxes, boxes), -1.0)
        return ops.cast(ops.where(ops.max(iou, axis=2) >= 0.5, ops.argmax(iou, axis=2), -1), "int32")

    monkeypatch.setattr(matching, "match_anchors", by_overlap_alone)
    golden.prove_matches(CASE)


def background_left_out(monkeypatch):
    full = losses.focal_loss
    monkeypatch.setattr(losses, "focal_loss", lambda logits, targets: full(logits[..., 1:], targets[..., 1:]))
    golden.prove_losses(CASE, golden.outputs_of(CASE, CASE.network(1)), 1)


def suppression_of_clipped_boxes(monkeypatch):
    full = nms.select_detections
    monkeypatch.setattr(nms, "select_detections", lambda boxes, scores: full(np.clip(boxes, 0, 1), scores))
    golden.prove_detections(CASE, golden.outputs_of(CASE, CASE.network(90)), 90)


MISTAKES = [
    half_pixel_resize,
    antialiased_resize,
    keras_batch_norm_epsilon,
    relu_for_relu6,
    scale_outer_anchors,
    no_forced_match,
    background_left_out,
    suppression_of_clipped_boxes,
]


@pytest.mark.parametrize("plant", MISTAKES, ids=lambda plant: plant.__name__)
def test_planted_mistake_is_found(plant, monkeypatch):
    with pytest.raises(AssertionError):
        plant(monkeypatch)
