"""The boxes of a video's frames, kept in a file as they are found: a line of JSON for each frame.

The first line says of what: other boxes are not mixed with them. A process may die at any byte: a line that is not
whole does not count. The last line says that the video's end was reached.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tflhelpers.data.boxes import Boxes

VERSION = 1


@dataclass(frozen=True)
class Seen:
    """A frame: its number and time in seconds, and its boxes, or None if nobody looked for any."""

    number: int
    time: float
    boxes: Boxes | None


class VideoJournal:
    """Frames seen so far; use it as a context.

    Args:
        path: The file.
        of: What the boxes are of: the video, the detector and how it looked, as JSON would have it. A file of
            anything else is begun anew.

    Attributes:
        frames: Those of the file and those added since.
        end: What was said of the video when its end was reached; None before.
    """

    def __init__(self, path: Path, of: dict[str, Any]) -> None:
        self.path = path
        self.frames: list[Seen] = []
        self.end: dict[str, Any] | None = None
        self._head = _line({"version": VERSION, **of})
        self._file: BinaryIO | None = None

    def __enter__(self) -> VideoJournal:
        kept = self._read()
        self._file = self.path.open("r+b" if kept else "wb")
        self._file.truncate(kept)
        self._file.seek(kept)
        if not kept:
            self._append([self._head])
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, frames: Iterable[Seen]) -> None:
        """Remember frames, also if the machine dies the next moment."""
        frames = list(frames)
        self._append([_line(_entry(frame)) for frame in frames])
        self.frames += frames

    def finish(self, **said: Any) -> None:
        """Note that there are no more frames, and what is to be known of the video."""
        self._append([_line({"end": said})])
        self.end = said

    def _append(self, lines: list[bytes]) -> None:
        if self._file is None:
            raise RuntimeError("expected an open journal. Use it in a `with` block.")
        self._file.write(b"".join(lines))
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> int:
        """Take in what the file holds; returns how many of its bytes count."""
        try:
            lines = self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return 0
        if not lines or lines[0] != self._head:
            return 0
        kept = len(lines[0])
        for line in lines[1:]:
            try:
                entry = json.loads(line) if line.endswith(b"\n") else None
                if entry is None:
                    break
                if "end" in entry:
                    self.end = entry["end"]
                else:
                    self.frames.append(_seen(entry))
            except (ValueError, KeyError, TypeError):
                break
            kept += len(line)
        return kept


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode("utf-8") + b"\n"


def _entry(frame: Seen) -> dict[str, Any]:
    entry: dict[str, Any] = {"frame": frame.number, "time": round(frame.time, 6)}
    if frame.boxes is not None:
        scores = np.ones(len(frame.boxes)) if frame.boxes.scores is None else frame.boxes.scores
        entry["xyxy"] = np.asarray(frame.boxes.xyxy, np.float64).round(2).tolist()
        entry["labels"] = frame.boxes.labels.tolist()
        entry["scores"] = np.asarray(scores, np.float64).round(4).tolist()
    return entry


def _seen(entry: dict[str, Any]) -> Seen:
    boxes = None
    if "xyxy" in entry:
        xyxy = np.reshape(np.asarray(entry["xyxy"], np.float32), (-1, 4))
        boxes = Boxes(xyxy, entry["labels"], entry["scores"])
    return Seen(int(entry["frame"]), float(entry["time"]), boxes)
