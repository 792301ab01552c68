"""What a notebook works on while you have not made your own: functions that return a thing and a sentence.

With these, "Run all" gets to the end in every notebook: your own photos, detector and clip are used when they
are in the project folder, ready-made ones when they are not, and the sentence says which.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tflhelpers.data.annotations import Annotations
    from tflhelpers.model.detector import Detector
    from tflhelpers.project import Project

PHOTO_ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".bmp", ".gif"}


def photos_for(project: Project) -> tuple[Annotations, str]:
    """The annotated photos to train on.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        The photos of ``project.data/annotations.json`` if it has boxes, otherwise the five drawn photos of a
        toy duck that ship with the package; and the sentence that says which.
    """
    from tflhelpers.data.samples import duck_photos

    file = project.data / "annotations.json"
    own = _annotated_photos(file)
    if own is not None:
        return own, f"Your own {len(own)} photos with {_count_boxes(own)} boxes, from {file}."
    sample = duck_photos()
    reason = f"{file} has no boxes yet" if file.exists() else f"There is no {file}"
    return sample, f"{reason}, so these are the {len(sample)} drawn photos of a toy duck."


def scoring_photos_for(project: Project) -> tuple[Annotations, str]:
    """The annotated photos to measure with.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        The photos of ``project.data/test/annotations.json`` if it has boxes; otherwise, if there are no own
        photos to train on either, the drawn clip; otherwise the training photos themselves; and the sentence
        that says which, and what that means for the numbers.
    """
    from tflhelpers.data.samples import duck_clip

    file = project.data / "test" / "annotations.json"
    unseen = _annotated_photos(file)
    if unseen is not None:
        return unseen, f"Measured on {len(unseen)} photos that were not trained on, from {file}."
    own = _annotated_photos(project.data / "annotations.json")
    if own is None:
        clip = duck_clip()
        return clip, f"Measured on the {len(clip)} frames of the drawn clip, which were not trained on."
    return own, (
        f"Measured on the {len(own)} training photos, so the numbers flatter. "
        f"For honest ones put other annotated photos into {file.parent}."
    )


def detector_for(
    project: Project, *, name: str = "detector", steps: int | None = None
) -> tuple[Detector, str]:
    """The detector to use.

    Args:
        project: From :func:`tflhelpers.open_project`.
        name: The folder in ``project.models`` to look for.
        steps: Training steps when there is no saved detector; None lets ``fine_tune`` choose.

    Returns:
        The detector saved in ``project.models/<name>``, otherwise the embedded one, fine-tuned now on
        :func:`photos_for` and saved there; and the sentence that says which.
    """
    from tflhelpers.model.detector import Detector
    from tflhelpers.training.fine_tune import fine_tune

    folder = project.models / name
    if folder.is_dir() and any(folder.iterdir()):
        detector = Detector.load(folder)
        return detector, f"The detector for {_listed(detector.class_names)} saved in {folder}."
    photos, origin = photos_for(project)
    detector = Detector.embedded(photos.class_names)
    fine_tune(detector, photos, steps=steps)
    detector.save(folder)
    return (
        detector,
        f"There was no detector in {folder}, so one was trained just now and saved there. {origin}",
    )


def clip_for(project: Project) -> tuple[list[Path], str]:
    """The pictures to make a GIF of, in order.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        The pictures in ``project.data/clip`` (``frame2`` before ``frame10``), otherwise those in
        ``project.data``, otherwise the 48 frames of a drawn toy duck; and the sentence that says which.
    """
    from tflhelpers.data.samples import duck_clip

    for folder in (project.data / "clip", project.data):
        pictures = _pictures_in(folder)
        if pictures:
            return pictures, f"The {len(pictures)} pictures in {folder}."
    frames = list(duck_clip().image_paths)
    missing = project.data / "clip"
    return (
        frames,
        f"There are no pictures in {missing}, so these are {len(frames)} frames of a drawn toy duck.",
    )


def _annotated_photos(file: Path) -> Annotations | None:
    """What the file holds; None if there is no file or no box in it."""
    from tflhelpers.data.annotations import Annotations

    if not file.exists():
        return None
    annotations = Annotations.load(file)
    return annotations if _count_boxes(annotations) else None


def _count_boxes(annotations: Annotations) -> int:
    return sum(len(boxes) for _, boxes in annotations)


def _pictures_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        (path for path in folder.iterdir() if path.suffix.lower() in PHOTO_ENDINGS), key=_counting_order
    )


def _counting_order(path: Path) -> list[tuple[int, str]]:
    """Sort key by which ``frame2`` comes before ``frame10``."""
    pieces = re.split(r"(\d+)", path.name.lower())
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]


def _listed(names: tuple[str, ...], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
