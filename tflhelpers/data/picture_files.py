"""Which files of a folder are pictures or videos, and in which order a person expects them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PICTURE_FORMATS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
"""Pillow's decoders that may see a file, and what such files are called. Pillow has forty more, for what few people
have; one starts a program."""
PICTURE_ENDINGS = frozenset(ending for endings in PICTURE_FORMATS.values() for ending in endings)
VIDEO_ENDINGS = frozenset({".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".3gp"})


def pictures_in(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the pictures that lie directly in a folder, ``frame2`` before ``frame10``; none if it is none.

    A file counts as a picture by the ending of its name; files whose name begins with a dot do not count.
    """
    return _with_endings(Path(folder), PICTURE_ENDINGS)


def videos_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The same for videos."""
    return _with_endings(Path(folder), VIDEO_ENDINGS)


def _with_endings(folder: Path, endings: frozenset[str]) -> list[Path]:
    if not folder.is_dir():
        return []
    return in_counting_order(path for path in folder.iterdir() if _is_named(path.name, endings))


def pictures_below(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Yield what `pictures_in` counts as pictures in a folder and all visible ones below, in no order.

    Whatever has a picture's name is one, a folder too: whoever opens it says what is wrong.
    """
    for here, folders, names in os.walk(folder):
        yield from (os.path.join(here, name) for name in (*folders, *names) if is_picture_name(name))
        folders[:] = [name for name in folders if not name.startswith(".")]


def is_picture_name(name: str) -> bool:
    """Whether a name without its folder is a picture's."""
    return _is_named(name, PICTURE_ENDINGS)


def _is_named(name: str, endings: frozenset[str]) -> bool:
    return os.path.splitext(name)[1].lower() in endings and not name.startswith(".")


def in_counting_order(paths: Iterable[Path]) -> list[Path]:
    """Return paths sorted by name as people count: ``frame2`` before ``frame10``.

    >>> [path.name for path in in_counting_order([Path("b.jpg"), Path("a10.jpg"), Path("a2.jpg")])]
    ['a2.jpg', 'a10.jpg', 'b.jpg']
    """
    return sorted(paths, key=lambda path: counting_order(path.name))


def counting_order(name: str) -> list[tuple[int, str]]:
    """Return a sorting key that puts `frame2` before `frame10`, in folders too."""
    pieces = re.split(r"(\d+)", name.lower())
    return [(int(piece), "") if piece.isdecimal() and len(piece) < 100 else (-1, piece) for piece in pieces]
