"""`shared_scenes`: whether pictures to score with show the places that were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.likeness import SAME_SCENE, likeness, thumbnail
from tflhelpers.progress import ProgressBar, progress_bar


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
        first = max(self.pairs, key=lambda pair: pair[2])
        return (
            f"{len(self.pairs)} of the {self.n_pictures} pictures show a scene that was trained on, such as "
            f"{first[0].name} and {first[1].name}: the scores say how well the detector knows these scenes, and "
            "flatter it elsewhere. Score with pictures from other places, and never split the frames of one "
            "clip between training and scoring."
        )


def shared_scenes(
    trained_on: Annotations, scored_with: Annotations, *, same_scene: float = SAME_SCENE
) -> SharedScenes:
    """Look for scenes that both sets show: by the correlation of their pictures, 16 pixels small and gray.

    Args:
        trained_on: what the detector was trained on.
        scored_with: what it is to be scored with.
        same_scene: correlation, -1 to 1, from which two pictures count as one scene.

    Example:
        `print(shared_scenes(photos, measured_on))`
    """
    total = len(trained_on) + len(scored_with)
    with progress_bar(total, "Comparing scenes", delay=2) as bar:
        known, new = (
            np.array([_counted(bar, thumbnail(path)) for path in annotations.image_paths])
            for annotations in (trained_on, scored_with)
        )
    if not len(known) or not len(new):
        return SharedScenes((), len(new))
    alike = likeness(new, known)
    nearest = alike.argmax(axis=1)
    pairs = [
        (scored_with.image_paths[row], trained_on.image_paths[nearest[row]], float(alike[row, nearest[row]]))
        for row in np.flatnonzero(alike.max(axis=1) >= same_scene)
    ]
    return SharedScenes(tuple(pairs), len(new))


def _counted(bar: ProgressBar, value: np.ndarray) -> np.ndarray:
    bar.update()
    return value
