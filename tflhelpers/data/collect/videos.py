"""`from_video`: sharp frames that differ, from a video."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tflhelpers.data.collect.collector import Collector, LeftOut, Prepared
from tflhelpers.data.collect.jpeg_file import save_jpeg
from tflhelpers.data.collect.names import safe_name
from tflhelpers.data.collect.perceptual_hash import PerceptualHash
from tflhelpers.data.collect.report import CollectReport
from tflhelpers.data.collect.sharpness import cells_of, differ, gray_of, sharpness, shows_nothing
from tflhelpers.data.video_reading import Frame, FrameReader, VideoError
from tflhelpers.files.kinds import check_number
from tflhelpers.progress import ProgressBar, progress_bar

__all__ = ["VideoError", "from_video"]

_LOOKED_AT = 12  # frames of which the sharpest is taken
_LEAST_STEP = 0.5  # seconds between pictures where `every` is not given


def from_video(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    every: float | None = None,
    max_frames: int = 100,
    distinct: bool = True,
    max_side: int = 1600,
    retry_skipped: bool = False,
    progress: bool = True,
) -> CollectReport:
    """Take pictures from a video: of each stretch of time the sharpest frame, if it differs from those before.

    Frames are turned upright as the phone was held. Names carry the number of the frame: `clip_000123.jpg`. Time is the
    video's own, also where its frame rate varies. Run it again to go on where it was stopped.

    Frames of one clip show one scene. Do not split them between training and scoring:
    `Annotations.shared_scenes` says why.

    Args:
        path: An MP4, MOV, WebM, AVI or another file that `read_video` takes.
        folder: Where the pictures go.
        every: Seconds between pictures; default so many that `max_frames` are spread over the whole video, and half a
            second at least.
        max_frames: The most pictures to take.
        distinct: Leave out frames that show what one before shows.
        max_side: Pixels of the longer side of larger frames afterwards.
        retry_skipped: Bring back also what you removed since.
        progress: Show a bar.

    Returns:
        What was kept, and for each stretch of time of which nothing was, why.

    Raises:
        FileNotFoundError: If there is no such file.
        VideoError: If it holds no frame that can be read.
        ValueError: If a number is out of range.
        BusyFolder: If another program is collecting into the folder.

    Example:
        `print(collect.from_video("clip.mp4", "photos", every=1, max_frames=50))`
    """
    _check_numbers(every, max_frames, max_side)
    video = Path(path)
    step = every if every is not None else _spread(video, max_frames)
    settings = f"video {step:.4f} {max_side} {max_frames}"
    with Collector(
        Path(folder),
        str(path),
        settings=settings,
        distinct=distinct,
        near=False,  # frames are compared more finely here: a small thing that moved makes another picture
        retry_skipped=retry_skipped,
        progress=progress,
    ) as collector:
        reader = FrameReader(video, step / _LOOKED_AT, max_side)
        taker = _Taker(collector, video, max_side, distinct)
        with (
            progress_bar(None, "Looking at frames", enabled=progress) as bar,
            closing(iter(reader)) as frames,
        ):
            for frame in _sharpest(frames, step, bar):
                taker.take(frame)
                if taker.count >= max_frames:
                    collector.notes += _stopped_early(frame, reader, max_frames, step)
                    break
        if reader.damaged:
            collector.notes.append(
                "The video is damaged: what comes after the last picture could not be read."
            )
        return collector.report()


def _check_numbers(every: float | None, max_frames: int, max_side: int) -> None:
    check_number(1 if every is None else every, "every", 0.5)
    check_number(max_frames, "max_frames", 10)
    check_number(max_side, "max_side", 1280)
    if every is not None and not every > 0:
        raise ValueError(f"every must be more than 0 seconds, got {every}. For many frames write every=0.1.")
    if max_frames < 1:
        raise ValueError(f"max_frames must be at least 1, got {max_frames}.")
    if max_side < 16:
        raise ValueError(f"max_side must be at least 16 pixels, got {max_side}.")


def _spread(video: Path, max_frames: int) -> float:
    """Seconds between pictures with which they reach from the start to the end."""
    reader = FrameReader(video, 0, 64)
    with closing(iter(reader)) as frames:
        next(frames)
    return max(_LEAST_STEP, (reader.duration or 0) / max_frames)


def _sharpest(frames: Iterable[Frame], step: float, bar: ProgressBar) -> Iterator[Frame]:
    """The sharpest frame of each `step` seconds; two frames are in memory at most."""
    best: Frame | None = None
    best_score, stretch = -1.0, 0
    for frame in frames:
        bar.update()
        if best is not None and int(frame.time / step) != stretch:
            yield best
            best, best_score = None, -1.0
        stretch = int(frame.time / step)
        score = sharpness(gray_of(frame.image))
        if score > best_score:
            best, best_score = frame, score
    if best is not None:
        yield best


@dataclass
class _Taker:
    """Keeps frames that differ from those kept before."""

    collector: Collector
    video: Path
    max_side: int
    distinct: bool
    count: int = 0
    _kept: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        status = self.video.stat()
        self._id = f"{self.video.resolve()} {status.st_size} {status.st_mtime_ns}"

    def take(self, frame: Frame) -> None:
        """Keep a frame, or say why not."""
        key = f"frame {self._id} {self.max_side} {frame.number}"
        where, name = f"frame {frame.number}", f"{frame.time:.2f} s"
        cells = cells_of(gray_of(frame.image))
        if self.collector.is_settled(key):
            self._count(cells, kept=self.collector.settle_again(key, where, name) is not None)
            return
        try:
            self._check(cells)
        except LeftOut as left_out:
            self.collector.leave(key, where, name, left_out)
            return
        file = self.collector.staged(key)
        sha256 = save_jpeg(frame.image, file)
        stem = f"{safe_name(self.video.stem, 'video')}_{frame.number:06d}"
        prepared = Prepared(file, stem, ".jpg", sha256, PerceptualHash.of(frame.image))
        self._count(cells, kept=self.collector.settle(key, where, name, prepared) is not None)

    def _check(self, cells: np.ndarray) -> None:
        if shows_nothing(cells):
            raise LeftOut("shows nothing", "the frame is one colour")
        if self.distinct and not all(differ(cells, other) for other in self._kept):
            raise LeftOut("same as before", "it shows what a frame before shows; distinct=False keeps it")

    def _count(self, cells: np.ndarray, *, kept: bool) -> None:
        self.count += kept
        if kept:
            self._kept.append(cells)


def _stopped_early(frame: Frame, reader: FrameReader, max_frames: int, step: float) -> list[str]:
    if reader.duration is None or reader.duration - frame.time < 2 * step:
        return []
    return [
        f"Stopped after {max_frames} pictures, at {frame.time:.0f} s of {reader.duration:.0f} s. For more, raise "
        "max_frames; to reach the end, raise every."
    ]
