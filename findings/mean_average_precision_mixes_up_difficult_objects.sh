#!/usr/bin/env bash
# mean-average-precision 2024.1.5.0, map_2d with "difficult" objects.
#
# Guess: as in Pascal VOC, a difficult object is not among those to be found, and a box on it counts neither way. The order of
#        the objects in a picture does not matter.
# Seen: two faults, one upon the other. Difficult objects are counted as objects that were not found. And the flags of a
#       picture are handed out in a wrong order: with n boxes the first object's flag is written down n times before the
#       second's begins, so that boxes see the flags of other objects. AP changes with the order of the objects, down to 0
#       for a picture in which every object has an exact box.
#
# Correct: AP 1 in every row: the one object that counts has an exact box, the box on the difficult one is ignored, and the box
# on nothing is less sure than both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check mean-average-precision==2024.1.5.0 numpy==2.2.6 pandas==2.2.3
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
from mean_average_precision import MetricBuilder


def scored(objects, boxes):
    """AP at IoU 0.5 and the recall reached, of one picture. Objects: left edge, difficult; boxes: left edge, score."""
    metric = MetricBuilder.build_evaluation_metric("map_2d", async_mode=False, num_classes=1)
    truth = [[x, 0, x + 99, 99, 0, difficult, 0] for x, difficult in objects]
    found = [[x, 0, x + 99, 99, 0, score] for x, score in boxes]
    metric.add(np.array(found, float), np.array(truth, float))
    one = metric.value(iou_thresholds=0.5)[0.5][0]
    return round(float(one["ap"]), 3), round(float(one["recall"][-1]), 3)


boxes = [(0, 0.9), (200, 0.8), (400, 0.1)]
rows = {
    "both plain": [(0, 0), (200, 0)],
    "the second difficult": [(0, 0), (200, 1)],
    "the same, listed first": [(200, 1), (0, 0)],
}
seen = {name: scored(objects, boxes) for name, objects in rows.items()}
for name, (ap, recall) in seen.items():
    print(f"{name:22}: AP {ap}, recall {recall}")
assert seen["both plain"] == (1, 1)
assert seen["the second difficult"] == (0.5, 0.5), "difficult objects are no longer to be found"
assert seen["the same, listed first"] == (0, 0), "the flags are no longer mixed up"
PYTHON
# Output of 2026-11-30:
# both plain            : AP 1.0, recall 1.0
# the second difficult  : AP 0.5, recall 0.5
# the same, listed first: AP 0.0, recall 0.0
