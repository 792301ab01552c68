"""CVAT for images 1.1 and CVAT for video 1.1: one XML file. Edges are pixels counted from 0.

Boxes turn about their centre. Source: CVAT's documentation of the XML format, 1.1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.formats.coco_columns import as_size
from tflhelpers.data.formats.oriented import around_ellipse, around_turned, degrees_of, numbers
from tflhelpers.data.formats.polygons import box_around
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.safe_xml import XmlRefused
from tflhelpers.data.formats.tool_reading import Drawn
from tflhelpers.data.formats.writing import NOT_IN_XML, known_sizes, refuse_names, shortest
from tflhelpers.data.formats.xml_stream import read_children
from tflhelpers.data.pictures import Picture
from tflhelpers.files.atomic_file import write_text

_EDGES = ("xtl", "ytl", "xbr", "ybr")
_NO_AREA = {"polyline": "a line", "points": "points", "skeleton": "a skeleton", "cuboid": "a cuboid"}
_LABELS = "labels/label"
_NO_BOX = ("tag", *_NO_AREA)  # types of labels


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a file of either kind; polygons, ellipses and masks become the boxes around them.

    A picture without a box is a negative. Of a video, the frames with a box are taken; they are looked for as
    `frame_000012.PNG`, as CVAT exports them, or as `clip_000012.jpg`, as `collect.from_video` calls them.

    Args:
        path: The .xml file.
        report: Is told of what is refused; the rest goes on.

    Raises:
        AnnotationError: If nothing in it is of CVAT.
    """
    unread = read_children(path, "annotations", report)
    try:
        first = next(unread, None)
    except XmlRefused as error:
        raise AnnotationError(f"{path}: expected a file of CVAT, got {error}. Export it again.") from error
    if first is None:
        raise AnnotationError(f"{path}: expected <image> or <track> of CVAT, got none. Export it again.")
    early, children = [first], _up_to_a_fault(unread, path, report)
    while early[-1].tag not in ("meta", "image", "track") and (child := next(children, None)) is not None:
        early.append(child)
    meta = next((child for child in early if child.tag == "meta"), None)
    names = [] if meta is None else _declared(meta)
    return RawSet(names or None, _pictures(chain(early, children), meta, path, report))


def write(annotations: Annotations, path: Path) -> list[Path]:
    """Write one file of CVAT for images 1.1; pictures are named as seen from its folder.

    Returns:
        The file written.

    Raises:
        AnnotationError: If the size of a picture is not known, or XML cannot hold a name.
    """
    sizes = known_sizes(annotations)
    refuse_names([*annotations.class_names, *map(str, annotations.image_paths)], NOT_IN_XML, "CVAT")
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    labels = SubElement(SubElement(SubElement(root, "meta"), "task"), "labels")
    for name in annotations.class_names:
        SubElement(SubElement(labels, "label"), "name").text = name
    for number, (picture, size) in enumerate(zip(annotations.pictures, sizes, strict=True)):
        _add_image(root, number, picture, size, path.parent, annotations.class_names)
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.indent(root)
    write_text(path, ElementTree.tostring(root, encoding="unicode") + "\n")
    return [path]


def _add_image(
    root: Element,
    number: int,
    picture: Picture,
    size: tuple[int, int],
    folder: Path,
    class_names: Sequence[str],
) -> None:
    name = relative_name(picture.path, folder)
    image = SubElement(root, "image", id=str(number), name=name, width=str(size[1]), height=str(size[0]))
    for xyxy, label in zip(picture.boxes.xyxy, picture.boxes.labels.tolist(), strict=True):
        edges = dict(zip(_EDGES, map(shortest, xyxy), strict=True))
        SubElement(image, "box", {"label": class_names[label], "source": "manual", "occluded": "0", **edges})


def _up_to_a_fault(children: Iterator[Element], path: Path, report: ReportBuilder) -> Iterator[Element]:
    try:
        yield from children
    except (XmlRefused, OSError) as error:
        report.refused(path.name, str(error))


def _declared(meta: Element) -> list[str]:
    labels = [label for owner in meta for label in owner.findall(_LABELS)]
    return [label.findtext("name") or "" for label in labels if label.findtext("type") not in _NO_BOX]


def _pictures(
    children: Iterator[Element], meta: Element | None, path: Path, report: ReportBuilder
) -> Iterator[RawPicture]:
    frames: dict[int, Drawn] = {}
    for child in children:
        if child.tag == "image":
            yield from _picture(child, path, report)
        elif child.tag == "track":
            _add_track(child, frames, path, report)
    size, source = _of_video(meta)
    for number, drawn in sorted(frames.items()):
        name, *others = _frame_names(number, source)
        yield from drawn.picture(name, size, aliases=tuple(others))


def _picture(image: Element, path: Path, report: ReportBuilder) -> Iterator[RawPicture]:
    name = image.get("name", "")
    drawn = Drawn(f"{path.name}: {name or 'image ' + image.get('id', '?')}", report)
    for number, shape in enumerate(image, 1):
        if shape.tag != "tag":
            _draw(shape, shape.get("label"), f"shape {number}", drawn)
    yield from drawn.picture(name, as_size(image.get("height"), image.get("width")))


def _add_track(track: Element, frames: dict[int, Drawn], path: Path, report: ReportBuilder) -> None:
    here = f"track {track.get('id', '?')}"
    for shape in track:
        if shape.tag == "track" or shape.get("outside") == "1":  # a track in a track: a skeleton's joint
            continue
        text = shape.get("frame", "")
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            report.refused(f"{path.name}, {here}", f"no number of a frame: {text[:40]!r}")
            continue
        drawn = frames.setdefault(int(text), Drawn(f"{path.name}: frame {int(text)}", report))
        _draw(shape, track.get("label"), here, drawn)


def _draw(shape: Element, label: str | None, here: str, drawn: Drawn) -> None:
    if shape.tag == "box":
        _draw_box(shape, label, here, drawn)
    elif shape.tag in ("polygon", "ellipse", "mask"):
        box = {"polygon": _around_polygon, "ellipse": _around_ellipse, "mask": _around_mask}[shape.tag](shape)
        if box is None:
            drawn.refuse(here, f"no numbers: of the {shape.tag}")
        else:
            drawn.box(label, box, here)
    else:
        drawn.refuse(here, f"no area: {label!r} is {_NO_AREA.get(shape.tag, f'<{shape.tag[:40]}>')}")


def _draw_box(shape: Element, label: str | None, here: str, drawn: Drawn) -> None:
    edges = [shape.get(edge) for edge in _EDGES]
    degrees = degrees_of(shape.get("rotation"))
    values = numbers(*edges)
    if not degrees or values is None:
        drawn.box(label, (edges[0], edges[1], edges[2], edges[3]), here)
        return
    x1, y1, x2, y2 = values
    box = around_turned((x1, y1, x2 - x1, y2 - y1), degrees)
    if box is None:
        drawn.refuse(here, "no numbers: of the turned box")
        return
    drawn.box(label, box, here)
    drawn.turned(here, degrees)


def _around_polygon(shape: Element) -> tuple[float, float, float, float] | None:
    return box_around(point.split(",") for point in shape.get("points", "").split(";"))


def _around_ellipse(shape: Element) -> tuple[float, float, float, float] | None:
    found = numbers(*(shape.get(key) for key in ("cx", "cy", "rx", "ry")), shape.get("rotation", 0))
    return around_ellipse(*found) if found else None


def _around_mask(shape: Element) -> tuple[float, float, float, float] | None:
    found = numbers(*(shape.get(key) for key in ("left", "top", "width", "height")))
    return (found[0], found[1], found[0] + found[2], found[1] + found[3]) if found else None


def _of_video(meta: Element | None) -> tuple[tuple[int, int] | None, str]:
    """Return (height, width) and the name of a video."""
    if meta is None:
        return None, ""
    size = meta.find("task/original_size")
    size = meta.find("original_size") if size is None else size
    source = meta.findtext("task/source") or meta.findtext("source") or ""
    if size is None:
        return None, source
    return as_size(size.findtext("height"), size.findtext("width")), source


def _frame_names(number: int, source: str) -> list[str]:
    """Return how tools name the pictures of a video's frames, without ending, CVAT's own first."""
    stem = os.path.splitext(source)[0]
    return [f"frame_{number:06d}", *([f"{stem}_{number:06d}"] if stem else []), f"{number:06d}"]
