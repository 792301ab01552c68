"""`read_video`: the frames of a video one after the other, with their numbers and times.

ffmpeg, which comes with imageio-ffmpeg, does the decoding; what is asked of it here is the rest. It turns frames as the
phone was held. It picks those that lie some time apart, by the video's own clock: phones film with a frame rate
that varies. It says of each its number among all frames.
"""

from __future__ import annotations

import atexit
import math
import os
import queue
import re
import subprocess
import threading
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.data.video_containers import HEAD_BYTES, NAMES, demuxer_of
from tflhelpers.files.stand_ins import stand_in_at

__all__ = ["Frame", "FrameReader", "VideoError", "read_video"]

_SHOWN = re.compile(r"^\[Parsed_showinfo_(\d+) .*?\] n: *(\d+) pts: *(\S+) pts_time: *(\S+).*? s:(\d+)x(\d+)")
_DURATION = re.compile(r"^ +Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_RATE = re.compile(r"^ +Stream #\d+:.*: Video:.* (\d+(?:\.\d+)?)(k?) fps")
_SOUND = re.compile(r"^ +Stream #\d+:.*: Audio:")
_ALL = 0  # the place in the chain of the filter that sees all frames; another one sees those picked
_CRASHED = "ffmpeg itself crashed on it: pip install -U imageio-ffmpeg, or convert the video to MP4."
_LONGEST_LINE = 1000  # bytes of what ffmpeg says: a video's own title and tags may be of any length
_WORDS_KEPT = 20  # lines of what ffmpeg says, for an error


class VideoError(ValueError):
    """A file of which no frames can be had; the message names the file and what to do."""


@dataclass(frozen=True)
class Frame:
    """One frame: RGB uint8 (H, W, 3), upright.

    Attributes:
        image: The picture.
        number: Which of all frames of the video, from 0.
        time: Seconds from the video's start.
    """

    image: np.ndarray
    number: int
    time: float


def read_video(
    path: str | os.PathLike[str], *, step: float = 0, longest: int | None = None, skip: int = 0
) -> FrameReader:
    """The frames of a video, to go through one by one: `for frame in read_video("clip.mp4"): frame.image`.

    Each is RGB uint8 (H, W, 3), turned upright as the phone was held, pixels made square, with its time by the
    video's own clock, also where its frame rate varies. One frame is in memory at a time.

    Args:
        path: An MP4, MOV, 3GP, WebM, MKV, AVI, MPEG, MTS, WMV, FLV, OGV or GIF, told by its first bytes. Playlists and
            patterns, which would make ffmpeg open other files, are refused whatever they are called.
        step: Seconds that frames lie apart at least; 0 for every frame.
        longest: Pixels of the longer side of larger frames afterwards; None leaves them as they are.
        skip: So many of these frames are left out at the beginning.

    Returns:
        Something to iterate over, as often as wished; see `FrameReader` for what else it knows.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A number is out of range.
        VideoError: While iterating, if there is no frame to be had.
    """
    if not (step >= 0 and math.isfinite(step)):
        raise ValueError(f"step must be seconds, 0 or more, got {step}. For every frame leave it out.")
    if longest is not None and longest < 16:
        raise ValueError(f"longest must be at least 16 pixels, got {longest}. Leave it out for full size.")
    if skip < 0 or skip != int(skip):
        raise ValueError(f"skip must be a number of frames, 0 or more, got {skip}.")
    return FrameReader(Path(path), step, longest, int(skip))


class FrameReader:
    """Iterates over frames of a video that lie at least `step` seconds apart. One frame is in memory at a time.

    Args:
        path: The video.
        step: Seconds; 0 for every frame.
        longest: Pixels of the longer side of larger frames afterwards; None for no limit.
        skip: So many of the frames picked are left out at the beginning.

    Attributes:
        duration: Seconds that the file says the video takes; known while iterating, None where it does not say.
        fps: Frames a second, on average, that the file says it has; known while iterating, None where it does not say.
        has_sound: Whether there is sound beside the pictures; known while iterating.
        damaged: Whether ffmpeg ended with an error behind the last frame.

    Raises:
        FileNotFoundError: If there is no such file.
        VideoError: While iterating, if there is no frame to be had.
    """

    def __init__(self, path: Path, step: float, longest: int | None, skip: int = 0) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: expected a video file, got nothing there. Check the path.")
        self.path = path
        self.duration: float | None = None
        self.fps: float | None = None
        self.has_sound = False
        self.damaged = False
        self._skip = skip
        self._settings = step, longest, skip
        self._forget()

    def _forget(self) -> None:
        """Begin with empty hands: a reader may be gone through again."""
        self._numbers: deque[tuple[str, int]] = deque()
        self._picked: queue.Queue[tuple[str, float, int, int] | None] = queue.Queue()
        self._words: deque[str] = deque(maxlen=_WORDS_KEPT)

    def __iter__(self) -> Generator[Frame, None, None]:
        self._forget()
        command = _command(self.path, self._demuxer(), *self._settings)
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        listener = threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
        listener.start()
        end = partial(_end, process, listener)
        atexit.register(end)  # else a reader that an error has left open aborts the program at its exit
        count = 0
        try:
            for frame in self._frames(process.stdout):
                count += 1
                yield frame
            self.damaged = process.wait() != 0
        finally:
            atexit.unregister(end)
            end()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        if count == 0 and not self._skip:
            why = self._complaint() if process.returncode >= 0 else _CRASHED
            raise VideoError(f"{self.path}: expected a video, got no frame of it. {why}")

    def _demuxer(self) -> str:
        with self.path.open("rb") as file:
            name = demuxer_of(file.read(HEAD_BYTES))
        if name is None:
            found = stand_in_at(self.path)
            what = (
                f"It is {found}."
                if found
                else f"It is no video, or it is damaged: it begins like no {NAMES}."
            )
            raise VideoError(f"{self.path}: expected a video, got no frame of it. {what}")
        return name

    def _frames(self, stream: Any) -> Iterator[Frame]:
        while (picked := self._picked.get()) is not None:
            clock, time, width, height = picked
            image = np.empty((height, width, 3), np.uint8)
            if not _fill(image, stream):
                return
            yield Frame(image, self._number_of(clock), time)

    def _number_of(self, clock: str) -> int:
        """The number of the frame with this time among all: ffmpeg has named it before the one that it picked."""
        while self._numbers:
            other, number = self._numbers.popleft()
            if other == clock:
                return number
        raise VideoError(f"{self.path}: frames without a time cannot be counted. Convert it to MP4.")

    def _listen(self, stream: Any) -> None:
        """Sort what ffmpeg says. Runs in a thread, or its pipe would fill and stop it."""
        for raw in stream:
            line = raw[:_LONGEST_LINE].decode("utf-8", "replace").rstrip()
            if found := _SHOWN.match(line):
                place, number, clock, time, width, height = found.groups()
                if int(place) == _ALL:
                    self._numbers.append((clock, int(number)))
                else:
                    self._picked.put((clock, _seconds(time), int(width), int(height)))
            elif self.duration is None and (found := _DURATION.match(line)):
                hours, minutes, seconds = found.groups()
                self.duration = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
            elif _SOUND.match(line):
                self.has_sound = True
            elif self.fps is None and (found := _RATE.match(line)):
                self.fps = float(found[1]) * (1000 if found[2] else 1)
            elif line and "showinfo" not in line:
                self._words.append(line)
        self._picked.put(None)

    def _complaint(self) -> str:
        said = " ".join(self._words).replace(str(self.path), self.path.name)
        known = {
            "Invalid data": "It is no video, or it is damaged: copy it again.",
            "moov atom": "Its end is missing: copy it again.",
            "does not contain any stream": "It has sound but no pictures.",
            "matches no streams": "It has sound but no pictures.",
        }
        for words, sentence in known.items():
            if words in said:
                return sentence
        return f"ffmpeg says: {self._words[-1] if self._words else 'nothing'}"


def _end(process: subprocess.Popen[bytes], listener: threading.Thread) -> None:
    process.kill()  # does nothing to one that has ended
    process.wait()
    listener.join()


def _command(path: Path, demuxer: str, step: float, longest: int | None, skip: int) -> list[str]:
    pick = f"select='isnan(prev_selected_t)+gte(t-prev_selected_t,{max(0.0, step - 1e-4):.4f})'"
    fit = f"w='min(iw,{longest})':h='min(ih,{longest})':force_original_aspect_ratio=decrease:flags=area"
    chain = [
        "showinfo=checksum=0",
        pick,
        *([f"select='gte(n,{skip})'"] if skip else []),
        # pixels that are not square; then the working size, never larger than it was
        "scale=w='max(1,trunc(iw*sar))':h=ih",
        *([f"scale={fit}"] if longest is not None else []),
        "format=rgb24",
        "showinfo=checksum=0",
    ]
    return [
        ffmpeg_program(), "-hide_banner", "-nostats", "-loglevel", "info", "-nostdin",
        "-protocol_whitelist", "file", "-format_whitelist", demuxer, "-f", demuxer, "-i", f"file:{path.resolve()}",
        "-map", "0:v:0", "-an", "-sn", "-dn", "-vf", ",".join(chain),
        *_no_repeats(ffmpeg_program()), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
    ]  # fmt: skip


@lru_cache(maxsize=4)
def _no_repeats(ffmpeg: str) -> list[str]:
    """The option that makes ffmpeg hand out each frame once: else it repeats them until their rate is constant."""
    said = subprocess.run(
        [ffmpeg, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    ).stdout
    version = re.match(r"ffmpeg version n?(\d+)\.(\d+)", said)
    old = version is not None and (int(version[1]), int(version[2])) < (5, 1)
    return ["-vsync", "0"] if old else ["-fps_mode", "passthrough"]


def ffmpeg_program() -> str:
    """The ffmpeg that imageio-ffmpeg brings."""
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def _fill(image: np.ndarray, stream: Any) -> bool:
    """Read the pixels of a whole picture; False if the stream ends before."""
    room = memoryview(image.data).cast("B")
    while len(room):
        count = stream.readinto(room)
        if not count:
            return False
        room = room[count:]
    return True


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # NOPTS
        return 0.0
