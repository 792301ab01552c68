"""What runs a detector's network: OpenVINO on a processor where it is installed, else Keras."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from typing import Any

import keras
import numpy as np

from tflhelpers.model.inference import detection_network
from tflhelpers.model.layers import USE_XLA
from tflhelpers.model.openvino_graph import openvino_graph, unknown_layer
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.model.pretrained import has_gpu

logger = logging.getLogger(__name__)

ENGINES = ("auto", "openvino", "keras")
Run = Callable[[np.ndarray], RawBoxes]

# OpenVINO would take bfloat16 by itself where the processor has it: scores then move in their second digit.
_PRECISION = {"INFERENCE_PRECISION_HINT": "f32"}


def checked_engine(engine: str) -> str:
    """`engine`, if there is one of this name, and it can be used here.

    Raises:
        ValueError: an unknown name; the message lists the known ones.
        ImportError: OpenVINO is not installed.
        RuntimeError: "openvino", but Keras does not compute with TensorFlow.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}.")
    if engine == "openvino":
        _require_openvino()
    return engine


def chosen_engine(engine: str, network: keras.Model) -> str:
    """The engine that is to run `network`, "openvino" or "keras"; what "auto" takes is logged.

    "auto" is OpenVINO where it is installed, there is no GPU, Keras computes with TensorFlow, and the network is one of
    `ssd`; else Keras.
    """
    if engine != "auto":
        return engine
    why_not = _why_not_openvino(network)
    logger.info("Detecting with %s.", f"Keras: {why_not}" if why_not else "OpenVINO in float32")
    return "keras" if why_not else "openvino"


def _why_not_openvino(network: keras.Model) -> str:
    try:
        _require_openvino()
    except (ImportError, RuntimeError) as error:
        return str(error)
    if kind := unknown_layer(network):
        return f"no OpenVINO operation is known for a {kind}"
    return "there is a GPU" if has_gpu() else ""


def with_keras(network: keras.Model, anchors_rel_yxyx: np.ndarray) -> Run:
    """From resized pictures, float32 (B, H, W, 3), to what `network` says of them."""
    model = detection_network(network, anchors_rel_yxyx)
    model.jit_compile = USE_XLA

    def run(inputs: np.ndarray) -> RawBoxes:
        found = model.predict_on_batch(inputs)
        return RawBoxes(found["boxes_rel_yxyx"], found["scores"])

    return run


def _require_openvino() -> None:
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f'engine="openvino" needs Keras on TensorFlow, got {keras.backend.backend()}. Leave the engine "auto".'
        )
    try:
        import openvino  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'engine="openvino" needs OpenVINO, which cannot be used here ({error}). '
            "Install it with: pip install 'tflhelpers[fast]' (or pip install openvino)."
        ) from error


class WithOpenVINO:
    """The network compiled by OpenVINO, and compiled anew when its weights have changed.

    All cores look at a single picture together; of several, each core looks at one of its own, which is quicker.
    """

    def __init__(self, network: keras.Model, anchors_rel_yxyx: np.ndarray) -> None:
        self._network, self._anchors = network, anchors_rel_yxyx
        self._lock = Lock()  # a queue holds the pictures of one call
        self._forget()

    def __call__(self, inputs: np.ndarray) -> RawBoxes:
        with self._lock:
            found = self._run(inputs)
            if found is None:
                self._forget()
                found = self._run(inputs)
        assert found is not None
        return RawBoxes(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def _run(self, inputs: np.ndarray) -> list[list[np.ndarray]] | None:
        """Boxes (1, A, 4) and scores (1, A, N) of each picture; None if a weight has changed."""
        queue = self._queue("LATENCY" if len(inputs) == 1 else "THROUGHPUT")
        found: list[list[np.ndarray]] = [[]] * len(inputs)

        def keep(request, row: int) -> None:
            found[row] = [tensor.data.copy() for tensor in request.output_tensors]

        queue.set_callback(keep)
        for row in range(len(inputs)):
            queue.start_async([inputs[row : row + 1]], row)
        are_the_same = self._weights.are_the_same()  # looked at while the network is busy
        queue.wait_all()
        return found if are_the_same else None

    def _forget(self) -> None:
        self._queues: dict[str, Any] = {}
        self._weights = _Weights(self._network)  # before any is read: what changes meanwhile is noticed

    def _queue(self, hint: str):
        if hint not in self._queues:
            import openvino

            graph = openvino_graph(self._network, self._anchors)
            compiled = openvino.Core().compile_model(graph, "CPU", {**_PRECISION, "PERFORMANCE_HINT": hint})
            self._queues[hint] = openvino.AsyncInferQueue(compiled)
        return self._queues[hint]


class _Weights:
    """The weights of a moment. TensorFlow never changes a tensor that was read: a new value lies somewhere else."""

    def __init__(self, network: keras.Model) -> None:
        import tensorflow as tf

        variables = [variable.value for variable in network.weights]

        def read() -> list:
            with tf.device("CPU"):
                return [
                    tf.raw_ops.ReadVariableOp(resource=each.handle, dtype=each.dtype) for each in variables
                ]

        # As a graph, since hundreds of reads one by one take a fifth of the network's time.
        self._read = tf.function(read, autograph=False).get_concrete_function()
        self._tensors = self._read()  # kept, so that nothing else can come to lie in their places
        self._places = _places(self._tensors)

    def are_the_same(self) -> bool:
        return _places(self._read()) == self._places


def _places(tensors: list) -> list[int]:
    """Where in memory the tensors lie."""
    return [np.asarray(memoryview(tensor)).__array_interface__["data"][0] for tensor in tensors]


RUNNERS: dict[str, Callable[[keras.Model, np.ndarray], Run]] = {"openvino": WithOpenVINO, "keras": with_keras}
