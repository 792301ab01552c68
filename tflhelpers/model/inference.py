"""The network as detection runs it: batch norms folded, boxes decoded, scores squashed."""

from __future__ import annotations

import keras
from keras import ops

from tflhelpers.model.box_coding import decode_boxes
from tflhelpers.model.folding import folded_network

LARGEST_FOLDED = 100_000  # weights; larger ones work on small maps, where folding saves little time


def detection_network(network: keras.Model, anchors_rel_yxyx) -> keras.Model:
    """The same weights as `network`, from pictures to boxes and scores.

    Args:
        network: of `ssd`.
        anchors_rel_yxyx: (A, 4).

    Returns:
        A model from (B, H, W, 3) RGB in 0..255 to `boxes_rel_yxyx` (B, A, 4), not clipped, and `scores` (B, A, N).
    """
    folded = folded_network(network, LARGEST_FOLDED)
    boxes = decode_boxes(folded.output["box_encodings"], anchors_rel_yxyx)
    scores = ops.sigmoid(folded.output["class_logits"][:, :, 1:])
    return keras.Model(
        folded.input, {"boxes_rel_yxyx": boxes, "scores": scores}, name=f"{network.name}_detection"
    )
