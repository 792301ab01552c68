"""Boxes as offsets from anchors (Faster R-CNN coding with the scales 10, 10, 5, 5), in `keras.ops`."""

from __future__ import annotations

from keras import ops

CENTRE_SCALE = 10.0
SIZE_SCALE = 5.0
EPSILON = 1e-8


def encode_boxes(boxes_rel_yxyx, anchors_rel_yxyx):
    """Offsets that turn anchors into boxes.

    Args:
        boxes_rel_yxyx: (..., 4) ymin, xmin, ymax, xmax.
        anchors_rel_yxyx: (..., 4), broadcast against the boxes.

    Returns:
        (..., 4): ty, tx, th, tw; finite also for boxes of zero area.
    """
    yc, xc, h, w = _centre_and_size(boxes_rel_yxyx)
    yca, xca, ha, wa = _centre_and_size(anchors_rel_yxyx)
    h, w, ha, wa = h + EPSILON, w + EPSILON, ha + EPSILON, wa + EPSILON
    ty, tx = CENTRE_SCALE * (yc - yca) / ha, CENTRE_SCALE * (xc - xca) / wa
    th, tw = SIZE_SCALE * ops.log(h / ha), SIZE_SCALE * ops.log(w / wa)
    return ops.stack([ty, tx, th, tw], axis=-1)


def decode_boxes(encodings, anchors_rel_yxyx):
    """Boxes (..., 4) ymin, xmin, ymax, xmax from offsets (..., 4): the inverse of `encode_boxes`, not clipped."""
    yca, xca, ha, wa = _centre_and_size(anchors_rel_yxyx)
    ty, tx, th, tw = (encodings[..., i] for i in range(4))
    yc, xc = ty / CENTRE_SCALE * ha + yca, tx / CENTRE_SCALE * wa + xca
    h, w = ops.exp(th / SIZE_SCALE) * ha, ops.exp(tw / SIZE_SCALE) * wa
    return ops.stack([yc - h / 2, xc - w / 2, yc + h / 2, xc + w / 2], axis=-1)


def _centre_and_size(boxes_rel_yxyx):
    ymin, xmin, ymax, xmax = (boxes_rel_yxyx[..., i] for i in range(4))
    h, w = ymax - ymin, xmax - xmin
    return ymin + h / 2, xmin + w / 2, h, w
