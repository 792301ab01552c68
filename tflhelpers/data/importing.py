"""`import_annotations` and `export_annotations`: boxes from and to the files of other tools."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tflhelpers.data.annotations import AnnotationError, Annotations, checked_names, refuse_picture
from tflhelpers.data.formats import coco, csv_table, labelbox, tfrecord, voc, yolo
from tflhelpers.data.formats.archive import unpack
from tflhelpers.data.formats.assemble import assemble
from tflhelpers.data.formats.detect import FORMATS, detect_format, files_of, refuse_stand_ins
from tflhelpers.data.formats.frames import FRAMES
from tflhelpers.data.formats.gc_pause import collection_paused
from tflhelpers.data.formats.picture_index import picture_folders
from tflhelpers.data.formats.raw import RawSet
from tflhelpers.data.formats.report import ImportRefused, ImportReport, ReportBuilder, refuse_unless_clean
from tflhelpers.data.formats.shards import find_record_files
from tflhelpers.data.formats.tools import TOOLS

__all__ = ["ImportRefused", "ImportReport", "export_annotations", "import_annotations"]


class _Format(NamedTuple):
    """How a format is read and written, and with which switches; `is_file`: a folder may hold one such file."""

    read: Callable[..., RawSet]
    write: Callable[..., list[Path] | None] | None
    is_file: bool = False
    reading: tuple[str, ...] = ()
    writing: tuple[str, ...] = ()


_FORMATS = {
    "voc": _Format(voc.read, voc.write, reading=("one_based",), writing=("one_based",)),
    "coco": _Format(coco.read, coco.write, is_file=True, writing=("images_root",)),
    "yolo": _Format(yolo.read, yolo.write, writing=("copy_images", "progress")),
    "labelbox": _Format(labelbox.read, None, is_file=True, reading=("y_from_bottom",)),
    "tfrecord": _Format(tfrecord.read, tfrecord.write, writing=("progress",)),
    "csv": _Format(
        csv_table.read, csv_table.write, is_file=True, reading=("one_based",), writing=("one_based",)
    ),
    **{name: _Format(tool.read, tool.write, is_file=tool.is_file) for name, tool in TOOLS.items()},
}


def import_annotations(
    path: str | os.PathLike[str],
    images: str | os.PathLike[str] | None = None,
    format: str = "auto",
    *,
    strict: bool = False,
    one_based: bool = False,
    frame: str = "auto",
    y_from_bottom: bool = False,
    rename: Mapping[str, str] | None = None,
    class_names: Sequence[str] | None = None,
    progress: bool = True,
) -> tuple[Annotations, ImportReport]:
    """Read annotations from another tool, and report what was taken, repaired and refused.

    Nothing is guessed silently: boxes with swapped edges or partly outside the picture are repaired and reported; boxes
    without area, without numbers or outside their picture are left out and reported; a file that cannot be read is
    reported, and the others are still read. Print the report, and look at `contact_sheet(annotations)`.

    Args:
        path: The folder (Pascal VOC, YOLO), the file (COCO, Labelbox, CSV, TFRecord), or a .zip of them, which is
            unpacked next to it.
        images: The folder with the pictures. None looks next to the annotations, and in `images` next to their folder.
            Pictures are found even if they were moved or their names differ in case or ending.
        format: "voc", "coco", "yolo", "labelbox", "tfrecord" or "csv"; "cvat", "label_studio", "labelme", "via",
            "createml", "vott", "datumaro", "supervisely", "ground_truth", "open_images", "retinanet", "automl",
            "kitti" or "dota"; "auto" detects the format.
        strict: Raise if anything has to be repaired or refused.
        one_based: For VOC and CSV: pixels are counted from 1, and the last one lies inside the box.
        frame: For photos with an EXIF orientation: "upright" if the boxes were drawn on the photo as people see
            it, "stored" if they were drawn on the pixels as the file stores them; "auto" decides by the image size in
            the annotations.
        y_from_bottom: For old Labelbox exports: y is counted from the bottom of the picture.
        rename: New names for classes, such as `{"Duck": "duck"}`; two classes with the same new name become one.
        class_names: The classes in the order of the labels, such as `detector.class_names`; the files may lack some.
            None takes them in the order in which the files list them; those in no list follow, sorted by name.
        progress: Show a bar where it takes longer than two seconds.

    Returns:
        The annotations, and the report.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        AnnotationError: If the format is unknown or a file as a whole is not what it should be.
        ImportRefused: If nothing can be used; with `strict`, if anything is repaired or refused.
        ValueError: If an argument is wrong, or `class_names` lacks a class of the boxes.

    Example:
        >>> annotations, report = import_annotations("labels")  # doctest: +SKIP
        >>> print(report)  # doctest: +SKIP
        80 pictures and 143 boxes taken, 2 things repaired, 0 refused.
        Repaired:
          2 × partly outside the picture (b.xml, object 1: -3, 10, 50, 60 cut to 480 × 640 (height × width))
    """
    format = "tfrecord" if format == "auto" and _are_shards(Path(path)) else format
    place = Path(path) if format == "tfrecord" else _existing(Path(path), "the annotations")
    folder = None if images is None else _existing(Path(images), "the folder of the pictures")
    wanted = None if class_names is None else checked_names(class_names)
    _check_choice("frame", frame, FRAMES)
    _check_choice("format", format, ("auto", *_FORMATS))
    report = ReportBuilder()
    if place.is_file():
        refuse_stand_ins(place)
    if place.is_file() and place.suffix.lower() == ".zip":
        place = unpack(place, place.with_suffix(""), report)
    format = detect_format(place, folder) if format == "auto" else format
    known = {name: each.reading for name, each in _FORMATS.items()}
    switches = _switches(known, format, one_based=one_based, y_from_bottom=y_from_bottom)
    given = place
    place = _only_file(place, format) if place.is_dir() and _FORMATS[format].is_file else place
    folders = [folder] if folder else picture_folders(place, given)
    with collection_paused():
        raw = _FORMATS[format].read(place, report, **switches)
        annotations = assemble(
            raw,
            report,
            folders=folders,
            frame=frame,
            rename=rename,
            class_names=wanted,
            progress=progress,
        )
    built = report.build()
    if strict:
        refuse_unless_clean(built)
    return annotations, built


def export_annotations(
    annotations: Annotations,
    path: str | os.PathLike[str],
    format: str,
    *,
    one_based: bool = False,
    copy_images: bool = False,
    images_root: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> list[Path]:
    """Write annotations for another tool, each file atomically; `import_annotations` reads them back equal.

    Args:
        annotations: What to write. The pictures stay where they are, and are named as seen from the files;
            only a TFRecord holds the pictures themselves.
        path: The folder ("voc", "yolo", "labelme") or the file ("coco", "csv", "tfrecord", "cvat", "via", "createml").
        format: One of these.
        one_based: For VOC and CSV: count pixels from 1, as the VOC challenge does.
        images_root: For COCO: name the pictures as seen from this folder instead, as COCO itself and the tools do
            that take the pictures' folder beside the file; to read it again, give it as `images`.
        copy_images: For YOLO: copy the pictures to `images/` in the folder, where its trainers look for them.
        progress: Show a bar where pictures are written too, and that takes longer than two seconds.

    Returns:
        The files written.

    Raises:
        AnnotationError: If the format cannot hold a name, the size of a picture is needed and not known, or copies
            would come to lie among other pictures.
        FileNotFoundError: If a picture is missing that a TFRecord is to hold, or YOLO's folder a copy of.
        ValueError: If an argument is wrong.
    """
    if not isinstance(annotations, Annotations):
        raise ValueError(
            f"expected Annotations, got {type(annotations).__name__}. Load or import them first."
        )
    refuse_picture(Path(path))
    writers = {name: each.write for name, each in _FORMATS.items() if each.write is not None}
    _check_choice("format", format, writers)
    known = {name: each.writing for name, each in _FORMATS.items()}
    switches = _switches(known, format, one_based=one_based, copy_images=copy_images, images_root=images_root)
    if "progress" in _FORMATS[format].writing:
        switches["progress"] = progress
    written = writers[format](annotations, Path(path), **switches)
    return list(written) if written else [Path(path)]


def _switches(known: Mapping[str, tuple[str, ...]], format: str, **given: Any) -> dict[str, Any]:
    """Return the switches that are set, of those that the reader or writer of each format knows.

    Raises:
        ValueError: If one is set that the format does not have.
    """
    chosen = {name: value for name, value in given.items() if value}
    for name in chosen:
        if name not in known[format]:
            others = " and ".join(each for each, switches in known.items() if name in switches)
            raise ValueError(f"{name} is for {others}, got the format {format!r}. Leave it out.")
    return chosen


def _only_file(folder: Path, format: str) -> Path:
    files = files_of(folder, format)
    if len(files) == 1:
        return files[0]
    if not files:
        refuse_stand_ins(folder)
    names = ", ".join(file.relative_to(folder).as_posix() for file in files[:6])
    got = f"{len(files)}: {names}" if files else "none"
    raise AnnotationError(
        f"{folder}: expected one file of this kind ({FORMATS[format]}), got {got}. Give the file itself."
    )


def _are_shards(path: Path) -> bool:
    """Whether it is no file but the name or the pattern of a set of TFRecord files."""
    if path.exists():
        return False
    try:
        return bool(find_record_files(path, lambda *told: None))
    except FileNotFoundError:
        return False


def _existing(path: Path, what: str) -> Path:
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected {what}, found no such file or folder.")
    return path


def _check_choice(name: str, given: str, known: Iterable[str]) -> None:
    if given not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}, got {given!r}.")
