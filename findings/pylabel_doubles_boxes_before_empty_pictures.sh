#!/usr/bin/env bash
# pylabel 0.1.55 (with pandas 2.1.4 of its time), from COCO to COCO.
#
# Guess: a picture without objects is written as a picture without annotations.
# Seen: for each such picture the annotation that was written last is written again, with the same id and the same picture as
#       before. The more empty pictures follow, the more objects lie there on top of each other: only one of them can be
#       found, so recall falls, and training weighs that object several times.
#
# Correct: the annotations of the file that was read, 3 for 6 pictures, each id once.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pylabel==0.1.55 pandas==2.1.4 numpy==1.26.4 \
    opencv-python==4.9.0.80 matplotlib==3.8.4 scikit-learn==1.4.2 bbox-visualizer==1.0.1 jupyter-bbox-widget==0.7.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON' 2>"$folder/progress" || { cat "$folder/progress" >&2; exit 1; }
import json
from collections import Counter

from pylabel import importer


def through(filled):
    """What is written of a data set of six pictures with an object in each of these: (annotation's id, picture)."""
    data = {
        "images": [{"id": n, "file_name": f"{n}.jpg", "width": 640, "height": 480} for n in range(1, 7)],
        "categories": [{"id": 1, "name": "cat", "supercategory": "animal"}],
        "annotations": [
            {"id": n, "image_id": n, "category_id": 1, "bbox": [9, 9, 50, 50], "area": 2500, "iscrowd": 0, "segmentation": []}
            for n in filled
        ],
    }
    with open("read.json", "w") as file:
        json.dump(data, file)
    importer.ImportCoco("read.json", path_to_images=".", name="cats").export.ExportToCoco(output_path="written.json")
    with open("written.json") as file:
        written = json.load(file)
    assert len(written["images"]) == 6
    return [(one["id"], one["image_id"]) for one in written["annotations"]]


seen = {}
for filled in ((1, 2, 3, 4, 5, 6), (1, 2, 3), (1, 3, 6)):
    rows = through(filled)
    seen[filled] = dict(Counter(picture for _, picture in rows))
    print(f"objects in pictures {filled}: {len(rows)} written, {len(set(rows))} of them different; of each picture {seen[filled]}")
assert set(seen[1, 2, 3, 4, 5, 6].values()) == {1}
assert seen[1, 2, 3] == {1: 1, 2: 1, 3: 4}, "empty pictures no longer double the box before them"
assert seen[1, 3, 6] == {1: 2, 3: 3, 6: 1}, "empty pictures no longer double the box before them"
PYTHON
# Output of 2026-11-30:
# objects in pictures (1, 2, 3, 4, 5, 6): 6 written, 6 of them different; of each picture {1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}
# objects in pictures (1, 2, 3): 6 written, 3 of them different; of each picture {1: 1, 2: 1, 3: 4}
# objects in pictures (1, 3, 6): 6 written, 3 of them different; of each picture {1: 2, 3: 3, 6: 1}
