"""`write_video`: pictures to an MP4 that plays in browsers and on phones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sized
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflhelpers.files.atomic_file import atomic_path, checked_path
from tflhelpers.files.kinds import check_number
from tflhelpers.progress import progress_bar
from tflhelpers.sharing.gif_file import check_frames, checked_frame
from tflhelpers.sharing.video_stream import VideoStream, even_size

__all__ = ["VideoInfo", "write_video"]

MIN_FPS, MAX_FPS = 0.1, 240.0
MAX_SIDE = 16384  # pixels, of libx264
Picture = np.ndarray | str | os.PathLike


@dataclass(frozen=True)
class VideoInfo:
    """What `write_video` wrote. Usable wherever a path is: `open(info)`, `Path(info)`.

    Attributes:
        path: the file.
        frames: number of frames.
        image_size: (height, width) in pixels, both even.
        fps: frames a second.
        size_bytes: size of the file.
        notes: what differs from what was asked for, one sentence each.
    """

    path: Path
    frames: int
    image_size: tuple[int, int]
    fps: float
    size_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.frames / self.fps

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        height, width = self.image_size
        facts = (
            f"{self.path}: {self.frames} frames of {width}x{height}, {self.seconds:.1f} s at {self.fps:.4g} frames "
            f"a second, {self.size_bytes / 1e6:.2f} MB."
        )
        return " ".join([facts, *self.notes])


def write_video(
    frames: Iterable[Picture], path: str | os.PathLike, *, fps: float, progress: bool = True
) -> VideoInfo:
    """Write a silent H.264 video (MP4) that browsers and phones play, also while it is still loading.

    A side with an odd number of pixels gets one more, a copy of its last row or column: H.264 stores even sides.

    Args:
        frames: RGB uint8 (H, W, 3) arrays or picture files, all of one size; a generator will do, and memory does
            not grow with its length.
        path: where to write, ending in .mp4. Folders are made; a file there is replaced when the new one is whole.
        fps: frames a second, from 0.1 to 240.
        progress: whether work of more than a second shows a bar.

    Returns:
        What was written: `print` it, or give it to whatever wants a path.

    Raises:
        ValueError: no frames, one that is no RGB picture or of another size, or an impossible `fps` or `path`.
        TypeError: `frames` are no pictures, but a single path or annotations.
        VideoError: it cannot be written, say because the disk is full.

    Example:
        >>> import numpy as np, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> frames = (np.full((37, 54, 3), level, np.uint8) for level in (0, 80, 160))
        >>> info = write_video(frames, Path(folder.name, "gray.mp4"), fps=4)
        >>> info.frames, info.image_size, info.seconds
        (3, (38, 54), 0.75)
    """
    check_frames(frames, "write_video(frames, path, fps=...)")
    path = checked_path(path, ".mp4")
    check_number(fps, "fps", 12)
    if not MIN_FPS <= fps <= MAX_FPS:
        raise ValueError(f"fps must be from {MIN_FPS} to {MAX_FPS:g}, got {fps}. 25 is a good start.")
    total = len(frames) if isinstance(frames, Sized) else None
    with ExitStack() as stack:
        part = stack.enter_context(atomic_path(path, ".mp4"))
        bar = stack.enter_context(progress_bar(total, f"Writing {path.name}", enabled=progress, delay=1))
        count, image_size = _encode(_pictures(frames), part, fps, bar.update)
    notes: tuple[str, ...] = ()
    if even_size(image_size) != image_size:
        height, width = image_size
        notes = (f"H.264 needs even sides: {width}x{height} got a row or column more, a copy of the last.",)
    return VideoInfo(path, count, even_size(image_size), float(fps), path.stat().st_size, notes)


def _encode(pictures: Iterator[np.ndarray], part: Path, fps: float, tell) -> tuple[int, tuple[int, int]]:
    first = next(pictures, None)
    if first is None:
        raise ValueError("frames must hold at least one picture, got none. Was the generator used up before?")
    height, width = first.shape[:2]
    with VideoStream(part, (height, width), fps) as stream:
        stream.add(first)
        tell()
        for picture in pictures:
            stream.add(picture)
            tell()
    return stream.frames, stream.image_size


def _pictures(frames: Iterable[Picture]) -> Iterator[np.ndarray]:
    """The frames as arrays, each of the first one's size."""
    size: tuple[int, ...] = ()
    for number, frame in enumerate(frames):
        image = checked_frame(frame, number)
        size = size or image.shape
        if max(size) > MAX_SIDE:
            raise ValueError(f"frames must have sides of up to {MAX_SIDE} pixels, got {size[1]}x{size[0]}.")
        if image.shape != size:
            raise ValueError(
                f"frames[{number}] must be {size[1]}x{size[0]} pixels as the first one, got {image.shape[1]}x"
                f"{image.shape[0]}. tflhelpers.data.images.letterbox fits pictures into one size; write_gif does "
                "so by itself."
            )
        yield image
