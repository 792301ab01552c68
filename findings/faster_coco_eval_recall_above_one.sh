#!/usr/bin/env bash
# faster-coco-eval 1.8.0, COCOeval_faster.extended_metrics, pictures with a crowd region.
#
# Guess: "recall" is the part of the objects that were found, and boxes on a crowd region count neither way, as in COCO.
# Seen: every box on the crowd region counts as an object found, while the region is not among the objects. "recall" has no
#       upper end, "precision" takes these boxes for right ones, and the threshold of both is chosen by their F1. AP and AR of
#       the same evaluation are right: only what extended_metrics counts itself is wrong.
#
# Correct: one of two single objects is found: recall 1/2. Of the boxes, those on the crowd are ignored, one is right and one
# is on nothing: precision 1 above that one's score.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check faster-coco-eval==1.8.0 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from faster_coco_eval import COCO, COCOeval_faster


def metrics(on_crowd):
    """AR and extended_metrics of a picture with two objects, a crowd region, and as many boxes on that."""
    truths = [([0, 0, 100, 100], 0), ([0, 200, 100, 100], 0), ([300, 0, 300, 400], 1)]
    found = [([0, 0, 100, 100], 0.9), ([150, 150, 60, 60], 0.2)]
    found += [([310 + 50 * n, 10, 40, 90], 0.8 - 0.1 * n) for n in range(on_crowd)]
    truth = COCO(
        {
            "images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
            "categories": [{"id": 1, "name": "person"}],
            "annotations": [
                {"id": n, "image_id": 1, "category_id": 1, "bbox": b, "area": b[2] * b[3], "iscrowd": c}
                for n, (b, c) in enumerate(truths, 1)
            ],
        }
    )
    boxes = truth.loadRes([{"image_id": 1, "category_id": 1, "bbox": b, "score": s} for b, s in found])
    one = COCOeval_faster(truth, boxes, "bbox", print_function=lambda *_: None, extra_calc=True)
    one.run()
    extended = one.extended_metrics
    return [round(float(one.stats[0]), 3), round(float(one.stats[8]), 3), extended["precision"], extended["recall"]]


seen = {n: metrics(n) for n in (0, 1, 3, 5)}
for n, (ap, ar, precision, recall) in seen.items():
    print(f"{n} boxes on the crowd: AP {ap}, AR {ar}; extended_metrics: precision {precision}, recall {recall}")
assert all(figures[:2] == seen[0][:2] and figures[1] == 0.5 for figures in seen.values())
assert seen[0][2:] == [1, 0.5]
assert [figures[3] for figures in seen.values()] == [0.5, 1, 2, 3], "recall no longer counts the boxes on the crowd"
PYTHON
# Output of 2026-11-30:
# 0 boxes on the crowd: AP 0.505, AR 0.5; extended_metrics: precision 1.0, recall 0.5
# 1 boxes on the crowd: AP 0.505, AR 0.5; extended_metrics: precision 1.0, recall 1.0
# 3 boxes on the crowd: AP 0.505, AR 0.5; extended_metrics: precision 1.0, recall 2.0
# 5 boxes on the crowd: AP 0.505, AR 0.5; extended_metrics: precision 1.0, recall 3.0
