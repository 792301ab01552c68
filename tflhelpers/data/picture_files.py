"""Which files of a folder are pictures or videos, and in which order a person expects them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

PICTURE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".bmp", ".gif", ".tif", ".tiff"}
)
VIDEO_ENDINGS = frozenset({".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".3gp"})


def pictures_in(folder: str | os.PathLike) -> list[Path]:
    """Return the pictures that lie directly in a folder, ``frame2`` before ``frame10``; none if it is none.

    A file counts as a picture by the ending of its name; files whose name begins with a dot do not count.
    """
    return _with_endings(Path(folder), PICTURE_ENDINGS)


def videos_in(folder: str | os.PathLike) -> list[Path]:
    """The same for videos."""
    return _with_endings(Path(folder), VIDEO_ENDINGS)


def _with_endings(folder: Path, endings: frozenset[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    return in_counting_order(
        path for path in folder.iterdir() if path.suffix.lower() in endings and not path.name.startswith(".")
    )


def in_counting_order(paths: Iterable[Path]) -> list[Path]:
    """Return paths sorted by name as people count: ``frame2`` before ``frame10``.

    >>> [path.name for path in in_counting_order([Path("b.jpg"), Path("a10.jpg"), Path("a2.jpg")])]
    ['a2.jpg', 'a10.jpg', 'b.jpg']
    """
    return sorted(paths, key=_counting_key)


def _counting_key(path: Path) -> list[tuple[int, str]]:
    pieces = re.split(r"(\d+)", path.name.lower())
    return [(int(piece), "") if piece.isdecimal() else (-1, piece) for piece in pieces]
