"""Detectors in the forms that other programs run, each proven equal to Keras before it is handed over.

- `saved_model`: `export_saved_model`, the model zoo's own signature (`resize_graph`, `nms_graph`)
- `network`: what all exports start from
- `equality`: the proof, and `ExportMismatch`
- `off_the_shelf`: somebody else's SavedModel with our `detect`
- `each_picture`: `detect` and `detect_all`, whatever looks at the pictures
"""
