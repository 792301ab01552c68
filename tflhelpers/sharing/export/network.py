"""What all exports start from: the folded network, on a TensorFlow that is quiet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf

from tflhelpers.model.detector import Detector
from tflhelpers.model.folding import folded_network
from tflhelpers.model.inference import LARGEST_FOLDED

logger = logging.getLogger(__name__)


def exportable_network(detector: Detector) -> keras.Model:
    """The detector's network as detection runs it, batch norms folded.

    Returns:
        A model from (B, H, W, 3) RGB in 0..255 to `box_encodings` (B, A, 4) and `class_logits` (B, A, N + 1).

    Raises:
        RuntimeError: Keras computes with something else than TensorFlow.
    """
    require_tensorflow("detector")
    return folded_network(detector.network, LARGEST_FOLDED)


def warn_of_tiles(detector: Detector, what: str) -> None:
    """Says that `what`, such as "The page", sees whole pictures only, if the detector looks in tiles."""
    if detector.tiles is not None:
        rows, columns = detector.tiles
        logger.warning(
            "%s looks at whole pictures only, and this detector learned to look in %d x %d tiles as well: small things "
            "will be missed there. Come closer with the camera, or run the detector in Python.",
            what,
            rows,
            columns,
        )


def require_tensorflow(kind: str) -> None:
    """Raises RuntimeError where Keras computes with something else; `kind` is what is to be exported, a word."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise RuntimeError(
            f"exports are written by TensorFlow, but Keras computes with {backend}. Save the {kind} "
            f"({kind}.save), restart Python with KERAS_BACKEND=tensorflow, load and export it there."
        )


def save_network(look: Callable, network: keras.Model, names: Path, folder: Path) -> None:
    """Writes a SavedModel that looks at one picture, `input_tensor`, uint8 (1, H, W, 3) RGB of any size.

    The Keras model itself stays out of it: it would bring all of its weights along a second time.

    Args:
        look: from that tensor to a dict of tensors.
        network: what `look` uses.
        names: a file of class names, which goes to the folder's assets.
        folder: new.
    """
    served = tf.Module()
    served.weights = tensorflow_variables(network)
    served.names = tf.saved_model.Asset(str(names))
    taken = tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")
    served.__call__ = tf.function(look, input_signature=[taken])
    signature = served.__call__.get_concrete_function()
    with quiet_tensorflow():
        tf.saved_model.save(served, str(folder), signatures={"serving_default": signature})


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
