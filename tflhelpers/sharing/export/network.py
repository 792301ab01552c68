"""What all exports start from: the folded network, on a TensorFlow that is quiet."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import keras

from tflhelpers.model.detector import Detector
from tflhelpers.model.folding import folded_network
from tflhelpers.model.inference import LARGEST_FOLDED


def exportable_network(detector: Detector) -> keras.Model:
    """The detector's network as detection runs it, batch norms folded.

    Returns:
        A model from (B, H, W, 3) RGB in 0..255 to `box_encodings` (B, A, 4) and `class_logits` (B, A, N + 1).

    Raises:
        RuntimeError: Keras computes with something else than TensorFlow.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise RuntimeError(
            f"exports are written by TensorFlow, but Keras computes with {backend}. Save the detector "
            "(detector.save), start Python anew with KERAS_BACKEND=tensorflow, load and export it there."
        )
    return folded_network(detector.network, LARGEST_FOLDED)


def tensorflow_variables(network: keras.Model) -> list:
    """The network's weights as `tf.Variable`s.

    An object that is to be saved has to hold them itself: TensorFlow does not see them inside a Keras 3 model, and
    without them it saves a network with nothing in it, silently.
    """
    return [variable.value for variable in network.variables]


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """TensorFlow without its lines about what it has saved where: the folders are temporary ones."""
    logger = logging.getLogger("tensorflow")
    before = logger.level
    logger.setLevel(max(before, logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(before)
