"""The rows of COCO's `annotations` in columns: 45 bytes a box, where a row of Python objects takes 500."""

from __future__ import annotations

import math
from array import array
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from tflhelpers.data.formats.json_stream import Part, skipped_list
from tflhelpers.data.formats.oriented import box_around_turned, degrees_of, tell_turned
from tflhelpers.data.formats.polygons import segmentation_box
from tflhelpers.data.formats.report import ReportBuilder

Key = int | str  # an id, as the file has it

_NUMBERS = frozenset({int, float})
_KEYS = frozenset({int, str})
_CROWD = {0: 0, 1: 1, "0": 0, "1": 1, None: 0}
_LARGEST = 2**62
_FIELDS = itemgetter("bbox", "image_id", "category_id", "iscrowd", "id")


class _Row(NamedTuple):
    xywh: list[float]
    picture: Key
    label: Key
    crowd: int
    key: Any


class Columns:
    """Boxes as they are read; `where`, `xyxy` and the others then tell of them by their number.

    Args:
        name: The file, for reports.
        report: Is told which rows are repaired or refused for themselves.
    """

    def __init__(self, name: str, report: ReportBuilder) -> None:
        self._name, self._report = name, report
        self._xywh = array("d")
        self._pictures, self._classes = array("q"), array("q")  # indices of keys
        self._ids = array("q")
        self._odd_ids: dict[int, Any] = {}
        self._crowd = bytearray()
        self._picture_slots: dict[Key, int] = {}
        self._class_slots: dict[Key, int] = {}
        self.incomplete: set[Key] = set()  # the `image_id`s of rows that were refused

    def __len__(self) -> int:
        return len(self._crowd)

    @property
    def picture_keys(self) -> list[Key]:
        """The different `image_id`s, as first met."""
        return list(self._picture_slots)

    @property
    def class_keys(self) -> list[Key]:
        """The different `category_id`s, as first met."""
        return list(self._class_slots)

    def add(self, part: Part) -> None:
        """Take the rows of a part of the list `annotations`; one without a box has it drawn around its mask."""
        start = len(self)
        if self._add_clean(part.value):
            for row, entry in enumerate(part.value, start):
                if "attributes" in entry:
                    self._turn(row, entry)
            return
        for entry in part.value:
            row = len(self)
            self._add_one(entry, part)
            if len(self) > row:
                self._turn(row, entry)

    def _turn(self, row: int, entry: dict[str, Any]) -> None:
        """Put the upright box around one to which CVAT has written a rotation in its place."""
        attributes = entry.get("attributes")
        degrees = degrees_of(attributes.get("rotation")) if isinstance(attributes, dict) else 0.0
        x, y, width, height = self._xywh[4 * row : 4 * row + 4] if degrees else (math.nan,) * 4
        if math.isfinite(x + y + width + height):
            x1, y1, x2, y2 = box_around_turned((x, y, x + width, y + height), degrees)
            self._xywh[4 * row : 4 * row + 4] = array("d", (x1, y1, x2 - x1, y2 - y1))
            tell_turned(self._report, self._where(entry.get("id")), degrees)

    def _add_clean(self, entries: list[Any]) -> bool:
        """Take all rows at once, in a fifth of the time, if each has all fields as they should be."""
        try:
            bboxes, pictures, labels, crowds, keys = zip(*map(_FIELDS, entries), strict=True)
            clean = (
                set(map(len, bboxes)) == {4}
                and _NUMBERS.issuperset(map(type, chain.from_iterable(bboxes)))
                and _KEYS.issuperset(map(type, pictures))
                and _KEYS.issuperset(map(type, labels))
                and set(crowds) <= {0, 1}
                and set(map(type, keys)) == {int}
            )
            if not clean:
                return False
            xywh, ids = array("d", chain.from_iterable(bboxes)), array("q", keys)
        except (KeyError, TypeError, ValueError, OverflowError):
            return False
        self._xywh += xywh
        self._ids += ids
        self._pictures.extend(
            [self._picture_slots.setdefault(key, len(self._picture_slots)) for key in pictures]
        )
        self._classes.extend([self._class_slots.setdefault(key, len(self._class_slots)) for key in labels])
        self._crowd.extend(map(int, crowds))
        return True

    def _add_one(self, entry: Any, part: Part) -> None:
        row = self._mended(entry, part)
        if row is None:
            self._tell_incomplete(entry)
            return
        bbox, picture, label, crowd, key = row
        self._xywh.extend(bbox)
        self._pictures.append(self._picture_slots.setdefault(picture, len(self._picture_slots)))
        self._classes.append(self._class_slots.setdefault(label, len(self._class_slots)))
        self._crowd.append(crowd)
        if type(key) is int and -_LARGEST < key < _LARGEST:
            self._ids.append(key)
        else:
            self._odd_ids[len(self._ids)] = "without id" if key is None else key
            self._ids.append(0)

    def _tell_incomplete(self, entry: Any) -> None:
        picture = as_key(entry.get("image_id")) if isinstance(entry, dict) else None
        if picture is not None:
            self.incomplete.add(picture)

    def _mended(self, entry: Any, part: Part) -> _Row | None:
        """Return what is needed of a row, mended where that is possible; None, told to the report, where not."""
        if not isinstance(entry, dict):
            self._refuse(None, f"no object: {entry!r}"[:200])
            return None
        key = entry.get("id")
        picture, label = as_key(entry.get("image_id")), as_key(entry.get("category_id"))
        if picture is None or label is None:
            field = "image_id" if picture is None else "category_id"
            self._refuse(key, f"no {field}: {entry.get(field)!r}"[:200])
            return None
        crowd = entry.get("iscrowd", 0)
        if not isinstance(crowd, (int, str, type(None))) or crowd not in _CROWD:
            self._refuse(key, f"iscrowd must be 0 or 1: {crowd!r}"[:200])
            return None
        bbox = self._mended_bbox(entry, part, key)
        return None if bbox is None else _Row(bbox, picture, label, _CROWD[crowd], key)

    def _mended_bbox(self, entry: dict[str, Any], part: Part, key: Any) -> list[float] | None:
        bbox = entry.get("bbox")
        if bbox:
            numbers = _to_numbers(bbox)
            if numbers is None:
                self._refuse(key, f"bbox must be x, y, width, height: {bbox!r}"[:200])
            elif any(isinstance(value, str) for value in bbox):
                self._report.repaired(self._where(key), f"numbers written as text: {bbox!r}"[:200])
            return numbers
        box = segmentation_box(skipped_list(part, entry) or entry.get("segmentation"))
        if box is None:
            self._refuse(key, "neither bbox nor segmentation: no box")
            return None
        self._report.repaired(self._where(key), "no bbox: drawn around its segmentation")
        return [box[0], box[1], box[2] - box[0], box[3] - box[1]]

    def _refuse(self, key: Any, why: str) -> None:
        self._report.refused(self._where(key), why)

    def _where(self, key: Any) -> str:
        return f"{self._name}: annotation {'without id' if key is None else key}"

    def where(self, row: int) -> str:
        """Return how a row is called in reports."""
        return (
            f"annotation {self._odd_ids.get(row, 'without id') if row in self._odd_ids else self._ids[row]}"
        )

    def is_crowd(self, row: int) -> bool:
        """Tell whether a row is a region that scoring ignores."""
        return self._crowd[row] == 1

    @property
    def pictures(self) -> np.ndarray:
        """The place of each row's `image_id` in `picture_keys`. int64 (n,)."""
        return np.array(self._pictures, np.int64)

    @property
    def classes(self) -> np.ndarray:
        """The place of each row's `category_id` in `class_keys`. int64 (n,)."""
        return np.array(self._classes, np.int64)

    def xyxy(self, rows: np.ndarray) -> np.ndarray:
        """Return the edges of some rows, as the file has them, a negative width included. float64 (n, 4)."""
        xywh = np.frombuffer(self._xywh, np.float64).reshape(-1, 4)[rows] if len(rows) else np.zeros((0, 4))
        with np.errstate(over="ignore", invalid="ignore"):
            xywh[:, 2:] += xywh[:, :2]
        return xywh


def as_key(value: Any) -> Key | None:
    """Return an id as it can be compared, None if it is none: 5.0 is 5."""
    if type(value) in _KEYS:
        return value
    if type(value) is float and value.is_integer() and abs(value) < _LARGEST:
        return int(value)
    return None


def as_size(height: Any, width: Any) -> tuple[int, int] | None:
    """Return (height, width) if both are whole numbers of pixels, be it written as text or 640.0."""
    try:
        size = int(float(height)), int(float(width))
    except (TypeError, ValueError, OverflowError):
        return None
    return size if min(size) > 0 and max(size) < 2**31 else None


def _to_numbers(bbox: Any) -> list[float] | None:
    if not isinstance(bbox, list) or len(bbox) != 4 or any(isinstance(value, bool) for value in bbox):
        return None
    try:
        return [float(value) for value in bbox]
    except (TypeError, ValueError, OverflowError):
        return None
