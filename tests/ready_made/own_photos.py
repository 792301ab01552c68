"""Photos of one's own, as small as can be."""

import numpy as np
from PIL import Image

import tflhelpers as tfl
from tflhelpers.model.settings import Architecture
from tflhelpers.training.record import training_record

SMALL = Architecture("ssd_mobilenet_v2_fpnlite", (64, 64), {"alpha": 0.35, "fpn_depth": 8, "tower_layers": 1})


def as_if_trained(photos):
    """A small detector that says that it was trained on these photos."""
    detector = tfl.Detector(SMALL, photos.class_names)
    detector.trained_on = training_record(photos)
    return detector


def save_photos(folder, boxes_of_each, class_names=("cup",), first=0):
    """Write photos of 40 x 60 pixels, each of another gray, and an annotations.json with the given boxes."""
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for number, xyxy in enumerate(boxes_of_each):
        path = folder / f"photo{number}.png"
        Image.fromarray(np.full((40, 60, 3), 20 * (number + first), np.uint8)).save(path)
        items.append((path, tfl.Boxes(xyxy, [0] * len(xyxy)) if xyxy else tfl.Boxes.empty()))
    tfl.Annotations.from_items(class_names, items).save(folder / "annotations.json")
