"""A long video written part by part, so that a process that dies loses one part at most, and joined at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tflhelpers.data.video_reading import VideoError, ffmpeg_program
from tflhelpers.files.atomic_file import atomic_path, write_text
from tflhelpers.sharing.video_stream import VideoStream

PART_FRAMES = 450  # some 15 seconds


class VideoParts:
    """The parts of a video, in a folder beside it.

    Args:
        out: The video that they are going to be.
        of: What they show and how, in words: parts of anything else are thrown away.
        fps: Frames a second.

    Attributes:
        done: How many parts are there already; the next one has this number.
    """

    def __init__(self, out: Path, of: str, fps: float) -> None:
        self.out, self.fps = out, fps
        self.folder = out.with_name(f".{out.name}.parts")
        note = self.folder / "of.txt"
        if not (note.is_file() and note.read_text("utf-8") == of):
            shutil.rmtree(self.folder, ignore_errors=True)
            write_text(note, of)
        self.done = 0
        while self._path(self.done).exists():
            self.done += 1

    def write_next(self, frames: Iterable[np.ndarray], image_size: tuple[int, int]) -> int:
        """Write a part of all these frames, which is there when it is whole; returns how many they were."""
        with (
            atomic_path(self._path(self.done), ".mp4") as part,
            VideoStream(part, image_size, self.fps) as stream,
        ):
            for frame in frames:
                stream.add(frame)
        self.done += 1
        return stream.frames

    def join(self) -> None:
        """Make the video of all parts, without coding anything anew, and remove them.

        Raises:
            VideoError: ffmpeg cannot join them.
        """
        names = [self._path(number).name for number in range(self.done)]
        listing = self.folder / "parts.txt"
        listing.write_text("".join(f"file '{name}'\n" for name in names), "utf-8")
        with atomic_path(self.out, ".mp4") as whole:
            command = [
                ffmpeg_program(), "-hide_banner", "-nostats", "-loglevel", "error", "-nostdin", "-y",
                "-protocol_whitelist", "file", "-format_whitelist", "concat,mov", "-f", "concat", "-safe", "1",
                "-i", f"file:{listing.resolve()}", "-c", "copy",
                "-movflags", "+faststart", "-f", "mp4", f"file:{whole.resolve()}",
            ]  # fmt: skip
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode or not os.path.getsize(whole):
                said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
                raise VideoError(f"{self.out.name}: its parts cannot be joined. ffmpeg says: {said}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"part_{number:05d}.mp4"
