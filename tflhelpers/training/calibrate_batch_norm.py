"""Batch norms that nothing was restored into get the statistics of the pictures before the training begins.

Their first statistics, mean 0 and variance 1, fit nothing: behind a tower of them with small random kernels nothing of
the picture is left, and nothing is learned.
"""

from __future__ import annotations

import numpy as np

from tflhelpers.model.detector import Detector
from tflhelpers.model.layers import BN_MOMENTUM, BatchNorm
from tflhelpers.model.preprocess import network_input
from tflhelpers.training.batches import TrainingPictures

TINY = 1e-10
MAX_GAMMA = 100.0  # a channel that says next to nothing is not made to shout
PICTURES = 16  # that the statistics are taken of, at most


def calibrate_batch_norm(detector: Detector, pictures: TrainingPictures) -> int:
    """Makes batch norms that the checkpoint had nothing for give mean 0 and variance 1; returns how many."""
    report = detector.restore_report
    fresh = [] if report is None else [layer for layer in _batch_norms(detector) if _is_fresh(layer, report)]
    if not fresh:
        return 0
    images = np.stack(
        [
            network_input(pictures[i][0], detector.image_size)
            for i in np.linspace(0, len(pictures) - 1, min(PICTURES, len(pictures))).astype(int)
        ]
    )
    before = [[np.asarray(variable).copy() for variable in layer.weights] for layer in fresh]
    try:
        _calibrate(detector, fresh, images)
    except BaseException:
        for layer, values in zip(fresh, before, strict=True):
            for variable, value in zip(layer.weights, values, strict=True):
                variable.assign(value)
        raise
    return len(fresh)


def _calibrate(detector: Detector, fresh: list[BatchNorm], images: np.ndarray) -> None:
    epsilon, learned = fresh[0].epsilon, [layer.trainable for layer in fresh]
    try:
        for layer in fresh:
            layer.batch_statistics, layer.momentum, layer.epsilon, layer.trainable = True, 0.0, TINY, True
        detector.network(images, training=True)
    finally:
        for layer, trainable in zip(fresh, learned, strict=True):
            layer.batch_statistics, layer.momentum, layer.epsilon = False, BN_MOMENTUM, epsilon
            layer.trainable = trainable
    for layer in fresh:
        variance = np.asarray(layer.moving_variance)
        gamma = np.sqrt((variance + epsilon) / (variance + TINY))  # epsilon outweighs what small kernels give
        layer.gamma.assign(np.minimum(gamma, MAX_GAMMA))


def _batch_norms(detector: Detector) -> list[BatchNorm]:
    return [layer for layer in detector.network.layers if isinstance(layer, BatchNorm)]


def _is_fresh(layer: BatchNorm, report) -> bool:
    """Whether nothing was restored into it, and nothing learned since: its mean is still 0 everywhere."""
    skipped = any(key.startswith(f"{layer.checkpoint_key}/") for key in report.skipped)
    return skipped and not np.asarray(layer.moving_mean).any()
