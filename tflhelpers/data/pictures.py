"""`Picture`: one picture file, the boxes on it, and what its annotation file said besides."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tflhelpers.data.boxes import Boxes


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of `Annotations`. Reading it needs no file: `path` need not exist.

    Attributes:
        path: Where the picture file lies.
        boxes: What was drawn on it; empty for a picture that shows none of the classes (a negative).
        size: (height, width) as its annotation file has it, or None where that says nothing.
        record: The picture's own entry in the COCO file it came from, unknown fields and id included.
        box_records: The entry of each box there, `{}` for a box drawn since. As many as boxes.
    """

    path: Path
    boxes: Boxes
    size: tuple[int, int] | None = None
    record: Mapping[str, Any] = field(default_factory=dict, compare=False)
    box_records: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.path, (str, os.PathLike)) or not isinstance(self.boxes, Boxes):
            got = f"{type(self.path).__name__} and {type(self.boxes).__name__}"
            raise TypeError(f"a picture must be a path and Boxes, got {got}. Write (path, Boxes(...)).")
        object.__setattr__(self, "path", Path(self.path))
        records = tuple(self.box_records) or ({},) * len(self.boxes)
        if len(records) != len(self.boxes):
            raise ValueError(f"{self.path}: expected {len(self.boxes)} box_records, got {len(records)}.")
        object.__setattr__(self, "box_records", records)

    @classmethod
    def of(cls, item: Picture | tuple[str | os.PathLike[str], Boxes]) -> Picture:
        """Return `item` itself if it is a `Picture`, else the picture of a pair (path, boxes)."""
        if isinstance(item, cls):
            return item
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise TypeError(f"a picture must be a pair (path, Boxes), got {item!r}.")
        path, boxes = item
        return cls(Path(path), boxes)

    def with_boxes(self, boxes: Boxes) -> Picture:
        """Return the picture with other boxes. A box that was there before, unchanged, keeps its record."""
        left: dict[tuple[Any, ...], deque[Mapping[str, Any]]] = {}
        for key, record in zip(_box_keys(self.boxes), self.box_records, strict=True):
            left.setdefault(key, deque()).append(record)
        records = tuple(left[key].popleft() if left.get(key) else {} for key in _box_keys(boxes))
        return replace(self, boxes=boxes, box_records=records)


def _box_keys(boxes: Boxes) -> list[tuple[Any, ...]]:
    rows = zip(boxes.xyxy.tolist(), boxes.labels.tolist(), boxes.crowd_mask.tolist(), strict=True)
    return [(*xyxy, label, crowd) for xyxy, label, crowd in rows]


@dataclass(frozen=True)
class Contents:
    """What an annotation file holds: `categories` has its entry for each class, `header` its other fields."""

    class_names: tuple[str, ...]
    pictures: tuple[Picture, ...]
    categories: tuple[Mapping[str, Any], ...] = ()
    header: Mapping[str, Any] = field(default_factory=dict)
