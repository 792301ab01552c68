"""`combine`: one set of several, their classes matched by name."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tflhelpers.data.annotations import Annotations, Picture
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.record_pictures import is_record_picture
from tflhelpers.files.kinds import check_kind

__all__ = ["combine"]


def combine(parts: Sequence[Annotations], *, rename: Mapping[str, str] | None = None) -> Annotations:
    """Return the pictures of several sets as one, in order. A class of the same name is the same class.

    A picture that is in several sets comes once, with the boxes of all. One whose file is missing is left out with a
    warning: nobody can learn from it.

    Args:
        parts: The sets, one at least.
        rename: What a class is to be called instead; two that get one name become one class. A name that no set has
            changes nothing.

    Raises:
        TypeError: If `parts` holds something else than Annotations.
        ValueError: If there is no set, or no picture in them.

    Example:
        >>> ducks = Annotations(["Duck"], [])
        >>> combine([ducks, ducks], rename={"Duck": "duck"})
        Traceback (most recent call last):
        ValueError: expected pictures to combine, got 2 sets without any whose file is there.
    """
    wanted, write = "parts must be a list of Annotations", "Write [photos, others]"
    check_kind(isinstance(parts, Sequence), parts, wanted, write)
    for part in parts:
        check_kind(isinstance(part, Annotations), part, wanted, write)
    renamed = dict(rename or {})
    names = [[renamed.get(name, name) for name in part.class_names] for part in parts]
    class_names = list(dict.fromkeys(name for of_part in names for name in of_part))
    pictures: dict[Path, Picture] = {}
    missing: list[Path] = []
    for part, of_part in zip(parts, names, strict=True):
        labels = np.array([class_names.index(name) for name in of_part], np.int64)
        for picture in part.pictures:
            if not _is_there(picture.path):
                missing.append(picture.path)
                continue
            boxes = _relabelled(picture.boxes, labels)
            before = pictures.get(picture.path)
            whole = boxes if before is None else Boxes.concatenate([before.boxes, boxes])
            pictures[picture.path] = replace(picture, boxes=whole, record={}, box_records=())
    if missing:
        total = sum(map(len, parts))
        warnings.warn(
            f"left out {len(missing)} of {total} pictures, whose files are not there: {missing[0].name}"
            f"{', ...' if len(missing) > 1 else ''}.",
            stacklevel=2,
        )
    if not pictures:
        raise ValueError(
            f"expected pictures to combine, got {len(parts)} sets without any whose file is there."
        )
    return Annotations(tuple(class_names), tuple(pictures.values()))


def _is_there(path: Path) -> bool:
    return os.path.exists(path.parent if is_record_picture(path) else path)


def _relabelled(boxes: Boxes, labels: np.ndarray) -> Boxes:
    return replace(boxes, labels=labels[boxes.labels], class_names=None) if len(boxes) else boxes
