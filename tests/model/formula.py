"""Weights by formula: a value for every checkpoint key, the same on every machine.

The golden data of the original implementation was computed with exactly these weights, so that no trained
file is needed to prove a network equal.
"""

from __future__ import annotations

import math
import zlib

import numpy as np

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
ABOVE = {"gamma": (0.75, 0.5), "moving_variance": (0.6, 0.8)}  # lowest value, width
AROUND_ZERO = {"beta": 0.6, "moving_mean": 0.4, "bias": 0.4}  # width


def formula_weight(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """float32 array of `shape` for a checkpoint key with its suffix."""
    shape = tuple(shape)
    generator = np.random.RandomState(zlib.crc32(key.encode()))
    uniform = generator.random_sample(math.prod(shape)).reshape(shape)
    leaf = key.removesuffix(SUFFIX).rsplit("/", 1)[1]
    if leaf in ABOVE:
        lowest, width = ABOVE[leaf]
        values = lowest + width * uniform
    elif leaf in AROUND_ZERO:
        values = AROUND_ZERO[leaf] * (uniform - 0.5)
        if "_class_predictor_layers" in key and leaf == "bias":
            values = values - 3.0
    else:
        values = (2.0 * uniform - 1.0) * np.sqrt(3.0) * _kernel_deviation(key, leaf, shape)
    return values.astype(np.float32)


def _kernel_deviation(key: str, leaf: str, shape: tuple[int, ...]):
    fan_in = math.prod(shape[:2] if leaf == "depthwise_kernel" else shape[:3])
    deviation = np.sqrt(_gain(key, leaf) / fan_in)
    return deviation / 64.0 if shape == (7, 7, 3, 64) else deviation  # the stem sees 0..255


def _gain(key: str, leaf: str) -> float:
    if "_fpn_features_generator" in key:
        return 1.0
    if "_box_encoder_layers" in key:
        return 0.5 if leaf == "depthwise_kernel" else 1.0
    if "_class_predictor_layers" in key:
        return 0.5 if leaf == "depthwise_kernel" else 0.25
    return 2.0
