"""Tells by the beginning of a file which annotation tool wrote it: by several of its keys together, never by one."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from pathlib import Path

from tflhelpers.files.text import encoding_of

_HEAD_BYTES = 65536
_LINES = 4  # looked at
# A string that is cut counts: else each quotation mark in it would be tried as the beginning of another.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\]:]', re.DOTALL)
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*)")
_PARTS = ("TRAIN", "TRAINING", "VALIDATE", "VALIDATION", "TEST", "UNASSIGNED")
_LABEL_STUDIO_SHAPES = {"rectanglelabels", "polygonlabels", "ellipselabels", "original_width"}

# Tools whose files are not read: how a person gets at one that is.
ADVICE = {
    "cvat_backup": "a backup of CVAT; there choose Export dataset, and CVAT for images 1.1",
    "darwin": "Darwin JSON of V7; convert it with `darwin dataset convert`, to coco or pascal_voc",
    "bdd100k": "a Scalabel or BDD100K file; convert it with `python -m scalabel.label.to_coco`, and give the COCO file",
    "cityscapes": "Cityscapes polygons; convert them to COCO with cityscapes.py of MMDetection's dataset converters",
    "hasty": "an export of Hasty; there choose COCO",
    "imglab": "a file of dlib's imglab; open it in the web tool ImgLab, and save as COCO or Pascal VOC there",
    "labelbox_csv": "a Labelbox CSV of 2018; in Labelbox export the project as JSON or NDJSON",
    "superannotate": "SuperAnnotate JSON; convert it with `export_annotation` of its Python SDK, to COCO",
    "via3": "a project of VIA 3; draw with VIA 2, whose files are read, or convert it to COCO",
}


def tool_of(path: Path) -> str | None:
    """Return the tool that wrote a file: a key of `tools.TOOLS` or of `ADVICE`; None for any other file."""
    text = _head(path)
    start = text.lstrip()[:1]
    if start == "<":
        return _xml_tool(text)
    ending = path.suffix.lower()
    if start in ("{", "[") and ending not in (".csv", ".txt"):
        return _json_tool(text)
    if ending in (".csv", ".tsv"):
        return _csv_tool(text)
    return _text_tool(text) if ending == ".txt" else None


def _head(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return head.decode(encoding_of(head), errors="replace")


def _xml_tool(text: str) -> str | None:
    root = _ROOT.search(text)
    tools = {"annotations": "cvat", "dataset": "imglab", "View": "label_config"}  # the last: of Label Studio
    return tools.get(root[1]) if root else None


def _json_tool(text: str) -> str | None:
    is_list = text.lstrip().startswith("[")
    keys = _keys_by_depth(text)
    return _tool_of_rows(keys[2], keys[4]) if is_list else _tool_of_object(keys[1], keys[2])


def _keys_by_depth(text: str) -> dict[int, set[str]]:
    """Return the names of an unfinished piece of JSON, by how many brackets they stand in."""
    keys: dict[int, set[str]] = defaultdict(set)
    depth, last = 0, ""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == ":":
            keys[depth].add(last)
        elif token[0] != '"':
            depth += 1 if token in "{[" else -1
        last = token[1:-1]
    return keys


def _tool_of_rows(row: set[str], inner: set[str]) -> str | None:
    if "data" in row and row & {"annotations", "predictions", "completions"}:
        return "label_studio"
    if {"annotation_id", "lead_time"} & row or inner & _LABEL_STUDIO_SHAPES:
        return "label_studio"
    if "annotations" in row and row & {"image", "imagefilename"}:
        return "createml"
    if {"shapes", "tracks"} <= row:
        return "cvat_backup"
    return "bdd100k" if {"name", "labels"} <= row else None


def _tool_of_object(top: set[str], second: set[str]) -> str | None:
    rules: tuple[tuple[str, bool], ...] = (
        (
            "labelme",
            "imageData" in top or ("shapes" in top and bool(top & {"version", "imagePath", "flags"})),
        ),
        ("via", bool(top & {"_via_img_metadata", "_via_settings"}) or {"filename", "regions"} <= second),
        (
            "vott",
            {"asset", "regions"} <= top or ("assets" in top and bool(top & {"name", "tags", "version"})),
        ),
        ("ground_truth", "source-ref" in top),
        ("label_studio", "data" in top and bool(top & {"annotations", "predictions"})),
        ("darwin", {"item", "annotations"} <= top or {"dataset", "image", "annotations"} <= top),
        ("datumaro", {"items", "categories"} <= top),
        ("supervisely", {"objects", "size"} <= top),
        ("cityscapes", {"objects", "imgHeight"} <= top),
        ("superannotate", {"metadata", "instances"} <= top),
        ("hasty", {"label_classes", "images"} <= top),
        ("via3", {"project", "config", "metadata"} <= top),
    )
    return next((tool for tool, fits in rules if fits), None)


def _csv_tool(text: str) -> str | None:
    try:
        rows = [cells for cells in csv.reader(text.splitlines()[:_LINES]) if any(cells)]
    except csv.Error:
        return None
    names = {cell.strip().lstrip("#").lower() for cell in (rows or [[]])[0]}
    if {"filename", "region_shape_attributes"} <= names:
        return "via"
    if {"imageid", "labelname", "xmin"} <= names:
        return "open_images"
    if {"labeled data", "label"} <= names:
        return "labelbox_csv"
    if any(map(_is_automl, rows)):
        return "automl"
    return "retinanet" if rows and _is_retinanet(rows[0]) else None


def _is_automl(cells: list[str]) -> bool:
    """[part,]address,class,x1,y1,x2,y1,x2,y2,x1,y2: eight numbers, of which four may be empty."""
    cells = cells[1:] if cells and cells[0].strip().upper() in _PARTS else cells
    return len(cells) == 10 and "://" in cells[0] and all(_is_number_or_empty(cell) for cell in cells[2:])


def _is_retinanet(cells: list[str]) -> bool:
    """path,x1,y1,x2,y2,class; a negative has nothing behind the path."""
    if len(cells) != 6 or not cells[0].strip():
        return False
    empty = not any(cell.strip() for cell in cells[1:])
    has_name = "." in cells[0]
    return has_name and (empty or (bool(cells[5].strip()) and all(_is_number(cell) for cell in cells[1:5])))


def _text_tool(text: str) -> str | None:
    """KITTI: a class, 14 numbers and maybe a score; DOTA: 8 numbers, a class and maybe how difficult it is."""
    lines = [line.split() for line in text.splitlines()[:_LINES]]
    for cells in lines:
        if len(cells) in (15, 16) and not _is_number(cells[0]) and all(map(_is_number, cells[1:])):
            return "kitti"
        if len(cells) in (9, 10) and not _is_number(cells[8]) and all(map(_is_number, cells[:8])):
            return "dota"
    return None


def _is_number_or_empty(cell: str) -> bool:
    return not cell.strip() or _is_number(cell)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
