"""Files that are written whole or not at all, whenever the program dies."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"
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
    """Return a hidden name beside `path` that nobody else uses."""
    return path.with_name(f"{_start(path)}{secrets.token_hex(4)}{PART}{suffix}")


def passing_names(path: Path) -> list[Path]:
    """Return what stands beside `path` under a `passing_name` of it: at work now, or left by what was killed."""
    return [
        each for each in path.parent.iterdir() if each.name.startswith(_start(path)) and PART in each.name
    ]


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
