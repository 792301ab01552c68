#!/usr/bin/env bash
# sahi 0.12.8, NMMPostprocess with match_metric "IOU".
#
# Guess: boxes of a thing cut by slices are merged along the chain: A matches B, B matches C, so one box around A, B and C.
#        What is not merged stays a box of its own.
# Seen: the chain is found, then each box is asked once more whether it matches what is merged so far. The longer the merged
#       box, the lower its IoU with the next piece: that one is neither merged nor kept. Whether it happens hangs on the
#       scores and on the order in which the boxes come; the box that is lost may be surer than the one that is merged.
#
# Correct: one box [0, 0, 160, 100] in every row, which match_metric "IOS" gives; its threshold is the same 0.5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps sahi==0.12.8 numpy==2.2.6 shapely==2.2.0 \
    pillow==13.0.0 opencv-python-headless==4.12.0.88 pyyaml==6.0.3 requests==2.34.2 tqdm==4.70.1 click==8.5.1
cd "$folder"
TQDM_DISABLE=1 "$folder/venv/bin/python" - <<'PYTHON'
from sahi.postprocess.combine import NMMPostprocess
from sahi.prediction import ObjectPrediction

# three pieces of a thing, each moved by 30 px: IoU 70 / 130 = 0.54 of neighbours, 40 / 160 = 0.25 of the first and the last
PIECES = {"A": [0, 0, 100, 100], "B": [30, 0, 130, 100], "C": [60, 0, 160, 100]}


def merged(metric, order, scores):
    """What is left of the pieces, handed over in an order."""
    pieces = [
        ObjectPrediction(
            bbox=PIECES[name], score=scores[name], category_id=0, category_name="ship", full_shape=[400, 400]
        )
        for name in order
    ]
    kept = NMMPostprocess(match_threshold=0.5, match_metric=metric)(pieces)
    return [[int(v) for v in one.bbox.to_xyxy()] for one in kept]


cases = [
    ("ABC", {"A": 0.9, "B": 0.8, "C": 0.7}, [0, 0, 130, 100]),
    ("ABC", {"A": 0.7, "B": 0.8, "C": 0.9}, [30, 0, 160, 100]),
    ("ABC", {"A": 0.7, "B": 0.9, "C": 0.8}, [0, 0, 130, 100]),
    ("CBA", {"A": 0.7, "B": 0.9, "C": 0.8}, [30, 0, 160, 100]),
]
for order, scores, expected in cases:
    iou, ios = merged("IOU", order, scores), merged("IOS", order, scores)
    print(f"{order} with scores {scores}: IOU leaves {iou}, IOS {ios}")
    assert ios == [[0, 0, 160, 100]]
    assert iou == [expected], "the end of the chain is no longer dropped"
PYTHON
# Output of 2026-11-30:
# ABC with scores {'A': 0.9, 'B': 0.8, 'C': 0.7}: IOU leaves [[0, 0, 130, 100]], IOS [[0, 0, 160, 100]]
# ABC with scores {'A': 0.7, 'B': 0.8, 'C': 0.9}: IOU leaves [[30, 0, 160, 100]], IOS [[0, 0, 160, 100]]
# ABC with scores {'A': 0.7, 'B': 0.9, 'C': 0.8}: IOU leaves [[0, 0, 130, 100]], IOS [[0, 0, 160, 100]]
# CBA with scores {'A': 0.7, 'B': 0.9, 'C': 0.8}: IOU leaves [[30, 0, 160, 100]], IOS [[0, 0, 160, 100]]
