"""From a TensorFlow function to the bytes of a LiteRT file."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tflhelpers.quiet import startup_notes_aside
from tflhelpers.sharing.export.network import quiet_tensorflow


def converted(
    function: Callable,
    taken: Mapping[str, tf.TensorSpec],
    weights: Sequence[tf.Variable] = (),
    *,
    quantize: str | None = None,
    samples: Iterable[np.ndarray] | None = None,
    uint8_input: bool = False,
) -> bytes:
    """A LiteRT file with one signature, `serving_default`.

    It goes by way of a SavedModel whose object holds the weights itself: on other ways TensorFlow loses them silently.

    Args:
        function: of tensors, by name; returns a dict of tensors.
        taken: shape and type of each tensor that it takes.
        weights: all variables that it reads.
        quantize: None, "dynamic" or "int8", which keeps float32 outputs.
        samples: for "int8", what the only input may hold.
        uint8_input: for "int8", whether the only input is uint8 instead of float32.

    Raises:
        RuntimeError: this TensorFlow has no converter.
    """
    module = tf.Module()
    module.weights = list(weights)
    signature = [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in taken.items()]
    module.run = tf.function(function, input_signature=signature, autograph=False)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), quiet_tensorflow():
        warnings.simplefilter("ignore", UserWarning)  # that the interpreter inside TensorFlow will go
        tf.saved_model.save(module, folder, signatures={"serving_default": module.run})
        converter = _converter(folder)
        _set_quantization(converter, quantize, next(iter(taken)), samples, uint8_input)
        with startup_notes_aside():  # the converter tells file descriptor 2 what it was asked to do
            return converter.convert()


def _converter(folder: str):
    try:
        return tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
    except AttributeError as error:
        raise RuntimeError(
            f"TensorFlow {tf.__version__} has no LiteRT converter any more. Export in an environment with "
            "TensorFlow 2.18 to 2.21; what was exported runs everywhere."
        ) from error


def _set_quantization(converter, quantize, input_name, samples, uint8_input) -> None:
    if quantize is None:
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "int8":
        kept = list(samples or ())
        converter.representative_dataset = lambda: ({input_name: sample} for sample in kept)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8 if uint8_input else tf.float32
