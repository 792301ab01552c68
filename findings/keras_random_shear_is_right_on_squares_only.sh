#!/usr/bin/env bash
# keras 3.15.1, keras.layers.RandomShear with bounding_box_format="xyxy".
#
# Guess: a horizontal shear by s moves the row at y by s * y pixels; the box moves as its upper and its lower row do.
# Seen: so the picture moves. The box moves by s * y * width / height: its numbers are sheared as parts of the width and of
#       the height, and the ratio of the two is forgotten. Right on square pictures, 1.8 times too far on 16:9.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check keras==3.15.1 numpy==2.2.6 scipy==1.15.3 jax==0.6.2
cd "$folder"
KERAS_BACKEND=numpy "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np

for height, width in ((100, 100), (100, 150), (100, 200), (200, 100)):
    picture = np.zeros((1, height, width, 3), "float32")
    picture[0, 20:60, 30:50] = 255  # a white thing
    box = np.array([[[30, 20, 50, 60]]], "float32")  # xyxy, around it
    layer = keras.layers.RandomShear(  # with this seed the same shear each time
        x_factor=(0.3, 0.3), y_factor=0.0, fill_mode="constant", seed=1, bounding_box_format="xyxy"
    )
    out = layer({"images": picture, "bounding_boxes": {"boxes": box, "labels": np.zeros((1, 1))}}, training=True)
    columns = np.flatnonzero((np.asarray(out["images"])[0, ..., 0] > 127).any(0))
    thing = np.array([columns[0], columns[-1] + 1]) - [30, 50]
    boxed = np.asarray(out["bounding_boxes"]["boxes"])[0, 0, [0, 2]] - [30, 50]
    print(f"{width} x {height}: the thing's left and right moved by {thing.tolist()}, its box's by {boxed.round(1).tolist()}")
    assert np.abs(thing - [6, 18]).max() <= 1
    assert np.abs(boxed - np.array([6, 18]) * width / height).max() < 0.1, "the box no longer moves by the ratio"
PYTHON
# Output of 2026-11-30:
# 100 x 100: the thing's left and right moved by [6, 18], its box's by [6.0, 18.0]
# 150 x 100: the thing's left and right moved by [6, 18], its box's by [9.0, 27.0]
# 200 x 100: the thing's left and right moved by [6, 18], its box's by [12.0, 36.0]
# 100 x 200: the thing's left and right moved by [6, 18], its box's by [3.0, 9.0]
