"""Which boxes of a clip are the same thing: boxes of following frames joined to tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tflhelpers.data.boxes import Boxes, iou_matrix

SAME_IOU = 0.25  # overlap with where a thing is expected, from which a box of the same class is that thing
OTHER_CLASS_IOU = 0.6  # the same for a box of another class: detectors waver between look-alikes
MOST_MISSED = 3  # frames that a thing may be missed for and still be the same


@dataclass
class Track:
    """One thing in the frames in which it was found.

    Attributes:
        frames: their numbers, rising, at most `MOST_MISSED` left out between two.
        xyxy: the box in each of them, float (4,).
        labels, scores: what the detector said of it.
    """

    frames: list[int] = field(default_factory=list)
    xyxy: list[np.ndarray] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, frame: int, xyxy: np.ndarray, label: int, score: float) -> None:
        """Append a frame."""
        self.frames.append(frame)
        self.xyxy.append(np.asarray(xyxy, np.float64))
        self.labels.append(int(label))
        self.scores.append(float(score))

    def expected(self, frame: int) -> np.ndarray:
        """Where the thing should be: it goes on as between the last two frames, half as fast at most trusted."""
        if len(self.frames) < 2:
            return self.xyxy[-1]
        speed = (self.xyxy[-1] - self.xyxy[-2]) / (self.frames[-1] - self.frames[-2])
        moved = np.tile((speed[:2] + speed[2:]) / 2, 2)  # its size is taken as it was
        return self.xyxy[-1] + 0.5 * moved * (frame - self.frames[-1])


def find_tracks(found: Sequence[Boxes], *, sure: float) -> list[Track]:
    """Join boxes of following frames.

    In each frame the sure boxes choose their tracks first, then the others, as in ByteTrack (Zhang et al., 2022,
    https://arxiv.org/abs/2110.06864): an unsure box continues a track, but never begins one.

    Args:
        found: the boxes of each frame, with scores, unsure ones too.
        sure: the score from which a box begins a track.
    """
    ended: list[Track] = []
    open_tracks: list[Track] = []
    for frame, boxes in enumerate(found):
        still = [track for track in open_tracks if frame - track.frames[-1] <= MOST_MISSED + 1]
        ended += [track for track in open_tracks if frame - track.frames[-1] > MOST_MISSED + 1]
        open_tracks = still
        scores = np.ones(len(boxes)) if boxes.scores is None else boxes.scores
        left = _continue(open_tracks, boxes, scores, frame, np.flatnonzero(scores >= sure))
        waiting = [track for track in open_tracks if track.frames[-1] != frame]
        _continue(waiting, boxes, scores, frame, np.flatnonzero(scores < sure))
        for row in left:
            track = Track()
            track.add(frame, boxes.xyxy[row], boxes.labels[row], scores[row])
            open_tracks.append(track)
    return ended + open_tracks


def _continue(
    tracks: list[Track], boxes: Boxes, scores: np.ndarray, frame: int, rows: np.ndarray
) -> list[int]:
    """Give each track the box that overlaps it most, the best pairs first; returns the rows that got none."""
    if not tracks or not len(rows):
        return rows.tolist()
    expected = np.stack([track.expected(frame) for track in tracks])
    overlaps = iou_matrix(expected.astype(np.float32), boxes.xyxy[rows])
    same = np.array([[track.labels[-1]] for track in tracks]) == boxes.labels[rows]
    worth = np.where(same, overlaps >= SAME_IOU, overlaps >= OTHER_CLASS_IOU)
    wish = np.where(worth, overlaps + same, -1.0)  # its own class before any other
    left = dict.fromkeys(rows.tolist())
    while wish.size and wish.max() >= 0:
        which, column = np.unravel_index(int(wish.argmax()), wish.shape)
        row = int(rows[column])
        tracks[which].add(frame, boxes.xyxy[row], boxes.labels[row], scores[row])
        del left[row]
        wish[which, :] = wish[:, column] = -1.0
    return list(left)
