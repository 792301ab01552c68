"""How often each frame of a clip is shown, so that a film of constant rate keeps the clip's own time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MAX_FPS = 60.0
_STEADY = 0.6  # frames: a clip whose frames all lie this near to a constant rate is taken one for one


@dataclass(frozen=True)
class Schedule:
    """Frames a second of the film, and how often it shows each frame of the clip (0: too quick to be seen)."""

    fps: float
    counts: tuple[int, ...]

    @property
    def seconds(self) -> float:
        """How long the film plays."""
        return sum(self.counts) / self.fps

    def frame_at(self, slot: int) -> tuple[int, int]:
        """The clip's frame that the film shows in its frame `slot`, and how often it has been shown before.

        >>> Schedule(10, (1, 3, 0, 2)).frame_at(3), Schedule(10, (1, 3, 0, 2)).frame_at(4)
        ((1, 2), (3, 0))
        """
        ends = np.cumsum(self.counts)
        frame = int(np.searchsorted(ends, slot, side="right"))
        if frame == len(self.counts):
            return frame, 0
        return frame, slot - int(ends[frame] - self.counts[frame])


def schedule(times: Sequence[float]) -> Schedule:
    """The constant rate that suits a clip.

    Phones film with a rate that wavers a little: such clips keep all frames, at their mean rate. Where it really
    varies, the film has the quickest tenth's rate, and shows slow frames more than once.

    Args:
        times: seconds of each frame, rising.

    >>> schedule([0.0, 0.1, 0.2, 0.6])
    Schedule(fps=10.0, counts=(1, 1, 4, 1))
    """
    if len(times) < 2:
        return Schedule(1.0, (1,) * len(times))
    at = np.asarray(times, np.float64) - times[0]
    gaps = np.maximum(np.diff(at), 1e-4)
    mean = 1 / gaps.mean()
    if mean <= MAX_FPS * 1.01 and np.abs(at * mean - np.arange(len(at))).max() < _STEADY:
        return Schedule(round(float(mean), 3), (1,) * len(at))
    fps = round(float(min(MAX_FPS, 1 / np.quantile(gaps, 0.1))), 3)
    starts = np.round(at * fps).astype(int)
    return Schedule(fps, (*np.diff(starts).tolist(), 1))
