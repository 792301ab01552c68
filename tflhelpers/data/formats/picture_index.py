"""Finds the pictures that annotation files name, as people really name, move and rename them."""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tflhelpers.data.formats.files import walk_visible
from tflhelpers.data.picture_files import PICTURE_ENDINGS

_MOST_FILES = 2_000_000  # a folder with more is no folder of pictures, but somebody's whole disk
_ANNOTATION_FOLDERS = {"annotations", "annotation", "labels"}
_PARTED = re.compile(r"[/\\]|^\.+$")
_DRIVE = re.compile(r"^[A-Za-z]:/")


class AmbiguousPicture(ValueError):
    """A name that fits several pictures equally well; the message lists them."""


class FoundImage(NamedTuple):
    """A picture, and whether its name differs from the given one in more than its folder."""

    path: str
    renamed: bool


class PictureIndex:
    """Looks pictures up in some folders: each is listed when first needed, and once.

    The ways, in this order, each for all folders before the next: the name as seen from the folder; the last
    part of the name anywhere below the folder (of several the one whose folders agree most); the name with
    another ending or none; all that without regard to case and to how an accent is composed.

    Args:
        folders: Where to look, the most likely first.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = [os.path.normpath(folder) for folder in folders]
        self._listings: dict[str, _Listing] = {}
        self._named: set[str] = set()

    def find(self, names: Sequence[str]) -> FoundImage | None:
        """Return the picture that the first possible of `names` leads to, None if none does.

        Raises:
            AmbiguousPicture: If several pictures fit equally well.
        """
        wanted = [name for name in map(as_posix, names) if name]
        found = self._beside(wanted) or self._below(wanted)
        if found:
            self._named.add(found.path)
        return found

    def place_of(self, name: str) -> Path:
        """Return where a picture that is missing would lie."""
        name = as_posix(name)
        return Path(*_split(self.folders[0], _without_root(name)))

    def unnamed(self) -> list[str]:
        """Return the pictures that lie beside those found, but were never asked for, in order."""
        folders = {os.path.dirname(path) for path in self._named}
        beside = [path for folder in sorted(folders) for path in self._listing(folder).paths()]
        return [path for path in beside if path not in self._named]

    def _beside(self, names: Sequence[str]) -> FoundImage | None:
        for name in names:
            for folder in self.folders:
                for place in _places(name):
                    head, tail = _split(folder, place)
                    if tail in self._listing(head).names:
                        return FoundImage(os.path.join(head, tail), renamed=False)
        for name in names:
            for folder in self.folders:
                head, tail = _split(folder, _without_root(name))
                same_stem = self._listing(head).with_stem_of(tail)
                if same_stem:
                    return FoundImage(_only(same_stem, name), renamed=has_ending(name))
        return None

    def _below(self, names: Sequence[str]) -> FoundImage | None:
        if not self._all_paths:
            return None
        for key in (_tail_key, _stem_key, _folded_tail_key, _folded_stem_key):
            for name in names:
                paths = self._walked(key).get(key(name), [])
                if paths:
                    renamed = key is not _tail_key and (key is not _stem_key or has_ending(name))
                    return FoundImage(_most_alike(paths, name), renamed)
        return None

    def _walked(self, key: Callable[[str], str]) -> dict[str, list[str]]:
        if key not in self._tables:
            table: dict[str, list[str]] = {}
            for path in self._all_paths:
                table.setdefault(key(path.replace(os.sep, "/")), []).append(path)
            self._tables[key] = table
        return self._tables[key]

    @cached_property
    def _tables(self) -> dict[Callable[[str], str], dict[str, list[str]]]:
        return {}

    @cached_property
    def _all_paths(self) -> list[str]:
        paths: dict[str, None] = {}
        for folder in self.folders:
            for path in _pictures_below(folder):
                paths[path] = None
                if len(paths) > _MOST_FILES:
                    return list(paths)
        return list(paths)

    def _listing(self, folder: str) -> _Listing:
        listing = self._listings.get(folder)
        if listing is None:
            listing = self._listings[folder] = _Listing(folder)
        return listing


class _Listing:
    """The pictures directly in one folder; none where it is none."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        try:
            with os.scandir(folder) as entries:
                self.names = {entry.name for entry in entries if has_ending(entry.name)}
        except (OSError, ValueError):
            self.names = set()

    @cached_property
    def by_stem(self) -> dict[str, list[str]]:
        table: dict[str, list[str]] = {}
        for path in self.paths():
            table.setdefault(stem_of(os.path.basename(path)), []).append(path)
        return table

    def with_stem_of(self, name: str) -> list[str]:
        return self.by_stem.get(stem_of(name), []) if self.names else []

    def paths(self) -> list[str]:
        return [os.path.join(self.folder, name) for name in sorted(self.names) if not name.startswith(".")]


def picture_folders(place: Path, given: Path) -> list[Path]:
    """Return where the pictures of annotations may lie if nobody says it, the most likely first.

    Beside the file, in the folder that the person gave, and where COCO's layout has them: of
    `annotations/instances_train.json` in `images/train`, `train`, `images`, or anywhere in the folder above.

    Args:
        place: The file or the folder of the annotations.
        given: The file or the folder that the person gave, which `place` was found in.
    """
    if place.is_dir():
        return [place]
    folders = [place.parent]
    if place.parent.name.lower() in _ANNOTATION_FOLDERS:
        above, split = place.parent.parent, place.stem.rpartition("_")[2]
        folders += [above / "images" / split, above / split, above / "images", above]
    folders += [given] if given.is_dir() else []
    return [folder for folder in folders if folder.is_dir()]


def as_posix(name: str) -> str:
    """Return a file name as Windows writes it with forward slashes and without `.` and `..` that cancel.

    >>> as_posix(r"C:\\Users\\me\\pics\\.\\a b.jpg")
    'C:/Users/me/pics/a b.jpg'
    """
    if not _PARTED.search(name):  # the usual case, and the fast one
        return name
    return posixpath.normpath(name.replace("\\", "/"))


def has_ending(name: str) -> bool:
    """Tell whether a name has the ending of a picture file."""
    return os.path.splitext(name)[1].lower() in PICTURE_ENDINGS


def stem_of(name: str) -> str:
    """Return the name without the ending of a picture file; without such an ending it stays as it is.

    >>> stem_of("a.b.JPG"), stem_of("a.b")
    ('a.b', 'a.b')
    """
    return os.path.splitext(name)[0] if has_ending(name) else name


def _split(folder: str, name: str) -> tuple[str, str]:
    """Return in which folder a file lies, that is named as seen from `folder`, and the last part of its name."""
    if "/" not in name:
        return folder, name
    head, tail = os.path.split(os.path.normpath(os.path.join(folder, name)))
    return head, tail


def _places(name: str) -> tuple[str, ...]:
    """Return where to look for a name exactly as it is: for one from elsewhere its own place, then ours."""
    if name.startswith("//"):  # a share on some server: asking there would tell it who we are
        return (_without_root(name),)
    return (name,) if "/" not in name else tuple(dict.fromkeys([name, _without_root(name)]))


def _without_root(name: str) -> str:
    """Return what may be looked up below our folders: of a path from elsewhere only the file's own name."""
    return posixpath.basename(name) if name.startswith("/") or _DRIVE.match(name) else name


def _tail_key(name: str) -> str:
    return posixpath.basename(name)


def _stem_key(name: str) -> str:
    return stem_of(posixpath.basename(name))


def _folded_tail_key(name: str) -> str:
    return _folded(_tail_key(name))


def _folded_stem_key(name: str) -> str:
    return _folded(_stem_key(name))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _pictures_below(folder: str) -> Iterator[str]:
    for here, names in walk_visible(folder):
        yield from (os.path.join(here, name) for name in names if has_ending(name))


def _most_alike(paths: Sequence[str], name: str) -> str:
    """Return the path whose folders agree with those of `name` furthest from the end.

    Raises:
        AmbiguousPicture: If several do.
    """
    parts = [_folded(part) for part in posixpath.dirname(name).split("/")][::-1]
    agreeing = [_agreement(parts, path) for path in paths]
    most = max(agreeing)
    return _only([path for path, n in zip(paths, agreeing, strict=True) if n == most], name)


def _agreement(reversed_parts: Sequence[str], path: str) -> int:
    own = [_folded(part) for part in os.path.dirname(path).replace(os.sep, "/").split("/")][::-1]
    count = 0
    for one, other in zip(reversed_parts, own, strict=False):
        if one != other:
            break
        count += 1
    return count


def _only(paths: Iterable[str], name: str) -> str:
    paths = sorted(paths)
    if len(paths) == 1:
        return paths[0]
    shown = ", ".join(paths[:4]) + (", ..." if len(paths) > 4 else "")
    raise AmbiguousPicture(f"{name!r} fits {len(paths)} pictures: {shown}")
