"""Pascal VOC: one XML file a picture, as LabelImg writes them.

LabelImg writes pixel edges counted from 0 (with the smallest drawn as 1); the VOC challenge itself counted pixels
from 1 and named the last one inside. Both look alike, so a switch tells them apart. Source: the development kit
of VOC 2012, and LabelImg's `pascal_voc_io.py`, read.
"""

from __future__ import annotations

import math
import os
import posixpath
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.formats.box_repair import to_numbers
from tflhelpers.data.formats.class_list import CLASS_LIST, read_class_list, write_class_list
from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.counted_from import noting_if_from_one
from tflhelpers.data.formats.files import files_below, relative_where
from tflhelpers.data.formats.oriented import box_around_turned, degrees_of, tell_turned
from tflhelpers.data.formats.picture_index import as_posix
from tflhelpers.data.formats.raw import RawBox, RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.safe_xml import XmlRefused, read_xml
from tflhelpers.data.formats.writing import NOT_IN_XML, known_sizes, names_like, refuse_names, shortest
from tflhelpers.data.pictures import Picture
from tflhelpers.files.atomic_file import write_text
from tflhelpers.files.stand_ins import stand_in_at
from tflhelpers.files.text import decode_text

_MOST_LIST_BYTES = 50_000_000
_EDGES = ("xmin", "ymin", "xmax", "ymax")


def read(path: Path, report: ReportBuilder, *, one_based: bool = False) -> RawSet:
    """Read a folder of XML files, subfolders included, or one XML file.

    The classes are in the order of a `classes.txt` in the folder, if there is one.

    Args:
        path: The folder or file.
        report: Is told of files that are refused; the others go on.
        one_based: Whether pixels are counted from 1 and the last one lies inside, as in the VOC challenge.
    """
    folder = path if path.is_dir() else path.parent
    files = files_below(path, {".xml"}) if path.is_dir() else [path]
    names = read_class_list(folder / CLASS_LIST, report) if (folder / CLASS_LIST).is_file() else None
    _note_image_sets(folder, {file.stem for file in files}, report)
    pictures = _pictures(files, folder, report, one_based)
    if not one_based:
        pictures = noting_if_from_one(pictures, path.name, report)
    return RawSet(names, pictures, _picture_folders(folder))


def write(annotations: Annotations, path: Path, *, one_based: bool = False) -> list[Path]:
    """Write a folder of XML files and a `classes.txt`; the pictures stay where they are.

    Read back, the pictures come in the order of their names.

    Returns:
        The files written.

    Raises:
        AnnotationError: If the size of a picture is not known, or XML cannot hold a name.
    """
    sizes = known_sizes(annotations)
    refuse_names([*annotations.class_names, *map(str, annotations.image_paths)], NOT_IN_XML, "Pascal VOC")
    places = names_like(annotations.image_paths, ".xml")
    written = [write_class_list(annotations.class_names, path / CLASS_LIST)]
    for picture, size, place in zip(annotations.pictures, sizes, places, strict=True):
        file = path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        root = _to_xml(picture, size, file.parent, annotations.class_names, one_based)
        ElementTree.indent(root)
        write_text(file, ElementTree.tostring(root, encoding="unicode") + "\n")
        written.append(file)
    return written


def _pictures(
    files: Sequence[Path], folder: Path, report: ReportBuilder, one_based: bool
) -> Iterator[RawPicture]:
    for file in files:
        where = relative_where(file, folder)
        try:
            root = read_xml(file, report)
        except (XmlRefused, OSError) as error:
            report.refused(where, str(error))
            continue
        if root.tag == "annotation":
            yield _to_picture(root, file, folder, report, one_based)
        else:
            report.refused(where, f"no Pascal VOC file: expected <annotation>, got <{root.tag[:40]}>")


def _to_picture(
    root: Element, file: Path, folder: Path, report: ReportBuilder, one_based: bool
) -> RawPicture:
    where = relative_where(file, folder)
    names = _names(root, as_posix(where))
    if not _text(root, "filename"):
        report.repaired(where, "no <filename>: taken for the picture that is named like the XML file")
    difficult = sum(_text(entry, "difficult") == "1" for entry in root.iter("object"))
    if difficult:
        report.note(where, f"boxes marked difficult: {difficult}, taken like the others")
    boxes, before = [], report.refusals
    for number, entry in enumerate(root.findall("object"), start=1):
        box = _to_box(entry, f"object {number}", one_based)
        if box is None:
            report.refused(f"{where}, object {number}", "no <bndbox>: only upright boxes can be used")
        else:
            boxes.append(_upright(box, entry, where, report))
    refused = report.refusals > before
    size = as_size(root.findtext("size/height"), root.findtext("size/width"))
    return RawPicture(names[0], boxes, where, size, aliases=tuple(names[1:]), incomplete=refused)


def _names(root: Element, where: str) -> list[str]:
    """Return under which names to look for the picture: as seen from the folder of the XML file, best first."""
    here, stem = posixpath.dirname(where), posixpath.splitext(where)[0]
    file_name, path = as_posix(_text(root, "filename")), as_posix(_text(root, "path"))
    absolute = path.startswith("/") or path[1:2] == ":"
    names = [posixpath.join(here, path)] if path and not absolute else []
    if file_name:
        names += [posixpath.join(here, file_name), file_name]
        names += [posixpath.join(_text(root, "folder"), file_name)]
    names += [path] if path and absolute else []
    return list(dict.fromkeys([*names, stem]))


def _to_box(entry: Element, where: str, one_based: bool) -> RawBox | None:
    frame = entry.find("bndbox")
    if frame is None:
        return None
    edges: list[Any] = [_text(frame, edge) for edge in _EDGES]
    if one_based:
        edges = [_less_one(edges[0]), _less_one(edges[1]), *edges[2:]]
    return RawBox(_class_name(entry), (edges[0], edges[1], edges[2], edges[3]), where)


def _upright(box: RawBox, entry: Element, where: str, report: ReportBuilder) -> RawBox:
    """Return the upright box around one to which CVAT has written a rotation, others as they are."""
    written = {
        _text(each, "name").lower(): _text(each, "value") for each in entry.iterfind("attributes/attribute")
    }
    degrees = degrees_of(written.get("rotation"))
    edges = to_numbers([box.xyxy])[0].tolist()
    if not degrees or not all(map(math.isfinite, edges)):
        return box
    tell_turned(report, f"{where}, {box.where}", degrees)
    return box._replace(xyxy=box_around_turned((edges[0], edges[1], edges[2], edges[3]), degrees))


def _less_one(text: str) -> float | str:
    try:
        return float(text) - 1
    except ValueError:
        return text


def _class_name(entry: Element) -> str | None:
    """Return the text of <name>: blanks count, but not those around which an editor has wrapped the line."""
    text = entry.findtext("name")
    return text.strip() if text and "\n" in text else text


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _picture_folders(folder: Path) -> list[Path]:
    """Return the folder beside it where the VOC challenge keeps the pictures, and the one that holds both."""
    beside = [folder.parent / name for name in ("JPEGImages", "images")]
    return [place for place in beside if place.is_dir()]


def _note_image_sets(folder: Path, stems: Collection[str], report: ReportBuilder) -> None:
    """Note pictures that only the lists of the VOC challenge name: negatives there have no XML file."""
    lists = [file for place in (folder, folder.parent) for file in sorted(place.glob("ImageSets/Main/*.txt"))]
    small = [file for file in lists if file.stat().st_size <= _MOST_LIST_BYTES]
    others = {file: found for file in small if (found := stand_in_at(file))}
    for file, found in others.items():
        report.refused(f"ImageSets/Main/{file.name}", found)
    whole = [file for file in small if file not in others]
    lines = [line.split() for file in whole for line in decode_text(file.read_bytes())[0].splitlines()]
    lost = list(dict.fromkeys(cells[0] for cells in lines if cells and cells[0] not in stems))
    if lost:
        report.note(
            "ImageSets/Main",
            f"pictures without an XML file: {len(lost)} are only listed, such as {lost[0][:80]!r}, and left out; one "
            "that shows no object needs an XML file without <object>",
        )


def _to_xml(
    picture: Picture, size: tuple[int, int], folder: Path, class_names: Sequence[str], one_based: bool
) -> Element:
    root = Element("annotation")
    SubElement(root, "folder").text = os.path.basename(os.path.dirname(os.path.abspath(picture.path)))
    SubElement(root, "filename").text = picture.path.name
    SubElement(root, "path").text = relative_name(picture.path, folder)
    sides = SubElement(root, "size")
    for side, value in (("width", size[1]), ("height", size[0]), ("depth", 3)):
        SubElement(sides, side).text = str(value)
    for xyxy, label in zip(picture.boxes.xyxy, picture.boxes.labels.tolist(), strict=True):
        root.append(_to_object(xyxy, class_names[label], one_based))
    return root


def _to_object(xyxy: np.ndarray, class_name: str, one_based: bool) -> Element:
    entry = Element("object")
    SubElement(entry, "name").text = class_name
    for tag, text in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
        SubElement(entry, tag).text = text
    frame = SubElement(entry, "bndbox")
    texts = [shortest(value) for value in xyxy]
    if one_based:
        texts[:2] = [repr(float(text) + 1).removesuffix(".0") for text in texts[:2]]
    for edge, text in zip(_EDGES, texts, strict=True):
        SubElement(frame, edge).text = text
    return entry
