"""Where the photos of a project lie: in its data folder, in the one folder in it, or drawn ones for practice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.data.picture_files import pictures_in

if TYPE_CHECKING:
    from tflhelpers.folders import ProjectFolders

ANNOTATIONS = "annotations.json"
# Folders in `data` that mean something else than "my photos".
_OTHER_PURPOSES = {"boxes", "classes", "clip", "labelbox", "practice", "test"}


def practice_folder(project: ProjectFolders) -> Path:
    """Where the drawn photos go: apart, so that their boxes never mix with those of your own photos."""
    return project.data / "practice"


def own_folder(project: ProjectFolders) -> Path:
    """The folder of your photos: `project.data`, or the one folder in it that has photos while it has none itself."""
    data = project.data
    if pictures_in(data) or (data / ANNOTATIONS).exists():
        return data
    below = folders_with_photos(project)
    return below[0] if len(below) == 1 else data


def folders_with_photos(project: ProjectFolders) -> list[Path]:
    """The folders in `project.data` that hold photos, but for those that have a purpose of their own."""
    folders = (each for each in project.data.iterdir() if each.is_dir()) if project.data.is_dir() else ()
    return sorted(
        each
        for each in folders
        if each.name not in _OTHER_PURPOSES and not each.name.startswith(".") and pictures_in(each)
    )


def found_elsewhere(project: ProjectFolders) -> str:
    """A sentence about photos that do not lie where they are looked for; "" if there are none."""
    data = project.data
    below = folders_with_photos(project)
    if own_folder(project) != data:
        return f"They are in a folder of their own; put more photos there too, not into {data}."
    if not below:
        return ""
    named = ", ".join(f"{len(pictures_in(each))} in {each}" for each in below)
    return f"There are photos in folders that this project ignores: {named}. Move those you want into {data}."
