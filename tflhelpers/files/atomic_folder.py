"""Folders, and sets of files in a folder, that are replaced whole or not at all, whenever the program dies.

What is new is written elsewhere, in a `scratch_beside` the folder. One renaming decides: from then on the new counts,
and whoever comes next, to save or to load, finishes what a program that was killed has left undone.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tflhelpers.files.atomic_file import passing_name, sweep, sync

COMING = ".coming"
_AS_USUAL, _OURS_ALONE = (
    0o777,
    0o700,
)  # who may look in: what is to stay is for whom the person lets in (umask)


@contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """Give an empty folder on the disk of `path`, gone after the block; the folder above both is made where missing."""
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = _made_scratch(path, _AS_USUAL)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def temporary_scratch(purpose: str) -> Path:
    """Make an empty folder for what is too large for memory, to be removed by the caller.

    What a process that was killed has left for the same purpose is removed first: it may be gigabytes.
    """
    return _made_scratch(Path(tempfile.gettempdir(), f"tflhelpers-{purpose}"), _OURS_ALONE)


def _made_scratch(path: Path, mode: int) -> Path:
    sweep(path.parent)
    scratch = passing_name(path)
    scratch.mkdir(mode=mode)
    return scratch


def replace_folder(new: Path, folder: Path) -> None:
    """Put the whole folder `new`, of the same disk, in the place of `folder`, and delete what was there."""
    finish_folder(folder)
    os.replace(new, _beside(folder, COMING))
    finish_folder(folder)


def finish_folder(folder: Path) -> None:
    """Finish a `replace_folder` that was killed; there is nothing to do after one that was not."""
    folder = folder.resolve()
    coming, going = _beside(folder, COMING), _beside(folder, ".going")
    if coming.exists():
        if folder.exists():
            shutil.rmtree(going, ignore_errors=True)
            os.replace(folder, going)
        os.replace(coming, folder)
    if going.exists():
        shutil.rmtree(going, ignore_errors=True)


def replace_files(new: Path, folder: Path) -> None:
    """Move the files of the folder `new`, of the same disk, into `folder`, all or none; other files there stay."""
    for file in new.iterdir():
        sync(file)
    folder.mkdir(exist_ok=True)
    finish_files(folder)
    os.replace(new, folder / COMING)
    finish_files(folder)


def finish_files(folder: Path) -> None:
    """Finish a `replace_files` that was killed; there is nothing to do after one that was not."""
    coming = folder / COMING
    if not coming.is_dir():
        return  # without a write, which a disk that is read only would refuse
    for file in sorted(coming.glob("*")):
        with suppress(FileNotFoundError):  # another program finishes it, too
            os.replace(file, folder / file.name)
    with suppress(FileNotFoundError):
        coming.rmdir()


def _beside(folder: Path, ending: str) -> Path:
    folder = folder.resolve()
    return folder.with_name(f".{folder.name}{ending}")
