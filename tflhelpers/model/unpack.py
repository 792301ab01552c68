"""Unpacks a downloaded tar archive: only plain files and folders, only inside the target, all or nothing.

Members are written by hand rather than by `tarfile.extract`, whose safety depends on the Python patch
version: no links, no devices, no owners, no permission bits. The archive is read to its last byte, so gzip's
own checksum is verified too.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from tflhelpers.files.atomic_folder import replace_folder, scratch_beside
from tflhelpers.files.download import FetchError

CHUNK_BYTES = 1 << 20
MOST_BYTES = 8 << 30  # unpacked; the largest model of the zoo is far below 2 GB
DAMAGE = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


class DamagedArchive(FetchError):
    """The archive is cut, altered, or no tar archive at all."""


class UnsafeArchive(FetchError):
    """The archive holds something that a model archive never holds, such as a path out of its folder."""


def unpack(
    archive: str | Path, folder: str | Path, *, on_bytes: Callable[[int], None] = lambda position: None
) -> Path:
    """Unpacks `archive` (.tar or .tar.gz) so that its top-level folder becomes `folder`.

    Args:
        archive: the file; its content decides whether it is gzipped.
        folder: final place, which must not exist; it appears complete or not at all.
        on_bytes: called with the position in the archive, in bytes, as the work goes on.

    Returns:
        `folder`.

    Raises:
        DamagedArchive: cut, altered, not an archive or empty.
        UnsafeArchive: a path that leads out of the folder, a link, a device, or more than 8 GiB.
        FetchError: no room or no permission.
    """
    archive, folder = Path(archive), Path(folder)
    try:
        with scratch_beside(folder) as scratch, archive.open("rb") as file:
            _unpack_stream(file, scratch, lambda: on_bytes(file.tell()))
            replace_folder(_the_one_folder(scratch, folder.name, archive), folder)
    except DAMAGE as error:
        raise DamagedArchive(f"{archive} is damaged or no tar archive: {error}.") from None
    except OSError as error:  # no room, no permission, a name that this file system does not take
        raise FetchError(f"Cannot unpack {archive} in {folder.parent}: {error.strerror or error}.") from None
    return folder


def _unpack_stream(file, scratch: Path, tick: Callable[[], None]) -> None:
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    stream = gzip.GzipFile(fileobj=file) if packed else file
    written = 0
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            written += member.size
            target = _safe_target(member, scratch)
            if written > MOST_BYTES:
                raise UnsafeArchive(
                    f"The archive unpacks to more than {MOST_BYTES:,} bytes; nothing was kept."
                )
            _write(tar, member, target, tick)
    while stream.read(CHUNK_BYTES):  # to the end: this is where gzip compares its checksum
        tick()
    tick()


def _safe_target(member: tarfile.TarInfo, scratch: Path) -> Path:
    parts = PurePosixPath(member.name).parts
    outside = member.name.startswith("/") or ".." in parts or re.search(r"\\|^[A-Za-z]:|\0", member.name)
    if outside or not (member.isfile() or member.isdir()):
        what = "leads out of its folder" if outside else "is a link or a device"
        raise UnsafeArchive(
            f"The archive holds {member.name!r}, which {what}; nothing was unpacked. "
            "Do not use this file; fetch it from its publisher."
        )
    return scratch.joinpath(*parts)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, tick: Callable[[], None]) -> None:
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    assert source is not None  # it is a plain file
    with source, target.open("wb") as out:
        while chunk := source.read(CHUNK_BYTES):
            out.write(chunk)
            tick()
    if target.stat().st_size != member.size:
        raise tarfile.ReadError(f"{member.name} is cut")


def _the_one_folder(scratch: Path, name: str, archive: Path) -> Path:
    """What to move into place: the archive's one top-level folder, else all of it."""
    children = list(scratch.iterdir())
    if not children:
        raise DamagedArchive(f"{archive} is an empty archive.")
    if len(children) == 1 and children[0].is_dir() and children[0].name == name:
        return children[0]
    return scratch
