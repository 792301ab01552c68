"""Boxes in records of the Object Detection API: lists of float32 fractions, and classes by text or by number.

Feature names are those of object_detection/data_decoders/tf_example_decoder.py. A float32 fraction times the
picture's side is seldom the very edge that was drawn, so reading takes the shortest decimal number that has this
fraction. Where even that would not give an edge back, the writer adds all edges in pixels under a name of our own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats.label_map import LabelMap
from tflhelpers.data.formats.raw import RawBox
from tflhelpers.files.example_proto import Values, bytes_of, numbers_of
from tflhelpers.files.record_file import RecordError
from tflhelpers.files.text import decode_text

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_BBOX = "image/object/bbox/"
_TEXT, _LABEL, _CROWD = "image/object/class/text", "image/object/class/label", "image/object/is_crowd"
_GROUP, _DIFFICULT = "image/object/group_of", "image/object/difficult"
_EDGES = "image/object/bbox/xyxy_pixels"  # our own
_OTHER_TASKS = {
    "image/segmentation/class/encoded": "a record of segmentation, with a class for each pixel",
    "image/class/label": "a record of classification, with a class for the whole picture",
    "image/class/text": "a record of classification, with a class for the whole picture",
}
_FLOAT32 = 2.0**-24 * 1.001  # relative rounding error of a float32
_DIGITS = 5
Features = Mapping[str, memoryview]
Rows = Sequence[tuple[Any, ...]]


def box_features(boxes: Boxes, size: tuple[int, int], class_names: Sequence[str]) -> dict[str, Values]:
    """Return the features of boxes that lie inside a picture of (height, width) pixels."""
    height, width = size
    sides = np.array([width, height, width, height], np.float64)
    fractions = (boxes.xyxy / sides).astype(np.float32)
    features: dict[str, Values] = {
        _BBOX + name: column for name, column in zip(_SIDES, fractions.T.tolist(), strict=True)
    }
    labels = boxes.labels.tolist()
    features[_TEXT] = [class_names[label].encode() for label in labels]
    features[_LABEL] = [label + 1 for label in labels]
    features[_CROWD] = [int(crowd) for crowd in boxes.crowd_mask]
    if not np.array_equal(np.array(_edges(fractions.tolist(), size), np.float32).reshape(-1, 4), boxes.xyxy):
        features[_EDGES] = boxes.xyxy.ravel().tolist()
    return features


def raw_boxes(
    features: Features, size: tuple[int, int] | None, label_map: LabelMap | None
) -> tuple[list[RawBox], list[int]]:
    """Return the boxes of a record in fractions of the picture, and the class number of each, 0 for none.

    Args:
        features: Of the record.
        size: (height, width) of the picture, to find out which pixels the fractions mean.
        label_map: Which number means which class, if that is known.

    Raises:
        RecordError: If its lists do not have one value a box, or it is of another task than detection.
        ProtoError: If a feature is damaged.
    """
    other = next((what for key, what in _OTHER_TASKS.items() if key in features), None)
    if other and not any(key.startswith(_BBOX) for key in features):
        raise RecordError(f"no boxes: {other}, so the picture is left out")
    columns = [numbers_of(features.get(_BBOX + name)) for name in _SIDES]
    count = len(columns[0])
    if any(len(column) != count for column in columns):
        told = ", ".join(f"{name} {len(column)}" for name, column in zip(_SIDES, columns, strict=True))
        raise RecordError(f"lists of unequal length: {told}")
    texts = _one_a_box([bytes(text) for text in bytes_of(features.get(_TEXT))], count, _TEXT)
    numbers = _one_a_box(numbers_of(features.get(_LABEL)), count, _LABEL)
    crowds = numbers_of(features.get(_CROWD))
    crowds = crowds if len(crowds) == count else [0] * count
    groups = numbers_of(features.get(_GROUP))
    if len(groups) == count:  # a box around many: scoring ignores it as it does a crowd
        crowds = [crowd or group for crowd, group in zip(crowds, groups, strict=True)]
    rows = _fractions(list(zip(*columns, strict=True)), features, size)
    labels = [int(number) if number is not None and math.isfinite(number) else 0 for number in numbers]
    names = [_class_name(text, label, label_map) for text, label in zip(texts, labels, strict=True)]
    boxes = [RawBox(name, row, "", bool(crowd)) for name, row, crowd in zip(names, rows, crowds, strict=True)]
    return boxes, labels


def marks_of(features: Features) -> list[str]:
    """Return what a report should say of how boxes are marked that are no crowd."""
    marks, crowds = numbers_of(features.get(_DIFFICULT)), numbers_of(features.get(_CROWD))
    difficult = sum(bool(mark) and not crowd for mark, crowd in zip_longest(marks, crowds, fillvalue=0))
    groups = sum(map(bool, numbers_of(features.get(_GROUP))))
    told = [f"boxes marked difficult: {difficult}, taken like the others"] if difficult else []
    if groups:
        told.append(f"boxes around groups: {groups}, taken as regions that scoring ignores (crowd)")
    return told


def _one_a_box(values: Sequence[Any], count: int, name: str) -> Sequence[Any]:
    if values and len(values) != count:
        raise RecordError(f"lists of unequal length: {count} boxes, {len(values)} values of {name}")
    return values or [None] * count


def _class_name(text: bytes | None, label: int, label_map: LabelMap | None) -> str | None:
    if text:
        name, _ = decode_text(text)
        return label_map.aliases.get(name, name) if label_map is not None else name
    if label_map is not None and label in label_map.names:
        return label_map.names[label]
    return f"class {label}" if label > 0 else None


def _fractions(rows: Rows, features: Features, size: tuple[int, int] | None) -> Rows:
    """Return x1, y1, x2, y2 of each box, so exact that they times the size are the edges that were drawn."""
    if size is None or not rows or not all(math.isfinite(value) for row in rows for value in row):
        return rows
    height, width = size
    edges = _edges(rows, size)
    exact = numbers_of(features.get(_EDGES))
    if len(exact) == 4 * len(rows):
        drawn = [tuple(exact[start : start + 4]) for start in range(0, len(exact), 4)]
        edges = [one if _are_close(one, other) else other for one, other in zip(drawn, edges, strict=True)]
    return [(x1 / width, y1 / height, x2 / width, y2 / height) for x1, y1, x2, y2 in edges]


def _edges(rows: Rows, size: tuple[int, int]) -> list[tuple[float, ...]]:
    """Return the edges in pixels that fractions mean."""
    height, width = size
    return [
        (_edge(x1, width), _edge(y1, height), _edge(x2, width), _edge(y2, height)) for x1, y1, x2, y2 in rows
    ]


def _edge(fraction: float, side: int) -> float:
    edge = fraction * side
    tolerance = abs(edge) * _FLOAT32
    for digits in range(_DIGITS):
        rounded = round(edge, digits)
        if abs(rounded - edge) <= tolerance:
            return rounded
    return edge


def _are_close(one: Sequence[float], other: Sequence[float]) -> bool:
    """Tell whether edges are the same up to rounding: they are not where the picture was resized since."""
    return all(abs(a - b) <= 1e-6 * (1 + abs(b)) for a, b in zip(one, other, strict=True))
