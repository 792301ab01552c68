"""Classes from boxes: what lies in each box, with a margin, is a picture of the box's class."""

from __future__ import annotations

import math

from tflhelpers.classification.label_checks import Candidate
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.images import ImageError, image_size

SMALLEST = 8  # pixels: of what is smaller nobody can tell what it is


def from_boxes(annotations: Annotations, margin: float) -> tuple[list[str], list[Candidate], list[str]]:
    """The classes, a candidate for each box that is no crowd, and a sentence for each that is too small.

    Args:
        annotations: their classes stay as they are.
        margin: on each side of a box, as a part of its width and height; cut off at the picture's edges.

    Raises:
        ValueError: a negative margin.
    """
    if not margin >= 0:
        raise ValueError(f"margin must be 0 or a part of a box's sides, such as 0.1, got {margin}.")
    candidates, left_out = [], []
    for path, boxes in annotations:
        boxes = boxes[~boxes.crowd_mask]
        if not len(boxes):
            continue
        try:
            height, width = image_size(path)
        except (ImageError, OSError) as error:
            left_out.append(f"Left out: {error}")
            continue
        for xyxy, label in zip(boxes.xyxy.tolist(), boxes.labels.tolist(), strict=True):
            box = with_margin(xyxy, margin, (height, width))
            if min(box[2] - box[0], box[3] - box[1]) < SMALLEST:
                left_out.append(f"Left out: {path}, the box {box} is smaller than {SMALLEST} pixels.")
            else:
                candidates.append(Candidate(path, label, f"{path} at {list(box)}", box))
    return list(annotations.class_names), candidates, left_out


def with_margin(xyxy, margin: float, image_size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box with a margin, in whole pixels within a picture of (height, width).

    Example:
        >>> with_margin([10, 20, 30, 60], 0.1, (62, 100))
        (8, 16, 32, 62)
    """
    x1, y1, x2, y2 = xyxy
    across, down = margin * (x2 - x1), margin * (y2 - y1)
    height, width = image_size
    return (
        max(0, math.floor(x1 - across)),
        max(0, math.floor(y1 - down)),
        min(width, math.ceil(x2 + across)),
        min(height, math.ceil(y2 + down)),
    )
