"""A GIF within a number of bytes: what is given up, and in which order."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from tflhelpers.sharing.gif_file import Frame, GifError, Look, TooLargeError, WrittenGif, write_file

SMALLEST = 160  # the longer side is never made shorter than this, in pixels
FEW_COLOURS = 64


def write_within(
    frames: Iterable[Frame], path: Path, centiseconds: int, max_bytes: int, *, progress: bool = True
) -> tuple[WrittenGif, int, tuple[str, ...]]:
    """Write a GIF of at most `max_bytes`; of what helps, as little as is needed is done.

    In this order: no dithering (about half the bytes); smaller pictures, step by step, each guessed from the
    size that the last one came to, down to 160 pixels; 64 colours; every second frame, shown twice as long.

    Returns:
        What was written, the display time of a frame in 1/100 s, and a sentence on what was given up, if
        anything.

    Raises:
        GifError: it cannot be made as small.
    """
    with _repeatable(frames) as kept:
        every, look, least = 1, Look(), math.inf
        while True:
            try:
                written = write_file(
                    kept[::every], path, look, centiseconds * every, max_bytes=max_bytes, progress=progress
                )
                return written, centiseconds * every, _notes(look, every, written.image_size, max_bytes)
            except TooLargeError as error:
                least = min(least, error.size_bytes)
                smaller = smaller_look(look, max_bytes / error.size_bytes, error.image_size)
                if smaller is None and (every == 2 or len(kept) == 1):
                    break
                every, look = (every, smaller) if smaller else (2, look)
    raise GifError(
        f"{path}: expected at most {max_bytes} bytes, got about {least:.0f} with everything given up that "
        f"may be (see write_gif). Raise max_bytes, or give fewer than {len(kept)} frames."
    )


def smaller_look(look: Look, ratio: float, image_size: tuple[int, int]) -> Look | None:
    """The next look to try, None if there is none.

    Args:
        look: the look that gave too large a file.
        ratio: bytes allowed / bytes that it would have taken, below 1.
        image_size: its (height, width) in pixels.

    >>> smaller_look(Look(), 0.3, (540, 960)).dither
    False
    >>> smaller_look(Look(dither=False), 0.25, (540, 960)).scale
    0.485
    """
    if look.dither:
        return replace(look, dither=False)
    smallest = look.scale * min(1, SMALLEST / max(image_size))
    if look.scale > smallest:
        guess = look.scale * min(0.9, 0.97 * math.sqrt(ratio))  # bytes grow as the area does
        return replace(look, scale=max(smallest, guess))
    if look.colours > FEW_COLOURS:
        return replace(look, colours=FEW_COLOURS)
    return None


def _notes(look: Look, every: int, image_size: tuple[int, int], max_bytes: int) -> tuple[str, ...]:
    if look == Look() and every == 1:
        return ()
    changes = ["without dithering"]
    if look.scale < 1:
        changes.append(f"at {image_size[1]}x{image_size[0]}")
    if look.colours == FEW_COLOURS:
        changes.append(f"in {FEW_COLOURS} colours")
    if every > 1:
        changes.append("without every second frame")
    return (f"To stay within {max_bytes} bytes it was written {', '.join(changes)}.",)


@contextmanager
def _repeatable(frames: Iterable[Frame]) -> Iterator[Sequence[Frame]]:
    """Frames that can be gone through again; those of a generator wait on disk, not in memory."""
    if hasattr(frames, "__len__") and hasattr(frames, "__getitem__"):
        yield frames  # type: ignore[misc]
        return
    with tempfile.TemporaryDirectory(prefix="gif-frames-") as folder:
        saved = [_saved(frame, Path(folder, f"{number}.npy")) for number, frame in enumerate(frames)]
        yield _SavedFrames(saved)


def _saved(frame: Frame, path: Path) -> Path:
    if isinstance(frame, str | os.PathLike):
        return Path(frame)
    np.save(path, np.asarray(frame))
    return path


class _SavedFrames(Sequence):
    """Frames read from disk when asked for."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return _SavedFrames(self._paths[index])
        path = self._paths[index]
        return np.load(path) if path.suffix == ".npy" else path
