"""Writes the page that annotates where no widget can run: one HTML file, with its pictures, style and script."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tflhelpers.annotator.modules import FOLDER, page_module, style
from tflhelpers.files.atomic_file import atomic_file

_PLACE = re.compile(r"\{\{(\w+)\}\}")  # what page.html leaves open
_NO_FILE: Mapping[str, Any] = {"categories": [], "images": [], "annotations": []}


def write_page(
    path: Path,
    description: Mapping[str, Any],
    pictures: Iterable[Mapping[str, Any]],
    *,
    file: Mapping[str, Any] = _NO_FILE,
    file_names: Sequence[str] | None = None,
) -> Path:
    """Write a page that opens from disk in any browser and downloads `annotations.json`.

    Args:
        path: Of the page; its folder is made where missing. Whoever looks finds the old page or the new, whole.
        description: What the widget tells its page of the set: `name`, `class_names`, `kept_where`, ...
        pictures: One after the other, as the widget sends them: `name`, `url`, `width`, `height`, `content`,
            `error`. They are written as they come, so that many need no memory.
        file: All of the annotation file as COCO JSON; what the page does not show stays in what it downloads.
        file_names: The name of each picture in the annotation file, default its name in the set.

    Returns:
        The page's path.
    """
    with atomic_file(path) as page:
        for text in _page_texts(path, description, pictures, file, file_names):
            page.write(text.encode("utf-8"))
    return path


def _page_texts(
    path: Path,
    description: Mapping[str, Any],
    pictures: Iterable[Mapping[str, Any]],
    file: Mapping[str, Any],
    file_names: Sequence[str] | None,
) -> Iterator[str]:
    parts: dict[str, Callable[[], Iterable[str]]] = {
        "title": lambda: [html.escape(f"Draw boxes: {Path(description['kept_where']).name}")],
        "style": lambda: [style()],
        "data": lambda: _data_texts(description, pictures, file, file_names),
        "script": lambda: [page_module().replace("</script", "<\\/script")],
    }
    template = (FOLDER / "page.html").read_text("utf-8")
    for number, text in enumerate(_PLACE.split(template)):
        yield from parts[text]() if number % 2 else [text]


def _data_texts(
    description: Mapping[str, Any],
    pictures: Iterable[Mapping[str, Any]],
    file: Mapping[str, Any],
    file_names: Sequence[str] | None,
) -> Iterator[str]:
    start = {"name": description["name"], "class_names": list(description["class_names"]), "file": file}
    yield _as_script_json(start)[:-1] + ', "pictures": ['
    for number, picture in enumerate(pictures):
        name = picture["name"] if file_names is None else file_names[number]
        yield (",\n" if number else "\n") + _as_script_json({**picture, "file_name": name})
    yield "]}"


def _as_script_json(value: Mapping[str, Any]) -> str:
    """Return JSON that stays inside its script element, whatever names it holds."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
