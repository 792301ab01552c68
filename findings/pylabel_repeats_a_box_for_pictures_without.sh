#!/usr/bin/env bash
# pylabel 0.1.55, dataset.export.ExportToCoco of a set with pictures that show nothing.
#
# Guess: a picture without annotations is in "images" and has none in "annotations".
# Seen: the picture is there, and the box of the row before is written once more, with its id and its picture. Each negative
#       doubles a box of somebody else: two annotations have one id, and a detector learns or is scored on the box twice.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pylabel==0.1.55 "pandas==2.2.3" "numpy<3"
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
from collections import Counter

from pylabel import importer

names = ("a.jpg", "b.jpg", "nothing.jpg", "nothing_either.jpg")
given = {
    "images": [{"id": at, "file_name": name, "width": 90, "height": 60} for at, name in enumerate(names, 1)],
    "annotations": [
        {"id": at, "image_id": at, "category_id": 1, "bbox": [10 * at, 5, 20, 30], "area": 600, "iscrowd": 0}
        for at in (1, 2)
    ],
    "categories": [{"id": 1, "name": "duck"}],
}
with open("given.json", "w") as file:
    json.dump(given, file)
dataset = importer.ImportCoco("given.json", path_to_images=".")
dataset.export.ExportToCoco(output_path="made.json")
with open("made.json") as file:
    made = json.load(file)
for annotation in made["annotations"]:
    print(f"id {annotation['id']}, picture {annotation['image_id']}, box {annotation['bbox']}")
pictures = [image["file_name"] for image in made["images"]]
assert pictures == list(names), pictures
boxes = Counter((annotation["id"], annotation["image_id"]) for annotation in made["annotations"])
print(f"{len(given['annotations'])} boxes went in, {sum(boxes.values())} came out; most often: {max(boxes.values())} times")
assert sum(boxes.values()) == 4, "no box is repeated any more"
assert max(boxes.values()) == 3
PYTHON
# Output of 2026-11-30:
# id 0, picture 1, box [10.0, 5.0, 20.0, 30.0]
# id 1, picture 2, box [20.0, 5.0, 20.0, 30.0]
# id 1, picture 2, box [20.0, 5.0, 20.0, 30.0]
# id 1, picture 2, box [20.0, 5.0, 20.0, 30.0]
# 2 boxes went in, 4 came out; most often: 3 times
