"""A GIF within a number of bytes: the best one that fits, found from a few sample frames.

`gif_ladder` says what may be given up and how much it hurts; `gif_estimate` how large each rung would be. The file
is then written one to three times: each time shows how far off the estimates were, so that the next ones are right.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tflhelpers.progress import progress_bar
from tflhelpers.sharing.gif_estimate import Estimate
from tflhelpers.sharing.gif_file import Frame, GifError, TooLargeError, WrittenGif, write_file
from tflhelpers.sharing.gif_ladder import Rung, ladder
from tflhelpers.sharing.quantise import COLOURS

WRITES = 3  # at most, once one has fitted
_CLOSE_LOOKS = 16  # at most, for one choice; then quick guesses must do
_ONE_STEP = 1.0
_KEPT_FRAMES = {
    2: "without every second frame",
    3: "with every third frame only",
    4: "with every fourth frame only",
}


def write_within(
    frames: Iterable[Frame], path: Path, centiseconds: int, max_bytes: int, *, progress: bool = True
) -> tuple[WrittenGif, int, tuple[str, ...]]:
    """Write the best GIF of at most `max_bytes`: no rung that is better by a visible step would fit.

    Returns:
        What was written, the display time of a frame in 1/100 s, and a sentence on what was given up, if
        anything.

    Raises:
        GifError: it cannot be made as small.
    """
    with _repeatable(frames) as kept:
        if not len(kept):
            raise ValueError(
                "frames must hold at least one picture, got none. Was the generator used up before?"
            )
        with progress_bar(None, "Looking for the best size", enabled=progress, delay=1) as bar:
            search = _Search(kept, centiseconds, max_bytes, Estimate(kept, bar.update))
            rung = search.next_rung()
        while rung is not None:
            search.write(rung, path, centiseconds, progress=progress)
            rung = search.next_rung()
        if search.best is None:
            raise GifError(
                f"{path}: expected at most {max_bytes} bytes, got about {search.least:.0f} with everything given up "
                f"that may be (see write_gif). Raise max_bytes, or give fewer than {len(kept)} frames."
            )
        written, best = search.best
        return written, centiseconds * best.every, _notes(best, written.image_size, max_bytes)


class _Search:
    """Which rungs were written, which fitted, and which to try next.

    Attributes:
        best: the best one that fitted, None so far.
        least: bytes of the smallest that did not.
    """

    def __init__(
        self, frames: Sequence[Frame], centiseconds: int, max_bytes: int, estimate: Estimate
    ) -> None:
        self.best: tuple[WrittenGif, Rung] | None = None
        self.least = float("inf")
        self._frames, self._max_bytes, self._estimate = frames, max_bytes, estimate
        self._rungs = ladder(estimate.image_size, 100 / centiseconds, len(frames))
        self._refused: set[Rung] = set()
        self._writes = 0
        self._off = 1.0  # true bytes / estimated ones, as the last write showed

    def write(self, rung: Rung, path: Path, centiseconds: int, *, progress: bool) -> None:
        """Write a rung to `path` if it fits; what stands there stays if not."""
        self._writes += 1
        expected = self._estimate.measured(rung)
        kept = self._frames[:: rung.every]
        try:
            written = write_file(
                kept, path, rung.look, centiseconds * rung.every, max_bytes=self._max_bytes, progress=progress
            )
        except TooLargeError as error:
            self._off = error.size_bytes / expected
            self.least = min(self.least, max(error.size_bytes, expected))
            self._refused.add(rung)
        else:
            self._off = written.size_bytes / expected
            self.best = written, rung

    def next_rung(self) -> Rung | None:
        """The best rung that is expected to fit, if it is better by a visible step than the best one so far."""
        if self.best is not None and self._writes >= WRITES:
            return None
        most = float("inf") if self.best is None else self.best[1].loss - _ONE_STEP
        worth = [rung for rung in self._rungs if rung.loss <= most and rung not in self._refused]
        allowed = self._max_bytes / self._off * (1.0 if self._writes < WRITES else 0.97**self._writes)
        looks = 0
        for rung in worth:
            quick, unsure = self._estimate.quick(rung)
            if quick > allowed * (unsure if looks < _CLOSE_LOOKS else 1.0):
                continue
            looks += 1
            if (self._estimate.measured(rung) if looks <= _CLOSE_LOOKS else quick) <= allowed:
                return rung
        if self.best is not None:
            return None
        smallest = min(self._rungs, key=lambda rung: (rung.look.scale, rung.look.colours, -rung.every))
        return None if smallest in self._refused else smallest


def _notes(rung: Rung, image_size: tuple[int, int], max_bytes: int) -> tuple[str, ...]:
    look, changes = rung.look, []
    if not look.dither:
        changes.append("without dithering")
    if look.scale < 1:
        changes.append(f"at {image_size[1]}x{image_size[0]}")
    if look.colours < COLOURS:
        changes.append(f"in {look.colours} colours")
    if rung.every > 1:
        changes.append(_KEPT_FRAMES[rung.every])
    return (f"To stay within {max_bytes} bytes it was written {', '.join(changes)}.",) if changes else ()


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
