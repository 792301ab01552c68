"""`SharedScenes`: whether pictures to score with show the places that were trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflhelpers.data.likeness import likeness, thumbnail
from tflhelpers.progress import progress_bar


@dataclass(frozen=True)
class SharedScenes:
    """The pictures to score with that look like one that was trained on. Prints as a sentence.

    Attributes:
        pairs: (picture to score with, the picture trained on that is most like it, how much: 0.8 to 1).
        n_pictures: number of pictures to score with.
    """

    pairs: tuple[tuple[Path, Path, float], ...]
    n_pictures: int

    def __bool__(self) -> bool:
        """True if a scene is shared."""
        return bool(self.pairs)

    def __str__(self) -> str:
        if not self.pairs:
            return (
                f"None of the {self.n_pictures} pictures looks like one that was trained on (most of the picture "
                "was compared, not the object)."
            )
        new, known, _ = max(self.pairs, key=lambda pair: pair[2])
        example = new.name if new == known else f"{new.name} and {known.name}"
        return (
            f"{len(self.pairs)} of the {self.n_pictures} pictures show a scene that was trained on, such as "
            f"{example}: the scores say how well the detector knows these scenes, and "
            "promise too much for others. Score with pictures from other places, and never split the frames of one "
            "clip between training and scoring."
        )


def compare_scenes(
    trained_on: Sequence[Path], measured_on: Sequence[Path], same_scene: float, *, progress: bool = True
) -> SharedScenes:
    """Look for scenes that both lists of pictures show: see `Annotations.shared_scenes`."""
    total = len(trained_on) + len(measured_on)
    with progress_bar(total, "Comparing scenes", enabled=progress, delay=2) as bar:
        known, new = (
            np.array([bar.counted(thumbnail(path)) for path in paths]) for paths in (trained_on, measured_on)
        )
    if not len(known) or not len(new):
        return SharedScenes((), len(new))
    alike = likeness(new, known)
    nearest = alike.argmax(axis=1)
    pairs = [
        (measured_on[row], trained_on[nearest[row]], float(alike[row, nearest[row]]))
        for row in np.flatnonzero(alike.max(axis=1) >= same_scene).tolist()
    ]
    return SharedScenes(tuple(pairs), len(new))
