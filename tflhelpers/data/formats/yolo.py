"""YOLO: one text file a picture, one line a box: `class x_center y_center width height`, in 0..1 of the picture.

More than five numbers are a polygon, of which the box around it is taken. Source: docs.ultralytics.com, "Object
Detection Datasets Overview" and "Instance Segmentation Datasets Overview".
"""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tflhelpers.data import images
from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.formats.class_list import CLASS_LIST, write_class_list
from tflhelpers.data.formats.picture_index import has_ending
from tflhelpers.data.formats.raw import RawBox, RawPicture, RawSet
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.formats.writing import below_common_folder, known_sizes, refuse_names
from tflhelpers.data.formats.yolo_layout import (
    LabelFile,
    Layout,
    class_names_of,
    find_layout,
    label_files,
    picture_folders,
    seen_from,
)
from tflhelpers.data.pictures import Picture
from tflhelpers.files.atomic_file import atomic_file, write_text
from tflhelpers.files.stand_ins import stand_in
from tflhelpers.files.text import decode_text
from tflhelpers.progress import progress_bar

_MOST_BYTES = 50_000_000
_MOST_BAD_LINES = 100
_HEAD_BYTES = 4096
_MOST_CLASSES = 1_000_000
_USUAL_DIGITS, _FEWEST_DIGITS = 6, 4
_CHUNK = 1 << 20  # bytes
_ELSE = "Nothing was written. Give an empty folder, or remove what is there."
_LINE_BREAKS = re.compile("[\0\r\n]")


def read(path: Path, report: ReportBuilder) -> RawSet:
    """Read a YOLO folder, or the set that a `data.yaml` describes. An empty label file is a negative.

    Where nothing names the classes, they are called by their numbers, and that is noted.

    Raises:
        AnnotationError: If the files that describe the set cannot be read.
    """
    layout = find_layout(path, report)
    files = label_files(layout, report)
    names = class_names_of(layout, report)
    pictures = _pictures(files, names, layout, report)
    if names is not None:
        return RawSet([names[number] for number in sorted(names)], pictures, picture_folders(layout))
    report.note(path.name, "no classes.txt or data.yaml: the classes are called by their numbers")
    all_pictures = list(pictures)
    numbers = {int(box.class_name or 0) for picture in all_pictures for box in picture.boxes}
    in_order = [str(number) for number in sorted(numbers)]
    return RawSet(in_order, all_pictures, picture_folders(layout), declared=False)


def write(
    annotations: Annotations, path: Path, *, copy_images: bool = False, progress: bool = True
) -> list[Path]:
    """Write a folder with `labels/`, `classes.txt`, `data.yaml` and `train.txt`, the list of the pictures.

    Args:
        annotations: What to write.
        path: The folder.
        copy_images: Also copy the pictures to `images/`, so that the folder can be given to others, and to
            trainers that only look for labels beside a folder called `images`.
        progress: Show a bar where copying takes longer than two seconds.

    Returns:
        The files written.

    Raises:
        AnnotationError: If the size of a picture is not known, a name has line breaks, or two pictures differ only
            by their ending, so that they would share a label file. Or `copy_images`, and `images/` holds others.
    """
    sizes = known_sizes(annotations)
    refuse_names([*annotations.class_names, *map(str, annotations.image_paths)], _LINE_BREAKS, "YOLO")
    stems = _stems(annotations.image_paths, path)
    pictures = list(annotations.image_paths)
    if copy_images:
        places = [
            path / "images" / f"{stem}{source.suffix}" for source, stem in zip(pictures, stems, strict=True)
        ]
        _check_places(pictures, places, path / "images")
        with progress_bar(len(places), "Copying pictures", enabled=progress, delay=2) as bar:
            pictures = [
                bar.counted(_copied(source, place)) for source, place in zip(pictures, places, strict=True)
            ]
    written = []
    for picture, size, stem in zip(annotations.pictures, sizes, stems, strict=True):
        file = path / "labels" / f"{stem}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, _to_lines(picture, size))
        written.append(file)
    listed = "".join(f"./{relative_name(picture, path)}\n" for picture in pictures)
    write_text(path / "train.txt", listed)
    write_text(path / "data.yaml", _to_yaml(annotations.class_names))
    written += [path / "train.txt", path / "data.yaml"]
    return [*written, write_class_list(annotations.class_names, path / CLASS_LIST)]


def _pictures(
    files: Sequence[LabelFile], names: Mapping[int, str] | None, layout: Layout, report: ReportBuilder
) -> Iterator[RawPicture]:
    for file in files:
        where = seen_from(file.path, layout.folder)
        lines = _lines(file.path, where, report)
        if lines is not None:
            before = report.refusals
            boxes = _boxes(lines, names, where, "kpt_shape" in layout.settings, report)
            refused = report.refusals > before
            name, *others = file.picture_names
            precision = _precision(lines)
            picture = RawPicture(name, boxes, where, aliases=tuple(others), precision=precision)
            picture.fractions, picture.incomplete = True, refused
            yield picture


def _lines(path: Path, where: str, report: ReportBuilder) -> list[tuple[int, list[str]]] | None:
    """Return the number and the cells of each line that is not empty; None, told to the report, for no text."""
    try:
        data = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else None
    except OSError as error:
        report.refused(where, f"unreadable file: {error}")
        return None
    text = "\0" if data is None else decode_text(data)[0]
    if data is None or "\0" in text:
        report.refused(where, f"no label file: it is not text, or larger than {_MOST_BYTES} bytes")
        return None
    if found := stand_in(data[:_HEAD_BYTES]):
        report.refused(where, found)
        return None
    lines = ((number, line.split()) for number, line in enumerate(text.split("\n"), start=1))
    return [(number, cells) for number, cells in lines if cells]


def _boxes(
    lines: Sequence[tuple[int, list[str]]],
    names: Mapping[int, str] | None,
    where: str,
    keypoints: bool,
    report: ReportBuilder,
) -> list[RawBox]:
    boxes: list[RawBox] = []
    polygons = bad = 0
    for number, cells in lines:
        try:
            polygons += _is_polygon(cells, keypoints)
            boxes.append(_to_box(cells, names, f"line {number}", keypoints))
        except ValueError as error:
            report.refused(f"{where}, line {number}", str(error))
            bad += 1
        if bad == _MOST_BAD_LINES:
            report.refused(where, f"too many bad lines: {bad}; what follows line {number} is left out")
            break
    if polygons:
        report.note(where, f"polygons: {polygons}, of which the boxes around them are taken")
    return boxes


def _is_polygon(cells: Sequence[str], keypoints: bool) -> bool:
    return len(cells) >= 7 and len(cells) % 2 == 1 and not keypoints


def _to_box(cells: Sequence[str], names: Mapping[int, str] | None, where: str, keypoints: bool) -> RawBox:
    """Return the box of a line; its sixth number, if there are six, is a score and left out.

    Raises:
        ValueError: If the line is no box.
    """
    polygon = _is_polygon(cells, keypoints)
    if not (polygon or len(cells) in (5, 6) or (keypoints and len(cells) > 5)):
        raise ValueError(f"no box: expected class, x, y, width, height, got {len(cells)} values")
    try:
        number, *values = (float(cell) for cell in (cells if polygon else cells[:5]))
    except ValueError as error:
        raise ValueError(f"no box: expected numbers, got {' '.join(cells)[:80]!r}") from error
    edges = _around(values) if polygon else _edges(*values)
    return RawBox(_class_name(number, names), edges, where)


def _class_name(number: float, names: Mapping[int, str] | None) -> str:
    if not (0 <= number <= _MOST_CLASSES and number == int(number)):
        raise ValueError(f"no class number: {number:g}")
    name = str(int(number)) if names is None else names.get(int(number))
    if name is None:
        raise ValueError(f"unknown class number: {int(number)}; {len(names or ())} classes are named")
    return name


def _around(values: Sequence[float]) -> tuple[float, float, float, float]:
    if not all(math.isfinite(value) for value in values):
        return math.nan, math.nan, math.nan, math.nan
    xs, ys = values[0::2], values[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def _edges(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _precision(lines: Sequence[tuple[int, list[str]]]) -> float:
    """Return how exact the edges are: a centre and half a side, each rounded to the digits of the file.

    Ultralytics and most write six digits, supervision five, pylabel four. Fewer are numbers that happen to be round.
    """
    digits = max((len(cell.partition(".")[2]) for _, cells in lines for cell in cells[1:]), default=0)
    return 0.75 * 10.0 ** -(digits if digits >= _FEWEST_DIGITS else _USUAL_DIGITS)


def _stems(paths: Sequence[Path], folder: Path) -> list[str]:
    """Return the names of the label files without ending: as the pictures lie below their common folder.

    Raises:
        AnnotationError: If two pictures would share one.
    """
    try:
        below = [
            Path(os.path.abspath(path)).relative_to(os.path.abspath(folder / "images")) for path in paths
        ]
    except ValueError:
        below = [Path(path) for path in below_common_folder(paths)]
    stems = [path.with_suffix("").as_posix() for path in below]
    first: dict[str, Path] = {}
    for stem, path in zip(stems, paths, strict=True):
        if first.setdefault(stem.casefold(), path) != path:
            raise AnnotationError(
                f"YOLO cannot tell {first[stem.casefold()]} from {path}: their labels would share the file {stem}.txt. "
                "Rename one, or export to COCO."
            )
    return stems


def _to_lines(picture: Picture, size: tuple[int, int]) -> str:
    height, width = size
    lines = []
    for (x1, y1, x2, y2), label in zip(
        picture.boxes.xyxy.tolist(), picture.boxes.labels.tolist(), strict=True
    ):
        values = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
        lines.append(" ".join([str(label), *(f"{value:.15g}" for value in values)]) + "\n")
    return "".join(lines)


def _to_yaml(class_names: Sequence[str]) -> str:
    """Return a `data.yaml` without `path`: its own folder is meant then, while "." is the trainer's folder."""
    import yaml

    settings = {"train": "train.txt", "val": "train.txt", "nc": len(class_names)}
    return yaml.safe_dump(
        {**settings, "names": dict(enumerate(class_names))}, sort_keys=False, allow_unicode=True
    )


def _check_places(sources: Sequence[Path], places: Sequence[Path], folder: Path) -> None:
    """Raise if copies would take the place of other pictures, or come to lie among those of another set."""
    taken = [
        (a, b) for a, b in zip(sources, places, strict=True) if os.path.lexists(b) and not _is_copy(a, b)
    ]
    if taken:
        raise AnnotationError(
            f"{taken[0][1]}: expected nothing, or a copy of {taken[0][0]}, got another file. {_ELSE}"
        )
    in_place = any(_is_same_file(a, b) for a, b in zip(sources, places, strict=True))
    others = [] if in_place else sorted(set(_pictures_below(folder)) - set(places))
    if others:
        raise AnnotationError(
            f"{folder}: expected none but these pictures, got {len(others)} more: {others[0]}. {_ELSE}"
        )


def _pictures_below(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if has_ending(file.name)]


def _is_same_file(source: Path, place: Path) -> bool:
    return place.exists() and source.exists() and place.samefile(source)


def _is_copy(source: Path, place: Path) -> bool:
    if _is_same_file(source, place):
        return True
    if place.is_symlink() or not place.is_file():
        return False
    with images._open_file(source) as one, place.open("rb") as other:
        while (chunk := one.read(_CHUNK)) == other.read(_CHUNK):
            if not chunk:
                return True
    return False


def _copied(source: Path, place: Path) -> Path:
    if not os.path.lexists(place):  # else it is a copy, as was checked
        with images._open_file(source) as picture, atomic_file(place) as copy:
            shutil.copyfileobj(picture, copy)
    return place
