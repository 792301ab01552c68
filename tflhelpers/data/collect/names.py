"""Names for picture files that every system can store, from addresses, tables and other people's folders."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Container
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from tflhelpers.data.picture_files import PICTURE_ENDINGS

_LONGEST = 100  # letters; with ending and number it stays below the 255 bytes of most disks
_LONGEST_STORED = 255  # bytes, of most disks
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]+')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)  # on Windows


def safe_name(text: str, default: str = "picture") -> str:
    """Return the text as a file name without an ending, never empty, hidden or a way out of the folder.

    >>> safe_name("../../a: b?")
    'a_ b'
    """
    text = unicodedata.normalize("NFC", text).encode("utf-8", "ignore").decode("utf-8")
    text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf", "Cs"))
    name = _FORBIDDEN.sub("_", text).strip("._ ")
    name = _cut(name, _LONGEST).strip("._ ") or default
    return f"{name}_" if _RESERVED.fullmatch(name) else name


def _cut(name: str, longest: int) -> str:
    """Cut to a number of UTF-8 bytes without cutting a letter."""
    return name.encode("utf-8")[: longest * 2].decode("utf-8", "ignore")[:longest]


def stem_of_file(name: str) -> str:
    """Return a file name's safe stem. An ending that is none of a picture's is part of the name.

    >>> stem_of_file("photos\\\\Duck 1.JPG"), stem_of_file("v1.2")
    ('Duck 1', 'v1.2')
    """
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    path = PurePosixPath(last)
    return safe_name(path.stem if path.suffix.lower() in PICTURE_ENDINGS else last)


def stem_of_address(url: str) -> str:
    """Return a safe stem from the last part of an address.

    >>> stem_of_address("https://example.org/a/rubber%20duck.jpg?size=9")
    'rubber duck'
    """
    return stem_of_file(unquote(urlsplit(url).path))


def free_name(stem: str, ending: str, taken: Container[str]) -> str:
    """Return `stem` + `ending`, or with a number before the ending where that name is taken.

    Args:
        stem: The name wanted.
        ending: ".jpg".
        taken: Names that are taken, in small letters: "Duck.jpg" and "duck.JPG" are one file on many disks.
    """
    name, number = f"{stem}{ending}", 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}_{number}{ending}"
    return name


def is_inside(name: object) -> bool:
    """Whether a text names a picture that lies in a folder or one folder below, without a way out of it.

    >>> is_inside("duck/a.jpg"), is_inside("../a.jpg"), is_inside("/a.jpg"), is_inside(7)
    (True, False, False, False)
    """
    if not isinstance(name, str) or not _can_be_stored(name):
        return False
    path = Path(name)
    hidden = any(part.startswith(".") for part in path.parts)
    plain = not path.anchor and path.as_posix() == name and 1 <= len(path.parts) <= 2
    return plain and not hidden and path.suffix.lower() in PICTURE_ENDINGS


def _can_be_stored(name: str) -> bool:
    try:
        stored = os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return b"\0" not in stored and max(map(len, stored.split(b"/"))) <= _LONGEST_STORED
