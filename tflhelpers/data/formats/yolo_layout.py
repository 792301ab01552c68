"""How a YOLO set lies in its folders: which text file belongs to which picture, and what the classes are called.

Pictures and labels lie in sibling folders `images` and `labels`, or side by side. `data.yaml` (Ultralytics, with
`path`, `train`, `val`, `test` and `names`) or `classes.txt` (LabelImg, Darknet) names the classes.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.class_list import CLASS_LIST, read_class_list
from tflhelpers.data.formats.files import files_below, noted_text, relative_where
from tflhelpers.data.formats.picture_index import as_posix, has_ending, stem_of
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.files.stand_ins import stand_in_at
from tflhelpers.files.text import decode_text

SPLITS = ("train", "val", "test")
_NOT_LABELS = {
    CLASS_LIST,
    "predefined_classes.txt",
    "readme.txt",
    "readme.roboflow.txt",
    "readme.dataset.txt",
}
_LISTS = {f"{split}.txt" for split in (*SPLITS, "valid", "trainval")}
_YAML_ENDINGS = {".yaml", ".yml"}
_MOST_YAML_BYTES = 2_000_000
_MOST_LIST_BYTES = 100_000_000


@dataclass(frozen=True)
class LabelFile:
    """A file of labels, and under which names its picture may lie, as seen from the folder of the set."""

    path: Path
    picture_names: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """A YOLO set.

    Attributes:
        folder: The folder of the set.
        settings: What its `data.yaml` says, all of it text, lists and mappings; empty without one.
        yaml_path: That file, or None.
    """

    folder: Path
    settings: Mapping[str, Any]
    yaml_path: Path | None


def find_layout(path: Path, report: ReportBuilder) -> Layout:
    """Return the set in a folder, or the one that a `.yaml` file describes.

    Raises:
        AnnotationError: If the file is no YAML of a set.
    """
    if path.is_file():
        if path.suffix.lower() not in _YAML_ENDINGS:
            raise AnnotationError(f"{path}: expected a YOLO folder or its data.yaml, got another file.")
        return Layout(path.parent, _read_yaml(path, report), path)
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in _YAML_ENDINGS and file.is_file())
    below = [] if found else files_below(path, _YAML_ENDINGS)  # archives often hold a folder with the set
    named = [file for file in found + below if file.stem.lower() in ("data", "dataset")] or found
    if not named:
        return _layout_of_labels_alone(path, report)
    if len(named) > 1:
        names = ", ".join(relative_where(file, path) for file in named)
        report.note(relative_where(named[0], path), f"several .yaml files: this one is used, of {names}")
    return Layout(named[0].parent, _read_yaml(named[0], report), named[0])


def picture_folders(layout: Layout) -> list[Path]:
    """Return where pictures may lie: in the folder of the set; of a folder of labels alone beside it, too."""
    folder = layout.folder.absolute()
    beside = Path(_with_last(folder.as_posix(), "labels", "images"))
    return [layout.folder] + ([beside] if _above_labels(folder) and beside.is_dir() else [])


def _layout_of_labels_alone(folder: Path, report: ReportBuilder) -> Layout:
    """Return the set of a folder `labels`, or of one in it; a `data.yaml` above tells names, not places."""
    for above in _above_labels(folder):
        for file in (
            above / f"{stem}{ending}" for stem in ("data", "dataset") for ending in (".yaml", ".yml")
        ):
            if file.is_file():
                settings = {
                    key: value for key, value in _read_yaml(file, report).items() if key not in SPLITS
                }
                return Layout(folder, settings, file)
    return Layout(folder, {}, None)


def _above_labels(folder: Path) -> list[Path]:
    """Return the folder above the one called `labels`, of which `folder` is a part or all; nothing if none is."""
    folder = folder.absolute()
    return [one.parent for one in (folder, folder.parent) if one.name.lower() == "labels"]


def class_names_of(layout: Layout, report: ReportBuilder) -> dict[int, str] | None:
    """Return the class of each number, or None if no file says.

    Raises:
        AnnotationError: If a file that should say it cannot be read.
    """
    if "names" in layout.settings:
        return _names_in_yaml(layout)
    for folder in (layout.folder, layout.folder / "labels", *_above_labels(layout.folder)):
        for file in (folder / CLASS_LIST, *sorted(folder.glob("*.names"))):
            if file.is_file():
                return dict(enumerate(read_class_list(file, report)))
    deeper = [file for file in files_below(layout.folder, {".txt"}) if file.name.lower() == CLASS_LIST]
    return dict(enumerate(read_class_list(deeper[0], report))) if deeper else None


def label_files(layout: Layout, report: ReportBuilder) -> list[LabelFile]:
    """Return the label files: those of the pictures that `data.yaml` lists, or else all in the folder."""
    places = list(_listed_places(layout))
    if layout.yaml_path and not places and any(layout.settings.get(split) for split in SPLITS):
        report.note(
            layout.yaml_path.name, "train, val and test lead nowhere: all label files in the folder are read"
        )
    lists = [place for place in places if os.path.isfile(place)]
    folders = [place for place in places if os.path.isdir(place)]
    found = [label for file in lists for label in _labels_of_list(file, layout.folder, report)]
    found += [label for folder in folders for label in _labels_for(folder, layout.folder)]
    if not places:
        found = _labels_in(layout.folder, layout.folder)
    return list({label.path: label for label in found}.values())


def _read_yaml(path: Path, report: ReportBuilder) -> Mapping[str, Any]:
    import yaml

    if path.stat().st_size > _MOST_YAML_BYTES:
        raise AnnotationError(f"{path}: expected a short data.yaml, got more than {_MOST_YAML_BYTES} bytes.")
    text = noted_text(path, report)
    try:  # BaseLoader makes nothing but text, lists and mappings: a class may be called `no` or `1.0`
        data = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise AnnotationError(
            f"{path}: expected YAML with a list of names, got something else ({reason})."
        ) from error
    if not isinstance(data, Mapping):
        got = f"a {type(data).__name__}" if data else "an empty file"
        raise AnnotationError(f"{path}: expected YAML with `names: [...]`, got {got}.")
    return data


def _names_in_yaml(layout: Layout) -> dict[int, str]:
    names = layout.settings["names"]
    pairs = list(names.items() if isinstance(names, Mapping) else enumerate(names)) if names else []
    wrong = [
        key
        for key, name in pairs
        if not isinstance(name, str) or not str(key).isdecimal() or len(str(key)) > 9
    ]
    if isinstance(names, str) or not pairs or wrong:
        what = f"{str(wrong[0])[:40]!r} is wrong" if wrong else "there are none"
        raise AnnotationError(
            f"{layout.yaml_path}: expected names as a list, or as numbers with names, but {what}. "
            "Write names: [duck, cat]."
        )
    return {int(key): name if name.strip() else str(key) for key, name in pairs}


def _listed_places(layout: Layout) -> Iterator[Path]:
    """Yield the folders and lists that train, val and test name and that exist."""
    for split in SPLITS:
        entries = layout.settings.get(split) or []
        for entry in [entries] if isinstance(entries, str) else entries:
            if isinstance(entry, str) and (place := _existing(entry, layout)):
                yield place


def _existing(entry: str, layout: Layout) -> Path | None:
    base = layout.settings.get("path")
    bases = [base] if isinstance(base, str) else []
    name = as_posix(entry)
    inner = name
    while inner.startswith("../"):  # as Roboflow writes it, though the folder lies beside data.yaml
        inner = inner[3:]
    candidates = [os.path.join(layout.folder, as_posix(base), name) for base in bases]
    candidates += [os.path.join(layout.folder, name), os.path.join(layout.folder, inner)]
    places = [Path(os.path.normpath(candidate)) for candidate in candidates if "\0" not in candidate]
    return next((place for place in places if os.path.exists(place)), None)


def _labels_for(pictures: Path, folder: Path) -> list[LabelFile]:
    """Return the labels of the pictures in a folder: beside it under `labels`, or else in it."""
    labels = Path(_with_last(pictures.as_posix(), "images", "labels"))
    return _labels_in(labels if labels.is_dir() else pictures, folder)


def _labels_in(place: Path, folder: Path) -> list[LabelFile]:
    files = [file for file in files_below(place, {".txt"}) if file.name.lower() not in _NOT_LABELS]
    in_labels = [file for file in files if "labels" in seen_from(file, folder).split("/")[:-1]]
    files = in_labels or [file for file in files if file.name.lower() not in _LISTS]
    return [LabelFile(file, _picture_names(seen_from(file, folder))) for file in files]


def _picture_names(label: str) -> tuple[str, ...]:
    """Return under which names the picture of a label file may lie, without ending, the most likely first.

    >>> _picture_names("labels/train/a.txt")
    ('images/train/a', 'labels/train/a', 'train/a', 'a')
    """
    stem = posixpath.splitext(label)[0]
    beside = posixpath.join(_with_last(posixpath.dirname(stem), "labels", "images"), posixpath.basename(stem))
    below = stem.split("labels/")[-1]
    return tuple(dict.fromkeys([beside, stem, below, posixpath.basename(stem)]))


def _labels_of_list(file: Path, folder: Path, report: ReportBuilder) -> Iterator[LabelFile]:
    """Yield the labels of the pictures in a list, one a line, as `train.txt` holds them."""
    if file.stat().st_size > _MOST_LIST_BYTES:
        report.refused(file.name, f"too large a list: more than {_MOST_LIST_BYTES} bytes")
        return
    if found := stand_in_at(file):
        report.refused(file.name, found)
        return
    for number, line in enumerate(_lines(file), start=1):
        name = as_posix(line)
        if not has_ending(name) or "\0" in name:
            report.refused(f"{file.name}, line {number}", f"no name of a picture: {line[:80]!r}")
            continue
        picture = os.path.normpath(os.path.join(file.parent, name))
        label = _label_of(picture.replace(os.sep, "/"), folder)
        if label is None:
            report.note(
                f"{file.name}, line {number}", f"picture without a label file: {line[:200]!r}, left out"
            )
        else:
            yield LabelFile(label, (seen_from(Path(picture), folder), name))


def _lines(file: Path) -> Iterable[str]:
    text, _ = decode_text(file.read_bytes())
    return (line for line in text.replace("\r\n", "\n").split("\n") if line.strip())


def _label_of(picture: str, folder: Path) -> Path | None:
    """Return the label file of a picture: in the sibling folder, beside it, or below the set's own `labels`."""
    stem = stem_of(picture)
    parts = stem.lstrip("/").split("/")
    inside = [posixpath.join(folder.as_posix(), "labels", *parts[first:]) for first in range(len(parts))]
    sibling = posixpath.join(
        _with_last(posixpath.dirname(stem), "images", "labels"), posixpath.basename(stem)
    )
    candidates = [f"{place}.txt" for place in (sibling, stem, *inside)]
    return next((Path(place) for place in candidates if os.path.isfile(place)), None)


def _with_last(path: str, part: str, other: str) -> str:
    """Return the path with the last folder called `part` called `other`; the same path if there is none.

    >>> _with_last("images/a/images/b", "images", "labels")
    'images/a/labels/b'
    """
    parts = path.split("/")
    at = [index for index, one in enumerate(parts) if one == part]
    return "/".join([*parts[: at[-1]], other, *parts[at[-1] + 1 :]]) if at else path


def seen_from(path: Path, folder: Path) -> str:
    """Return a path as seen from a folder, with forward slashes."""
    return Path(os.path.relpath(path, folder)).as_posix()
