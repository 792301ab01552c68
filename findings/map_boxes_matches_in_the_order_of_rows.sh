#!/usr/bin/env bash
# map-boxes 1.0.6, mean_average_precision_for_boxes.
#
# Guess: the surest box on an object finds it and further ones on it are mistakes, so AP does not hang on the order of the rows.
# Seen: the box that comes first in the table finds the object; only afterwards are the boxes sorted by score. A surer one
#       further down is a mistake then, and one with a high score. The same rows sorted by something else, say by their left
#       edge or by model in an ensemble, have another AP.
#
# Correct: AP 1 in any order: each object is found by its surer box, and the doubles are less sure than all of these.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check map-boxes==1.0.6 numpy==2.2.6 pandas==2.2.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import itertools

import numpy as np
from map_boxes import mean_average_precision_for_boxes

# picture, label, (score,) xmin, xmax, ymin, ymax
objects = np.array([["a", "cat", 0.0, 0.4, 0.0, 0.4], ["a", "cat", 0.6, 1.0, 0.0, 0.4]], dtype=object)
boxes = [
    ["a", "cat", 0.9, 0.0, 0.4, 0.0, 0.4],
    ["a", "cat", 0.8, 0.6, 1.0, 0.0, 0.4],
    ["a", "cat", 0.2, 0.0, 0.4, 0.0, 0.39],  # each object once more, less sure
    ["a", "cat", 0.1, 0.6, 1.0, 0.0, 0.39],
]


def ap(rows):
    """mAP at IoU 0.5 of the boxes as they come."""
    score, _ = mean_average_precision_for_boxes(objects, np.array(rows, dtype=object), iou_threshold=0.5, verbose=False)
    return round(float(score), 3)


falling, rising = ap(boxes), ap(boxes[::-1])
every = sorted({ap(rows) for rows in itertools.permutations(boxes)})
print(f"by falling score: {falling}, by rising score: {rising}, over all orders of the four rows: {every}")
assert falling == 1
assert rising == 0.5 and len(every) > 2, "the order of the rows no longer matters"
PYTHON
# Output of 2026-11-30:
# by falling score: 1.0, by rising score: 0.5, over all orders of the four rows: [0.5, 0.667, 0.75, 1.0]
