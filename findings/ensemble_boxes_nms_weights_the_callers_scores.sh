#!/usr/bin/env bash
# ensemble-boxes 1.0.9, nms with weights.
#
# Guess: nms is a function of its arguments: who tries several IoU thresholds on one ensemble compares like with like.
# Seen: it writes the weighted scores into the caller's list of scores, and the next call weights them again: the share of
#       the lighter model halves with each threshold that is tried, and its boxes lose where they had won. The scores of
#       weighted_boxes_fusion, which takes the same arguments, stay as they were.
#
# Correct: weights 2 and 1 make 0.6 * 2 / 3 = 0.4 and 0.9 * 1 / 3 = 0.3, in every call.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ensemble-boxes==1.0.9 numpy==2.2.6 numba==0.61.2 pandas==2.2.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import copy

from ensemble_boxes import nms, weighted_boxes_fusion

boxes = [[[0.1, 0.1, 0.5, 0.5]], [[0.6, 0.6, 0.9, 0.9]]]  # one box of each of two models
given, labels, weights = [[0.6], [0.9]], [[0], [0]], [2, 1]

scores = copy.deepcopy(given)
seen = []
for iou_thr in (0.4, 0.5, 0.6):
    _, out, _ = nms(boxes, scores, labels, iou_thr=iou_thr, weights=weights)
    seen.append([round(float(s), 3) for s in out])
    print(f"IoU threshold {iou_thr}: scores {seen[-1]}, the caller's list is now {[[round(float(s), 3) for s in m] for m in scores]}")
assert seen[0] == [0.4, 0.3]
assert seen[1] == [0.267, 0.1] and seen[2] == [0.178, 0.033], "the second call no longer weights what the first has weighted"

scores = copy.deepcopy(given)
fused = [weighted_boxes_fusion(boxes, scores, labels, iou_thr=t, weights=weights)[1].tolist() for t in (0.4, 0.5, 0.6)]
print("weighted_boxes_fusion:", [[round(s, 3) for s in f] for f in fused], "the caller's list is still", scores)
assert scores == given and fused[0] == fused[1] == fused[2]
PYTHON
# Output of 2026-11-30:
# IoU threshold 0.4: scores [0.4, 0.3], the caller's list is now [[0.4], [0.3]]
# IoU threshold 0.5: scores [0.267, 0.1], the caller's list is now [[0.267], [0.1]]
# IoU threshold 0.6: scores [0.178, 0.033], the caller's list is now [[0.178], [0.033]]
# weighted_boxes_fusion: [[0.4, 0.3], [0.4, 0.3], [0.4, 0.3]] the caller's list is still [[0.6], [0.9]]
