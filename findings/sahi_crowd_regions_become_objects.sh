#!/usr/bin/env bash
# sahi 0.12.8, Coco.from_coco_dict_or_path and slice_coco.
#
# Guess: a crowd region of a COCO file is one still in what sahi writes: its CocoAnnotation has an iscrowd and writes it.
# Seen: the reader does not read it. Every region comes out with "iscrowd": 0, each slice of it too, and so turns into one
#       object as large as the slice, to be learned, and to be missed in an evaluation. "ignore" is gone as well.
#
# Correct: "iscrowd": 1 for annotation 2 and for all pieces of it, as COCO's evaluation leaves such a region out of account.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps sahi==0.12.8 numpy==2.2.6 shapely==2.2.0 \
    pillow==13.0.0 opencv-python-headless==4.12.0.88 pyyaml==6.0.3 requests==2.34.2 tqdm==4.70.1 click==8.5.1
cd "$folder"
TQDM_DISABLE=1 "$folder/venv/bin/python" - <<'PYTHON'
import json

import numpy as np
from PIL import Image
from sahi.slicing import slice_coco
from sahi.utils.coco import Coco, CocoAnnotation

Image.fromarray(np.zeros((400, 400, 3), np.uint8)).save("a.png")
data = {
    "images": [{"id": 1, "file_name": "a.png", "width": 400, "height": 400}],
    "categories": [{"id": 1, "name": "person"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 50, 80], "area": 4000, "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 1, "bbox": [200, 0, 200, 400], "area": 80000, "iscrowd": 1},
    ],
}
with open("truth.json", "w") as file:
    json.dump(data, file)

made = CocoAnnotation(bbox=[200, 0, 200, 400], category_id=1, category_name="person", iscrowd=1).json
read = Coco.from_coco_dict_or_path("truth.json", image_dir=".").json["annotations"]
sliced, _ = slice_coco(
    "truth.json", ".", "sliced", output_dir="out", slice_height=200, slice_width=200,
    overlap_height_ratio=0, overlap_width_ratio=0,
)
print("made with iscrowd=1:", made["bbox"], "iscrowd", made["iscrowd"])
for name, annotations in (("read and written", read), ("sliced", sliced["annotations"])):
    for one in annotations:
        print(f"{name}: image {one['image_id']}, {one['bbox']}, iscrowd {one['iscrowd']}")
assert made["iscrowd"] == 1 and len(read) == 2 and len(sliced["annotations"]) == 3
assert not any(one["iscrowd"] for one in [*read, *sliced["annotations"]]), "a crowd region is one still"
PYTHON
# Output of 2026-11-30:
# made with iscrowd=1: [200.0, 0.0, 200.0, 400.0] iscrowd 1
# read and written: image 1, [10.0, 10.0, 50.0, 80.0], iscrowd 0
# read and written: image 1, [200.0, 0.0, 200.0, 400.0], iscrowd 0
# sliced: image 1, [10.0, 10.0, 50.0, 80.0], iscrowd 0
# sliced: image 2, [0.0, 0.0, 200.0, 200.0], iscrowd 0
# sliced: image 4, [0.0, 0.0, 200.0, 200.0], iscrowd 0
