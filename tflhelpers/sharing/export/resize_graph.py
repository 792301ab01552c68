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
        lambda: _averaged(images, factor),
    )
    resized = tf.raw_ops.ResizeBilinear(
        images=shrunk, size=image_size, align_corners=False, half_pixel_centers=False
    )
    return tf.ensure_shape(resized, (1, *image_size, 3))


def _shrink_factor(shape, image_size: tuple[int, int]):
    height, width = image_size
    return tf.minimum(shape[1] // (HUGE // 2 * height), shape[2] // (HUGE // 2 * width))


def _averaged(images, factor):
    """Means of blocks of factor x factor pixels, rounded as Pillow's `reduce` does; smaller blocks at the far edges.

    In float32 and int32 only, which every engine computes alike; exact for factors up to 63.
    """
    factor = tf.maximum(factor, 1)  # some engines compute the branch that is not taken
    shape = tf.shape(images)
    rows, columns = (_block_lengths(shape[axis], factor) for axis in (1, 2))
    missing = [tf.size(lengths) * factor - shape[axis] for axis, lengths in ((1, rows), (2, columns))]
    pixels = tf.pad(tf.cast(images, tf.float32), [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]])
    blocks = tf.reshape(pixels, [1, tf.size(rows), factor, tf.size(columns), factor, 3])
    return _rounded_mean(tf.reduce_sum(blocks, axis=(2, 4)), rows[:, None, None] * columns[None, :, None])


def _block_lengths(length, factor):
    """float32: pixels in each block along a side of `length`."""
    starts = tf.range((length + factor - 1) // factor) * factor
    return tf.cast(tf.minimum(factor, length - starts), tf.float32)


def _rounded_mean(sums, counts):
    """Pillow's (sum + count // 2) * (2**24 // count) // 2**24, in steps of whole numbers below 2**24."""
    sums = sums + tf.floor(counts / 2)
    reciprocals = tf.floor(2.0**24 / counts)
    high, low = _divided(reciprocals, 4096)
    hundreds, ones = _divided(sums, 256)
    carried = tf.floor((hundreds * low + tf.floor(ones * low / 256)) / 16)
    return tf.floor((sums * high + carried) / 4096)


def _divided(numbers, by: int):
    """Whole quotient and rest."""
    quotients = tf.floor(numbers / by)
    return quotients, numbers - quotients * by
