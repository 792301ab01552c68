"""Small files that travel at the end of a LiteRT file, as a zip archive: MediaPipe looks for class names there."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tflhelpers.files.json_file import NAMES, SHARE, SIZE, Check, check_fields, one_of, parse_json
from tflhelpers.files.stand_ins import refuse_stand_in
from tflhelpers.model.tiles import TILES, Tiles, checked_tiles
from tflhelpers.sharing.export.foreign_file import is_litert

LABELS_FILE = "labels.txt"
SETTINGS_FILE = "detector.json"
FORMAT_VERSION = 1
_WRITTEN = (1980, 1, 1, 0, 0, 0)  # the same file comes out whenever it is written


@dataclass(frozen=True)
class ExportSettings:
    """What it takes to run an exported file.

    Attributes:
        class_names: a name for each label.
        image_size: (height, width) in pixels that pictures are resized to.
        threshold: score from 0 to 1 that is asked of a box unless told otherwise.
        head: "postprocess" or "raw".
        quantize: None, "float16", "dynamic" or "int8".
        tiles: (rows, columns) that it looks in besides the whole picture unless told otherwise; None for none.
    """

    class_names: tuple[str, ...]
    image_size: tuple[int, int]
    threshold: float
    head: str
    quantize: str | None
    tiles: Tiles | None = None


_FIELDS: dict[str, Check] = {
    "class_names": NAMES,
    "image_size": SIZE,
    "threshold": SHARE,
    "head": one_of("postprocess", "raw"),
    "quantize": one_of(None, "float16", "dynamic", "int8"),
    "tiles": TILES,
}
_LARGEST_SETTINGS = 2**24  # bytes
_DAMAGED_ZIP = (zipfile.BadZipFile, KeyError, zlib.error, EOFError, NotImplementedError, RuntimeError)


def with_files(content: bytes, files: Mapping[str, str]) -> bytes:
    """`content` with texts behind it, by name, as MediaPipe's own tools do it: stored, not compressed."""
    whole = io.BytesIO(content)
    with zipfile.ZipFile(whole, "a") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WRITTEN), text.encode())
    return whole.getvalue()


def labels_text(class_names: Sequence[str]) -> str:
    """A class a line."""
    return "".join(" ".join(name.split()) + "\n" for name in class_names)


def settings_text(settings: ExportSettings) -> str:
    """What `read_settings` reads."""
    return json.dumps({"format": FORMAT_VERSION, **asdict(settings)}, indent=1, ensure_ascii=False)


def read_settings(path: Path) -> ExportSettings:
    """What `export_tflite` wrote into a file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is none of ours, damaged, or of a newer version; the message says what it is.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file. Write one with export_tflite.")
    refuse_stand_in(path, "a file that export_tflite wrote")
    try:
        with zipfile.ZipFile(path) as archive:
            given = check_fields(parse_json(_text_of(archive)), {})
        if given.get("format") != FORMAT_VERSION:
            raise ValueError("it is of another version of tflhelpers")
        given.setdefault("tiles", None)  # older files lack it
        check_fields(given, _FIELDS)
        tuples = {name: tuple(given[name]) for name in ("class_names", "image_size")}
        tiles = {"tiles": checked_tiles(given["tiles"])}
        return ExportSettings(**{name: given[name] for name in _FIELDS} | tuples | tiles)
    except (*_DAMAGED_ZIP, ValueError) as error:
        raise ValueError(
            f"{path}: expected a file that export_tflite wrote, with {SETTINGS_FILE} at its end, got another one "
            f"or a cut one ({error}). Give a LiteRT file (.tflite); if export_tflite wrote this one, export again."
        ) from error


def _text_of(archive: zipfile.ZipFile) -> str:
    if archive.getinfo(SETTINGS_FILE).file_size > _LARGEST_SETTINGS:
        raise ValueError(f"{SETTINGS_FILE} is larger than {_LARGEST_SETTINGS} bytes")
    return archive.read(SETTINGS_FILE).decode("utf-8")


def is_foreign(path: Path) -> bool:
    """Whether a file is a LiteRT file that `export_tflite` did not write, or one of ours whose end is cut off."""
    return path.is_file() and is_litert(path) and not _holds_settings(path)


def _holds_settings(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return SETTINGS_FILE in archive.namelist()
    except (*_DAMAGED_ZIP, ValueError):
        return False
