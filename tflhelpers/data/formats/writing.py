"""What the writers of all formats need: sizes of the pictures, numbers in few digits, names a format can hold."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

import numpy as np

from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.images import ImageError, image_size
from tflhelpers.data.pictures import Picture

NOT_IN_XML = re.compile(
    "[^\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # XML 1.0, 2.2; line breaks change
LINE_BREAKS = re.compile("[\r\n]")
_SHOWN = 5


def known_sizes(annotations: Annotations) -> list[tuple[int, int]]:
    """Return (height, width) of each upright picture: its file's, or as annotated where there is no file.

    Raises:
        AnnotationError: If there are pictures of which neither is known.
    """
    sizes = [_size(picture) for picture in annotations.pictures]
    unknown = [str(path) for path, size in zip(annotations.image_paths, sizes, strict=True) if size is None]
    if unknown:
        raise AnnotationError(
            f"expected the size of each picture, got none for {len(unknown)} that cannot be read: "
            f"{', '.join(unknown[:_SHOWN])}. Put the pictures there, or leave these out."
        )
    return [size for size in sizes if size is not None]


def shortest(value: np.float32) -> str:
    """Return a number in the fewest digits that give the same float32 back.

    >>> shortest(np.float32(12)), shortest(np.float32(0.1))
    ('12', '0.1')
    """
    return np.format_float_positional(np.float32(value), unique=True, trim="-")


def refuse_names(names: Iterable[str], forbidden: re.Pattern[str], format: str) -> None:
    """Raise if a class or picture has a name that the format cannot hold.

    Raises:
        AnnotationError: Naming the first.
    """
    wrong = next((name for name in names if forbidden.search(name)), None)
    if wrong is not None:
        raise AnnotationError(
            f"{format} files cannot hold the name {wrong!r}: it has line breaks or control characters. Rename it, "
            "or export to COCO, which holds any name."
        )


def below_common_folder(paths: Sequence[Path]) -> list[PurePath]:
    """Return each path as seen from the deepest folder that holds all of them.

    >>> [path.as_posix() for path in below_common_folder([Path("/a/b/1.jpg"), Path("/a/c/2.jpg")])]
    ['b/1.jpg', 'c/2.jpg']
    """
    absolute = [Path(os.path.abspath(path)) for path in paths]
    try:
        common = os.path.commonpath([path.parent for path in absolute])
    except ValueError:  # nothing, or several drives
        return [PurePath(*path.parts[1:]) for path in absolute]
    return [path.relative_to(common) for path in absolute]


def names_like(paths: Sequence[Path], ending: str) -> list[str]:
    """Return names for one file a picture: the pictures' own, whose endings stay where they are needed.

    >>> names_like([Path("/a/b/1.jpg"), Path("/a/b/1.png")], ".xml")
    ['1.xml', '1.png.xml']
    """
    taken: set[str] = set()
    names = []
    for path in below_common_folder(paths):
        name = path.with_suffix(ending).as_posix()
        if name.casefold() in taken:
            name = f"{path.as_posix()}{ending}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _size(picture: Picture) -> tuple[int, int] | None:
    try:
        return image_size(picture.path)
    except (OSError, ImageError):
        return picture.size
