"""Brings what an annotation file holds into the order of an annotator: its classes, its pictures, its start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.pictures import Picture


def with_classes_first(annotations: Annotations, wanted: Sequence[str]) -> Annotations:
    """Return the same boxes with the classes `wanted` in front, matched by name; what a class said in its file
    stays with it.

    >>> with_classes_first(Annotations(["goose", "duck"], ()), ["duck", "swan"]).class_names
    ('duck', 'swan', 'goose')
    """
    names = [*wanted, *(name for name in annotations.class_names if name not in wanted)]
    label_of = [names.index(name) for name in annotations.class_names]
    records = dict(zip(annotations.class_names, annotations.categories, strict=False))
    return Annotations(
        tuple(names),
        tuple(_relabelled(picture, label_of) for picture in annotations.pictures),
        categories=tuple(records.get(name, {}) for name in names),
        header=annotations.header,
    )


def with_pictures_found(annotations: Annotations, shown: Sequence[Path]) -> Annotations:
    """Return the same with absolute paths, and pictures that moved since where they are now.

    A picture that is not where its file says is taken for the one of the pictures shown with its bare name, if
    only one is called so and it is not in the file itself.
    """
    paths = [Path(os.path.abspath(path)) for path in annotations.image_paths]
    taken, is_shown = set(paths), set(shown)
    by_name: dict[str, list[Path]] = {}
    for path in shown:
        by_name.setdefault(path.name, []).append(path)
    for row, path in enumerate(paths):
        others = by_name.get(path.name, [])
        if path not in is_shown and len(others) == 1 and others[0] not in taken and not os.path.exists(path):
            paths[row] = others[0]
            taken.add(others[0])
    pairs = zip(annotations.pictures, paths, strict=True)
    return replace(annotations, pictures=tuple(replace(picture, path=path) for picture, path in pairs))


def with_start(annotations: Annotations, start: Annotations) -> Annotations:
    """Return the same with the pictures of `start` that it does not have, and the classes. Ids are not taken over:
    they are those of another file."""
    names = list(dict.fromkeys([*annotations.class_names, *start.class_names]))
    label_of = [names.index(name) for name in start.class_names]
    known = set(annotations.image_paths)
    new = []
    for picture in start.pictures:
        path = Path(os.path.abspath(picture.path))
        if path not in known:
            known.add(path)
            new.append(Picture(path, _relabelled(picture, label_of).boxes, picture.size))
    return replace(annotations, class_names=tuple(names), pictures=(*annotations.pictures, *new))


def _relabelled(picture: Picture, label_of: Sequence[int]) -> Picture:
    """Return the picture with other labels for the same classes, its records kept."""
    boxes = picture.boxes
    labels = np.array([label_of[label] for label in boxes.labels], np.int64)
    return replace(picture, boxes=Boxes(boxes.xyxy, labels, boxes.scores, crowd=boxes.crowd))
