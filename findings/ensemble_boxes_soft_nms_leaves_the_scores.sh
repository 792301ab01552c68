#!/usr/bin/env bash
# ensemble-boxes 1.0.9, soft_nms.
#
# Guess: Soft-NMS keeps overlapping boxes and lowers their scores, and returns the lowered ones: there is no other effect.
# Seen: it returns the scores that it was given. The lowered ones set the order of the boxes and which fall below thresh, and
#       are then thrown away. Who sorts by the score, as every evaluation does, has the boxes of before, duplicates on top.
#
# Correct: the second box overlaps the first with IoU 38 / 42, so gaussian (sigma 0.5) leaves 0.8 * exp(-(38 / 42)^2 / 0.5)
# = 0.156 and linear 0.8 * (1 - 38 / 42) = 0.076 of its score 0.8.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ensemble-boxes==1.0.9 numpy==2.2.6 numba==0.61.2 pandas==2.2.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import math

from ensemble_boxes import soft_nms

boxes = [[[0.1, 0.1, 0.5, 0.5], [0.12, 0.1, 0.52, 0.5], [0.6, 0.6, 0.9, 0.9]]]  # a thing, the same again, another thing
scores, labels = [[0.9, 0.8, 0.5]], [[0, 0, 0]]
iou = 38 / 42
correct = {1: 0.8 * (1 - iou), 2: 0.8 * math.exp(-(iou**2) / 0.5)}
for method, name in ((1, "linear"), (2, "gaussian")):
    kept, given, _ = soft_nms(boxes, scores, labels, method=method, iou_thr=0.5, sigma=0.5, thresh=0.001)
    print(f"{name:8} left edges {kept[:, 0].tolist()}, scores {given.tolist()}, of the duplicate {correct[method]:.3f} is left")
    # the order shows that the duplicate was lowered below 0.5, its score does not
    assert kept[:, 0].tolist() == [0.1, 0.6, 0.12]
    assert given.tolist() == [0.9, 0.5, 0.8], "the scores are no longer those that were given"
    # so was what falls away: with a thresh above the lowered score the duplicate goes, with one below it stays
    for thresh, left in ((correct[method] + 0.01, 2), (correct[method] - 0.01, 3)):
        assert len(soft_nms(boxes, scores, labels, method=method, iou_thr=0.5, sigma=0.5, thresh=thresh)[0]) == left
PYTHON
# Output of 2026-11-30:
# linear   left edges [0.1, 0.6, 0.12], scores [0.9, 0.5, 0.8], of the duplicate 0.076 is left
# gaussian left edges [0.1, 0.6, 0.12], scores [0.9, 0.5, 0.8], of the duplicate 0.156 is left
