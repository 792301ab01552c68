"""Supervisely: a JSON file a picture in `ann`, beside `img` with the pictures. Corners in pixels."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.files import files_below, relative_where
from tflhelpers.data.formats.polygons import box_around
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, dict_at, list_at, object_of, text_at

_WITH_AREA = ("rectangle", "polygon", "")
_SETTINGS = "meta.json"  # of a project: its classes and tags


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a project, one of its data sets or one file; a polygon becomes the box around it.

    A picture without objects is a negative.

    Args:
        path: The folder, or the .json file.
        report: Is told of what is refused; the rest goes on.
    """
    folder = path if path.is_dir() else path.parent
    files = files_below(path, {".json"}) if path.is_dir() else [path]
    beside = folder.parent / "img"
    return RawSet(None, _pictures(files, folder, report), [beside] if beside.is_dir() else [])


def _pictures(files: Sequence[Path], folder: Path, report: ReportBuilder) -> Iterator[RawPicture]:
    for file in files:
        where = relative_where(file, folder)
        try:
            content = object_of(file, report)
        except (AnnotationError, OSError) as error:
            report.refused(where, f"no whole file of Supervisely: {error}")
            continue
        if isinstance(content.get("objects"), list):
            yield from _picture(content, where, report)
        elif file.name != _SETTINGS:
            report.note(where, "JSON of another kind: left out, for it has no list of objects")


def _picture(content: dict[str, Any], where: str, report: ReportBuilder) -> Iterator[RawPicture]:
    drawn = Drawn(where, report)
    for here, entry in drawn.each(content, "objects", "object"):
        _draw(entry, here, drawn)
    name = posixpath.splitext(posixpath.basename(where))[0]  # a.png.json
    data_set = posixpath.dirname(posixpath.dirname(where))
    size = dict_at(content, "size")
    yield from drawn.picture(
        posixpath.join(data_set, "img", name),
        as_size(size.get("height"), size.get("width")),
        aliases=(posixpath.join(posixpath.dirname(where), name), name),
    )


def _draw(entry: Any, here: str, drawn: Drawn) -> None:
    kind = text_at(entry, "geometryType")
    box = box_around(list_at(dict_at(entry, "points"), "exterior")) if kind in _WITH_AREA else None
    if box is None:
        drawn.refuse(here, f"neither box nor polygon: {kind[:40]!r}")
    else:
        drawn.box(text_at(entry, "classTitle") or None, box, here)
