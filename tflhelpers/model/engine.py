"""What runs a detector's network: OpenVINO on a processor where it is installed, else Keras."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock

import keras
import numpy as np

from tflhelpers.model.inference import detection_network
from tflhelpers.model.layers import USE_XLA
from tflhelpers.model.openvino_graph import UnknownLayer, openvino_graph
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.model.pretrained import has_gpu

logger = logging.getLogger(__name__)

ENGINES = ("auto", "openvino", "keras")
Run = Callable[[np.ndarray], RawBoxes]

# OpenVINO would take bfloat16 by itself where the processor has it: scores then move in their second digit.
_SETTINGS = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}


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


def network_runner(engine: str, network: keras.Model, anchors_rel_yxyx: np.ndarray) -> Run:
    """From resized pictures, float32 (B, H, W, 3), to what `network` says of them with its weights of that moment.

    Args:
        engine: of `ENGINES`. "auto" is OpenVINO, in float32, where it is installed, there is no GPU and the network is
            one of `ssd`; else Keras. Which one was taken and why is logged.
        network: of `ssd`, or one with the same outputs.
        anchors_rel_yxyx: (A, 4).

    Raises:
        UnknownLayer: "openvino", but the network is none of `ssd`.
    """
    why_not = _why_not_openvino() if engine == "auto" else ""
    if engine == "keras" or why_not:
        return _with_keras(network, anchors_rel_yxyx, why_not)
    try:
        return _OpenVINO(network, anchors_rel_yxyx)
    except UnknownLayer as error:
        if engine != "auto":
            raise
        return _with_keras(network, anchors_rel_yxyx, str(error))


def _with_keras(network: keras.Model, anchors_rel_yxyx: np.ndarray, why: str) -> Run:
    model = detection_network(network, anchors_rel_yxyx)
    model.jit_compile = USE_XLA
    logger.info("Detecting with Keras%s.", f": {why}" if why else "")

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


def _why_not_openvino() -> str:
    try:
        _require_openvino()
    except (ImportError, RuntimeError) as error:
        return str(error)
    return "there is a GPU" if has_gpu() else ""


class _OpenVINO:
    """The network compiled by OpenVINO for one picture at a time, and compiled anew when its weights have changed."""

    def __init__(self, network: keras.Model, anchors_rel_yxyx: np.ndarray) -> None:
        self._network, self._anchors = network, anchors_rel_yxyx
        self._lock = Lock()  # a request holds one picture
        self._compile()

    def _compile(self) -> None:
        import openvino

        self._weights = _Weights(self._network)  # before they are read: what changes meanwhile is noticed
        graph = openvino_graph(self._network, self._anchors)
        self._request = openvino.Core().compile_model(graph, "CPU", _SETTINGS).create_infer_request()
        logger.info(
            "Detecting with OpenVINO %s in float32, compiled for this processor.", openvino.__version__
        )

    def __call__(self, inputs: np.ndarray) -> RawBoxes:
        with self._lock:
            first = self._infer(inputs[:1], meanwhile=self._weights.are_the_same)
            if first is None:
                self._compile()
                first = self._infer(inputs[:1])
            each = [first, *(self._infer(inputs[row : row + 1]) for row in range(1, len(inputs)))]
        return RawBoxes(*(np.concatenate(parts) for parts in zip(*each, strict=True)))

    def _infer(self, picture: np.ndarray, meanwhile: Callable[[], bool] = lambda: True):
        """Boxes (1, A, 4) and scores (1, A, N); None if `meanwhile` says False."""
        self._request.start_async([np.ascontiguousarray(picture)])
        is_wanted = meanwhile()
        self._request.wait()
        return [tensor.data.copy() for tensor in self._request.output_tensors] if is_wanted else None


class _Weights:
    """The weights of a moment. TensorFlow never changes a tensor that was read: a new value lies somewhere else."""

    def __init__(self, network: keras.Model) -> None:
        self._handles = [(variable.value.handle, variable.value.dtype) for variable in network.weights]
        self._tensors = self._read()  # kept, so that nothing else can come to lie in their places
        self._places = _places(self._tensors)

    def are_the_same(self) -> bool:
        return _places(self._read()) == self._places

    def _read(self) -> list:
        import tensorflow as tf

        read = tf.raw_ops.ReadVariableOp
        with tf.device("CPU"):
            return [read(resource=handle, dtype=dtype) for handle, dtype in self._handles]


def _places(tensors: list) -> list[int]:
    """Where in memory the tensors lie."""
    return [np.asarray(memoryview(tensor)).__array_interface__["data"][0] for tensor in tensors]
