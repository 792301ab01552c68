"""`tflhelpers import`: boxes from the files of another tool, and to those of a third."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import tflhelpers as tfl
from tflhelpers.command_line.command import Answer, Command
from tflhelpers.command_line.inputs import ANNOTATIONS_FILE
from tflhelpers.files.words import listed

if TYPE_CHECKING:
    from tflhelpers.data.annotations import Annotations

_OF_ENDING = {".csv": "csv", ".tfrecord": "tfrecord", ".xml": "cvat"}
_FOLDERS = ("voc", "yolo", "labelme")
_TO = ("coco", "csv", "tfrecord", "cvat", "via", "createml", *_FOLDERS)


def _add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("labels", metavar="LABELS", help="the file or folder, or a .zip of it")
    parser.add_argument(
        "--out",
        required=True,
        metavar="PATH",
        help=f"the file to write, or a folder: then {ANNOTATIONS_FILE} in it",
    )
    parser.add_argument("--images", metavar="FOLDER", help="where the pictures are, if not beside the labels")
    parser.add_argument("--format", default="auto", help="of the labels, such as voc or yolo (default: look)")
    parser.add_argument(
        "--to", choices=_TO, help="the format to write (default: COCO, or that of PATH's ending)"
    )
    parser.add_argument(
        "--rename",
        action="append",
        type=_renamed,
        default=[],
        metavar="OLD=NEW",
        help="give a class another name; may be given more than once",
    )
    parser.add_argument(
        "--strict", action="store_true", help="fail if anything has to be repaired or left out"
    )


def _renamed(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise ArgumentTypeError(f"expected OLD=NEW, got {text!r}")
    return old, new


def _run(arguments: Namespace) -> Answer:
    annotations, report = tfl.import_annotations(
        arguments.labels,
        arguments.images,
        arguments.format,
        strict=arguments.strict,
        rename=dict(arguments.rename),
        progress=arguments.progress,
    )
    written = _write(annotations, Path(arguments.out), arguments.to, arguments.progress)
    entries = [entry._asdict() for entry in report.entries if entry.outcome != "taken"]
    return Answer(
        f"{report}\nWritten: {listed([str(path) for path in written], 3)}",
        {
            "written": [str(path) for path in written],
            "class_names": list(annotations.class_names),
            "counts": dict(report.counts),
            "entries": entries,
        },
    )


def _write(annotations: Annotations, out: Path, to: str | None, progress: bool) -> list[Path]:
    to = to or _OF_ENDING.get(out.suffix.lower(), "coco")
    if to not in _FOLDERS:
        out = _file_in(out, to) if out.is_dir() or not out.suffix else out
        out.parent.mkdir(parents=True, exist_ok=True)
    return tfl.export_annotations(annotations, out, to, progress=progress)


def _file_in(folder: Path, to: str) -> Path:
    """Where it goes in a folder; what is there already may be boxes that somebody has drawn, and nobody named it."""
    file = folder / (ANNOTATIONS_FILE if to == "coco" else f"annotations{_ending(to)}")
    if file.exists():
        raise FileExistsError(f"{file} is there already. To replace it, name it: --out {file}")
    return file


def _ending(to: str) -> str:
    return next((ending for ending, format in _OF_ENDING.items() if format == to), ".json")


COMMAND = Command(
    "import",
    "Read the boxes that another tool drew, say what was repaired or left out, and write them as COCO or for a third.",
    "tflhelpers import labels/ --images photos/ --out photos/annotations.json\n"
    "tflhelpers import export.json --to yolo --out for_yolo/",
    _add_arguments,
    _run,
)
