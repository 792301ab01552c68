"""A first look: a class head made from the examples alone, before any training.

As in "weight imprinting" (Qi et al. 2018), the new weights come from what the network already makes of the examples.
The box head stays: it draws boxes around whatever it has learned to see. A logistic regression for each class tells the
places on the pyramid where its objects lie from all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tflhelpers.data.boxes import Boxes, iou_matrix, xyxy_to_rel_yxyx
from tflhelpers.data.images import read_image
from tflhelpers.model.anchors import ANCHORS_PER_CELL
from tflhelpers.model.heads import CLASS_BIAS, CLASS_HEAD_KEY, flatten_levels
from tflhelpers.model.layer_calls import layer_calls
from tflhelpers.model.layers import keyed
from tflhelpers.model.preprocess import network_input

SCALES = (1.0, 1.5)  # of a gray frame around the photo, as a share of it; each is seen mirrored, too
GRAY = 128
SHOWS, LACKS = (
    0.35,
    0.2,
)  # overlap of a place's best anchor with an object: from where it shows it, below which not
MOST_LACKING = 500  # places of each view that show nothing, at random
BACKGROUND = -1  # of a place that shows no object; NEITHER that of one on an edge
NEITHER = -2
RIDGE = 0.003  # holds the weights down: with some hundred of them, a few places are told apart perfectly
ROUNDS = 12  # of Newton's method


def first_look_network(
    network: keras.Model,
    anchors_rel_yxyx: np.ndarray,
    image_size: tuple[int, int],
    num_classes: int,
    photos: Iterable[tuple[Path, Boxes]],
) -> keras.Model:
    """The network with a class head made from the photos; all other layers are shared.

    Args:
        network: of `ssd`, with a box head that is trained.
        anchors_rel_yxyx: (A, 4), its anchors.
        image_size: (height, width) of its input.
        num_classes: foreground classes N.
        photos: with boxes of labels below N.
    """
    twin, calls = layer_calls(network)
    at_head = [call for call in calls if getattr(call.layer, "checkpoint_key", None) == CLASS_HEAD_KEY]
    maps = sorted(
        (call.inputs[0] for call in at_head), key=lambda x: -x.shape[1]
    )  # as the anchors: fine to coarse
    features, shown = _places(keras.Model(twin.inputs, maps), anchors_rel_yxyx, image_size, photos)
    weights = np.stack([_told_apart(features, shown, label) for label in range(num_classes)], axis=1)
    head = _head_with(at_head[0].layer, weights)
    logits = flatten_levels([head(x) for x in maps], num_classes + 1, "class_logits")
    outputs = {"box_encodings": twin.output["box_encodings"], "class_logits": logits}
    return keras.Model(twin.inputs[0], outputs, name=network.name)


def _places(
    model: keras.Model, anchors: np.ndarray, image_size: tuple[int, int], photos: Iterable[tuple[Path, Boxes]]
) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, C) of places in the photos, and what each shows: a label or BACKGROUND, int64 (n,)."""
    rng = np.random.default_rng(0)
    features, shown = [], []
    for path, boxes in photos:
        inputs, rel_yxyx = zip(*_views(read_image(path), boxes, image_size), strict=True)
        maps = model.predict_on_batch(np.stack(inputs))
        of_views = np.concatenate([each.reshape(len(inputs), -1, each.shape[-1]) for each in maps], axis=1)
        for its_features, its_boxes in zip(of_views, rel_yxyx, strict=True):
            labels = np.where(boxes.crowd_mask, NEITHER, boxes.labels)
            its_shown = _shown_at(anchors, its_boxes, labels)
            lacking = rng.permutation(np.flatnonzero(its_shown == BACKGROUND))[:MOST_LACKING]
            kept = np.concatenate([np.flatnonzero(its_shown >= 0), lacking])
            features.append(its_features[kept])
            shown.append(its_shown[kept])
    return np.concatenate(features).astype(np.float64), np.concatenate(shown)


def _views(
    photo: np.ndarray, boxes: Boxes, image_size: tuple[int, int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(input, boxes_rel_yxyx) of a photo at each scale, as it is and mirrored."""
    height, width = photo.shape[:2]
    xyxy = boxes.clip((height, width)).xyxy
    for scale in SCALES:
        tall, wide = round(height * scale), round(width * scale)
        top, left = (tall - height) // 2, (wide - width) // 2
        framed = np.full((tall, wide, 3), GRAY, np.uint8)
        framed[top : top + height, left : left + width] = photo
        seen = network_input(framed, image_size)
        rel = xyxy_to_rel_yxyx(xyxy + np.array([left, top] * 2, np.float32), (tall, wide))
        yield seen, rel
        yield seen[:, ::-1], np.stack([rel[:, 0], 1 - rel[:, 3], rel[:, 2], 1 - rel[:, 1]], axis=1)


def _shown_at(anchors: np.ndarray, boxes_rel_yxyx: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What each place shows, int64 (places,): the label of an object, BACKGROUND, or NEITHER.

    The place whose anchor fits an object best shows it, however little that overlaps.
    """
    if not len(labels):
        return np.full(len(anchors) // ANCHORS_PER_CELL, BACKGROUND)
    overlap = iou_matrix(anchors, boxes_rel_yxyx.astype(np.float32))
    overlap = overlap.reshape(-1, ANCHORS_PER_CELL, len(labels)).max(axis=1)
    best = overlap.max(axis=1)
    shown = np.where(
        best >= SHOWS, labels[overlap.argmax(axis=1)], np.where(best < LACKS, BACKGROUND, NEITHER)
    )
    shown[overlap.argmax(axis=0)] = labels
    return shown


def _told_apart(features: np.ndarray, shown: np.ndarray, label: int) -> np.ndarray:
    """Weights (C + 1,), the last the bias, of a logistic regression of one class against all else.

    Both sides count alike; a class that no place shows gets no weights and the bias of the background.
    """
    is_it = shown == label
    if not is_it.any():
        return np.append(np.zeros(features.shape[1]), CLASS_BIAS)
    counts = np.where(is_it, 0.5 / is_it.sum(), 0.5 / max(1, (~is_it).sum()))
    rows = np.column_stack([features, np.ones(len(features))])
    held = np.append(np.full(features.shape[1], RIDGE), RIDGE / 100)
    weights = np.zeros(rows.shape[1])
    for _ in range(ROUNDS):
        p = 1.0 / (1.0 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (counts * (p - is_it)) + held * weights
        curvature = (rows * (counts * p * (1 - p))[:, None]).T @ rows + np.diag(held)
        weights -= np.linalg.solve(curvature, slope)
    return weights


def _head_with(head: Any, weights: np.ndarray) -> Any:
    """A class head like `head`, with these weights (C + 1, N) for all anchors; it looks at a place alone."""
    channels, num_classes = weights.shape[0] - 1, weights.shape[1]
    columns = np.zeros((channels + 1, ANCHORS_PER_CELL, num_classes + 1), np.float32)
    columns[:, :, 1:] = weights[:, None]
    kernel, bias = columns[:-1].reshape(channels, -1), columns[-1].ravel()
    middle = np.zeros((3, 3, 1, 1), np.float32)
    middle[1, 1] = 1.0
    made = keyed(type(head).from_config(head.get_config()), CLASS_HEAD_KEY)
    made.build((None, None, None, channels))
    separable = isinstance(head, keras.layers.SeparableConv2D)
    kernels = [np.tile(middle, (1, 1, channels, 1)), kernel[None, None]] if separable else [middle * kernel]
    made.set_weights([*kernels, bias])
    return made


def checked_photos(
    annotations: Iterable[tuple[Path, Boxes]], class_names: Sequence[str]
) -> list[tuple[Path, Boxes]]:
    """The photos as a list.

    Raises:
        ValueError: they have other classes than the detector, or no box.
    """
    theirs = tuple(getattr(annotations, "class_names", class_names))
    if theirs != tuple(class_names):
        raise ValueError(
            f"annotations must have the detector's classes, {list(class_names)}, got {list(theirs)}. Make the "
            "detector with class_names=annotations.class_names."
        )
    pairs = list(annotations)
    if not any((~boxes.crowd_mask).any() for _, boxes in pairs):
        raise ValueError(
            f"The annotations must hold at least one box, got none on {len(pairs)} pictures. Draw some first."
        )
    return pairs
