"""`model.preprocess.network_input` as a TensorFlow graph, bit for bit."""

from __future__ import annotations

import tensorflow as tf

from tflhelpers.model.preprocess import HUGE


def network_input_graph(images, image_size: tuple[int, int]):
    """RGB uint8 (1, H, W, 3) of any size as float32 (1, height, width, 3) in 0..255."""
    factor = _shrink_factor(tf.shape(images), image_size)
    shrunk = tf.cond(
        factor < 2,
        lambda: tf.cast(images, tf.float32),
        lambda: tf.cast(_averaged(images, factor), tf.float32),
    )
    resized = tf.raw_ops.ResizeBilinear(
        images=shrunk, size=image_size, align_corners=False, half_pixel_centers=False
    )
    return tf.ensure_shape(resized, (1, *image_size, 3))


def _shrink_factor(shape, image_size: tuple[int, int]):
    height, width = image_size
    return tf.minimum(shape[1] // (HUGE // 2 * height), shape[2] // (HUGE // 2 * width))


def _averaged(images, factor):
    """Means of blocks of factor x factor pixels, rounded as Pillow's `reduce` does; smaller blocks at the far edges."""
    shape = tf.shape(images)
    rows, columns = (_block_lengths(shape[axis], factor) for axis in (1, 2))
    missing = [tf.size(lengths) * factor - shape[axis] for axis, lengths in ((1, rows), (2, columns))]
    padded = tf.pad(images, [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]])
    blocks = tf.reshape(padded, [1, tf.size(rows), factor, tf.size(columns), factor, 3])
    sums = tf.cast(tf.reduce_sum(tf.cast(blocks, tf.int32), axis=(2, 4)), tf.int64)
    counts = rows[:, None, None] * columns[None, :, None]
    reciprocals = tf.cast(tf.constant(2.0**32) / tf.cast(256 * counts, tf.float32), tf.int64)  # 2**24 / count
    return tf.bitwise.right_shift((sums + counts // 2) * reciprocals, tf.constant(24, tf.int64))


def _block_lengths(length, factor):
    """int64: pixels in each block along a side of `length`."""
    starts = tf.range(0, length, factor)
    return tf.cast(tf.minimum(factor, length - starts), tf.int64)
