"""VoTT 2: the exported JSON, or the `-asset.json` files of its target folder. Pixels counted from 0."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.files import files_below
from tflhelpers.data.formats.oriented import numbers
from tflhelpers.data.formats.picture_urls import file_name_of, is_url
from tflhelpers.data.formats.polygons import XYXY, box_around
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import Drawn, dict_at, list_at, object_of, text_at

_NOT_VISITED = 0


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read an export or a folder of assets; a polygon becomes the box around it.

    A picture without regions is a negative, unless VoTT says that nobody has visited it.

    Args:
        path: The folder or the .json file.
        report: Is told of what is refused; the rest goes on.
    """
    files = files_below(path, {".json"}) if path.is_dir() else [path]
    return RawSet(None, (picture for file in files for picture in _pictures(file, report)))


def _pictures(path: Path, report: ReportBuilder) -> Iterator[RawPicture]:
    try:
        content = object_of(path, report)
    except (AnnotationError, OSError) as error:
        report.refused(path.name, f"no whole file of VoTT: {error}")
        return
    if not {"assets", "asset"} & content.keys():
        report.note(path.name, "JSON of another kind: left out, for it has no assets")
        return
    assets = list(dict_at(content, "assets").values()) if "assets" in content else [content]
    for number, entry in enumerate(assets, 1):
        yield from _picture(entry, f"{path.name}: asset {number}", report)


def _picture(entry: Any, where: str, report: ReportBuilder) -> Iterator[RawPicture]:
    asset = dict_at(entry, "asset")
    address = text_at(asset, "path").removeprefix("file:")
    names = [file_name_of(address) if is_url(address) else unquote(address), text_at(asset, "name")]
    names = [name for name in reversed(names) if name]
    if not names:
        report.refused(where, "no picture of VoTT: it has neither name nor path")
        return
    if not entry.get("regions") and asset.get("state") == _NOT_VISITED:
        report.note(where, f"not visited in VoTT: {names[0][:80]!r} is left out")
        return
    drawn = Drawn(where, report)
    for here, region in drawn.each(entry, "regions", "region"):
        _draw(region, here, drawn)
    size = dict_at(asset, "size")
    yield from drawn.picture(
        names[0], as_size(size.get("height"), size.get("width")), aliases=tuple(names[1:])
    )


def _draw(region: Any, here: str, drawn: Drawn) -> None:
    box = _box(region)
    if box is None:
        drawn.refuse(here, f"neither box nor polygon: {text_at(region, 'type')[:40]!r}")
        return
    for tag in list_at(region, "tags") or [None]:
        drawn.box(tag, box, here)


def _box(region: Any) -> XYXY | None:
    edges = dict_at(region, "boundingBox")
    found = numbers(*(edges.get(key) for key in ("left", "top", "width", "height")))
    if found:
        return found[0], found[1], found[0] + found[2], found[1] + found[3]
    points = list_at(region, "points")
    if not all(isinstance(point, dict) for point in points):
        return None
    return box_around((point.get("x"), point.get("y")) for point in points)
