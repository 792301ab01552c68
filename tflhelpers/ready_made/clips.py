"""The film or the pictures to find things in: yours if there are any, a drawn clip if not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.data.picture_files import pictures_in, videos_in
from tflhelpers.ready_made.places import own_folder

if TYPE_CHECKING:
    from tflhelpers.project import Project


def clip_for(project: Project) -> tuple[Path | list[Path], str]:
    """What to find things in: give it to :func:`tflhelpers.detect_video`.

    Args:
        project: From :func:`tflhelpers.open_project`.

    Returns:
        Your film or pictures, in ``project.data/clip`` or else with your photos, a film before pictures; the path of a
        film, or the paths of pictures in order (``frame2`` before ``frame10``). Without any, the 48 frames of a drawn
        toy duck. And the sentence that says which.
    """
    from tflhelpers.data.samples import duck_clip

    clip = project.data / "clip"
    for folder in dict.fromkeys((clip, project.data, own_folder(project))):
        videos, pictures = videos_in(folder), pictures_in(folder)
        if videos:
            others = f" (the first of {len(videos)} films there)" if len(videos) > 1 else ""
            return videos[0], f"Your film {videos[0]}{others}."
        if pictures:
            more = "" if folder == clip else f" A film, or pictures of one, belong into {clip}."
            return pictures, f"Your {_pictures(pictures)} in {folder}.{more}"
    frames = list(duck_clip().image_paths)
    return frames, (
        f"There is no film and no picture in {clip}, so these are {len(frames)} frames of a drawn toy duck."
    )


def _pictures(paths: list[Path]) -> str:
    return "1 picture" if len(paths) == 1 else f"{len(paths)} pictures"
