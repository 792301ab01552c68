"""Which container a video is in, by its first bytes: ffmpeg also opens texts that name other files, and patterns."""

from __future__ import annotations

HEAD_BYTES = 200
"""How many bytes `demuxer_of` looks at."""

NAMES = "MP4, MOV, 3GP, WebM, MKV, AVI, MPEG, MTS, WMV, FLV, OGV or GIF"
"""What people call these containers."""

_STARTS = (
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"ID3", "mp3"),
    (b"FLV", "flv"),
    (b"OggS", "ogg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\0\0\1\xba", "mpeg"),
    (b"\0\0\1\xb3", "mpegvideo"),
)
_ATOMS = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"}  # QuickTime File Format, "Atoms"
_PACKET = 188  # bytes of MPEG-TS, each packet begins with 0x47; camcorders put four bytes before it


def demuxer_of(head: bytes) -> str | None:
    """Return ffmpeg's name for the container of a video that begins so, None if it is none that is opened.

    >>> demuxer_of(b"\\0\\0\\0\\x18ftypmp42"), demuxer_of(b"ffconcat version 1.0")
    ('mov', None)
    """
    if head[4:8] in _ATOMS:
        return "mov"
    if head[:4] == b"RIFF":
        return {b"AVI ": "avi", b"WAVE": "wav"}.get(head[8:12])  # sound alone: ffmpeg says that it is
    if any(
        head[at : at + 1] == head[at + each : at + each + 1] == b"G" for at, each in ((0, _PACKET), (4, 192))
    ):
        return "mpegts"
    return next((name for start, name in _STARTS if head.startswith(start)), None)
