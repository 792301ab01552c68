"""Fetches an archive once, from the network or a file placed by hand, into a folder: complete or absent."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tflhelpers.files.atomic_file import passing_names
from tflhelpers.files.atomic_folder import finish_folder
from tflhelpers.files.download import FetchError, download
from tflhelpers.files.lock import locked
from tflhelpers.model.unpack import DamagedArchive, UnsafeArchive, unpack
from tflhelpers.progress import progress_bar

__all__ = ["DamagedArchive", "FetchError", "UnsafeArchive", "fetch"]

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar")


def fetch(
    url: str,
    folder: str | Path,
    *,
    expected_bytes: int | None = None,
    progress: bool = True,
    **options: Any,
) -> Path:
    """Downloads and unpacks the archive `url`; does nothing if that was done before.

    Args:
        url: address of a `NAME.tar.gz`.
        folder: the cache; made if absent. The result is `folder/NAME`. An archive placed by hand at
            `folder/NAME.tar.gz` (or `NAME.tar`, as some browsers store it) is used instead of the network.
        expected_bytes: length of the archive, if known; another length is refused.
        progress: show a bar.
        **options: `attempts`, `backoff_s` and `timeout_s` of `download`.

    Returns:
        The unpacked folder. Two processes or threads that fetch the same file wait for one another.

    Raises:
        FetchError: no network, refused, wrong length, no room; the text says where to put the file by hand.
        DamagedArchive, UnsafeArchive: (kinds of FetchError) the archive cannot be or must not be unpacked.
    """
    folder = Path(folder).expanduser()
    file_name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    name = _without_suffix(file_name, url)
    if (folder / name).is_dir():
        return folder / name
    _make_folder(folder)
    with locked(folder / name):
        _tidy_up(folder, name)
        if (folder / name).is_dir():  # another one fetched it while we waited
            return folder / name
        by_hand = _placed_by_hand(folder, name)
        if by_hand is not None:
            return _unpack_placed_by_hand(by_hand, folder / name, expected_bytes, progress)
        archive = folder / file_name
        _download(url, archive, name, expected_bytes, progress, options)
        return _unpack_downloaded(archive, folder / name, progress)


def _download(
    url: str, archive: Path, name: str, expected_bytes: int | None, progress: bool, options: dict
) -> None:
    try:
        with _download_bar(name, progress) as on_bytes:
            download(url, archive, expected_bytes=expected_bytes, on_bytes=on_bytes, **options)
    except FetchError as error:
        advice = (
            f"To go on without the network, put the file {archive.name} by hand at {archive.resolve()} (as "
            "it is, not unpacked) and run this again."
        )
        raise FetchError(error.reason, advice) from None


def _unpack_downloaded(archive: Path, target: Path, progress: bool) -> Path:
    try:
        _unpack(archive, target, progress)
    except DamagedArchive as error:
        archive.unlink()
        raise DamagedArchive(f"{error} It was removed; run this again to download it again.") from None
    except UnsafeArchive:
        archive.unlink()
        raise
    archive.unlink()
    return target


def _unpack_placed_by_hand(archive: Path, target: Path, expected_bytes: int | None, progress: bool) -> Path:
    """Uses a person's file and leaves it where it is, also when it turns out to be damaged."""
    size = archive.stat().st_size
    if expected_bytes is not None and size != expected_bytes and archive.suffix != ".tar":
        raise DamagedArchive(
            f"{archive} has the wrong length: expected {expected_bytes:,} bytes, got {size:,}. "
            "Copy it again, or delete it to download it."
        )
    try:
        return _unpack(archive, target, progress)
    except DamagedArchive as error:
        raise DamagedArchive(f"{error} Copy it again, or delete it to download it.") from None


def _unpack(archive: Path, target: Path, progress: bool) -> Path:
    with progress_bar(archive.stat().st_size, f"Unpacking {target.name}", enabled=progress, delay=1.0) as bar:
        return unpack(archive, target, on_bytes=lambda position: bar.update(position - bar.count))


@contextlib.contextmanager
def _download_bar(name: str, progress: bool) -> Iterator:
    """A function for `download(on_bytes=...)` that opens the bar once the total is known."""
    with contextlib.ExitStack() as stack:
        bars: list = []

        def on_bytes(have: int, total: int | None) -> None:
            if not bars:
                bars.append(stack.enter_context(progress_bar(total, f"Downloading {name}", enabled=progress)))
            bars[0].update(have - bars[0].count)

        yield on_bytes


def _without_suffix(file_name: str, url: str) -> str:
    for suffix in ARCHIVE_SUFFIXES:
        if file_name.endswith(suffix) and file_name.strip(".") != suffix.strip("."):
            return file_name.removesuffix(suffix)
    raise FetchError(f"Expected the address of a .tar.gz archive, got {url!r}.")


def _placed_by_hand(folder: Path, name: str) -> Path | None:
    return next((path for s in ARCHIVE_SUFFIXES if (path := folder / f"{name}{s}").is_file()), None)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchError(f"Cannot make the folder {folder}: {error.strerror}. Choose another one.") from None


def _tidy_up(folder: Path, name: str) -> None:
    """Finish or remove what a process that died was unpacking; called under the lock."""
    finish_folder(folder / name)
    for path in passing_names(folder / name):
        shutil.rmtree(path, ignore_errors=True)
