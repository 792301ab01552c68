"""What is drawn on one picture, as the page and the kernel tell each other: compared, merged, made into `Boxes`.

    {"boxes": [{"xyxy": [10, 20, 110, 220], "class": "duck", "crowd": False}], "nothing_here": False}

Edges are original, upright pixels. "Nothing here" says that a person has looked and found none of the classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tflhelpers.data.boxes import Boxes

Content = dict[str, Any]
TODO: Content = {"boxes": [], "nothing_here": False}


def to_content(boxes: Boxes, class_names: Sequence[str]) -> Content:
    """Return what the boxes of a labelled picture are as a content; no boxes is "nothing here".

    >>> to_content(Boxes([[1, 2, 30, 40]], [0]), ["duck"])["boxes"]
    [{'xyxy': [1.0, 2.0, 30.0, 40.0], 'class': 'duck', 'crowd': False}]
    """
    rows = zip(boxes.xyxy.tolist(), boxes.labels.tolist(), boxes.crowd_mask.tolist(), strict=True)
    entries = [{"xyxy": xyxy, "class": class_names[label], "crowd": crowd} for xyxy, label, crowd in rows]
    return {"boxes": entries, "nothing_here": not entries}


def checked_content(content: Any) -> Content:
    """Return a content from the page, with all its fields, and edges as float32 holds them.

    Raises:
        ValueError: If it is no content: a box without a class, edges that are no numbers or the wrong way round.
    """
    if not isinstance(content, Mapping) or not isinstance(content.get("boxes", []), list):
        raise ValueError(f"expected the boxes of a picture, got {content!r}.")
    given = content.get("boxes", [])
    names = [_class_of(entry) for entry in given]
    rows = zip(_checked_edges(given), names, given, strict=True)
    entries = [{"xyxy": xyxy, "class": name, "crowd": bool(entry.get("crowd"))} for xyxy, name, entry in rows]
    return {"boxes": entries, "nothing_here": bool(content.get("nothing_here")) and not entries}


def to_boxes(content: Content, class_names: Sequence[str]) -> Boxes:
    """Return the boxes of a checked content; each of its classes must be among `class_names`."""
    entries = content["boxes"]
    crowd = np.array([entry["crowd"] for entry in entries], bool)
    return Boxes(
        np.array([entry["xyxy"] for entry in entries], np.float32).reshape(-1, 4),
        np.array([class_names.index(entry["class"]) for entry in entries], np.int64),
        crowd=crowd if crowd.any() else None,
    )


def same(one: Content, other: Content) -> bool:
    """Tell whether two checked contents are equal; the order of the boxes does not count."""
    return one["nothing_here"] == other["nothing_here"] and _counted(one) == _counted(other)


def merged(theirs: Content, ours: Content) -> Content:
    """Return the boxes of both, those that are in both only once; "nothing here" only where neither has any."""
    left = _counted(theirs)
    entries = list(theirs["boxes"])
    for entry in ours["boxes"]:
        if left[_key(entry)] > 0:
            left[_key(entry)] -= 1
        else:
            entries.append(entry)
    nothing_here = not entries and (theirs["nothing_here"] or ours["nothing_here"])
    return {"boxes": entries, "nothing_here": nothing_here}


def renamed(content: Content, names: Mapping[str, str]) -> Content:
    """Return the content with classes that are keys of `names` under their new names."""
    entries = [{**entry, "class": names.get(entry["class"], entry["class"])} for entry in content["boxes"]]
    return {**content, "boxes": entries}


def is_todo(content: Content) -> bool:
    """Tell whether nobody has said anything about the picture yet."""
    return not content["boxes"] and not content["nothing_here"]


def _class_of(entry: Any) -> str:
    name = entry.get("class") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"expected a box with a class, got {entry!r}.")
    return name


def _checked_edges(entries: Sequence[Mapping[str, Any]]) -> list[list[float]]:
    try:
        xyxy = np.array([entry["xyxy"] for entry in entries], np.float64)
        return Boxes(xyxy, np.zeros(len(entries), np.int64)).xyxy.tolist()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"expected edges x1, y1, x2, y2 of each box: {error}") from error


def _counted(content: Content) -> Counter[tuple[Any, ...]]:
    return Counter(_key(entry) for entry in content["boxes"])


def _key(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*entry["xyxy"], entry["class"], entry["crowd"])
