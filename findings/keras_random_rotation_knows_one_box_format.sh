#!/usr/bin/env bash
# keras 3.15.1, keras.layers.RandomRotation with a bounding_box_format other than "xyxy".
#
# Guess: the layer's argument names the format of the boxes, so one box in four notations is turned into one box.
# Seen: only "xyxy" comes out right. The numbers of the others are turned as if they were xyxy pixels: "xywh" gives a box
#       elsewhere, "rel_xyxy" one of half a pixel, all without an error. RandomTranslation and RandomFlip do convert.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check keras==3.15.1 numpy==2.2.6 scipy==1.15.3 jax==0.6.2
cd "$folder"
KERAS_BACKEND=numpy "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
from keras.utils.bounding_boxes import convert_format

SIZE = {"height": 100, "width": 160}


def through(layer, format):
    """The box (60, 40, 90, 60), handed over and taken back in a format, as xyxy pixels."""
    box = convert_format(np.array([[[60, 40, 90, 60]]], "float32"), "xyxy", format, **SIZE)
    boxes = {"boxes": np.asarray(box), "labels": np.zeros((1, 1))}
    out = layer({"images": np.zeros((1, 100, 160, 3), "float32"), "bounding_boxes": boxes}, training=True)
    return np.asarray(convert_format(out["bounding_boxes"]["boxes"], format, "xyxy", **SIZE))[0, 0].astype(float).round(1)


turned, moved = {}, {}
for format in ("xyxy", "yxyx", "xywh", "center_xywh", "rel_xyxy"):
    turned[format] = through(
        keras.layers.RandomRotation((0.1, 0.1), fill_mode="constant", seed=1, bounding_box_format=format), format
    )
    moved[format] = through(
        keras.layers.RandomTranslation(
            (0.2, 0.2), (0.1, 0.1), fill_mode="constant", seed=1, bounding_box_format=format
        ),
        format,
    )
    print(f"{format:12} rotated {turned[format].tolist()}, translated {moved[format].tolist()}")
assert all(np.abs(box - moved["xyxy"]).max() < 0.2 for box in moved.values())
assert all(np.abs(box - turned["xyxy"]).max() > 5 for name, box in turned.items() if name != "xyxy")
PYTHON
# Output of 2026-11-30:
# xyxy         rotated [58.1, 35.6, 94.2, 69.5], translated [76.0, 60.0, 106.0, 80.0]
# yxyx         rotated [53.7, 69.5, 87.5, 100.0], translated [76.0, 60.0, 106.0, 80.0]
# xywh         rotated [22.1, 37.1, 58.1, 70.9], translated [76.0, 60.0, 106.0, 80.0]
# center_xywh  rotated [22.1, 28.3, 76.2, 79.0], translated [76.0, 60.0, 106.0, 80.0]
# rel_xyxy     rotated [0.0, 56.2, 0.0, 56.4], translated [76.0, 60.0, 106.0, 80.0]
