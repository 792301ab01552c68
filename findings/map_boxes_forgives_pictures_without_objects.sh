#!/usr/bin/env bash
# map-boxes 1.0.6, mean_average_precision_for_boxes with exclude_not_in_annotations=False, the default.
#
# Guess: boxes on pictures that have no object are mistakes. That is what the argument is for: True leaves those pictures out,
#        False does not.
# Seen: they are left out either way: only pictures with an object are gone through. The report counts them as files in the
#       predictions, and nothing on them is counted. A detector that sees things in every empty picture has a perfect mAP.
#       It takes a row without a label in the table of objects, which no word of the package mentions, to make one count.
#
# Correct: nine boxes on nothing, all surer than the one that is right, leave a precision of 1 / 10 at recall 1: AP 0.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check map-boxes==1.0.6 numpy==2.2.6 pandas==2.2.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from map_boxes import mean_average_precision_for_boxes

# picture, label, (score,) xmin, xmax, ymin, ymax
objects = [["a", "cat", 0.0, 0.4, 0.0, 0.4]]
without_label = [[f"empty{n}", *[np.nan] * 5] for n in range(9)]
right = ["a", "cat", 0.5, 0.0, 0.4, 0.0, 0.4]


def ap(wrong, truth=objects, **options):
    """mAP at IoU 0.5 with these boxes on nothing beside the one that is right."""
    truth, boxes = np.array(truth, dtype=object), np.array([right, *wrong], dtype=object)
    score, _ = mean_average_precision_for_boxes(truth, boxes, iou_threshold=0.5, verbose=False, **options)
    return round(float(score), 3)


beside = [["a", "cat", 0.9, 0.5, 0.6, 0.1 * n, 0.1 * n + 0.1] for n in range(9)]  # in the picture with the cat
elsewhere = [[f"empty{n}", "cat", 0.9, 0.5, 0.6, 0.1, 0.2] for n in range(9)]  # each in a picture without one
seen = {
    "nine boxes beside the object": ap(beside),
    "nine boxes on empty pictures": ap(elsewhere),
    "the same, exclude_not_in_annotations=True": ap(elsewhere, exclude_not_in_annotations=True),
    "the same, listed without a label": ap(elsewhere, truth=objects + without_label),
}
for name, score in seen.items():
    print(f"{name}: mAP {score}")
assert list(seen.values()) == [0.1, 1, 1, 0.1], "boxes on empty pictures count now"
PYTHON
# Output of 2026-11-30:
# nine boxes beside the object: mAP 0.1
# nine boxes on empty pictures: mAP 1.0
# the same, exclude_not_in_annotations=True: mAP 1.0
# the same, listed without a label: mAP 0.1
