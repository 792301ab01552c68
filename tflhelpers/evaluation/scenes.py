"""`shared_scenes`: whether pictures to score with show the places that were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.images import read_image
from tflhelpers.progress import progress_bar

# Correlation of two gray thumbnails from which two pictures count as one scene. Measured: 4056 pairs of photos of
# different places stay at 0.70 and below; when a clip's frames are split at random, 89 % to 100 % of the frames held
# out have one of 0.80 or more in the other part (docs/decisions.md).
SAME_SCENE = 0.8
SIDE = 16  # of a thumbnail, in pixels
_FLAT = 2.0  # standard deviation, of 255, below which a thumbnail shows nothing to compare


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


def thumbnail(path: Path) -> np.ndarray:
    """The picture, small and gray. float32 (256,), 0 to 255."""
    gray = Image.fromarray(read_image(path)).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(gray, np.float32).ravel()


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation of each thumbnail of `a` (n, 256) with each of `b` (m, 256). float64 (n, m), -1 to 1.

    Thumbnails that show nothing (fog, black) are like each other if they are as bright, and like no others.
    """
    flat_a, flat_b = a.std(axis=1) < _FLAT, b.std(axis=1) < _FLAT
    # Rounded, so that pictures which are as like are so on every processor, and the first of them is named.
    correlation = np.round(_standard(a) @ _standard(b).T, 9)
    as_bright = np.abs(a.mean(axis=1)[:, None] - b.mean(axis=1)[None]) < _FLAT
    return np.where(flat_a[:, None] | flat_b[None], (flat_a[:, None] & flat_b[None]) & as_bright, correlation)


def _standard(thumbnails: np.ndarray) -> np.ndarray:
    centred = thumbnails.astype(np.float64) - thumbnails.mean(axis=1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)


def _counted(bar, value: np.ndarray) -> np.ndarray:
    bar.update()
    return value
