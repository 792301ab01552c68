"""`model.nms.select_detections` as a TensorFlow graph, with results of constant size."""

from __future__ import annotations

import tensorflow as tf

from tflhelpers.model.nms import IOU_THRESHOLD, MIN_SCORE

MAX_BOXES = 100


def select_detections_graph(boxes_rel_yxyx, scores):
    """The (anchor, class) pairs that survive suppression, best first.

    Args:
        boxes_rel_yxyx: float32 (A, 4) decoded boxes, not clipped.
        scores: float32 (A, N) without the background slot.

    Returns:
        int32 anchors (100,), int32 labels (100,), float32 scores (100,), and how many of them are real; the others
        are zeros.
    """
    num_classes = scores.shape[1]
    anchors, values = tf.map_fn(
        lambda of_class: _suppressed(boxes_rel_yxyx, of_class),
        tf.transpose(scores),
        fn_output_signature=(tf.int32, tf.float32),
    )  # (N, 100) each
    labels = tf.repeat(tf.range(num_classes), MAX_BOXES)
    best, order = tf.math.top_k(tf.reshape(values, [-1]), MAX_BOXES)
    real = best > 0
    number = tf.reduce_sum(tf.cast(real, tf.int32))
    zeros = tf.zeros_like(order)
    chosen_anchors = tf.where(real, tf.gather(tf.reshape(anchors, [-1]), order), zeros)
    return chosen_anchors, tf.where(real, tf.gather(labels, order), zeros), tf.maximum(best, 0.0), number


def _suppressed(boxes_rel_yxyx, scores):
    """Anchors (100,) that one class keeps, and their scores; -1 for rows that are none or not to be seen."""
    anchors, number = tf.raw_ops.NonMaxSuppressionV4(
        boxes=boxes_rel_yxyx,
        scores=scores,
        max_output_size=MAX_BOXES,
        iou_threshold=IOU_THRESHOLD,
        score_threshold=MIN_SCORE,
        pad_to_max_output_size=True,
    )
    corners = tf.clip_by_value(tf.gather(boxes_rel_yxyx, anchors), 0.0, 1.0)
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    real = (tf.range(MAX_BOXES) < number) & (areas > 0)
    return anchors, tf.where(real, tf.gather(scores, anchors), -1.0)
