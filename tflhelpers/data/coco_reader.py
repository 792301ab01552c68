"""Reads annotations from COCO JSON, all of them or, with a list of what is wrong, none.

Source of the format: cocodataset.org, "Data format". Boxes there are x, y, width, height; ids any numbers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.pictures import Contents, Picture
from tflhelpers.files.json_file import BadJson, cleaned, read_json
from tflhelpers.files.stand_ins import stand_in_at

_PARTS = ("categories", "images", "annotations")
_SHOWN_MISTAKES = 10
_Record = Mapping[str, Any]


class AnnotationError(ValueError):
    """An annotation file that cannot be used; the message names the file and each entry that is wrong."""


def read_contents(path: Path, images: Path | None) -> Contents:
    """Read a COCO file; the classes keep the order of its categories. See `Annotations.load`."""
    data = _parse(path)
    contents, clean = _contents(path, data, images), cleaned(data)
    return contents if clean is data else _contents(path, clean, images)


def _contents(path: Path, data: dict[str, Any], images: Path | None) -> Contents:
    mistakes: list[str] = []
    categories = _by_id(data["categories"], "category", mistakes)
    entries = _by_id(data["images"], "image", mistakes)
    names = [category.get("name", "") for category in categories.values()]
    mistakes += name_mistakes(names)
    mistakes += [
        f"image {key!r}: {wrong}" for key, entry in entries.items() if (wrong := _entry_mistake(entry))
    ]
    rows = _rows_by_image(data["annotations"], entries, categories, mistakes)
    _refuse(path, mistakes)
    folder = _picture_folder(path, images)
    label_of = {key: label for label, key in enumerate(categories)}
    pictures = [
        Picture(
            _locate(entry["file_name"], folder, moved=images is not None),
            _to_boxes(rows[key], label_of),
            _stored_size(entry),
            entry,
            tuple(rows[key]),
        )
        for key, entry in entries.items()
    ]
    header = {key: value for key, value in data.items() if key not in _PARTS}
    return Contents(tuple(names), tuple(pictures), tuple(categories.values()), header)


def name_mistakes(names: Sequence[Any]) -> list[str]:
    """Return what is wrong with class names: each must be a non-empty string, and none may come twice."""
    mistakes = [] if names else ["expected at least one class, got none"]
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            mistakes.append(f"class {index}: expected a name, got {name!r}")
        elif name in names[:index]:
            mistakes.append(f"class {index}: the name {name!r} is taken by class {names.index(name)}")
    return mistakes


def _parse(path: Path) -> dict[str, Any]:
    if path.is_dir():
        raise AnnotationError(f"{path}: expected a COCO JSON file, got a folder. Give the .json file in it.")
    if found := stand_in_at(path):
        raise AnnotationError(f"{path}: expected COCO JSON, got {found}.")
    try:
        data = read_json(path, clean=False)
    except BadJson as error:
        raise AnnotationError(
            f"{path}: expected COCO JSON, got something else or a cut file ({error})."
        ) from error
    if not isinstance(data, dict):
        raise AnnotationError(
            f"{path}: expected a COCO JSON object with {', '.join(_PARTS)}, got a {type(data).__name__}."
        )
    wrong = [f"{part!r} must be a list" for part in _PARTS if not isinstance(data.get(part), list)]
    wrong += [
        f"{part!r}: entry {index} must be an object, got {entry!r}"
        for part in _PARTS
        if isinstance(data.get(part), list)
        for index, entry in enumerate(data[part])
        if not isinstance(entry, dict)
    ]
    _refuse(path, wrong)
    return data


def _refuse(path: Path, mistakes: Sequence[str]) -> None:
    if not mistakes:
        return
    lines = list(mistakes[:_SHOWN_MISTAKES])
    if len(mistakes) > _SHOWN_MISTAKES:
        lines.append(f"and {len(mistakes) - _SHOWN_MISTAKES} more")
    raise AnnotationError(f"{path}: nothing was loaded. Mend these in the file:\n  " + "\n  ".join(lines))


def _by_id(entries: Sequence[_Record], what: str, mistakes: list[str]) -> dict[Any, _Record]:
    found: dict[Any, _Record] = {}
    for index, entry in enumerate(entries):
        key = entry.get("id")
        if not isinstance(key, (int, str)):
            mistakes.append(f"{what} number {index}: id must be a number, got {key!r}")
        elif key in found:
            mistakes.append(f"{what} {key!r}: the id is given twice")
        else:
            found[key] = entry
    return found


def _rows_by_image(
    rows: Sequence[_Record], images: Mapping[Any, Any], categories: Mapping[Any, Any], mistakes: list[str]
) -> dict[Any, list[_Record]]:
    """Return the annotations of each image id; what is wrong with one is added to `mistakes`."""
    found: dict[Any, list[_Record]] = {key: [] for key in images}
    for index, row in enumerate(rows):
        wrong = _row_mistake(row, images, categories)
        if wrong:
            name = f"annotation {row['id']!r}" if "id" in row else f"annotation number {index} (no id)"
            mistakes.append(f"{name}: {wrong}")
        else:
            found[row["image_id"]].append(row)
    return found


def _row_mistake(row: _Record, images: Mapping[Any, Any], categories: Mapping[Any, Any]) -> str | None:
    if not _is_key_of(row.get("image_id"), images):
        return f"image_id {row.get('image_id')!r} is not among the file's {len(images)} images"
    if not _is_key_of(row.get("category_id"), categories):
        known = ", ".join(
            f"{key} {entry.get('name')!r}" for key, entry in list(categories.items())[:_SHOWN_MISTAKES]
        )
        return f"category_id {row.get('category_id')!r} is unknown; the file has {known}"
    if row.get("iscrowd", 0) not in (0, 1):
        return f"iscrowd must be 0 or 1, got {row['iscrowd']!r}"
    bbox = row.get("bbox")
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(_is_finite_number(value) for value in bbox):
        return f"bbox must be four finite numbers x, y, width, height, got {bbox!r}"
    if bbox[2] < 0 or bbox[3] < 0:
        return f"bbox must have width and height of 0 or more, got {bbox!r}"
    return None


def _is_key_of(key: Any, entries: Mapping[Any, Any]) -> bool:
    return isinstance(key, (int, str)) and key in entries


def _is_finite_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9


def _to_boxes(rows: Sequence[_Record], label_of: Mapping[Any, int]) -> Boxes:
    crowd = np.array([row.get("iscrowd", 0) for row in rows], bool)
    labels = np.array([label_of[row["category_id"]] for row in rows], np.int64)
    xywh = np.array([row["bbox"] for row in rows], np.float64).reshape(-1, 4)
    xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
    return Boxes(xyxy, labels, crowd=crowd if crowd.any() else None)


def _entry_mistake(entry: _Record) -> str | None:
    name = entry.get("file_name")
    is_name = isinstance(name, str) and name and "\0" not in name
    return None if is_name else f"file_name must be the name of a file, got {name!r}"


def _stored_size(entry: _Record) -> tuple[int, int] | None:
    height, width = entry.get("height"), entry.get("width")
    if isinstance(height, int) and isinstance(width, int) and min(height, width) > 0:
        return height, width
    return None


def _picture_folder(path: Path, images: Path | None) -> Path:
    if images is not None and not images.is_dir():
        raise FileNotFoundError(
            f"{images}: expected the folder of the pictures in {path}, found no such folder."
        )
    return path.parent if images is None else images


def _locate(file_name: str, folder: Path, *, moved: bool) -> Path:
    """Return where a picture lies: the first candidate that exists, or else what the file says."""
    posix_name = file_name.replace("\\", "/")  # as Windows writes it
    candidates = [file_name, posix_name, posix_name.rsplit("/", 1)[-1]] if moved else [file_name, posix_name]
    paths = [Path(os.path.normpath(folder / candidate)) for candidate in candidates]
    return next(
        (path for path in paths if os.path.exists(path)), paths[0]
    )  # False, too, for what no disk can hold
