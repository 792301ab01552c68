"""Writes annotations as COCO JSON, whole or not at all."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.data.images import ImageError, image_size
from tflhelpers.data.pictures import Contents, Picture
from tflhelpers.files.atomic_file import write_text

_Record = Mapping[str, Any]


def write_contents(path: Path, contents: Contents, images_root: Path | None = None) -> None:
    """Write a COCO file that `read_contents` gives back; entries that were read keep their ids and fields."""
    write_text(
        path, json.dumps(to_document(path, contents, images_root), ensure_ascii=False, indent=1) + "\n"
    )


def to_document(path: Path, contents: Contents, images_root: Path | None = None) -> dict[str, Any]:
    """Return what a COCO file at `path` would hold; pictures are named as seen from its folder or `images_root`."""
    next_image = _id_source(path, "image", [picture.record for picture in contents.pictures])
    next_box = _id_source(
        path, "annotation", [row for picture in contents.pictures for row in picture.box_records]
    )
    categories = _category_entries(path, contents)
    images, annotations = [], []
    for picture in contents.pictures:
        entry = _image_entry(picture, images_root or path.parent, next_image(picture.record))
        images.append(entry)
        annotations += [
            _box_entry(picture, row, entry["id"], categories, next_box(record))
            for row, record in enumerate(picture.box_records)
        ]
    return {**contents.header, "categories": categories, "images": images, "annotations": annotations}


def _id_source(path: Path, what: str, records: Iterable[_Record]) -> Callable[[_Record], Any]:
    """Return a function that gives each record its own id, or the next free number where it has none.

    An id that comes a second time is renewed with a warning: tools that index by id would lose a box.
    """
    used: set[Any] = set()
    highest = max((key for record in records if isinstance(key := record.get("id"), int)), default=0)

    def next_id(record: _Record) -> Any:
        nonlocal highest
        key = record.get("id")
        if isinstance(key, (int, str)) and key not in used:
            used.add(key)
            return key
        highest += 1
        if key is not None:
            warnings.warn(
                f"{path}: {what} id {key!r} came twice; the second is saved as {highest}.", stacklevel=2
            )
        return highest

    return next_id


def _category_entries(path: Path, contents: Contents) -> list[dict[str, Any]]:
    next_id = _id_source(path, "category", contents.categories)
    records = [*contents.categories, *({} for _ in contents.class_names)]
    pairs = zip(contents.class_names, records, strict=False)
    return [{**record, "id": next_id(record), "name": name} for name, record in pairs]


def measured(picture: Picture) -> Picture:
    """Return the picture with its file's size where its annotations name none, so that it is opened once only."""
    size = picture.size or _size_if_readable(picture.path)
    return picture if size == picture.size else replace(picture, size=size)


def _image_entry(picture: Picture, folder: Path, key: Any) -> dict[str, Any]:
    entry = {**picture.record, "id": key, "file_name": relative_name(picture.path, folder)}
    size = picture.size or _size_if_readable(picture.path)
    if size is not None:
        entry["height"], entry["width"] = size
    return entry


def relative_name(path: Path, folder: Path) -> str:
    """Return `path` as seen from `folder`, with forward slashes; absolute where it lies on another drive."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return Path(os.path.abspath(path)).as_posix()


def _size_if_readable(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
        return _measured_size(path, status.st_mtime_ns, status.st_size)
    except (OSError, ImageError):
        return None


@lru_cache(maxsize=1 << 20)  # saving again must not open a hundred thousand pictures again
def _measured_size(path: Path, modified_ns: int, length: int) -> tuple[int, int]:
    return image_size(path)


def _box_entry(
    picture: Picture, row: int, image_id: Any, categories: Sequence[_Record], key: Any
) -> dict[str, Any]:
    boxes, record = picture.boxes, picture.box_records[row]
    entry = {
        **record,
        "id": key,
        "image_id": image_id,
        "category_id": categories[int(boxes.labels[row])]["id"],
        "iscrowd": int(boxes.crowd_mask[row]),
    }
    if "bbox" not in record:
        entry["bbox"] = to_xywh(boxes.xyxy[row])
        entry["area"] = round(entry["bbox"][2] * entry["bbox"][3], 2)
    if boxes.scores is not None:
        entry["score"] = float(boxes.scores[row])
    return entry


def to_xywh(xyxy: np.ndarray) -> list[float]:
    """Return x, y, width, height in as few digits as give the same float32 edges back."""
    starts = [_shortest(float(low), 0.0, low) for low in xyxy[:2]]
    pairs = zip(starts, xyxy[2:], strict=True)
    return starts + [_shortest(float(high) - start, start, high) for start, high in pairs]


def _shortest(value: float, start: float, edge: np.float32) -> float:
    """Return `value` in the fewest digits with which `start + value` is still `edge` in float32."""
    for digits in range(12):
        rounded = round(value, digits)
        if np.float32(start + rounded) == edge:
            return int(rounded) if rounded == int(rounded) else rounded
    return value
