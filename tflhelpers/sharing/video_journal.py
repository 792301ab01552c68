"""The boxes of a video's frames, kept in a file as they are found: a line of JSON for each frame.

The first line says of what: other boxes are not mixed with them. A process may die at any byte: a line that is not
whole does not count. A line with a place is of a frame that was passed over before, and is looked at now. A line after
the frames says that all that was wanted, or the video, was gone through.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tflhelpers.data.boxes import Boxes

VERSION = 2


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
        of: What the boxes are of: the video, the detector and how it looked, as JSON would have it. Boxes of
            anything else give way to these.
        from_score: The lowest score of the boxes wanted. Those of a file may go lower.

    Attributes:
        frames: Those of the file and those added since.
        end: What was said of the video behind the last of them; None where the work broke off there.

    Raises:
        ValueError: The file holds no boxes of a video; it is left as it is.
    """

    def __init__(self, path: Path, of: dict[str, Any], from_score: float) -> None:
        self.path, self._of, self._from_score = path, json.loads(json.dumps(of)), from_score
        self.frames: list[Seen] = []
        self.end: dict[str, Any] | None = None
        self._until: float | None = None
        self._file: BinaryIO | None = None

    def __enter__(self) -> VideoJournal:
        kept = self._read()
        self._file = self.path.open("r+b" if kept else "wb")
        self._file.truncate(kept)
        self._file.seek(kept)
        if not kept:
            self._append([_line({"version": VERSION, **self._of, "from_score": self._from_score})])
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
        self.end = None

    def fill(self, places: Iterable[int], boxes: Iterable[Boxes]) -> None:
        """Remember what is on frames that had been passed over."""
        seen = [
            (place, replace(self.frames[place], boxes=its)) for place, its in zip(places, boxes, strict=True)
        ]
        self._append([_line({"place": place, **_entry(frame)}) for place, frame in seen])
        for place, frame in seen:
            self.frames[place] = frame

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
        if self.path.is_dir():
            raise self._other("a folder")
        try:
            lines = self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return 0
        if not lines or not self._is_of_this(lines[0]):
            return 0
        kept = len(lines[0])
        for line in lines[1:]:
            try:
                entry = json.loads(line) if line.endswith(b"\n") else None
                if entry is None:
                    break
                self._take(entry)
            except (ValueError, KeyError, TypeError, IndexError):
                break
            kept += len(line)
        return kept

    def _take(self, entry: dict[str, Any]) -> None:
        if "end" in entry:
            self.end = {"until": self._until, **entry["end"]}
        elif "place" in entry:
            self.frames[entry["place"]] = _seen(entry)
        else:
            self.frames.append(_seen(entry))
            self.end = None

    def _is_of_this(self, line: bytes) -> bool:
        try:
            head = json.loads(line)
            version, from_score = head.pop("version"), head.pop("from_score")
            if version == 1:  # how much of the video, and how often, was part of the head
                *head["frames"], self._until, _ = head["frames"]
            return version <= VERSION and head == self._of and from_score <= self._from_score
        except (ValueError, KeyError, TypeError, AttributeError):
            if not line.startswith(b'{"version": '):  # one that a dying process had begun
                raise self._other("another file") from None
            return False

    def _other(self, got: str) -> ValueError:
        return ValueError(
            f"{self.path}: expected the boxes of a video, which are kept under this name, got {got}. Rename it, or "
            "give another path."
        )


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
