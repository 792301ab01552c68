"""Reads COCO JSON of any size row by row: what is wrong is repaired or refused alone; writes it by `Annotations.save`.

`Annotations.load` reads such files too, whole or not at all, and keeps every field; it is for our own files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.coco_writer import write_contents
from tflhelpers.data.formats.coco_columns import Columns, Key, as_key, as_size
from tflhelpers.data.formats.json_stream import BrokenJson, Part, read_members
from tflhelpers.data.formats.picture_urls import file_name_of, is_url
from tflhelpers.data.formats.raw import RawBox, RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.pictures import Contents

_SHOWN = 10
_AT_ONCE = 2**14  # boxes that are turned into Python objects together
_UNKNOWN, _SHARED = -1, -2  # in place of an index: an id that names nothing, or two different things


class _Entry(NamedTuple):
    """A picture or a class of the file."""

    key: Key
    name: str
    size: tuple[int, int] | None = None
    supercategory: str = ""


class _Table:
    """Pictures or classes by id. An id that is given to two different ones names neither."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.entries: list[_Entry] = []
        self.seen = False  # whether the file has such a list
        self._index: dict[Key, int] = {}

    def add(self, entry: _Entry, where: str, report: ReportBuilder) -> None:
        index = self._index.get(entry.key)
        if index is None:
            self._index[entry.key] = len(self.entries)
            self.entries.append(entry)
        elif index >= 0 and self.entries[index].name == entry.name:
            report.repaired(where, f"{self.what} listed twice: {entry.name!r}, one is kept")
        else:
            others = "others" if index < 0 else repr(self.entries[index].name)
            report.refused(
                where,
                f"{self.what} id given twice: {entry.name!r} and {others}; its boxes may belong to either",
            )
            self._index[entry.key] = _SHARED

    def indices(self, keys: Sequence[Key]) -> np.ndarray:
        """Return the index of the entry that each id names, or one of the marks below 0. int64 (n,)."""
        return np.array([self._index_of(key) for key in keys], np.int64)

    def _index_of(self, key: Key) -> int:
        index = self._index.get(key)
        if index is None:  # 5 may be written "5" elsewhere in the file
            other: Key = str(key) if isinstance(key, int) else (int(key) if _is_whole_number(key) else key)
            index = self._index.get(other, _UNKNOWN)
        return index

    def is_shared(self, index: int) -> bool:
        return self._index.get(self.entries[index].key) == _SHARED

    def shown(self) -> str:
        known = ", ".join(f"{entry.key} {entry.name!r}" for entry in self.entries[:_SHOWN])
        return known + (", ..." if len(self.entries) > _SHOWN else "")


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Return what a COCO JSON file holds; pictures without boxes are negatives and kept.

    The lists may stand in any order and be longer than memory. A row that cannot be used is refused alone:
    unknown or doubtful picture or class, a box that is none. A box that is missing is drawn around its
    segmentation. Of a file that is cut off what was whole is used, but pictures without boxes are not: theirs
    may be what was cut off.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If it is no COCO JSON.
    """
    file = _File(path, report)
    file.read()
    return file.raw_set()


def write(annotations: Annotations, path: Path, *, images_root: str | os.PathLike[str] | None = None) -> None:
    """Write a COCO JSON file, atomically: see `Annotations.save`.

    Args:
        annotations: What to write.
        path: The file.
        images_root: The folder from which the pictures are named; None: that of the file.

    Raises:
        AnnotationError: If a picture does not lie in `images_root`.
    """
    if images_root is None:
        annotations.save(path)
        return
    root = os.path.abspath(images_root)
    outside = [
        each for each in annotations.image_paths if not Path(os.path.abspath(each)).is_relative_to(root)
    ]
    if outside:
        raise AnnotationError(
            f"images_root: expected the folder that holds all pictures, got {images_root}, and "
            f"{outside[0]} is not in it. Give a folder above, or leave it out."
        )
    now = annotations
    write_contents(path, Contents(now.class_names, now.pictures, now.categories, now.header), Path(root))


class _File:
    """One COCO file while it is read: its pictures and classes, and its boxes in columns."""

    def __init__(self, path: Path, report: ReportBuilder) -> None:
        self.path, self.report = path, report
        self.pictures, self.classes = _Table("image"), _Table("category")
        self.columns = Columns(path.name, report)
        self.boxes_seen = self.boxes_whole = False
        self._others: list[str] = []

    def read(self) -> None:
        try:
            for part in read_members(self.path, "segmentation", self.report):
                self.boxes_whole = self.boxes_seen and part.key != "annotations"
                self._take(part)
            self.boxes_whole = self.boxes_seen
        except BrokenJson as error:
            self.boxes_whole = self.boxes_seen and error.key != "annotations"
            self.report.refused(self.path.name, f"cut off or malformed: {error}")
        if not self.pictures.seen:
            found = ", ".join(map(repr, self._others[:_SHOWN])) or "nothing"
            raise AnnotationError(
                f"{self.path}: expected COCO JSON with the lists 'images', 'annotations' and 'categories', got "
                f"{found}{'' if self.boxes_seen else ' and no annotations'}. Is it another format?"
            )

    def _take(self, part: Part) -> None:
        if part.key == "annotations" and isinstance(part.value, list):
            self.boxes_seen = True
            self.columns.add(part)
        elif part.key == "images" and isinstance(part.value, list):
            self.pictures.seen = True
            self._add(part.value, self.pictures, _picture_entry)
        elif part.key == "categories" and isinstance(part.value, list):
            self.classes.seen = True
            self._add(part.value, self.classes, _class_entry)
        else:
            self._others.append(part.key)

    def _add(self, entries: list[Any], table: _Table, to_entry: Callable[..., Any]) -> None:
        for entry in entries:
            key = as_key(entry.get("id")) if isinstance(entry, dict) else None
            where = f"{self.path.name}: {table.what} {'without id' if key is None else key}"
            if key is None:
                self.report.refused(where, f"no id that boxes can name: {entry!r}"[:200])
            elif (made := to_entry(key, entry, where, self.report)) is not None:
                table.add(made, where, self.report)

    def raw_set(self) -> RawSet:
        if not self.classes.entries:
            self._name_classes_by_id()
        picture_of = _looked_up(self.pictures, self.columns.picture_keys, self.columns.pictures)  # (n,)
        class_of = _looked_up(self.classes, self.columns.class_keys, self.columns.classes)  # (n,)
        self._tell_refused(picture_of, class_of)
        used = np.bincount(class_of[class_of >= 0], minlength=len(self.classes.entries))
        names = [
            entry.name for index, entry in enumerate(self.classes.entries) if self._is_class(index, used)
        ]
        good = np.flatnonzero((picture_of >= 0) & (class_of >= 0))
        incomplete = {
            *picture_of[class_of < 0].tolist(),
            *self.pictures.indices(list(self.columns.incomplete)).tolist(),
        }
        return RawSet(list(dict.fromkeys(names)), self._pictures(picture_of, class_of, good, incomplete))

    def _name_classes_by_id(self) -> None:
        self.report.note(self.path.name, "no categories in the file: classes are named by their ids")
        for key in sorted(self.columns.class_keys, key=lambda key: (isinstance(key, str), key)):
            self.classes.add(_Entry(key, f"category {key}"), "", self.report)

    def _is_class(self, index: int, used: np.ndarray) -> bool:
        return not self.classes.is_shared(index) and not self._is_dummy(index, used)

    def _is_dummy(self, index: int, used: np.ndarray) -> bool:
        """Tell whether a class is the row of category 0 that Roboflow adds: a group of the others, never drawn."""
        entry = self.classes.entries[index]
        if entry.key not in (0, "0") or used[index]:
            return False
        others = self.classes.entries[:index] + self.classes.entries[index + 1 :]
        if all(other.supercategory != entry.name for other in others):
            return False
        where = f"{self.path.name}: category {entry.key}"
        self.report.note(where, f"group of the other classes: {entry.name!r}, on no picture, left out")
        return True

    def _tell_refused(self, picture_of: np.ndarray, class_of: np.ndarray) -> None:
        """Tell which rows name no picture, or else no class."""
        columns = self.columns
        unplaced = picture_of < 0
        unclassed = ~unplaced & (class_of < 0)
        self._tell_unknown(self.pictures, unplaced, picture_of, columns.picture_keys, columns.pictures)
        self._tell_unknown(self.classes, unclassed, class_of, columns.class_keys, columns.classes)

    def _tell_unknown(
        self, table: _Table, refused: np.ndarray, found: np.ndarray, keys: list[Key], places: np.ndarray
    ) -> None:
        for row in np.flatnonzero(refused).tolist():
            key = keys[places[row]]
            if found[row] == _SHARED:
                why = f"{table.what} id of two: {key!r}, and nothing tells which is meant"
            else:
                why = f"unknown {table.what}_id: {key!r}; the file has {table.shown()}"
            self.report.refused(f"{self.path.name}: {self.columns.where(row)}", why)

    def _pictures(
        self, picture_of: np.ndarray, class_of: np.ndarray, good: np.ndarray, incomplete: Collection[int]
    ) -> Iterator[RawPicture]:
        """Yield the pictures in the file's order, each with its boxes in the order of theirs."""
        order = good[np.argsort(picture_of[good], kind="stable")]
        counts = np.bincount(picture_of[good], minlength=len(self.pictures.entries)).tolist()
        all_boxes = self._boxes(order, class_of)
        left_out = 0
        for index, (entry, count) in enumerate(zip(self.pictures.entries, counts, strict=True)):
            boxes = list(islice(all_boxes, count))
            if self.pictures.is_shared(index):
                continue  # told when it was read
            if boxes or self.boxes_whole:
                where = f"{self.path.name}: image {entry.key}"
                yield RawPicture(entry.name, boxes, where, entry.size, incomplete=index in incomplete)
            else:
                left_out += 1
        self._tell_left_out(left_out)

    def _boxes(self, order: np.ndarray, class_of: np.ndarray) -> Iterator[RawBox]:
        """Yield the boxes of some rows; each block is turned into Python objects when it is needed."""
        names = [entry.name for entry in self.classes.entries]
        for start in range(0, len(order), _AT_ONCE):
            rows = order[start : start + _AT_ONCE]
            edges = map(tuple, self.columns.xyxy(rows).tolist())
            wheres, crowd = map(self.columns.where, rows.tolist()), map(self.columns.is_crowd, rows.tolist())
            yield from map(RawBox, map(names.__getitem__, class_of[rows].tolist()), edges, wheres, crowd)

    def _tell_left_out(self, count: int) -> None:
        if self.boxes_whole:
            return
        if not self.boxes_seen:
            why = f"no annotations in the file: {count} pictures left out, since nobody drew on them"
        else:
            why = f"pictures whose boxes may be cut off: {count} without boxes left out; others may lack some"
        self.report.refused(self.path.name, why)


def _looked_up(table: _Table, keys: Sequence[Key], places: np.ndarray) -> np.ndarray:
    """Return the index of the entry that each row names, or a mark below 0. int64 (n,)."""
    return table.indices(keys)[places]


def _picture_entry(key: Key, entry: dict[str, Any], where: str, report: ReportBuilder) -> _Entry | None:
    name = entry.get("file_name")
    if not isinstance(name, str) or not name.strip():
        url = next((entry[field] for field in ("coco_url", "flickr_url", "url") if entry.get(field)), None)
        if not isinstance(url, str) or not file_name_of(url):
            report.refused(where, f"no file_name: {name!r}")
            return None
        name = file_name_of(url)
        report.repaired(where, f"no file_name: named {name!r} after its address")
    elif is_url(name):
        name = file_name_of(name) or name
    return _Entry(key, name, as_size(entry.get("height"), entry.get("width")))


def _class_entry(key: Key, entry: dict[str, Any], where: str, report: ReportBuilder) -> _Entry:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        given = name
        name = str(name) if isinstance(name, (int, float)) else f"category {key}"
        report.repaired(where, f"category without a name: {given!r}; it is called {name!r}")
    above = entry.get("supercategory")
    return _Entry(key, name, supercategory=above if isinstance(above, str) else "")


def _is_whole_number(text: Any) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19
