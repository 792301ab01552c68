"""Unpacks a zip as people download and mail them, and nothing of it outside its own folder."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats.report import ReportBuilder, ReportEntry
from tflhelpers.files.atomic_folder import finish_folder, replace_folder, scratch_beside

_MARK = ".unpacked.json"  # in a folder that was unpacked whole: from which zip, and what was refused
_HIGHEST_RATIO = 300  # text of annotations packs to a hundredth, a bomb to a thousandth
_SMALL = 2**24  # bytes; smaller files do no harm whatever their ratio
_MOST_MEMBERS = 2_000_000
_LEFT_FREE = 2**28  # bytes that must stay free on the disk
_CHUNK = 2**20
_JUNK = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")


def unpack(zip_path: Path, folder: Path, report: ReportBuilder) -> Path:
    """Unpack a zip into a folder of its own, whole or not at all; what was unpacked before is not touched again.

    Refused are, alone and told to the report: members that would lie outside the folder, links, those with a
    password, a wrong checksum, a name no file can have, or that swell more than 300-fold.

    Args:
        zip_path: The file.
        folder: Where its contents shall lie; made here.
        report: Is told what was refused.

    Returns:
        The folder to read: `folder`, or the one in it where the zip holds nothing but that.

    Raises:
        FileNotFoundError: If there is no such file.
        AnnotationError: If it is no whole zip, is a bomb as a whole, there is no room for it, or `folder` holds
            something else.
    """
    origin = _origin(zip_path)
    finish_folder(folder)
    if folder.exists() or folder.is_symlink():
        _replay(folder, origin, zip_path, report)
        return _innermost(folder)
    refused = ReportBuilder()
    with scratch_beside(folder) as scratch:
        _unpack_all(zip_path, scratch, refused)
        entries = refused.build().entries
        (scratch / _MARK).write_text(json.dumps({"zip": origin, "entries": entries}), "utf-8")
        replace_folder(scratch, folder)
    _tell(entries, report)
    return _innermost(folder)


def _unpack_all(zip_path: Path, folder: Path, report: ReportBuilder) -> None:
    try:
        with zipfile.ZipFile(zip_path) as archive:
            members = [info for info in archive.infolist() if not _is_junk(info.filename)]
            _refuse_bombs(zip_path, folder, members)
            for info in members:
                where = f"{zip_path.name}: {info.filename!r}"[:200]
                why = _why_not(info) or _unpack_one(archive, info, folder)
                if why:
                    report.refused(where, why)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError) as error:
        raise AnnotationError(
            f"{zip_path}: expected a whole zip, got something else or a cut file ({error}). Download it again."
        ) from error


def _refuse_bombs(zip_path: Path, folder: Path, members: list[zipfile.ZipInfo]) -> None:
    total, packed = sum(info.file_size for info in members), zip_path.stat().st_size
    if len(members) > _MOST_MEMBERS or (total > _SMALL and total > _HIGHEST_RATIO * packed):
        raise AnnotationError(
            f"{zip_path}: expected a zip of pictures and annotations, got {len(members)} files that swell from "
            f"{packed} to {total} bytes. That is a zip bomb; nothing was unpacked."
        )
    free = shutil.disk_usage(folder).free
    if total + _LEFT_FREE > free:
        raise AnnotationError(
            f"{zip_path}: expected room for {total / 1e9:.1f} GB on the disk of {folder.parent}, got "
            f"{free / 1e9:.1f} GB. Make room, or unpack it elsewhere and give the folder."
        )


def _why_not(info: zipfile.ZipInfo) -> str | None:
    """Return why a member must not be unpacked, or None."""
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or ":" in name.partition("/")[0] or ".." in PurePosixPath(name).parts:
        return "outside the folder: such a member could overwrite your files"
    if PurePosixPath(name).name == _MARK:
        return f"reserved name: {_MARK}"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "no file: a link or a device"
    if info.flag_bits & 1:
        return "locked by a password: unpack it yourself and give the folder"
    if info.file_size > max(_SMALL, _HIGHEST_RATIO * info.compress_size):
        return f"a zip bomb: {info.compress_size} bytes that swell to {info.file_size}"
    return None


def _unpack_one(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> str | None:
    """Write one member; return why that was not possible, and then nothing of it is left."""
    name = info.filename.replace("\\", "/")
    target, begun = folder / name, False
    try:
        if name.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as packed, target.open("xb") as file:
            begun = True
            _copy(packed, file, info.file_size)  # type: ignore[arg-type]
    except FileExistsError:
        return "name given twice: the first is kept"
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if begun:
            target.unlink(missing_ok=True)
        return f"damaged or impossible: {error}"[:200]
    return None


def _copy(packed: BinaryIO, file: BinaryIO, size: int) -> None:
    """Copy not a byte more than the table of contents says, so that no lie in it fills the disk."""
    written = 0
    while chunk := packed.read(_CHUNK):
        written += len(chunk)
        if written > size:
            raise ValueError(f"it is longer than the {size} bytes that the zip tells")
        file.write(chunk)
    if written != size:
        raise ValueError(f"it has {written} bytes, not the {size} that the zip tells")


def _is_junk(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return any(part in _JUNK or part.startswith("._") for part in parts)


def _origin(zip_path: Path) -> list[Any]:
    status = zip_path.stat()
    return [zip_path.name, status.st_size, status.st_mtime_ns]


def _replay(folder: Path, origin: list[Any], zip_path: Path, report: ReportBuilder) -> None:
    """Tell again what was refused when the folder was unpacked.

    Raises:
        AnnotationError: If the folder is not what this zip was unpacked to.
    """
    try:
        mark = json.loads((folder / _MARK).read_text("utf-8"))
        entries = [ReportEntry(*entry) for entry in mark["entries"]]
        same = mark["zip"] == origin
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        same = False
    if not same:
        raise AnnotationError(
            f"{zip_path}: expected to unpack it to {folder}, but there is something else. If that is the zip, unpacked "
            "by hand, give the folder instead; else move it away."
        )
    _tell(entries, report)


def _tell(entries: Iterable[ReportEntry], report: ReportBuilder) -> None:
    for entry in entries:
        report.refused(entry.where, entry.what)


def _innermost(folder: Path) -> Path:
    """Return the folder that holds more than one folder: many zips have one around all."""
    while True:
        inside = [path for path in folder.iterdir() if path.name != _MARK]
        if len(inside) != 1 or not inside[0].is_dir():
            return folder
        folder = inside[0]
