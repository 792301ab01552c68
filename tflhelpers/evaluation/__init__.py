"""How good a detector is: its boxes against the true ones. Takes predictions, never a model.

- `scores`: `evaluate`, average precision and recall as COCO counts them; `curves`, how they trade
- `mistakes`: `find_mistakes`, every box by name, with a verdict for each picture (`matching`)
- `class_matching`: `match_classes`, the classes of predictions and truth matched by name
- `confusion`: `confusion_table`, which class was taken for which
- `thresholds`: `calibrate_threshold`, the score from which a box is worth showing (`sweep`, `certainty`)
- `next_photos`: `what_to_photograph_next`, what the missed objects have in common (`object_looks`)
- `scenes`: `shared_scenes`, whether training and scoring show the same places
- `symptoms`: `examine`, what ails a detector, from its boxes alone (`place_symptoms`, `class_symptoms`,
  `score_symptoms`, `training_symptoms`, `diagnosis`); `tflhelpers/doctor.py` runs the detector
"""
