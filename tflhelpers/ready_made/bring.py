"""Photos in: an upload where there are none yet, frames of a film, and what iPhone photos need."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tflhelpers.data.picture_files import PICTURE_FORMATS, pictures_in, videos_in
from tflhelpers.ready_made.places import own_folder

if TYPE_CHECKING:
    from tflhelpers.folders import ProjectFolders

FRAMES = 10
_HEIC_PACKAGE = "pillow-heif"


def upload_for(project: ProjectFolders) -> tuple[Any, str]:
    """Return what to show for bringing photos, None if nothing, and a sentence, "" if none: see `Project.upload`."""
    from tflhelpers.data.collect import upload

    own = pictures_in(own_folder(project))
    if project.in_colab and own:
        count = "1 photo" if len(own) == 1 else f"{len(own)} photos"
        return (
            None,
            f"You have {count}. To add more, run tfl.collect.upload(project.data) in a new cell.",
        )
    try:
        return upload(project.data), ""
    except RuntimeError as error:  # Colab's window does not open in VS Code: it says what to do instead
        return None, str(error)


def film_frames_for(
    project: ProjectFolders, film: str = "", *, max_frames: int = FRAMES, progress: bool = True
) -> str:
    """Take frames of a film and return the sentences about it: see `Project.film_frames`."""
    from tflhelpers.data.collect import from_video

    folders = (project.folder, project.data, project.data / "clip")
    films = [path for folder in folders for path in videos_in(folder)]
    there = f"There are: {', '.join(path.name for path in films)}." if films else "There is none yet."
    if not film:
        return f"No film is named in the settings, so no frames are taken. {there}"
    path = next((folder / film for folder in (*folders, Path()) if (folder / film).is_file()), None)
    if path is None:
        raise FileNotFoundError(
            f"{film}: expected a film in {project.folder} or {project.data}, got nothing there. {there} "
            "Put it there, or give its path."
        )
    return str(from_video(path, project.data, max_frames=max_frames, progress=progress))


def heic_for(project: ProjectFolders, *, install: bool = False) -> str:
    """Make photos of iPhones readable and return the sentence about it: see `Project.heic`."""
    from tflhelpers.data.collect.picture_kinds import heic_is_readable

    photos = [
        path for path in pictures_in(own_folder(project)) if path.suffix.lower() in PICTURE_FORMATS["HEIF"]
    ]
    there = f"HEIC photos in {own_folder(project)}: {len(photos)}." if photos else "There are no HEIC photos."
    if heic_is_readable():
        return f"{there} They can be read here."
    if not install:
        tick = f" To read them, tick heic in the settings: it installs {_HEIC_PACKAGE}." if photos else ""
        return f"{there}{tick}"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", _HEIC_PACKAGE], capture_output=True, text=True
    )
    importlib.invalidate_caches()
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        return f"{there} {_HEIC_PACKAGE} could not be installed: {said} Save the photos as JPEG instead."
    return f"{there} {_HEIC_PACKAGE} was installed, so they can be read now."
