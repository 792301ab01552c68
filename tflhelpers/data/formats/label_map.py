"""`label_map.pbtxt`: which number means which class in records of the Object Detection API.

Its message is `StringIntLabelMap` (object_detection/protos/string_int_label_map.proto). Numbers begin with 1;
0 is the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.files.text import FALLBACK, decode_file
from tflhelpers.files.text_proto import Message, TextProtoError, parse_text_proto, quoted

LABEL_MAP_NAME = "label_map.pbtxt"
_HIGHEST_ID = 2**31 - 1


@dataclass(frozen=True)
class LabelMap:
    """What a label map says.

    Attributes:
        names: Class of each number, in the order of the numbers: the `display_name` where there is one.
        aliases: Class of each name that records may use: `name` and `display_name`.
    """

    names: dict[int, str]
    aliases: dict[str, str]

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, each once, in the order of their numbers."""
        return tuple(dict.fromkeys(self.names.values()))


def read_label_map(path: Path, report: ReportBuilder | None = None) -> LabelMap:
    """Read a label map; the report is told where its text is no Unicode.

    Raises:
        AnnotationError: If it is none, only stands in for one, or an entry has no number of its own or no name, or
            several; all such are listed.
        OSError: If it cannot be read.
    """
    refuse_stand_in(path, "a label map", AnnotationError)
    text, encoding = decode_file(path)
    if report and encoding == FALLBACK:
        report.not_utf8(path.name)
    try:
        items = parse_text_proto(text).get("item", [])
    except TextProtoError as error:
        raise AnnotationError(
            f"{path}: expected a label map, got something else or a cut file ({error})."
        ) from error
    if not items:
        raise AnnotationError(
            f'{path}: expected a label map with entries like item {{ id: 1 name: "duck" }}, got none.'
        )
    return _label_map(path, items)


def write_label_map(class_names: Sequence[str], path: Path) -> None:
    """Write a label map that numbers the classes from 1 on, atomically."""
    with atomic_file(path) as file:
        file.write(label_map_text(class_names).encode())


def label_map_text(class_names: Sequence[str]) -> str:
    """Return the text of a label map that numbers the classes from 1 on.

    >>> print(label_map_text(["duck"]), end="")
    item {
      id: 1
      name: "duck"
    }
    """
    return "".join(
        f"item {{\n  id: {number}\n  name: {quoted(name)}\n}}\n" for number, name in enumerate(class_names, 1)
    )


def _label_map(path: Path, items: list[Any]) -> LabelMap:
    names: dict[int, str] = {}
    aliases: dict[str, str] = {}
    mistakes: list[str] = []
    for number, item in enumerate(items, 1):
        key, name, shown = (_last(item, field) for field in ("id", "name", "display_name"))
        given = [text for text in (shown, name) if isinstance(text, str) and text]
        called = given[0] if given else ""
        wrong = _not_closed(item) or _mistake(key, called, names)
        if wrong:
            mistakes.append(f"item {number}: {wrong}")
        elif key != 0:
            names[key] = called
            aliases |= dict.fromkeys(given, called)
    if mistakes:
        raise AnnotationError(f"{path}: mend these in the file:\n  " + "\n  ".join(mistakes[:10]))
    return LabelMap(dict(sorted(names.items())), aliases)


def _last(item: Message | Any, field: str) -> Any:
    return (item.get(field) or [None])[-1] if isinstance(item, dict) else None


def _not_closed(item: Message | Any) -> str | None:
    if not isinstance(item, Message):
        return None
    if "item" in item:
        return f"another item begins within it, on line {item.lines['item'][0]}: close each item with }}"
    repeated = {name: item.given_twice(name) for name in ("id", "name", "display_name")}
    told = [f"{len(item[name])} {name}s ({lines})" for name, lines in repeated.items() if lines]
    return f"it has {' and '.join(told)}: close each item with }}" if told else None


def _mistake(key: Any, called: str, names: dict[int, str]) -> str | None:
    if not isinstance(key, int) or not 0 <= key <= _HIGHEST_ID:
        return f"id must be a number from 1, got {key!r}"
    if key == 0 and called not in ("", "background"):
        return f"id 0 is the background's, got {called!r}. Number the classes from 1"
    if key != 0 and not called:
        return f"id {key} has no name"
    if key in names:
        return f"id {key} is {names[key]!r} already, got {called!r}"
    return None
