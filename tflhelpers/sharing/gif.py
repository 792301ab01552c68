"""`write_gif`: pictures to an animation that plays everywhere, checked after it has been written."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.files.atomic_file import checked_path
from tflhelpers.files.kinds import check_number
from tflhelpers.sharing.gif_budget import write_within
from tflhelpers.sharing.gif_file import Frame, GifError, Look, check_frames, write_file

__all__ = ["GifError", "GifInfo", "write_gif"]

MIN_CENTISECONDS = 2  # browsers show frames of 1/100 s or less for 1/10 s
MIN_FPS = 0.01


@dataclass(frozen=True)
class GifInfo:
    """What `write_gif` wrote. Usable wherever a path is: `open(info)`, `Path(info)`.

    Attributes:
        path: the file.
        frames: number of frames.
        image_size: (height, width) in pixels.
        frame_ms: display time of each frame in milliseconds, a multiple of 10.
        size_bytes: size of the file.
        notes: what differs from what was asked for, one sentence each.
    """

    path: Path
    frames: int
    image_size: tuple[int, int]
    frame_ms: int
    size_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def fps(self) -> float:
        """Frames a second."""
        return 1000 / self.frame_ms

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        height, width = self.image_size
        facts = (
            f"{self.path}: {self.frames} frames of {width}x{height}, {self.frame_ms} ms each, "
            f"{self.size_bytes / 1e6:.2f} MB, loops for ever."
        )
        return " ".join([facts, *self.notes])


def write_gif(
    frames: Iterable[Frame],
    path: str | os.PathLike,
    *,
    fps: float = 5,
    max_bytes: int | None = None,
    progress: bool = True,
) -> GifInfo:
    """Write an animation that loops for ever, then read it back and compare.

    Each frame has a palette of its own, dithered; colours of drawn lines, tags and letters stay exact;
    pixels that do not change stay as they are. Equal consecutive frames keep their display time. Photos of
    960x540 come to some 0.25 MB a frame. A GIF counts in 1/100 s, and browsers refuse the fastest: the
    nearest speed that can be shown is taken (at most 50 fps), and the result says so.

    Args:
        frames: RGB uint8 (H, W, 3) arrays or picture files; a generator will do, and memory does not grow
            with its length. The first one's size is the GIF's; other shapes are fitted into it on black.
        path: where to write, ending in .gif. Folders are made; a file there is replaced when the new one is
            whole.
        fps: frames a second, at least 0.01.
        max_bytes: None for full size. Otherwise, until the file fits: dithering is left out (about half the
            bytes); the picture is made smaller, down to 160 pixels; 64 colours; every second frame.
        progress: whether work of more than a second shows a bar.

    Returns:
        What was written: `print` it, or give it to whatever wants a path.

    Raises:
        ValueError: no frames, a frame that is no RGB picture, or an impossible `fps`, `path` or `max_bytes`.
        TypeError: `frames` are no pictures, but a single path or annotations.
        GifError: `max_bytes` cannot be met, or the file read back is not what was meant.

    Example:
        >>> import numpy as np, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> frames = (np.full((6, 8, 3), level, np.uint8) for level in (0, 80, 160))
        >>> info = write_gif(frames, Path(folder.name, "gray.gif"), fps=4)
        >>> info.frames, info.image_size, info.frame_ms, info.notes
        (3, (6, 8), 250, ())
    """
    check_frames(frames, "write_gif(frames, path)")
    path = checked_path(path, ".gif")
    centiseconds = _centiseconds(fps)
    notes = _speed_notes(fps, centiseconds)
    if max_bytes is None:
        written = write_file(frames, path, Look(), centiseconds, progress=progress)
    else:
        limit = _checked_limit(max_bytes)
        written, centiseconds, given_up = write_within(frames, path, centiseconds, limit, progress=progress)
        notes += given_up
    return GifInfo(path, written.frames, written.image_size, centiseconds * 10, written.size_bytes, notes)


def _checked_limit(max_bytes: int) -> int:
    check_number(max_bytes, "max_bytes", 10_000_000)
    if max_bytes < 1:
        raise ValueError(f"max_bytes must be at least 1, got {max_bytes}. For no limit leave it out.")
    return int(max_bytes)


def _centiseconds(fps: float) -> int:
    """The display time nearest to 1/fps, in 1/100 s."""
    check_number(fps, "fps", 5)
    if not (fps >= MIN_FPS and math.isfinite(fps)):
        raise ValueError(f"fps must be a number from {MIN_FPS} up, got {fps}. 5 is a good start.")
    return max(MIN_CENTISECONDS, round(100 / fps))


def _speed_notes(fps: float, centiseconds: int) -> tuple[str, ...]:
    shown = 100 / centiseconds
    if math.isclose(shown, fps, rel_tol=0.01):
        return ()
    return (f"A GIF cannot show {fps:g} frames a second; it was written with the nearest, {shown:.4g}.",)
