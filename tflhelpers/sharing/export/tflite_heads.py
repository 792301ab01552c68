"""What follows the network in a LiteRT file, in float32 whatever the network is quantized to.

An 8-bit coordinate would be wrong by three pixels of a phone's picture.
"""

from __future__ import annotations

import tensorflow as tf

from tflhelpers.model.box_coding import decode_boxes
from tflhelpers.model.detector import Detector
from tflhelpers.model.nms import IOU_THRESHOLD, MIN_SCORE
from tflhelpers.sharing.export.tflite_convert import converted

HEADS = ("postprocess", "raw")
MAX_BOXES = 100
CANDIDATES = 2000  # (anchor, class) pairs that suppression looks at, the best ones
POSTPROCESS_OUTPUTS = ("location", "category", "score", "number of detections")  # MediaPipe's order and words
RAW_OUTPUTS = ("boxes", "scores")


def converted_head(detector: Detector, head: str) -> bytes:
    """A LiteRT file from `box_encodings` (1, A, 4) and `class_logits` (1, A, N + 1) to the outputs of a head."""
    anchors = detector.anchors_rel_yxyx
    taken = {
        "box_encodings": tf.TensorSpec((1, len(anchors), 4), tf.float32),
        "class_logits": tf.TensorSpec((1, len(anchors), len(detector.class_names) + 1), tf.float32),
    }

    def raw(box_encodings, class_logits) -> dict:
        return {"boxes": decode_boxes(box_encodings, anchors), "scores": tf.sigmoid(class_logits[:, :, 1:])}

    def postprocess(box_encodings, class_logits) -> dict:
        boxes, scores = decode_boxes(box_encodings, anchors)[0], tf.sigmoid(class_logits[0, :, 1:])
        return suppressed(boxes, scores, reach=2 * float(abs(anchors).max()))

    return converted(raw if head == "raw" else postprocess, taken)


def suppressed(boxes_rel_yxyx, scores, *, reach: float) -> dict:
    """The boxes that are left, best first, clipped to the picture, as MediaPipe wants them; zeros after the last.

    Of operations that every LiteRT runtime has. The operation made for it, TFLite_Detection_PostProcess, never looks at
    class n where it runs on n > 1 threads. Here the boxes of each class are moved to a place of their own, so that they
    do not overlap those of others, and all are suppressed at once.

    Args:
        boxes_rel_yxyx: float32 (A, 4), not clipped.
        scores: float32 (A, N).
        reach: edges further from 0 than this count as lying there. The less, the more exact are the places of many
            classes.
    """
    num_classes = scores.shape[1]
    clipped = tf.clip_by_value(boxes_rel_yxyx, 0.0, 1.0)
    areas = (clipped[:, 2] - clipped[:, 0]) * (clipped[:, 3] - clipped[:, 1])
    seen = tf.where(areas[:, None] > 0, scores, 0.0)
    count = min(CANDIDATES, scores.shape[0] * num_classes)
    best, pairs = tf.math.top_k(tf.reshape(seen, [-1]), count)
    anchors, labels = pairs // num_classes, tf.cast(pairs % num_classes, tf.float32)
    near = tf.clip_by_value(tf.gather(boxes_rel_yxyx, anchors), -reach, reach)
    rows, number = tf.raw_ops.NonMaxSuppressionV4(
        boxes=near + 2.5 * reach * labels[:, None],
        scores=best,
        max_output_size=MAX_BOXES,
        iou_threshold=IOU_THRESHOLD,
        score_threshold=MIN_SCORE,
        pad_to_max_output_size=True,
    )
    real = tf.cast(tf.range(MAX_BOXES) < number, tf.float32)
    found = {
        "location": tf.gather(clipped, tf.gather(anchors, rows)) * real[:, None],
        "category": tf.gather(labels, rows) * real,
        "score": tf.gather(best, rows) * real,
        "number of detections": tf.cast(number, tf.float32),
    }
    return {name: tf.expand_dims(value, 0) for name, value in found.items()}
