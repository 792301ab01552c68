"""How good a detector is: its boxes against the true ones. Takes predictions, never a model.

- `scores`: `evaluate`, average precision and recall as COCO counts them; `curves`, how they trade
- `mistakes`: `find_mistakes`, every box by name, with a verdict for each picture (`findings`, `matching`);
  from them `confusion`, which class was taken for which, and `next_photos`, what the missed objects have in
  common (`object_looks`)
- `class_matching`: `match_classes`, the classes of predictions and truth matched by name
- `thresholds`: `calibrate_threshold`, the score from which a box is worth showing (`sweep`, `certainty`)
- `symptoms`: `examine`, what ails a detector, from its boxes alone (`place_symptoms`, `class_symptoms`,
  `score_symptoms`, `training_symptoms`, `diagnosis`); `tflhelpers/doctor.py` runs the detector
"""
