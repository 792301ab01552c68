"""Focal loss for the classes, Huber loss for the boxes, both over the matched anchors of the whole batch."""

from __future__ import annotations

from collections.abc import Sequence

from keras import ops

FOCAL_ALPHA = 0.25
HUBER_DELTA = 1.0
CODE_SIZE = 4


def focal_loss(logits, targets):
    """Sigmoid focal loss (Lin et al. 2017, equation 5) with gamma 2, element by element.

    Args:
        logits, targets: same shape; targets are 0 or 1.
    """
    cross_entropy = ops.maximum(logits, 0.0) - logits * targets + ops.log1p(ops.exp(-ops.abs(logits)))
    p = ops.sigmoid(logits)
    p_missed = p + targets - 2.0 * p * targets  # 1 - p_t
    alpha = FOCAL_ALPHA * targets + (1.0 - FOCAL_ALPHA) * (1.0 - targets)
    return ops.square(p_missed) * alpha * cross_entropy


def huber_loss(predicted, targets):
    """Half the square up to 1, linear beyond, element by element."""
    distance = ops.abs(predicted - targets)
    return ops.where(distance <= HUBER_DELTA, 0.5 * distance * distance, distance - 0.5 * HUBER_DELTA)


def detection_losses(predictions: dict, targets: dict, class_weights: Sequence[float] | None = None):
    """(localization, classification) of a batch, each a scalar.

    Both are divided by the number of matched anchors in the batch, at least 1, localization by the 4 codes too. The
    background slot counts like any class, as in the original.

    Args:
        predictions: the network's outputs, `box_encodings` (B, A, 4) and `class_logits` (B, A, N + 1).
        targets: of `matching.encode_targets`.
        class_weights: how many times the losses of the anchors that answer for each of the N classes count; None for
            all the same. Those of the background count once.
    """
    matched = targets["matched"]
    normalizer = ops.maximum(ops.sum(matched), 1.0)
    boxes = ops.sum(huber_loss(predictions["box_encodings"], targets["box_encodings"]), axis=-1)
    classes = ops.sum(focal_loss(predictions["class_logits"], targets["class_targets"]), axis=-1)
    if class_weights is not None:
        more = ops.convert_to_tensor([0.0, *(weight - 1.0 for weight in class_weights)])
        weights = 1.0 + ops.sum(targets["class_targets"] * more, axis=-1)
        boxes, classes = boxes * weights, classes * weights
    localization = ops.sum(boxes * matched) / (CODE_SIZE * normalizer)
    classification = ops.sum(classes * targets["class_weights"]) / normalizer
    return localization, classification
