#!/usr/bin/env bash
# keras 3.15.1, keras.layers.RandomCrop with bounding_box_format="xyxy".
#
# Guess: a crop takes a box along, so that it still encloses what it enclosed.
# Seen: the picture is cropped at (x, y), the box is moved by (y, x). Where the two offsets are alike, as in tests with
#       square pictures and central crops, nothing shows. Training goes on with boxes beside their objects.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check keras==3.15.1 numpy==2.2.6 scipy==1.15.3 jax==0.6.2
cd "$folder"
KERAS_BACKEND=numpy "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np

wrong = 0
for seed in range(8):
    picture = np.zeros((1, 100, 160, 3), "float32")
    picture[0, 40:60, 60:90] = 255  # a white thing, in no crop cut off
    box = np.array([[[60, 40, 90, 60]]], "float32")  # xyxy, around it
    layer = keras.layers.RandomCrop(80, 120, seed=seed, bounding_box_format="xyxy")
    out = layer({"images": picture, "bounding_boxes": {"boxes": box, "labels": np.zeros((1, 1))}}, training=True)
    white = np.asarray(out["images"])[0, ..., 0] > 127
    rows, columns = np.flatnonzero(white.any(1)), np.flatnonzero(white.any(0))
    thing = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    x, y = 60 - thing[0], 40 - thing[1]  # where the picture was cropped
    moved = np.asarray(out["bounding_boxes"]["boxes"])[0, 0].tolist()
    print(f"seed {seed}: cropped at x {x}, y {y}; the thing is at {[int(v) for v in thing]}, its box at {moved}")
    assert moved == [60 - y, 40 - x, 90 - y, 60 - x], "the box is no longer moved by (y, x)"
    wrong += x != y
assert wrong >= 6
print(f"{wrong} of 8 boxes do not lie around their thing")
PYTHON
# Output of 2026-11-30:
# seed 0: cropped at x 36, y 13; the thing is at [24, 27, 54, 47], its box at [47.0, 4.0, 77.0, 24.0]
# seed 1: cropped at x 13, y 10; the thing is at [47, 30, 77, 50], its box at [50.0, 27.0, 80.0, 47.0]
# ...
# 8 of 8 boxes do not lie around their thing
