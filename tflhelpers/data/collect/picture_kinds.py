"""What a file is by its first bytes, whatever its name or a server says."""

from __future__ import annotations

import importlib.util

from tflhelpers.data.images import heif_ending

_STARTS = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
    (b"BM", ".bmp"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
)
_PPM = {b"1": ".pbm", b"2": ".pgm", b"3": ".ppm", b"4": ".pbm", b"5": ".pgm", b"6": ".ppm"}
_VIDEO_ENDINGS = frozenset(
    {".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".3gp", ".mpg", ".mpeg", ".mts", ".wmv"}
)


def kind_of(head: bytes) -> str | None:
    """Return the ending that belongs to a file's first bytes, None if they are no picture's.

    Only what this knows is ever decoded: Pillow's readers include some that start programs.

    >>> kind_of(b"GIF89a..........")
    '.gif'
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if head[4:8] == b"ftyp":
        return heif_ending(head)
    if head[:1] == b"P" and head[1:2] in _PPM and head[2:3].isspace():
        return _PPM[head[1:2]]
    return next((ending for start, ending in _STARTS if head.startswith(start)), None)


def describe(head: bytes) -> str:
    """What those first bytes are, as far as they say, where they are no picture's."""
    text = head.lstrip().lower()
    if not head:
        return "an empty file"
    if text.startswith(b"<svg"):
        return "an SVG drawing"
    if text.startswith(b"<"):
        return "a web page"
    if text.startswith((b"{", b"[")):
        return "JSON"
    if text.startswith(b"%pdf"):
        return "a PDF"
    if head[4:8] == b"ftyp" or head.startswith(b"\x1aE\xdf\xa3"):
        return "a video: collect.from_video takes frames of one"
    return "something else"


def heic_is_readable() -> bool:
    """Whether the extra for HEIC is installed."""
    return importlib.util.find_spec("pillow_heif") is not None


def is_video_name(name: str) -> bool:
    """Whether a file is a video by its ending."""
    return any(name.lower().endswith(ending) for ending in _VIDEO_ENDINGS)
