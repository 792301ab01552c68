"""VGG Image Annotator 2: its JSON, its project file and its CSV. Pixels counted from 0.

Source: VIA's page on its formats. The class is one of a region's attributes, whichever the person named so.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.formats.oriented import around_ellipse, numbers
from tflhelpers.data.formats.picture_urls import file_name_of, is_url
from tflhelpers.data.formats.polygons import XYXY, box_around
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.tool_reading import (
    Drawn,
    dict_at,
    list_at,
    members_of,
    rows_of_table,
    text_at,
    text_of,
)
from tflhelpers.data.pictures import Picture
from tflhelpers.files.atomic_file import write_text

_USUAL = ("class", "label", "name", "type", "category", "object")
_COLUMNS = ("filename", "region_shape_attributes", "region_attributes")
_SETTINGS = {  # VIA's own at its start; it needs all of them
    "ui": {
        "annotation_editor_height": 25,
        "annotation_editor_fontsize": 0.8,
        "leftsidebar_width": 18,
        "image_grid": {
            "img_height": 80,
            "rshape_fill": "none",
            "rshape_fill_opacity": 0.3,
            "rshape_stroke": "yellow",
            "rshape_stroke_width": 2,
            "show_region_shape": True,
            "show_image_policy": "all",
        },
        "image": {
            "region_label": "class",
            "region_color": "class",
            "region_label_font": "10px Sans",
            "on_image_annotation_editor_placement": "NEAR_REGION",
        },
    },
    "core": {"buffer_size": 18, "filepath": {}, "default_filepath": ""},
}
_NO_AREA = {"point": "a point", "polyline": "a line"}
_Entry = tuple[str, str, list[Any]]  # where, name of the picture, regions


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a file of VIA 2; polygons, circles and ellipses become the boxes around them.

    A picture without regions is a negative. The class is the attribute called "class", "label", "name", "type",
    "category" or "object", else the one that most regions have; a project tells the order of the classes.

    Args:
        path: The .json or .csv file.
        report: Is told of what is refused; the rest goes on.

    Raises:
        AnnotationError: If it is no file of VIA 2.
    """
    declared: dict[str, Any] = {}
    is_table = path.suffix.lower() == ".csv"
    entries = list(_of_csv(path, report) if is_table else _of_json(path, report, declared))
    if not entries:
        raise AnnotationError(
            f"{path}: expected pictures of VIA 2, got none. In VIA choose Annotation, Export."
        )
    attribute = _class_attribute(region for _, _, regions in entries for region in regions)
    if attribute and attribute not in _USUAL:
        report.note(path.name, f"class of a region: taken from its attribute {attribute[:80]!r}")
    options = dict_at(dict_at(declared, attribute or ""), "options")
    return RawSet(list(options) or None, _pictures(entries, attribute, report))


def write(annotations: Annotations, path: Path) -> list[Path]:
    """Write a project that VIA 2 opens; pictures are named as seen from its folder.

    Returns:
        The file written.
    """
    entries = [_to_json(picture, path.parent, annotations.class_names) for picture in annotations.pictures]
    metadata = {f"{entry['filename']}{entry['size']}": entry for entry in entries}
    options = dict.fromkeys(annotations.class_names, "")
    dropdown = {"type": "dropdown", "description": "", "options": options, "default_options": {}}
    project = {
        "_via_settings": {**_SETTINGS, "project": {"name": path.stem}},
        "_via_img_metadata": metadata,
        "_via_attributes": {"region": {"class": dropdown}, "file": {}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(metadata),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(project, ensure_ascii=False, indent=1) + "\n")
    return [path]


def _to_json(picture: Picture, folder: Path, class_names: Sequence[str]) -> dict[str, Any]:
    regions = [
        {"shape_attributes": _rectangle(*xyxy), "region_attributes": {"class": class_names[label]}}
        for xyxy, label in zip(picture.boxes.xyxy.tolist(), picture.boxes.labels.tolist(), strict=True)
    ]
    size = picture.path.stat().st_size if picture.path.is_file() else -1
    name = relative_name(picture.path, folder)
    return {"filename": name, "size": size, "regions": regions, "file_attributes": {}}


def _rectangle(x1: float, y1: float, x2: float, y2: float) -> dict[str, Any]:
    return {"name": "rect", "x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1}


def _of_json(path: Path, report: ReportBuilder, declared: dict[str, Any]) -> Iterator[_Entry]:
    """Yield the pictures; put the attributes that regions may have, where the file tells, into `declared`."""
    for key, value in members_of(path, report):
        if key == "_via_img_metadata":
            for inner, entry in (value if isinstance(value, dict) else {}).items():
                yield from _entry(inner, entry, path, report)
        elif key == "_via_attributes":
            declared.update(dict_at(value, "region"))
        elif not key.startswith("_via_"):
            yield from _entry(key, value, path, report)


def _entry(key: str, entry: Any, path: Path, report: ReportBuilder) -> Iterator[_Entry]:
    name = _name(text_at(entry, "filename"))
    where = f"{path.name}: {name or key}"[:300]
    if not name:
        report.refused(where, "no picture of VIA: it has no filename")
        return
    regions = entry.get("regions", [])
    if not isinstance(regions, (list, dict)):
        regions = [regions]  # refused when it is drawn
    yield where, name, list(regions.values()) if isinstance(regions, dict) else regions  # VIA 1 numbers them


def _of_csv(path: Path, report: ReportBuilder) -> Iterator[_Entry]:
    regions: dict[str, list[Any]] = {}
    places: list[int] = []
    for number, cells in rows_of_table(text_of(path, report), path.name, report):
        if not places:
            places = _places_of(path, cells)
        elif any(cells):
            _add_row(cells, places, f"{path.name}, row {number}", regions, report)
    for name, found in regions.items():
        yield f"{path.name}: {name}"[:300], name, found


def _places_of(path: Path, cells: Sequence[str]) -> list[int]:
    names = [cell.strip().lstrip("#").lower() for cell in cells]
    missing = [column for column in _COLUMNS if column not in names]
    if missing:
        raise AnnotationError(
            f"{path}: expected the columns {', '.join(_COLUMNS)} of VIA, missing are {missing}."
        )
    return [names.index(column) for column in _COLUMNS]


def _add_row(
    cells: Sequence[str],
    places: Sequence[int],
    where: str,
    regions: dict[str, list[Any]],
    report: ReportBuilder,
) -> None:
    if len(cells) <= max(places) or not cells[places[0]]:
        report.refused(where, f"too few cells: {len(cells)}")
        return
    name, *texts = (cells[place] for place in places)
    shape, attributes = map(_decoded, texts)
    found = regions.setdefault(_name(name), [])
    if shape != {}:
        found.append({"shape_attributes": shape, "region_attributes": attributes})


def _name(text: str) -> str:
    return file_name_of(text) if is_url(text) else text


def _decoded(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None


def _class_attribute(regions: Iterator[Any]) -> str | None:
    counts = Counter(key for region in regions for key in dict_at(region, "region_attributes"))
    usual = next((key for name in _USUAL for key in counts if key.lower() == name), None)
    return usual or next((key for key, _ in counts.most_common(1)), None)


def _pictures(
    entries: Sequence[_Entry], attribute: str | None, report: ReportBuilder
) -> Iterator[RawPicture]:
    for where, name, regions in entries:
        drawn = Drawn(where, report)
        for number, region in enumerate(regions, 1):
            _draw(region, attribute, f"region {number}", drawn)
        yield from drawn.picture(name)


def _draw(region: Any, attribute: str | None, here: str, drawn: Drawn) -> None:
    shape = dict_at(region, "shape_attributes")
    kind = text_at(shape, "name")
    box = _box(shape, kind)
    if box is None:
        what = _NO_AREA.get(kind, f"{kind[:40]!r} without its numbers")
        drawn.refuse(here, f"neither box, polygon nor circle: {what}")
        return
    value = dict_at(region, "region_attributes").get(attribute or "")
    for name in _class_names(value):
        drawn.box(name, box, here)


def _class_names(value: Any) -> list[Any]:
    """Return the classes of an attribute: a text, or those ticked in a list of checkboxes."""
    if isinstance(value, dict):
        return [name for name, ticked in value.items() if ticked] or [None]
    return [value if isinstance(value, str) else None]


def _box(shape: dict[str, Any], kind: str) -> XYXY | None:
    if kind == "polygon":
        return box_around(zip(list_at(shape, "all_points_x"), list_at(shape, "all_points_y"), strict=False))
    if kind == "circle":
        found = numbers(shape.get("cx"), shape.get("cy"), shape.get("r"))
        return around_ellipse(found[0], found[1], found[2], found[2]) if found else None
    if kind == "ellipse":
        found = numbers(*(shape.get(key) for key in ("cx", "cy", "rx", "ry")))
        turn = numbers(shape.get("theta", 0))  # radians
        if found is None or turn is None:
            return None
        return around_ellipse(found[0], found[1], found[2], found[3], math.degrees(turn[0]))
    found = numbers(*(shape.get(key) for key in ("x", "y", "width", "height"))) if kind == "rect" else None
    return (found[0], found[1], found[0] + found[2], found[1] + found[3]) if found else None
