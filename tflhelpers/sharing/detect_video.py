"""`detect_video`: what a detector finds in a clip, as a video or a GIF to share."""

from __future__ import annotations

import json
import math
import os
import zlib
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.data.boxes import Boxes, checked_threshold
from tflhelpers.data.images import image_size
from tflhelpers.data.likeness import SAME_SCENE, likeness, thumbnail
from tflhelpers.data.picture_files import pictures_in
from tflhelpers.data.record_pictures import is_record_picture
from tflhelpers.files.kinds import check_number
from tflhelpers.files.lock import alone_at
from tflhelpers.progress import ProgressBar, progress_bar
from tflhelpers.sharing.gif import write_gif
from tflhelpers.sharing.video_boxes import Clip, Found, PictureClip, find_boxes, shown_boxes
from tflhelpers.sharing.video_look import TITLE_SECONDS, VideoLook, fitted, title_card
from tflhelpers.sharing.video_parts import PART_FRAMES, VideoParts
from tflhelpers.sharing.video_times import Schedule, schedule

__all__ = ["VideoReport", "detect_video"]

GIF_SECONDS, GIF_STEP, GIF_LONGEST = 10.0, 0.08, 960
GIF_BYTES = 10_000_000
PICTURE_FPS, PICTURE_LONGEST = 12.0, 1920  # of pictures that are the frames of a film
PHOTO_SECONDS, GIF_PHOTO_SECONDS = 0.8, 40.0  # of photos that show different scenes
COMPARED = 6  # pairs of neighbours that tell which of both they are


@dataclass(frozen=True)
class VideoReport:
    """What `detect_video` wrote. Usable wherever a path is: `open(report)`, `Path(report)`.

    Attributes:
        path: the video or GIF.
        boxes_path: the boxes of each frame, one line of JSON each. With it, the same call finishes at once; a new
            caption, a new title or a threshold of 0.4 or more needs no new detection; and a new `every` or
            `max_seconds` needs it only for frames not looked at before. You may delete it.
        frames: how many frames of the clip it shows.
        seconds: how long they play, not counting the title.
        image_size: (height, width) of the file in pixels.
        size_bytes: size of the file.
        boxes: class name -> boxes drawn, over all frames.
        notes: what you should know, one sentence each.
    """

    path: Path
    boxes_path: Path
    frames: int
    seconds: float
    image_size: tuple[int, int]
    size_bytes: int
    boxes: dict[str, int]
    notes: tuple[str, ...] = ()

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        height, width = self.image_size
        found = ", ".join(f"{count} of {name}" for name, count in self.boxes.items() if count) or "none"
        facts = (
            f"{self.path}: {self.frames} frames, {self.seconds:.1f} s, {width}x{height}, "
            f"{self.size_bytes / 1e6:.2f} MB. Boxes: {found}."
        )
        return " ".join([facts, *self.notes])


def detect_video(
    detector: Any,
    source: str | os.PathLike | Sequence[str | os.PathLike],
    path: str | os.PathLike,
    *,
    fps: float = PICTURE_FPS,
    threshold: float | None = None,
    steady: bool = True,
    caption: str | None = None,
    title: str | None = None,
    before_after: bool = False,
    every: int = 1,
    max_seconds: float | None = None,
    max_bytes: int = GIF_BYTES,
    progress: bool = True,
) -> VideoReport:
    """Find things in a video or in pictures, and write an MP4 or a GIF with boxes around them.

    Clips may be long: memory does not grow with them. Frames are turned upright, as the phone was held, and a varying
    frame rate is made constant. If it is interrupted, call it again: detecting (a file next to `path` keeps the boxes)
    and writing both continue where they stopped. Sound is left out.

    Args:
        detector: a `Detector`, or anything that has `class_names` and `detect`.
        source: the video: MP4, MOV, WebM, AVI, ... (`read_video` has the list); or pictures: a list of files, or a
            folder of them.
        path: where to write, ending in .mp4 or .gif. A GIF shows the clip's first 10 seconds, at most 12.5 frames a
            second, 960 pixels and `max_bytes`.
        fps: frames per second, if the pictures are the frames of a video. Photos that show different scenes stay for
            0.8 s each, or nobody could look at them, and are not steadied.
        threshold: lowest score from 0 to 1; None for the detector's own.
        steady: smooth the boxes over time, without jitter, gaps and flicker (`steadying`); False draws each frame's
            boxes as they are.
        caption: text below the picture.
        title: text on a card before the clip, for two seconds.
        before_after: show the original on the left and the boxes on the right.
        every: run the detector on every n-th frame only; in between, boxes keep moving, or stay if not `steady`.
        max_seconds: how much of the clip to take. None takes all; for a GIF, 10 s of a video or 40 s of photos.
        max_bytes: largest size of a GIF.
        progress: show bars.

    Returns:
        What was written and found; `print` it.

    Raises:
        FileNotFoundError: there is no such video, picture, or picture in the folder.
        VideoError: the video has no readable frame, or the file cannot be written.
        TypeError: `detector` is none, or `source` is something other than files.
        ValueError: a number or name is out of range, or another file has the name meant for the boxes.
        GifError: `max_bytes` cannot be met.
        Locked: another program, or another cell, writes the same file; the message names its process.

    Example:
        `print(tfl.detect_video(detector, "droids.mov", "droids.mp4", title="Found them"))`
    """
    source, path, threshold = _checked(detector, source, path, fps, threshold, every, max_seconds)
    with alone_at(path, "path", "detect_video"):
        as_gif = path.suffix.lower() == ".gif"
        are_photos = not isinstance(source, Path) and not _are_one_film(source)
        clip = _clip_of(source, fps, max_seconds, as_gif, are_photos)
        limit, steady = clip.seconds, steady and not are_photos
        boxes_path = path.with_name(path.name + ".boxes.jsonl")
        found = find_boxes(detector, clip, boxes_path, threshold=threshold, every=every, progress=progress)
        boxes = shown_boxes(found.frames, threshold=threshold, steady=steady)
        look = VideoLook(tuple(detector.class_names), caption, before_after)
        film = _Film(clip, look, title, boxes, schedule([frame.time for frame in found.frames]))
        if as_gif:
            with closing(film.frames()) as frames:
                fps = _gif_fps(film.schedule.fps, source)
                info = write_gif(frames, path, fps=fps, max_bytes=max_bytes, progress=progress)
            image_size, notes = info.image_size, info.notes
        else:
            image_size, notes = _write_mp4(film, path, progress), ()
        return VideoReport(
            path,
            boxes_path,
            len(found.frames),
            film.schedule.seconds,
            image_size,
            path.stat().st_size,
            _counts(boxes, detector.class_names),
            (*_notes(found, limit, are_photos), *_nothing_shown(boxes, threshold), *notes),
        )


def _gif_fps(fps: float, source: list[Path] | Path) -> float:
    """The rate of a GIF: of a video, of which frames are left out anyway, the nearest that GIFs can show."""
    return fps if isinstance(source, list) else 100 / round(100 / fps)


def _nothing_shown(boxes: Sequence[Boxes], threshold: float) -> list[str]:
    return [] if any(map(len, boxes)) else [f"No box scored {threshold:.2f} or more: try a lower threshold."]


def _clip_of(
    source: list[Path] | Path, fps: float, seconds: float | None, as_gif: bool, are_photos: bool
) -> Clip:
    step, longest = (GIF_STEP - 0.005, GIF_LONGEST) if as_gif else (0.0, None)
    if seconds is None and as_gif:
        seconds = GIF_PHOTO_SECONDS if are_photos else GIF_SECONDS
    if isinstance(source, Path):
        return Clip(source, step, longest, seconds)
    fps = min(fps, 1 / PHOTO_SECONDS) if are_photos else fps
    return PictureClip(source[0], step, longest or PICTURE_LONGEST, seconds, paths=tuple(source), fps=fps)


def _are_one_film(pictures: list[Path]) -> bool:
    """Whether pictures show one scene after the other, as frames do: told by the first few pairs of neighbours."""
    first = pictures[: COMPARED + 1]
    if len(first) < 2:
        return True
    if len({image_size(path) for path in first}) > 1:
        return False
    thumbnails = np.array([thumbnail(path) for path in first])
    alike = [likeness(one[None], other[None])[0, 0] for one, other in pairwise(thumbnails)]
    return float(np.median(alike)) >= SAME_SCENE


def _checked(
    detector, source, path, fps, threshold, every, max_seconds
) -> tuple[list[Path] | Path, Path, float]:
    _check_detector(detector)
    source, path = _source_of(source), Path(path)
    first = source if isinstance(source, Path) else source[0]
    if path.suffix.lower() not in (".mp4", ".gif"):
        raise ValueError(
            f"path must end in .mp4 or .gif, got {path.name!r}. Write {path.with_suffix('.mp4').name!r}."
        )
    if path.exists() and path.samefile(first):
        raise ValueError(f"path must be another file than the video, got {str(path)!r} for both.")
    check_number(fps, "fps", 12)
    check_number(every, "every", 1)
    check_number(1 if max_seconds is None else max_seconds, "max_seconds", 10)
    if not (fps > 0 and math.isfinite(fps)):
        raise ValueError(f"fps must be pictures a second, more than 0, got {fps}.")
    if every < 1 or every != int(every):
        raise ValueError(
            f"every must be a number of frames, at least 1, got {every}. 1 looks at all of them."
        )
    if max_seconds is not None and not (max_seconds > 0 and math.isfinite(max_seconds)):
        raise ValueError(
            f"max_seconds must be more than 0, got {max_seconds}. For the whole clip leave it out."
        )
    threshold = checked_threshold(getattr(detector, "threshold", 0.5) if threshold is None else threshold)
    path.parent.mkdir(parents=True, exist_ok=True)
    return source, path, threshold


def _check_detector(detector: Any) -> None:
    if not callable(getattr(detector, "detect", None)) or not hasattr(detector, "class_names"):
        got = type(detector).__name__
        raise TypeError(
            f"detector must be a Detector, or have class_names and detect, got {got}. The call is "
            "detect_video(detector, source, path)."
        )


def _picture_paths(source: Any) -> list[Path]:
    """The paths of a list; raises TypeError where it is none, or one of something else."""
    wanted, got = "source must be a video, a folder, or a list of picture files", type(source).__name__
    if hasattr(source, "image_paths"):
        raise TypeError(f"{wanted}, got {got}. Write annotations.image_paths.")
    if not isinstance(source, Iterable):
        raise TypeError(f"{wanted}, got {got}. The call is detect_video(detector, source, path).")
    pictures = list(source)
    others = [type(each).__name__ for each in pictures if not isinstance(each, str | os.PathLike)]
    if others:
        raise TypeError(
            f"{wanted}, got a list of {others[0]}. For arrays use detect_all, draw_boxes and write_gif."
        )
    return [Path(each) for each in pictures]


def _source_of(path: str | os.PathLike | Sequence[str | os.PathLike]) -> list[Path] | Path:
    """A video, or the pictures of a list or folder."""
    if not isinstance(path, (str, os.PathLike)):
        pictures = _picture_paths(path)
        if not pictures:
            raise ValueError("source must be a video or pictures, got an empty list.")
        missing = next(
            (each for each in pictures if not each.is_file() and not is_record_picture(each)), None
        )
        if missing is not None:
            raise FileNotFoundError(f"{missing}: expected a picture, got nothing there. Check the path.")
        return pictures
    source = Path(path)
    if source.is_dir():
        if not pictures_in(source):
            raise FileNotFoundError(f"{source}: expected pictures in this folder, got none. Check the path.")
        return pictures_in(source)
    if isinstance(path, str) and "://" in path:
        raise ValueError(
            f"source must be a file on this machine, got the address {path}. Fetch it first: "
            f'urllib.request.urlretrieve({path!r}, "clip.mp4").'
        )
    if not source.is_file():
        raise FileNotFoundError(f"{source}: expected a video file, got nothing there. Check the path.")
    return source


@dataclass(frozen=True)
class _Film:
    """All that is shown, frame after frame, from any of them on."""

    clip: Clip
    look: VideoLook
    title: str | None
    boxes: Sequence[Boxes]
    schedule: Schedule

    @property
    def title_frames(self) -> int:
        return round(TITLE_SECONDS * self.schedule.fps) if self.title else 0

    @property
    def length(self) -> int:
        return self.title_frames + sum(self.schedule.counts)

    def mark(self) -> str:
        """What is shown, in words: the same for the same film."""
        shown = zlib.crc32(np.asarray(self.schedule.counts, np.int64).tobytes())
        for each in self.boxes:
            for array in (each.xyxy, each.labels, each.scores):
                shown = zlib.crc32(b"" if array is None else np.ascontiguousarray(array).tobytes(), shown)
        return json.dumps(
            [repr(self.clip), repr(self.look), self.title, self.schedule.fps, PART_FRAMES, shown]
        )

    def frames(self, start: int = 0) -> Generator[np.ndarray, None, None]:
        """The frames from number `start` on."""
        if start < self.title_frames:
            card = self._card()
            yield from (card for _ in range(start, self.title_frames))
        first, late = self.schedule.frame_at(max(0, start - self.title_frames))
        with closing(iter(self.clip.read(skip=first))) as raw:
            size: tuple[int, int] | None = None
            for place, frame in enumerate(islice(raw, len(self.boxes) - first), start=first):
                count = self.schedule.counts[place] - (late if place == first else 0)
                if count <= 0:
                    continue
                shown = self.look.compose(frame.image, self.boxes[place])
                size = size or (shown.shape[0], shown.shape[1])
                yield from (fitted(shown, size) for _ in range(count))

    def _card(self) -> np.ndarray:
        with closing(iter(self.clip.read())) as raw:
            picture = next(raw).image
        height, width = self.look.compose(picture, Boxes.empty(with_scores=True)).shape[:2]
        return title_card(self.title or "", picture, (height, width))


def _write_mp4(film: _Film, out: Path, progress: bool) -> tuple[int, int]:
    """Write the film part by part, those that are there already left as they are."""
    parts = VideoParts(out, film.mark(), film.schedule.fps)
    with (
        progress_bar(film.length, f"Writing {out.name}", enabled=progress) as bar,
        closing(film.frames(parts.done * PART_FRAMES)) as frames,
    ):
        bar.resume(min(film.length, parts.done * PART_FRAMES))
        while (first := next(frames, None)) is not None:
            size = (first.shape[0], first.shape[1])
            parts.write_next(_counted(chain([first], islice(frames, PART_FRAMES - 1)), bar), size)
    parts.join()
    return _size_of(out)


def _counted(frames: Iterator[np.ndarray], bar: ProgressBar) -> Iterator[np.ndarray]:
    for frame in frames:
        yield frame
        bar.update()


def _size_of(video: Path) -> tuple[int, int]:
    with closing(iter(Clip(video).read())) as frames:
        height, width = next(frames).image.shape[:2]
    return height, width


def _counts(boxes: Sequence[Boxes], class_names: Sequence[str]) -> dict[str, int]:
    labels = Counter(label for each in boxes for label in each.labels.tolist())
    return {name: labels.get(label, 0) for label, name in enumerate(class_names)}


def _notes(found: Found, limit: float | None, are_photos: bool) -> Iterator[str]:
    if are_photos:
        yield f"The pictures show different scenes, so each stays for {PHOTO_SECONDS:g} s."
    if found.cut and limit is not None:
        yield f"It shows the first {limit:g} s of the clip; max_seconds= changes that."
    if found.has_sound:
        yield "The sound was left out."
    if found.damaged and not found.cut:
        yield "The clip is damaged: nothing after the last frame could be read."
