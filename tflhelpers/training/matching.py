"""Which anchor answers for which box, and what it is to predict; in `keras.ops`, for a batch of pictures.

Boxes come padded to the same number a picture. Their label tells what a row is: >= 0 a class, PADDING nothing,
IGNORE a region (a crowd) whose anchors are neither right nor wrong.
"""

from __future__ import annotations

from keras import ops

from tflhelpers.model.box_coding import encode_boxes

PADDING, IGNORE = -1, -2
MATCH_IOU = 0.5
IGNORE_COVERAGE = 0.5  # of the anchor's area


def match_anchors(anchors, boxes_rel_yxyx, labels):
    """Index of the box that each anchor answers for, -1 for none.

    An anchor takes the box it overlaps most if their IoU reaches 0.5. Then each box takes the anchor it overlaps most,
    whatever the IoU, so that no box goes unlearned; if several boxes want one anchor, the first of them gets it.

    Args:
        anchors: (A, 4) ymin, xmin, ymax, xmax.
        boxes_rel_yxyx: (B, G, 4).
        labels: int (B, G); rows below 0 are not matched.

    Returns:
        int32 (B, A).
    """
    real = labels >= 0  # (B, G)
    iou = ops.where(real[:, None, :], pairwise_iou(anchors, boxes_rel_yxyx), -1.0)  # (B, A, G)
    by_overlap = ops.where(ops.max(iou, axis=2) >= MATCH_IOU, ops.argmax(iou, axis=2), -1)
    wanted = ops.argmax(iou, axis=1)  # (B, G), the first anchor on ties
    forced = (wanted[:, None, :] == ops.arange(anchors.shape[0])[None, :, None]) & real[:, None, :]
    by_force = ops.argmax(ops.cast(forced, "int32"), axis=2)
    return ops.cast(ops.where(ops.any(forced, axis=2), by_force, by_overlap), "int32")


def encode_targets(anchors, boxes_rel_yxyx, labels, num_classes: int) -> dict:
    """What the network is to put out for a batch of pictures.

    Args:
        anchors: (A, 4) ymin, xmin, ymax, xmax.
        boxes_rel_yxyx: (B, G, 4), G >= 1; padding rows may hold anything finite.
        labels: int (B, G), 0-based; see the module.
        num_classes: foreground classes N.

    Returns:
        matched: float (B, A), 1 where the anchor answers for a box.
        box_encodings: (B, A, 4), 0 where it does not.
        class_targets: (B, A, N + 1), one-hot; slot 0 is 0 for every anchor, background too.
        class_weights: (B, A), 0 in ignored regions, else 1.
    """
    match = match_anchors(anchors, boxes_rel_yxyx, labels)
    matched = match >= 0
    index = ops.maximum(match, 0)
    boxes = ops.take_along_axis(boxes_rel_yxyx, index[:, :, None], axis=1)  # (B, A, 4)
    encodings = encode_boxes(ops.where(matched[:, :, None], boxes, anchors), anchors)
    classes = ops.take_along_axis(labels, index, axis=1) + 1
    one_hot = ops.one_hot(ops.where(matched, classes, 0), num_classes + 1, dtype="float32")
    ignored = ops.any((labels == IGNORE)[:, None, :] & _mostly_inside(anchors, boxes_rel_yxyx), axis=2)
    return {
        "matched": ops.cast(matched, "float32"),
        "box_encodings": ops.where(matched[:, :, None], encodings, 0.0),
        "class_targets": one_hot * ops.cast(matched, "float32")[:, :, None],
        "class_weights": 1.0 - ops.cast(ignored & ~matched, "float32"),
    }


def pairwise_iou(anchors, boxes):
    """IoU (B, A, G) of anchors (A, 4) and boxes (B, G, 4), 0 where they do not touch."""
    intersection = _intersection(anchors, boxes)
    union = _area(anchors)[None, :, None] + _area(boxes)[:, None, :] - intersection
    return ops.where(intersection > 0, intersection / ops.maximum(union, 1e-12), 0.0)


def _mostly_inside(anchors, regions):
    return _intersection(anchors, regions) >= IGNORE_COVERAGE * _area(anchors)[None, :, None]


def _intersection(anchors, boxes):
    low = ops.maximum(anchors[None, :, None, :2], boxes[:, None, :, :2])
    high = ops.minimum(anchors[None, :, None, 2:], boxes[:, None, :, 2:])
    sides = ops.maximum(high - low, 0.0)  # (B, A, G, 2)
    return sides[..., 0] * sides[..., 1]


def _area(boxes):
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
