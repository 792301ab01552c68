"""`export_onnx`: a detector as one ONNX file, for ONNX Runtime, TensorRT, OpenVINO and the phones' own runtimes."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.model.detector import Detector
from tflhelpers.model.image_detector import ImageDetector
from tflhelpers.model.inference import detection_network
from tflhelpers.model.postprocess import RawBoxes
from tflhelpers.sharing.export.equality import Equality, Limits, pictures_of, prove_equal
from tflhelpers.sharing.export.network import quiet_tensorflow, require_tensorflow
from tflhelpers.sharing.export.proven import check_file, write_file

LIMITS = Limits(pixels=1.0, score=1e-3, min_score=0.001)
OPSET = 18  # of 2022: what runtimes of today all know


@dataclass(frozen=True)
class ONNXInfo:
    """What `export_onnx` wrote. Usable as a path: `onnxruntime.InferenceSession(info)`, `Path(info)`.

    Attributes:
        path: the file.
        size_bytes: of the file.
        equality: how far it is from Keras.
    """

    path: Path
    size_bytes: int
    equality: Equality

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return f"{self.path}: ONNX, {self.size_bytes / 1e6:.1f} MB; {self.equality}."


def export_onnx(
    detector: Detector,
    path: str | os.PathLike,
    *,
    images: Annotations | Iterable | None = None,
    progress: bool = True,
) -> ONNXInfo:
    """Writes a detector as an ONNX file, by Keras' own exporter.

    It takes `images`, float32 (B, height, width, 3) RGB in 0..255, resized as by
    `tflhelpers.model.preprocess.network_input`, and gives `boxes`, float32 (B, A, 4) ymin, xmin, ymax, xmax as
    fractions, not clipped, and `scores`, float32 (B, A, N); suppression is the caller's, as in `tflhelpers.model.nms`.
    The file's metadata holds `class_names`, a JSON list in the order of the scores.

    Args:
        detector: stays as it is.
        path: where to write; a file there is replaced when the new one is whole and proven.
        images: pictures or annotations of which the first five are looked at to compare; None for the package's own.
        progress: show a bar: made, compared.

    Raises:
        ExportMismatch: what was written does not find what the detector finds; nothing is left of it.
        ImportError: the extra `onnx` is not installed.
        TypeError: `detector` is none.
        RuntimeError: Keras does not compute with TensorFlow.
    """
    if not isinstance(detector, Detector):
        raise TypeError(f"expected a Detector, got {type(detector).__name__}. Load one with Detector.load.")
    require_tensorflow("detector")
    _require_extra()
    path = Path(path)
    check_file(path, "detector.onnx")
    pictures = pictures_of(images)
    equality, size = write_file(
        path,
        lambda: _content(detector),
        lambda new: prove_equal(detector, _InONNXRuntime(detector, new), pictures, LIMITS),
        progress=progress,
    )
    return ONNXInfo(path, size, equality)


def _require_extra() -> None:
    try:
        import onnxruntime  # noqa: F401
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"ONNX files are written by tf2onnx and compared in ONNX Runtime, which cannot be used here ({error}). "
            "Install them with: pip install 'tflhelpers[onnx]' (or pip install tf2onnx onnxruntime)."
        ) from error


def _content(detector: Detector) -> bytes:
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "detector.onnx")
        _convert(_network(detector), file)
        model = onnx.load(file)
    onnx.helper.set_model_props(model, {"class_names": json.dumps(detector.class_names, ensure_ascii=False)})
    return model.SerializeToString()


def _network(detector: Detector) -> keras.Model:
    network = detection_network(detector.network, detector.anchors_rel_yxyx)
    boxes, scores = network.output["boxes_rel_yxyx"], network.output["scores"]
    named = keras.Model(network.input, {"boxes": boxes, "scores": scores})
    named(np.zeros((1, *detector.image_size, 3), np.float32))  # Keras exports none that was never called
    return named


def _convert(network: keras.Model, file: Path) -> None:
    size = network.input.shape[1:]
    taken = keras.InputSpec("float32", (None, *size), name="images")
    with warnings.catch_warnings(), quiet_tensorflow():
        warnings.simplefilter("ignore")  # of numpy's old names, which tf2onnx looks for
        network.export(file, format="onnx", verbose=False, input_signature=[taken], opset_version=OPSET)


class _InONNXRuntime(ImageDetector):
    """An exported file with our `detect`."""

    def __init__(self, detector: Detector, path: Path) -> None:
        import onnxruntime

        super().__init__(detector.class_names, detector.threshold)
        self.tiles = detector.tiles
        self._size = detector.image_size
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    @property
    def image_size(self) -> tuple[int, int]:
        return self._size

    def raw_boxes(self, inputs: np.ndarray) -> RawBoxes:
        return RawBoxes(*self._session.run(["boxes", "scores"], {"images": inputs}))
