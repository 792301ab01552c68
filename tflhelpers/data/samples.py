"""The drawn samples that the package ships: a toy duck on five photos and a clip, and three things on 42 photos.

The project drew the pictures itself (tools/draw_samples.py, and for the three things benchmarks/drawn_things.py):
their boxes are exact, and all may share them.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from tflhelpers.data.annotations import Annotations

__all__ = ["duck_clip", "duck_photos", "thing_photos"]


def duck_photos() -> Annotations:
    """Return five photos (480 x 640) of one toy duck in five places, one box of class "duck" on each.

    Raises:
        FileNotFoundError: If the package was installed without its data files.

    Example:
        >>> duck_photos()
        Annotations(1 class, 5 pictures, 5 boxes)
    """
    return _load("photos.json")


def duck_clip() -> Annotations:
    """Return the 48 frames (360 x 480) of a clip that loops, in order, each with the box of the same duck.

    No frame is one of `duck_photos`, so the clip is a fair exam for a detector that learned from them.

    Raises:
        FileNotFoundError: If the package was installed without its data files.

    Example:
        >>> duck_clip().class_names
        ('duck',)
    """
    return _load("clip.json")


def thing_photos() -> Annotations:
    """Return 42 photos (240 x 320) with boxes of the classes "duck", "penguin" and "lighthouse".

    Five of them show none of these, but things that resemble them. Penguins and lighthouses are fewer than ducks in
    the first 18, and as many in the other 24.

    Raises:
        FileNotFoundError: If the package was installed without its data files.

    Example:
        >>> thing_photos()
        Annotations(3 classes, 42 pictures, 53 boxes)
    """
    return _load("things.json")


def _load(name: str) -> Annotations:
    """Read one of the shipped annotation files, its pictures beside it."""
    folder = Path(str(resources.files("tflhelpers.data"))) / "samples"
    if not (folder / name).is_file():
        raise FileNotFoundError(
            f"expected the sample pictures in {folder}, got no {name} there. Install tflhelpers again, "
            "or draw them with `python -m tools.draw_samples` in a checkout."
        )
    return Annotations.load(folder / name)
