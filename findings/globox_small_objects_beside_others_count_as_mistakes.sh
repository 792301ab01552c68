#!/usr/bin/env bash
# globox 2.9.0, COCOEvaluator by size, against pycocotools 2.0.11.
#
# Guess: AP of small, medium and large objects is COCO's, so a box that finds an object of another size does not count.
# Seen: it counts as a mistake as long as an object of the size asked for has no box yet, however far away that one is. A box
#       first takes any such object as its match, with an IoU of 0, and stops there; the threshold is asked only then. So
#       "AP M" falls when a box on a small object is a little larger than the object, for no fault that COCO sees.
#
# Correct: COCO's rule is that a box takes an ignored object if no counted one overlaps it enough, and is ignored with it.
# Here every object has its box, all with IoU 0.96 or more, so AP of the medium ones is 1 at every threshold.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check globox==2.9.0 pycocotools==2.0.11 numpy==2.2.6 rich==14.3.4 tqdm==4.70.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import contextlib
import io
import json

from globox import AnnotationSet, COCOEvaluator
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def medium(truths, boxes):
    """AP of medium objects of one picture by pycocotools and by globox, both from the same two files."""
    objects = [
        {"id": n, "image_id": 1, "category_id": 1, "bbox": b, "area": b[2] * b[3], "iscrowd": 0}
        for n, b in enumerate(truths, 1)
    ]
    data = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": objects,
    }
    with open("truth.json", "w") as file:
        json.dump(data, file)
    with open("boxes.json", "w") as file:
        json.dump([{"image_id": 1, "category_id": 1, "bbox": b, "score": s} for b, s in boxes], file)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO("truth.json")
        coco = COCOeval(truth, truth.loadRes("boxes.json"), "bbox")
        coco.evaluate(), coco.accumulate(), coco.summarize()
    read = AnnotationSet.from_coco("truth.json")
    globox = COCOEvaluator(ground_truths=read, predictions=read.from_results("boxes.json"))
    return round(float(coco.stats[4]), 3), round(globox.ap_medium(), 3)


small, small_found = [0, 0, 31, 33], ([0, 0, 32, 33], 0.9)  # 1023 px, found by a box of 1056: medium begins at 1024
exact = ([0, 0, 31, 33], 0.9)
middle, middle_found = [200, 200, 50, 50], ([200, 200, 50, 50], 0.8)
cases = {
    "box of the small one 1 px wider": ([small, middle], [small_found, middle_found]),
    "box of the small one exact": ([small, middle], [exact, middle_found]),
    "box of the small one less sure": ([small, middle], [(small_found[0], 0.7), middle_found]),
}
seen = {name: medium(*case) for name, case in cases.items()}
for name, (coco, globox) in seen.items():
    print(f"{name:32} AP of medium objects: pycocotools {coco}, globox {globox}")
assert all(coco == 1 for coco, _ in seen.values())
assert [globox for _, globox in seen.values()] == [0.5, 1, 1], "globox no longer counts the small object's box"
PYTHON
# Output of 2026-11-30:
# box of the small one 1 px wider  AP of medium objects: pycocotools 1.0, globox 0.5
# box of the small one exact       AP of medium objects: pycocotools 1.0, globox 1.0
# box of the small one less sure   AP of medium objects: pycocotools 1.0, globox 1.0
