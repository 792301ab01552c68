"""One GIF file from frames: written beside its place, read back, compared, and only then moved there."""

from __future__ import annotations

import os
import zlib
from collections.abc import Generator, Iterable, Sized
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice, starmap
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageSequence

from tflhelpers.data.images import letterbox, read_image, resize_image
from tflhelpers.files.atomic_file import atomic_path
from tflhelpers.files.prefetch import prefetch
from tflhelpers.progress import ProgressBar, progress_bar
from tflhelpers.sharing.gif_stream import MAX_SIDE, GifStream
from tflhelpers.sharing.quantise import COLOURS, reduce_colours

BORDER = (0, 0, 0)  # around frames of another shape than the first
SURE_AFTER = 6  # frames from which the size of the whole is guessed, to stop early
AHEAD = 2  # frames drawn in threads while an earlier one is compressed

Frame = np.ndarray | str | os.PathLike


class GifError(RuntimeError):
    """The GIF read back is not the one that was meant, or cannot be made as small as asked."""


class TooLargeError(Exception):
    """The file outgrew its limit.

    Attributes:
        size_bytes: what it would have come to, guessed from the frames before the limit.
        image_size: (height, width) of its frames.
    """

    def __init__(self, size_bytes: float, image_size: tuple[int, int]) -> None:
        super().__init__(f"about {size_bytes:.0f} bytes at {image_size[1]}x{image_size[0]}")
        self.size_bytes = size_bytes
        self.image_size = image_size


@dataclass(frozen=True)
class Look:
    """How the frames are drawn: their size against the first one's, and their colours."""

    scale: float = 1.0
    dither: bool = True
    colours: int = COLOURS


@dataclass(frozen=True)
class WrittenGif:
    """What a file holds: number of frames, (height, width) in pixels, bytes."""

    frames: int
    image_size: tuple[int, int]
    size_bytes: int


def write_file(
    frames: Iterable[Frame],
    path: Path,
    look: Look,
    centiseconds: int,
    *,
    max_bytes: int | None = None,
    progress: bool = True,
) -> WrittenGif:
    """Write `frames` to `path`, each shown for `centiseconds`; `path` changes only if all went well.

    Raises:
        ValueError: no frames, or a frame that is no RGB picture.
        TooLargeError: the file would have more than `max_bytes` (which needs `frames` with a length).
        GifError: the file read back is not what was written.
    """
    with atomic_path(path) as part:
        bar = progress_bar(_length(frames), f"Writing {path.name}", enabled=progress, delay=1)
        with part.open("wb") as file, bar as shown:
            written, checksums = _write_frames(file, frames, look, centiseconds, max_bytes, shown)
        check_file(part, written.image_size, centiseconds, checksums, name=path)
    return written


def _write_frames(
    file: BinaryIO,
    frames: Iterable[Frame],
    look: Look,
    centiseconds: int,
    max_bytes: int | None,
    bar: ProgressBar,
) -> tuple[WrittenGif, list[int]]:
    stream: GifStream | None = None
    sizes: list[int] = []
    ahead = AHEAD if max_bytes is None else 0  # what may be given up early is not begun
    with closing(_drawn(frames, look, ahead)) as drawn:
        for image, indices, palette in drawn:
            if stream is None:
                stream = GifStream(file, (image.shape[0], image.shape[1]), centiseconds)
            stream.add(image, indices, palette)
            sizes.append(stream.bytes_written)
            if max_bytes is not None:
                _check_size(sizes, _length(frames) or 0, max_bytes, stream.image_size)
            bar.update()
    if stream is None:
        raise ValueError("frames must hold at least one picture, got none. Was the generator used up before?")
    stream.close()
    return WrittenGif(len(sizes), stream.image_size, stream.bytes_written), stream.checksums


def _drawn(
    frames: Iterable[Frame], look: Look, ahead: int
) -> Generator[tuple[np.ndarray, np.ndarray, np.ndarray], None, None]:
    """Each frame in the size of all, its indices and its palette; up to `ahead` of them are made in threads."""
    upcoming = (_own(frame) for frame in frames)
    first = [checked_frame(frame, 0) for frame in islice(upcoming, 1)]
    if not first:
        return
    image_size = size_of_all((first[0].shape[0], first[0].shape[1]), look.scale)

    def draw(number: int, frame: Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        image = fitted(checked_frame(frame, number) if number else np.asarray(frame), image_size)
        return image, *reduce_colours(image, colours=look.colours, dither=look.dither)

    all_frames: Iterable[Frame] = chain(first, upcoming)
    yield from prefetch(draw, all_frames, ahead=ahead) if ahead else starmap(draw, enumerate(all_frames))


def _own(frame: Frame) -> Frame:
    """A copy: a generator may draw its next frame into the array that it has just given."""
    return frame if isinstance(frame, str | os.PathLike) else np.array(frame)


def _length(frames: Iterable[Frame]) -> int | None:
    return len(frames) if isinstance(frames, Sized) else None


def _check_size(sizes: list[int], total: int, max_bytes: int, image_size: tuple[int, int]) -> None:
    """Stop when the limit is passed, or is going to be passed by far.

    Args:
        sizes: bytes of the file after each frame so far; the first frame is larger than the others.
        total: number of frames there will be.
    """
    expected = float(sizes[-1])
    if len(sizes) > 1:
        expected = sizes[0] + (sizes[-1] - sizes[0]) / (len(sizes) - 1) * (total - 1)
    hopeless = len(sizes) >= SURE_AFTER and expected > 1.5 * max_bytes
    if sizes[-1] >= max_bytes or hopeless:
        raise TooLargeError(expected, image_size)


def check_frames(frames: Any, call: str) -> None:
    """Raises TypeError where frames are no list or generator of pictures; `call` is how the call is written."""
    wanted = "frames must be a list or generator of pictures"
    if isinstance(frames, str | os.PathLike):
        raise TypeError(f"{wanted}, got the single path {frames}. The call is {call}.")
    if hasattr(frames, "image_paths"):
        raise TypeError(f"{wanted}, got {type(frames).__name__}. Write annotations.image_paths.")
    if not isinstance(frames, Iterable):
        raise TypeError(f"{wanted}, got {type(frames).__name__}. The call is {call}.")


def checked_frame(frame: Frame, number: int) -> np.ndarray:
    """The frame as uint8 (H, W, 3), read if it is a file; `number` is for the message if it is no picture."""
    if isinstance(frame, str | os.PathLike):
        frame = read_image(frame)
    image = np.asarray(frame)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(
            f"frames[{number}] must be an RGB picture, uint8 (height, width, 3), got {image.dtype} "
            f"{image.shape}. read_image and draw_boxes give such pictures."
        )
    return image


def size_of_all(first: tuple[int, int], scale: float) -> tuple[int, int]:
    """(height, width) of a GIF whose first frame comes in size `first`."""
    height, width = (max(1, round(side * scale)) for side in first)
    if max(height, width) > MAX_SIDE:
        raise ValueError(
            f"frames must have sides of up to {MAX_SIDE} pixels, got {width}x{height}. Shrink them."
        )
    return height, width


def fitted(image: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """The picture in the size of all: resized if the shape allows, else with a border."""
    if image.shape[:2] == image_size:
        return image
    (height, width), (new_height, new_width) = image.shape[:2], image_size
    if abs(height * new_width / width - new_height) < 1:
        return resize_image(image, image_size)
    return letterbox(image, image_size, BORDER)[0]


def check_file(
    file: Path,
    image_size: tuple[int, int],
    centiseconds: int,
    checksums: list[int],
    *,
    name: Path | None = None,
) -> None:
    """Read a GIF with Pillow, and compare everything that a viewer would show.

    Args:
        file: the GIF.
        image_size: expected (height, width).
        centiseconds: expected display time of each frame.
        checksums: expected CRC-32 of the RGB bytes of each frame.
        name: the file's name for messages, if it is going to have another.

    Raises:
        GifError: something differs, or the file cannot be read.
    """
    try:
        with Image.open(file, formats=["GIF"]) as gif:
            durations: set[int | None] = set()
            frames: list[int] = []
            got = {
                "size": gif.size[::-1],
                "loop": gif.info.get("loop"),
                "durations": durations,
                "frames": frames,
            }
            for frame in ImageSequence.Iterator(gif):
                durations.add(frame.info.get("duration"))
                frames.append(zlib.crc32(frame.convert("RGB").tobytes()))
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise GifError(
            f"{name or file}: expected a whole GIF, got one that cannot be read ({error})."
        ) from error
    expected = {"size": image_size, "loop": 0, "durations": {centiseconds * 10}, "frames": checksums}
    for what, value in expected.items():
        if got[what] != value:
            raise GifError(
                f"{name or file}: expected {what} {_short(value)}, read back {_short(got[what])}. "
                "Is the disk full, or Pillow too old? Please report it."
            )


def _short(value: object) -> str:
    return f"with {len(value)} checksums of another kind" if isinstance(value, list) else str(value)
