"""Files that are written whole or not at all, whenever the program dies."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PART = ".part"
_A_DAY = 86400.0  # seconds
_PASSING = re.compile(
    r"(?P<start>\..+\.)(?:(?P<process>[0-9]{1,9})-(?P<machine>[0-9a-f]{8})-)?[0-9a-f]{8}\.part(?:\.[^.]+)?",
    re.DOTALL,
)
_swept: set[Path] = set()  # folders: a look at one costs as much as it has files
_LONGEST = 50  # characters of a file's name that its passing name repeats: no name is too long for that


@contextmanager
def atomic_path(path: Path, suffix: str = "") -> Iterator[Path]:
    """Give a path beside `path` to write a file to, which takes its place when the block ends.

    None is left if the block raises, and what stood at `path` before stays readable until then.

    Args:
        path: Of the file; its folder is made where missing.
        suffix: What the passing name ends in, for writers that go by it, such as ".mp4".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    part = passing_name(path, suffix)
    try:
        yield part
        move_into_place(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write bytes to, which takes its place as that of `atomic_path` does."""
    with atomic_path(path) as part, part.open("xb") as file:
        yield file


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file so that whoever looks, whenever, finds the old one or the new one, whole."""
    with atomic_file(path) as file:
        file.write(text.encode("utf-8"))


def move_into_place(part: Path, path: Path) -> None:
    """Give a whole file of the same disk its name, once its bytes are on the disk; its folder is made where missing."""
    sync(part)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(part, path)


def sync(path: Path) -> None:
    """Wait until a file's bytes are on the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def passing_name(path: Path, suffix: str = "") -> Path:
    """Return a hidden name beside `path` that nobody else uses; it says which process is at work there."""
    return path.with_name(f"{_start(path)}{os.getpid()}-{_machine()}-{secrets.token_hex(4)}{PART}{suffix}")


def passing_names(path: Path) -> list[Path]:
    """Return what stands beside `path` under a `passing_name` of it: at work now, or left by what was killed."""
    names = ((each, _PASSING.fullmatch(each.name)) for each in path.parent.iterdir())
    return [each for each, named in names if named and named["start"] == _start(path)]


def sweep(folder: Path) -> None:
    """Remove what processes that were killed have left in a folder under passing names; once in a process."""
    if folder in _swept:
        return
    _swept.add(folder)
    with suppress(OSError):  # what is somebody else's may stay
        for left in folder.iterdir():
            if _PASSING.fullmatch(left.name) and not _is_at_work(left):
                _remove(left)


def _remove(left: Path) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
        return
    with suppress(OSError):
        left.unlink()


def _is_at_work(part: Path) -> bool:
    """Whether the process lives that a passing name is of; of another machine's, whether it wrote today."""
    named = _PASSING.fullmatch(part.name)
    if named and named["machine"] == _machine() and sys.platform != "win32":  # there signal 0 is an interrupt
        return _is_alive(int(named["process"]))
    try:
        return time.time() - part.stat().st_mtime < _A_DAY
    except FileNotFoundError:
        return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        pass
    return True


def _machine() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _start(path: Path) -> str:
    return f".{path.name[:_LONGEST]}."


def checked_path(path: str | os.PathLike[str], ending: str) -> Path:
    """Return where to write; its folder is made.

    Raises:
        ValueError: If its name has not the ending, such as ".gif".
    """
    path = Path(path)
    if path.suffix.lower() != ending:
        raise ValueError(
            f"path must end in {ending}, got {path.name!r}. Write {path.with_suffix(ending).name!r}."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
