#!/usr/bin/env bash
# globox 2.9.0, COCOEvaluator.save_csv.
#
# Guess: the columns "AR 1", "AR 10" and "AR 100" of a label hold what ar_1(), ar_10() and ar_100() say where it is the only
#        label: its average recall with so many boxes per picture.
# Seen: they hold its average precision with so many boxes. The methods are right, and so are the columns "AR S", "AR M" and
#       "AR L", hence "AR 100" and "AR L" of one row differ where every object is large.
#
# Correct: one of two objects has a box, an exact one, so the recall is 1/2 at every IoU threshold; 0 with the surest box only,
# as that one lies on nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check globox==2.9.0 numpy==2.2.6 rich==14.3.4 tqdm==4.70.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import csv

from globox import Annotation, AnnotationSet, BoundingBox, COCOEvaluator


def evaluated(truths, boxes):
    """The evaluator's methods and its csv file's row of a picture of cats: corner of each box, score of each box."""
    thing = [BoundingBox(label="cat", xmin=x, ymin=0, xmax=x + 100, ymax=100) for x in truths]
    found = [BoundingBox(label="cat", xmin=x, ymin=0, xmax=x + 100, ymax=100, confidence=s) for x, s in boxes]
    one = COCOEvaluator(
        ground_truths=AnnotationSet([Annotation("a.jpg", (640, 480), thing)]),
        predictions=AnnotationSet([Annotation("a.jpg", (640, 480), found)]),
    )
    one.save_csv("scores.csv")
    methods = {"AP 50:95": one.ap(), "AR 1": one.ar_1(), "AR 10": one.ar_10(), "AR 100": one.ar_100(), "AR L": one.ar_large()}
    with open("scores.csv") as file:
        (row,) = csv.DictReader(file)
    return {k: round(float(v), 3) for k, v in methods.items()}, {k: round(float(row[k]), 3) for k in methods}


methods, row = evaluated(truths=[0, 200], boxes=[(400, 0.9), (0, 0.8)])
print("methods", methods)
print("row    ", row)
assert (methods["AR 1"], methods["AR 10"], methods["AR 100"], methods["AR L"]) == (0, 0.5, 0.5, 0.5)
assert row["AP 50:95"] == methods["AP 50:95"] == 0.252 and row["AR L"] == 0.5
assert (row["AR 10"], row["AR 100"]) == (0.252, 0.252), "the columns are no longer precision"

# the other way round: two of two objects found, after one box on nothing that only precision minds
methods, row = evaluated(truths=[0, 200], boxes=[(400, 0.9), (0, 0.8), (200, 0.7)])
print("methods", methods)
print("row    ", row)
assert methods["AR 100"] == 1 and row["AR 100"] == row["AP 50:95"] < 0.7, "the columns are no longer precision"
PYTHON
# Output of 2026-11-30:
# methods {'AP 50:95': 0.252, 'AR 1': 0.0, 'AR 10': 0.5, 'AR 100': 0.5, 'AR L': 0.5}
# row     {'AP 50:95': 0.252, 'AR 1': 0.0, 'AR 10': 0.252, 'AR 100': 0.252, 'AR L': 0.5}
# methods {'AP 50:95': 0.667, 'AR 1': 0.0, 'AR 10': 1.0, 'AR 100': 1.0, 'AR L': 1.0}
# row     {'AP 50:95': 0.667, 'AR 1': 0.0, 'AR 10': 0.667, 'AR 100': 0.667, 'AR L': 1.0}
