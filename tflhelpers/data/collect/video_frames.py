"""Reads frames of a video one after the other, with their numbers and times, at a working size.

ffmpeg, which comes with imageio-ffmpeg, does the decoding; what is asked of it here is the rest. It turns frames as the
phone was held. It picks those that lie some time apart, by the video's own clock: phones film with a frame rate
that varies. It says of each its number among all frames.
"""

from __future__ import annotations

import queue
import re
import subprocess
import threading
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

_SHOWN = re.compile(r"^\[Parsed_showinfo_(\d+) .*?\] n: *(\d+) pts: *(\S+) pts_time: *(\S+).*? s:(\d+)x(\d+)")
_DURATION = re.compile(r"^ +Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
_ALL = 0  # the place in the chain of the filter that sees all frames; another one sees those picked
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


class FrameReader:
    """Iterates over frames of a video that lie at least `step` seconds apart. One frame is in memory at a time.

    Args:
        path: The video.
        step: Seconds; 0 for every frame.
        longest: Pixels of the longer side of larger frames afterwards.

    Attributes:
        duration: Seconds that the file says the video takes; known while iterating, None where it does not say.
        damaged: Whether ffmpeg ended with an error behind the last frame.

    Raises:
        FileNotFoundError: If there is no such file.
        VideoError: While iterating, if there is no frame to be had.
    """

    def __init__(self, path: Path, step: float, longest: int) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: expected a video file, got nothing there. Check the path.")
        self.path = path
        self.duration: float | None = None
        self.damaged = False
        self._command = _command(path, step, longest)
        self._numbers: deque[tuple[str, int]] = deque()
        self._picked: queue.Queue[tuple[str, float, int, int] | None] = queue.Queue()
        self._words: deque[str] = deque(maxlen=_WORDS_KEPT)

    def __iter__(self) -> Generator[Frame, None, None]:
        process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        listener = threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
        listener.start()
        count = 0
        try:
            for frame in self._frames(process.stdout):
                count += 1
                yield frame
            self.damaged = process.wait() != 0
        finally:
            process.kill()  # does nothing to one that has ended
            process.wait()
            listener.join()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        if count == 0:
            raise VideoError(f"{self.path}: expected a video, got no frame of it. {self._complaint()}")

    def _frames(self, stream) -> Iterator[Frame]:
        while (picked := self._picked.get()) is not None:
            clock, time, width, height = picked
            content = _read_whole(stream, width * height * 3)
            if content is None:
                return
            image = np.frombuffer(content, np.uint8).reshape(height, width, 3)
            yield Frame(image, self._number_of(clock), time)

    def _number_of(self, clock: str) -> int:
        """The number of the frame with this time among all: ffmpeg has named it before the one that it picked."""
        while self._numbers:
            other, number = self._numbers.popleft()
            if other == clock:
                return number
        raise VideoError(f"{self.path}: frames without a time cannot be counted. Convert it to MP4.")

    def _listen(self, stream) -> None:
        """Sort what ffmpeg says. Runs in a thread, or its pipe would fill and stop it."""
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip()
            if found := _SHOWN.match(line):
                place, number, clock, time, width, height = found.groups()
                if int(place) == _ALL:
                    self._numbers.append((clock, int(number)))
                else:
                    self._picked.put((clock, _seconds(time), int(width), int(height)))
            elif self.duration is None and (found := _DURATION.match(line)):
                hours, minutes, seconds = found.groups()
                self.duration = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
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


def _command(path: Path, step: float, longest: int) -> list[str]:
    pick = f"select='isnan(prev_selected_t)+gte(t-prev_selected_t,{max(0.0, step - 1e-4):.4f})'"
    chain = [
        "showinfo=checksum=0",
        pick,
        # pixels that are not square; then the working size, never larger than it was
        "scale=w='max(1,trunc(iw*sar))':h=ih",
        f"scale=w='min(iw,{longest})':h='min(ih,{longest})':force_original_aspect_ratio=decrease:flags=area",
        "format=rgb24",
        "showinfo=checksum=0",
    ]
    return [
        _ffmpeg(), "-hide_banner", "-nostats", "-loglevel", "info", "-nostdin",
        "-protocol_whitelist", "file", "-i", f"file:{path.resolve()}",
        "-map", "0:v:0", "-an", "-sn", "-dn", "-vf", ",".join(chain),
        *_no_repeats(_ffmpeg()), "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
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


def _ffmpeg() -> str:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise VideoError(
            "expected imageio-ffmpeg, which reads videos, got none. Install it: pip install imageio-ffmpeg"
        ) from None
    return imageio_ffmpeg.get_ffmpeg_exe()


def _read_whole(stream, length: int) -> bytes | None:
    content = stream.read(length)
    return content if len(content) == length else None


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # NOPTS
        return 0.0
