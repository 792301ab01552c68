"""Detectors and classifiers in the forms that other programs run, each proven equal to Keras before it is kept.

- `saved_model`: `export_saved_model`, the model zoo's own signature (`resize_graph`, `nms_graph`)
- `saved_model_detector`: `load_saved_model`, somebody else's SavedModel with our `detect`
- `tflite`: `export_tflite`, one LiteRT file (`tflite_convert`, `tflite_heads`, `tflite_quantize`, `tflite_file`,
  `packed_files`)
- `tflite_detector`: `TFLiteDetector`, such a file with our `detect` (`litert`), or one of others (`foreign_file`,
  `foreign_tflite`, `foreign_run`, `tflite_metadata_reader`)
- `onnx`: `export_onnx`, one ONNX file, by Keras' own exporter
- `classifier`: what both exports do with a classifier
- `equality`: the proof, and `ExportMismatch`
- `proven`: made, proven, and only then swapped in
- `network`: what all exports start from
"""
