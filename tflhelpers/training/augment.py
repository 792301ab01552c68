"""Changes to a picture and its boxes that leave the objects what they are; in TensorFlow, for `tf.data`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import tensorflow as tf

from tflhelpers.training.matching import IGNORE

LEAST_KEPT = 0.6  # of each box's area must stay inside a view for it to be taken
LEAST_SEEN = 0.25  # of a box's area must be in the view for the rest of it to count as the object
GRAY = 127.5
TRIES = 8


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture may be changed.

    Attributes:
        flip: probability of mirroring left and right; 0 for things that have a handedness, such as letters.
        zoom: lowest and highest magnification; below 1 the picture shrinks inside a gray frame.
        stretch: largest factor between the magnifications of width and height; that between photos of 4:3 and a
            clip of 16:9, which the network sees squeezed to the same square, by default.
        brightness: largest shift, in parts of the full range.
        contrast, saturation: lowest and highest factor.
        hue: largest shift, in turns of the colour circle.
        copy_paste: probability that a picture with objects gets one more where nothing is, of a class that it lacks
            and from another picture; so with one class it does nothing. Above 0, classes that are rarer by three or
            more get copies besides (`training.rare_classes`). `augment`, which knows of one picture only, leaves this
            to the batches (`training.copy_paste`).
    """

    flip: float = 0.5
    zoom: tuple[float, float] = (0.6, 1.6)
    stretch: float = 1.35
    brightness: float = 0.12
    contrast: tuple[float, float] = (0.7, 1.3)
    saturation: tuple[float, float] = (0.6, 1.4)
    hue: float = 0.03
    copy_paste: float = 0.5


def augment(image, boxes_rel_yxyx, labels, seed, how: Augmentation, image_size: tuple[int, int]):
    """A changed view of a picture at the network's size, with its boxes.

    Args:
        image: float32 (H, W, 3) in 0..255, of any size.
        boxes_rel_yxyx: float32 (G, 4) in 0..1.
        labels: int32 (G,); below 0 as in `matching`; rows that the view has lost come back as IGNORE.
        seed: int (2,): equal seeds give equal views.
        how: the ranges.
        image_size: (height, width) of the result.

    Returns:
        image float32 (height, width, 3) in 0..255, boxes, labels as given.
    """
    seeds = tf.random.split(seed, 4)
    view = _choose_view(boxes_rel_yxyx, labels, seeds[0], how)
    image = _show(image, view, image_size)
    boxes, labels = _boxes_in_view(boxes_rel_yxyx, labels, view)
    if how.flip > 0:
        mirrored = tf.random.stateless_uniform([], seeds[1]) < how.flip
        image = tf.cond(mirrored, lambda: tf.reverse(image, [1]), lambda: image)
        flipped = tf.stack([boxes[:, 0], 1.0 - boxes[:, 3], boxes[:, 2], 1.0 - boxes[:, 1]], axis=1)
        boxes = tf.where(mirrored, flipped, boxes)
    return _recolor(image, seeds[2], how), boxes, labels


def _choose_view(boxes, labels, seed, how: Augmentation):
    """A window (ymin, xmin, ymax, xmax) of the picture that keeps its objects: the first good of `TRIES`."""
    windows = tf.map_fn(
        lambda s: _random_window(s, how), tf.random.split(seed, TRIES), fn_output_signature=tf.float32
    )
    kept = tf.reduce_min(_share_inside(boxes, labels, windows), axis=1)  # (TRIES,)
    good = kept >= LEAST_KEPT
    return tf.cond(
        tf.reduce_any(good),
        lambda: windows[tf.argmax(tf.cast(good, tf.int32))],
        lambda: tf.constant([0.0, 0.0, 1.0, 1.0]),
    )


def _random_window(seed, how: Augmentation):
    draws = tf.random.stateless_uniform([4], seed)
    log_low, log_high = math.log(how.zoom[0]), math.log(how.zoom[1])
    zoom = tf.exp(log_low + draws[0] * (log_high - log_low))
    stretch = tf.exp((draws[1] - 0.5) * math.log(how.stretch))
    sides = tf.stack([1.0 / (zoom * stretch), stretch / zoom])  # height, width of the window
    corner = draws[2:] * (
        1.0 - sides
    )  # inside the picture when zoomed in, the picture inside it when zoomed out
    return tf.concat([corner, corner + sides], axis=0)


def _share_inside(boxes, labels, windows):
    """(TRIES, G) shares of each box's area inside each window; 1 for rows that are not objects."""
    low = tf.maximum(boxes[None, :, :2], windows[:, None, :2])
    high = tf.minimum(boxes[None, :, 2:], windows[:, None, 2:])
    inside = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=2)
    area = tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return tf.where(labels[None, :] >= 0, inside / tf.maximum(area[None, :], 1e-12), 1.0)


def _show(image, window, image_size: tuple[int, int]):
    """What `window` sees of `image`, at `image_size`; mid-gray where it looks beyond the picture.

    Samples where `legacy_resize` would, so that a trained detector finds its boxes where it was taught to.
    """
    sides = tf.cast(tf.shape(image)[:2], tf.float32)
    scale = tf.constant(image_size, tf.float32) / ((window[2:] - window[:2]) * sides)
    shift = 0.5 - 0.5 * scale - window[:2] * sides * scale
    seen = tf.raw_ops.ScaleAndTranslate(
        images=image[None] - GRAY,
        size=image_size,
        scale=scale,
        translation=shift,
        kernel_type="triangle",
        antialias=False,
    )
    return tf.ensure_shape(seen[0] + GRAY, (*image_size, 3))


def _boxes_in_view(boxes, labels, window):
    inside = _share_inside(boxes, labels, window[None])[0]
    labels = tf.where((labels >= 0) & (inside < LEAST_SEEN), IGNORE, labels)
    origin = tf.tile(window[:2], [2])
    sides = tf.tile(window[2:] - window[:2], [2])
    boxes = tf.clip_by_value((boxes - origin) / sides, 0.0, 1.0)
    return boxes, labels


def _recolor(image, seed, how: Augmentation):
    seeds = tf.random.split(seed, 4)
    image = image / 255.0
    image = tf.image.stateless_random_brightness(image, how.brightness, seeds[0])
    image = tf.image.adjust_contrast(image, _between(seeds[1], how.contrast))
    image = tf.clip_by_value(image, 0.0, 1.0)
    image = tf.image.adjust_saturation(image, _between(seeds[2], how.saturation))
    image = tf.image.stateless_random_hue(image, how.hue, seeds[3])
    return tf.clip_by_value(image, 0.0, 1.0) * 255.0


def _between(seed, ends: tuple[float, float]):
    return tf.random.stateless_uniform([], seed, float(ends[0]), float(ends[1]))
