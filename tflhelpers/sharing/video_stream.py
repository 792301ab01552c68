"""An H.264 file being encoded: frames go in one after the other, ffmpeg writes them.

The ffmpeg is that of imageio-ffmpeg. Chosen so that the file plays in every browser and on phones: 8 bits, 4:2:0,
even sides, its index in front (`faststart`), and colours tagged BT.709, which players assume anyhow: without the
conversion, yellow would come out a shade greener.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np

from tflhelpers.data.video_reading import VideoError, ffmpeg_program

QUALITY = 21  # x264's constant rate factor: less is better and larger; 18 cannot be told from the source
PRESET = "veryfast"  # of x264: three times as fast as its default, the files some 10 % larger


class VideoStream:
    """Writes one MP4 file; use it as a context. If the block raises, ffmpeg is stopped and the file is not whole.

    Args:
        path: Where ffmpeg writes.
        image_size: (height, width) of all frames; an odd side gets a pixel more, a copy of its last.
        fps: Frames a second.

    Attributes:
        frames: How many were added.

    Raises:
        VideoError: ffmpeg could not go on: the message says why.
    """

    def __init__(self, path: Path, image_size: tuple[int, int], fps: float) -> None:
        self.path, self.image_size, self.frames = path, image_size, 0
        self._margins = [(0, side % 2) for side in image_size] + [(0, 0)]
        height, width = even_size(image_size)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with us)
        self._process = subprocess.Popen(
            _command(path, (height, width), fps),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
        )

    def add(self, frame: np.ndarray) -> None:
        """Add a frame, RGB uint8 of the size of all."""
        if any(after for _, after in self._margins):
            frame = np.pad(frame, self._margins, mode="edge")
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(np.ascontiguousarray(frame).data)
        except OSError:  # ffmpeg has ended
            raise self._error() from None
        self.frames += 1

    def __enter__(self) -> VideoStream:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._process.kill()  # does nothing to one that has ended
            self._process.wait()
            if self._process.stdin is not None and not self._process.stdin.closed:
                with contextlib.suppress(OSError):  # what was still in the pipe
                    self._process.stdin.close()
            self._said.close()

    def _finish(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            raise self._error() from None
        if self._process.wait() != 0:
            raise self._error()

    def _error(self) -> VideoError:
        self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        said = next((line for line in reversed(lines) if line.strip()), "nothing")
        return VideoError(
            f"{self.path.name}: expected to write a video, got stopped after {self.frames} frames. ffmpeg says: "
            f"{said} Is there room on the disk?"
        )


def even_size(image_size: tuple[int, int]) -> tuple[int, int]:
    """The size that H.264 stores: odd sides are a pixel longer.

    >>> even_size((37, 54))
    (38, 54)
    """
    height, width = image_size
    return height + height % 2, width + width % 2


def _command(path: Path, image_size: tuple[int, int], fps: float) -> list[str]:
    height, width = image_size
    rate = Fraction(fps).limit_denominator(1001)
    return [
        ffmpeg_program(), "-hide_banner", "-nostats", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(rate), "-i", "pipe:0",
        "-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p,"
        "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709",
        "-an", "-c:v", "libx264", "-preset", PRESET, "-crf", str(QUALITY), "-pix_fmt", "yuv420p",
        "-movflags", "+faststart", "-f", "mp4", f"file:{path.resolve()}",
    ]  # fmt: skip
