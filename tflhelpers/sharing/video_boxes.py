"""The boxes of all frames of a video: found, kept in a journal while they are, and steadied."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import fit_within, read_image
from tflhelpers.data.video_reading import Frame, VideoError, read_video
from tflhelpers.progress import progress_bar
from tflhelpers.sharing.steadying import UNSURE_PART, steady_boxes
from tflhelpers.sharing.video_journal import Seen, VideoJournal

CHUNK = 64  # frames looked at between two lines of the journal; some 16 of them are in memory at once
UNSURE = 0.2  # boxes are kept from this score on, or less where the threshold asks for it
MOST_BOXES = 50  # in a frame
_ENDS = 1 << 20  # bytes at both ends of a video by which it is known again


class Frames(Protocol):
    """Something to go through frame by frame, as often as wished; see `FrameReader` for what it knows."""

    duration: float | None
    fps: float | None
    has_sound: bool
    damaged: bool

    def __iter__(self) -> Generator[Frame, None, None]: ...


@dataclass(frozen=True)
class Clip:
    """Which frames of a video are shown: at least `step` seconds apart, up to `seconds`, at most `longest` pixels."""

    path: Path
    step: float = 0.0
    longest: int | None = None
    seconds: float | None = None

    def read(self, skip: int = 0) -> Frames:
        """The frames, the first `skip` left out."""
        return read_video(self.path, step=self.step, longest=self.longest, skip=skip)

    def mark(self) -> list[int]:
        """By what the video is known again, wherever it lies: its size, and a checksum of its ends."""
        return file_mark(self.path)

    def ends_before(self, time: float) -> bool:
        """Whether a frame at this time comes behind `seconds`; a journal's times are rounded."""
        return self.seconds is not None and time > self.seconds - 1e-6


@dataclass(frozen=True)
class PictureClip(Clip):
    """Pictures as the frames of a film, in order, `fps` of them a second; `path` is the first one's.

    Attributes:
        paths: of the pictures.
        fps: pictures a second.
    """

    paths: tuple[Path, ...] = ()
    fps: float = 12.0

    def read(self, skip: int = 0) -> Frames:
        return PictureFrames(self, skip)

    def mark(self) -> list[int]:
        return [number for path in self.paths for number in file_mark(path)]


class PictureFrames:
    """Goes through the pictures of a `PictureClip`, one of which is in memory at a time; see `FrameReader`."""

    has_sound = damaged = False

    def __init__(self, clip: PictureClip, skip: int) -> None:
        self._clip, self._skip = clip, skip
        self.fps: float | None = clip.fps
        self.duration: float | None = len(clip.paths) / clip.fps

    def __iter__(self) -> Generator[Frame, None, None]:
        for number in self._numbers()[self._skip :]:
            image = read_image(self._clip.paths[number])
            small = image if self._clip.longest is None else fit_within(image, self._clip.longest)
            yield Frame(small, number, number / self._clip.fps)

    def _numbers(self) -> list[int]:
        """Those of the pictures that lie at least a step apart."""
        shown: list[int] = []
        for number in range(len(self._clip.paths)):
            if not shown or (number - shown[-1]) / self._clip.fps >= self._clip.step - 1e-4:
                shown.append(number)
        return shown


@dataclass(frozen=True)
class Found:
    """All frames of a clip with what was found in those that were looked at.

    Attributes:
        frames: one entry a frame.
        has_sound, damaged: see `FrameReader`.
        cut: whether the video goes on after the clip.
        known: frames that were known from the run before.
    """

    frames: list[Seen]
    has_sound: bool
    damaged: bool
    cut: bool
    known: int


def find_boxes(
    detector: Any, clip: Clip, journal: Path, *, threshold: float, every: int, progress: bool
) -> Found:
    """Look at every `every`-th frame of a clip, but for those that the journal knows.

    Raises:
        ValueError: the journal's name is taken by something else.
        VideoError: there is no frame to be had.
    """
    floor = min(UNSURE, UNSURE_PART * threshold)
    of = {
        "video": clip.mark(),
        "frames": [clip.step, clip.longest],
        "detector": detector_mark(detector),
    }
    with VideoJournal(journal, of, floor) as kept:
        known = len(kept.frames)
        if not _is_gone_through(clip, kept):
            _go_on(detector, clip, kept, every, floor, progress)
        _look_at_passed(detector, clip, kept, every, floor, progress)
        end = kept.end or {}
        frames = [frame for frame in kept.frames if not clip.ends_before(frame.time)]
        cut = len(frames) < len(kept.frames) or end["until"] is not None
        shown = [
            frame if place % every == 0 else replace(frame, boxes=None) for place, frame in enumerate(frames)
        ]
        return Found(shown, end["has_sound"], end["damaged"], cut, known)


def _is_gone_through(clip: Clip, journal: VideoJournal) -> bool:
    """Whether the journal has each frame of the clip: it knows the video's end, or went as far."""
    if journal.end is None:
        return False
    until = journal.end["until"]
    return until is None or (clip.seconds is not None and clip.seconds <= until)


def _look_at_passed(
    detector: Any, clip: Clip, journal: VideoJournal, every: int, floor: float, progress: bool
) -> None:
    """Look at the frames that a call with a larger `every` has passed over."""
    places = [
        place
        for place, frame in enumerate(journal.frames)
        if place % every == 0 and frame.boxes is None and not clip.ends_before(frame.time)
    ]
    if not places:
        return
    wanted = set(places)
    with (
        closing(iter(clip.read(skip=places[0]))) as raw,
        progress_bar(len(places), "Detecting", enabled=progress) as bar,
    ):
        images = (frame.image for place, frame in enumerate(raw, start=places[0]) if place in wanted)
        for start in range(0, len(places), CHUNK):
            chunk = places[start : start + CHUNK]
            journal.fill(chunk, _detect(detector, islice(images, len(chunk)), floor))
            bar.update(len(chunk))


def _go_on(
    detector: Any, clip: Clip, journal: VideoJournal, every: int, floor: float, progress: bool
) -> None:
    reader = clip.read(skip=len(journal.frames))
    with closing(iter(reader)) as raw, progress_bar(None, "Detecting", enabled=progress) as bar:
        cut: list[Frame] = []
        frames = _within(clip, raw, cut)
        bar.resume(len(journal.frames))
        while chunk := _look(detector, islice(frames, CHUNK), len(journal.frames), every, floor):
            journal.add(chunk)
            bar.update(len(chunk))
            bar.set_total(_total(reader, clip))
    if not journal.frames:
        raise VideoError(f"{clip.path}: expected frames, got none in the first {clip.seconds:g} s.")
    journal.finish(has_sound=reader.has_sound, damaged=reader.damaged, until=clip.seconds if cut else None)


def _within(clip: Clip, frames: Iterator[Frame], cut: list[Frame]) -> Iterator[Frame]:
    """Those of the frames that the clip shows; the first one behind it goes to `cut`."""
    for frame in frames:
        if clip.ends_before(frame.time):
            cut.append(frame)
            return
        yield frame


def _total(reader: Frames, clip: Clip) -> int | None:
    if reader.duration is None or reader.fps is None:
        return None
    seconds = reader.duration if clip.seconds is None else min(clip.seconds, reader.duration)
    return round(seconds * (min(reader.fps, 1 / clip.step) if clip.step else reader.fps))


def _look(detector: Any, frames: Iterator[Frame], first: int, every: int, floor: float) -> list[Seen]:
    """Find boxes in the frames, of which a few at a time are in memory."""
    passed: list[tuple[int, float]] = []

    def looked_at() -> Iterator[np.ndarray]:
        for place, frame in enumerate(frames, start=first):
            passed.append((frame.number, frame.time))
            if place % every == 0:
                yield frame.image

    found = iter(_detect(detector, looked_at(), floor))
    places = enumerate(passed, start=first)
    return [Seen(*frame, next(found) if place % every == 0 else None) for place, frame in places]


def _detect(detector: Any, images: Iterator[np.ndarray], floor: float) -> list[Boxes]:
    options = {"threshold": floor, "max_boxes": MOST_BOXES}
    if hasattr(detector, "detect_all"):
        return detector.detect_all(images, progress=False, **options)
    return [detector.detect(image, **options) for image in images]


def shown_boxes(frames: Sequence[Seen], *, threshold: float, steady: bool) -> list[Boxes]:
    """The boxes to draw in each frame: steadied, or as found and held until the next frame looked at."""
    looked = [(place, frame.boxes) for place, frame in enumerate(frames) if frame.boxes is not None]
    places, boxes = [place for place, _ in looked], [each for _, each in looked]
    if steady:
        return steady_boxes(boxes, threshold=threshold, numbers=places, total=len(frames))
    shown: list[Boxes] = []
    current = Boxes.empty(with_scores=True)
    for frame in frames:
        if frame.boxes is not None:
            scores = frame.boxes.scores
            current = frame.boxes if scores is None else frame.boxes[scores >= threshold]
        shown.append(current)
    return shown


def file_mark(path: Path) -> list[int]:
    """By what a file is known again, wherever it lies: its size, and a checksum of its ends."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_ENDS)
        file.seek(max(0, size - _ENDS))
        return [size, zlib.crc32(file.read(_ENDS), zlib.crc32(start))]


def detector_mark(detector: Any) -> list[Any]:
    """By what a detector is known again: its kind, classes, a checksum of its weights if it shows them, its tiles."""
    network = getattr(detector, "network", None)
    checksum = 0
    for weights in network.get_weights() if network is not None else ():
        checksum = zlib.crc32(np.ascontiguousarray(weights).tobytes(), checksum)
    tiles = getattr(detector, "tiles", None)
    looks = [] if tiles is None else [list(tiles)]
    return [type(detector).__name__, list(detector.class_names), checksum, *looks]
