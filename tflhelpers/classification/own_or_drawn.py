"""`labelled_photos_for`: what the notebook sorts, your own pictures or drawn clothes, and which of them it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.classification.labelled import LabelledPictures, labelled_photos
from tflhelpers.data.drawn_clothes import CLOTHES_CLASSES, drawn_clothes
from tflhelpers.data.picture_files import pictures_in

if TYPE_CHECKING:
    from tflhelpers.folders import ProjectFolders

DRAWN_IMAGES = 100  # of each class


def labelled_photos_for(
    project: ProjectFolders, *, folder: str = "classes", count: int = DRAWN_IMAGES, progress: bool = True
) -> tuple[LabelledPictures, str]:
    """Return the pictures to sort into classes and the sentence about them: see `Project.labelled_photos`."""
    own = project.data / folder
    if own.is_dir() and any(pictures_in(each) for each in own.iterdir() if each.is_dir()):
        pictures = labelled_photos(own, progress=progress)
        return (
            pictures,
            f"Your own {len(pictures)} pictures of {len(pictures.class_names)} classes, from {own}.",
        )
    practice = Path(project.data) / f"practice_clothes_{count}"
    pictures = labelled_photos(drawn_clothes(practice, count), progress=progress)
    names = " and ".join(CLOTHES_CLASSES)
    return pictures, (
        f"There are no folders of pictures in {own}, so these are {len(pictures)} drawn clothes, "
        f"{names}, in {practice}."
    )
