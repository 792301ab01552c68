"""Exchange with others: the Object Detection API's model zoo, pipeline.config and SavedModels; LiteRT, ONNX, Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tflhelpers.public_names import importer

# Imported late: the list of the zoo must not wait for TensorFlow.
_HOMES = {
    "zoo_models": "model.zoo",
    "write_pipeline_config": "model.pipeline_config",
    "detector_from_pipeline": "model.pipeline_reader",
    "load_saved_model": "sharing.export.saved_model_detector",
    "export_saved_model": "sharing.export.saved_model",
    "TFLiteDetector": "sharing.export.tflite_detector",
    "export_onnx": "sharing.export.onnx",
    "detect_files_on_ray": "detecting_on_ray",
}

__all__ = [*_HOMES]
__getattr__ = importer(__name__, _HOMES)

if TYPE_CHECKING:
    from tflhelpers.detecting_on_ray import detect_files_on_ray as detect_files_on_ray
    from tflhelpers.model.pipeline_config import write_pipeline_config as write_pipeline_config
    from tflhelpers.model.pipeline_reader import detector_from_pipeline as detector_from_pipeline
    from tflhelpers.model.zoo import zoo_models as zoo_models
    from tflhelpers.sharing.export.onnx import export_onnx as export_onnx
    from tflhelpers.sharing.export.saved_model import export_saved_model as export_saved_model
    from tflhelpers.sharing.export.saved_model_detector import load_saved_model as load_saved_model
    from tflhelpers.sharing.export.tflite_detector import TFLiteDetector as TFLiteDetector


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
