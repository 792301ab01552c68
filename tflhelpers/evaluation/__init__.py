"""How good a detector is: its boxes against the true ones. Takes predictions, never a model.

- `scores`: `evaluate`, average precision and recall as COCO counts them
"""
