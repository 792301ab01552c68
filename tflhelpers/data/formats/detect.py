"""Tells in which format annotations are, by the names of the files and by how they begin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats import csv_table
from tflhelpers.data.formats.class_list import CLASS_LIST
from tflhelpers.data.formats.files import walk_visible
from tflhelpers.data.formats.picture_index import has_ending
from tflhelpers.data.formats.recognise import ADVICE, tool_of
from tflhelpers.data.formats.tools import TOOLS
from tflhelpers.data.picture_files import PICTURE_ENDINGS
from tflhelpers.files.stand_ins import stand_in_at
from tflhelpers.files.text import encoding_of

FORMATS = {
    "voc": "Pascal VOC: a folder of .xml files, as LabelImg writes them",
    "coco": "COCO: a .json file with images, annotations and categories",
    "yolo": "YOLO: a folder of .txt files with classes.txt or data.yaml",
    "labelbox": "Labelbox: an exported .json or .ndjson file",
    "tfrecord": "Object Detection API: .record or .tfrecord files",
    "csv": f"a .csv table with the columns {','.join(csv_table.COLUMNS)}",
    **{name: tool.what for name, tool in TOOLS.items()},
}
_MANY_TOOLS = ("voc", "json", "csv", "txt")  # what the ending leaves open
_WITH_CLASS_LIST = {"voc", "labelme"}  # a classes.txt beside them makes no YOLO
_LOOKED_AT = 20  # XML and text files of a folder; all are of one kind
_HEAD_BYTES = 65536
_MOST_FILES = 200_000  # looked at; a set's own files come long before
_MOST_STAND_INS = 1000  # looked into
_ARCHIVES = (
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)  # by their first bytes
_TEXTS = {".json", ".ndjson", ".jsonl", ".manifest", ".csv", ".tsv", ".txt", ".yaml", ".yml"}
_NUMBER = re.compile(r"[-+.\deE]+")
_ENDINGS = (*PICTURE_ENDINGS, ".JPG", ".JPEG", ".PNG")
_RECORD = re.compile(r"\.(record|tfrecords?|tfrec)(-\d+-of-\d+)?$", re.IGNORECASE)
_LABELBOX_KEYS = re.compile(rb'"(data_row|dataRow|Label|Labeled Data|External ID|DataRow ID)"\s*:')
_COCO_KEYS = {b"images", b"annotations", b"categories", b"licenses"}
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[][{}]', re.DOTALL)
_LIST = re.compile(rb'"([^"\\]*)"\s*:\s*\[\s*(.?)', re.DOTALL)


def detect_format(path: Path, images: Path | None = None) -> str:
    """Return the format of a file or folder: a key of `FORMATS`; `images` is the folder of the pictures, if given.

    Raises:
        AnnotationError: If it is none of them or could be several; it lists what is there.
    """
    if path.is_file():
        found = format_of_file(path)
        if found is None:
            _refuse_other_tool([path])
            _refuse_archive(path)
            raise AnnotationError(f"{path}: expected annotations, got a file of another kind. {_known()}")
        return found
    files = _files(path)
    counts = Counter(kind for file in files if (kind := _quick_kind(file)))
    formats = _formats_in(path, files, counts, images)
    if not formats:
        refuse_stand_ins(path)
    if len(formats) != 1:
        _refuse_other_tool([] if formats else files)
        got = "none of them" if not formats else f"{' and '.join(formats)} side by side"
        advice = "" if not formats else " Give the file itself, or say which: format=..."
        raise AnnotationError(
            f"{path}: expected annotations in one known format, got {got}: {_seen(files)}.{advice} {_known()}"
        )
    return formats[0]


def _refuse_archive(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(262)
    if head.startswith(_ARCHIVES) or head[257:] == b"ustar":
        raise AnnotationError(
            f"{path}: expected annotations, got an archive that is not read here. Unpack it and give its folder, or "
            "make it a .zip."
        )


def refuse_stand_ins(path: Path) -> None:
    """Raise if a file, or one that could hold annotations in a folder, only stands in for the file.

    Raises:
        AnnotationError: Naming it and what it is; see `stand_ins.stand_in`.
    """
    files = [path] if path.is_file() else [file for file in _files(path) if file.suffix.lower() in _TEXTS]
    for file in files[:_MOST_STAND_INS]:
        if found := stand_in_at(file):
            raise AnnotationError(f"{file}: expected annotations, got {found}.")


def format_of_file(path: Path) -> str | None:
    """Return the format that one file has by its name and beginning, None for another kind of file."""
    kind = _quick_kind(path)
    tool = tool_of(path) if kind in _MANY_TOOLS else None
    if tool:
        return tool if tool in TOOLS else None
    if kind == "json":
        return _json_kind(path)
    if kind == "csv":
        return "csv" if csv_table.has_columns(_first_line(path)) else None
    return None if kind == "txt" else kind


def files_of(path: Path, format: str) -> list[Path]:
    """Return the files of a format in a folder and below, those highest up first."""
    files = [file for file in _files(path) if format_of_file(file) == format]
    return sorted(files, key=lambda file: (len(file.parts), file.as_posix()))


def _quick_kind(path: Path) -> str | None:
    """Return the format by the ending alone; "json" where only the content can tell."""
    ending = path.suffix.lower()
    if _RECORD.search(path.name):
        return "tfrecord"
    kinds = {
        ".xml": "voc",
        ".csv": "csv",
        ".tsv": "csv",
        ".json": "json",
        ".ndjson": "json",
        ".jsonl": "json",
        ".manifest": "json",
        ".txt": "txt",
    }
    return {**kinds, ".yaml": "yolo", ".yml": "yolo"}.get(ending)


def _formats_in(folder: Path, files: list[Path], counts: Counter[str], images: Path | None) -> list[str]:
    formats = [*_kinds_of(files, "voc"), *(["tfrecord"] if counts["tfrecord"] else [])]
    tables = [file for file in files if _quick_kind(file) in ("csv", "json")]
    formats += dict.fromkeys(kind for file in tables if (kind := format_of_file(file)))
    if not formats and (texts := _kinds_of(files, "txt")):
        return texts
    looks_like_yolo = counts["yolo"] or any(
        file.name.lower() == CLASS_LIST or "labels" in file.relative_to(folder).parts[:-1] for file in files
    )
    beside_pictures = not formats and any(_is_label(file, images) for file in files)
    if beside_pictures or (
        looks_like_yolo and not _WITH_CLASS_LIST & {*formats} and any(f.suffix == ".txt" for f in files)
    ):
        formats.append("yolo")
    return formats if len(formats) < 2 else _sure_ones(formats, tables)


def _sure_ones(formats: list[str], tables: list[Path]) -> list[str]:
    """Leave out formats that one key alone speaks for, such as "images" in somebody's settings beside other files."""
    tells = {"coco": _is_surely_coco, "labelbox": _is_surely_labelbox}
    found = [
        kind
        for kind in formats
        if kind not in tells or any(tells[kind](file) for file in tables if format_of_file(file) == kind)
    ]
    return found or formats


def _is_surely_coco(path: Path) -> bool:
    keys = {b"images", b"annotations", b"categories"} & dict(_members(_json_head(path))).keys()
    return len(keys) > 1 or path.stat().st_size >= _HEAD_BYTES  # the others may come behind


def _is_surely_labelbox(path: Path) -> bool:
    keys = set(_LABELBOX_KEYS.findall(_json_head(path)))
    return len(keys) > 1 or bool(keys & {b"data_row", b"dataRow"})


def _kinds_of(files: list[Path], quick: str) -> list[str]:
    """Return the formats of the first files with an ending that leaves it open."""
    some = [file for file in files if _quick_kind(file) == quick][:_LOOKED_AT]
    return list(dict.fromkeys(kind for file in some if (kind := format_of_file(file))))


def _refuse_other_tool(files: list[Path]) -> None:
    """Raise if a file is of a tool whose files are not read, and say how to get one that is."""
    for file in [file for file in files if not has_ending(file.name)][:_LOOKED_AT]:
        tool = tool_of(file)
        if tool in ADVICE:
            raise AnnotationError(f"{file}: expected annotations that can be read, got {ADVICE[tool]}.")


def _is_label(path: Path, images: Path | None) -> bool:
    """Tell whether a text file begins as a line of YOLO, or is empty and a picture has its name."""
    if path.suffix != ".txt":
        return False
    cells = _first_line(path).split()
    if cells:
        return len(cells) >= 5 and cells[0].isdecimal() and all(map(_NUMBER.fullmatch, cells))
    folders = [path.parent] + ([images] if images else [])
    beside = (folder / f"{path.stem}{ending}" for folder in folders for ending in _ENDINGS)
    return any(picture.is_file() for picture in beside)


def _json_kind(path: Path) -> str | None:
    head = _json_head(path)
    if head[:1] not in (b"{", b"["):
        return None
    if _LABELBOX_KEYS.search(head):
        return "labelbox"
    return "coco" if head[:1] == b"{" and _is_coco(head, whole=path.stat().st_size < _HEAD_BYTES) else None


def _json_head(path: Path) -> bytes:
    with path.open("rb") as file:
        read = file.read(_HEAD_BYTES)
    return read.decode(encoding_of(read), "replace").strip().encode()


def _is_coco(head: bytes, whole: bool) -> bool:
    """Tell whether a JSON object has lists of images or annotations; one cut off may have them behind COCO's others."""
    keys = dict(_members(head))
    if any(keys.get(key, b"")[:1] in (b"{", b"]") for key in (b"images", b"annotations")):
        return True
    return not whole and bool(keys) and set(keys) <= _COCO_KEYS


def _members(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names in a JSON object, itself not in another, that have lists, and how the lists begin."""
    depth = 0
    for token in _TOKEN.finditer(head):
        mark = token[0]
        if depth == 1 and (found := _LIST.match(head, token.start())):
            yield found[1], found[2]
        depth += (mark in b"{[") - (mark in b"}]")


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return (head.decode(encoding_of(head), errors="replace").splitlines() or [""])[0]


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for here, names in walk_visible(folder):
        found += [Path(here, name) for name in names]
        if len(found) > _MOST_FILES:
            break
    return found


def _seen(files: list[Path]) -> str:
    kinds = Counter(
        "pictures" if has_ending(file.name) else file.suffix.lower() or "others" for file in files
    )
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(8)) or "an empty folder"


def _known() -> str:
    return "Known formats: " + "; ".join(f'"{name}" ({what})' for name, what in FORMATS.items()) + "."
