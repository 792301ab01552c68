"""The film or the pictures to find things in: yours if there are any, a drawn clip if not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.data.picture_files import pictures_in, videos_in
from tflhelpers.ready_made.places import own_folder

if TYPE_CHECKING:
    from tflhelpers.folders import ProjectFolders


def clip_for(project: ProjectFolders) -> tuple[Path | list[Path], str]:
    """Return what to find things in and the sentence about it: see `Project.clip`."""
    from tflhelpers.data.samples import duck_clip

    clip = project.data / "clip"
    for folder in dict.fromkeys((clip, project.data, own_folder(project))):
        videos, pictures = videos_in(folder), pictures_in(folder)
        if videos:
            others = f" (the first of {len(videos)} videos there)" if len(videos) > 1 else ""
            return videos[0], f"Your video {videos[0]}{others}."
        if pictures:
            more = "" if folder == clip else f" Put a video, or its frames, into {clip}."
            return pictures, f"Your {_pictures(pictures)} in {folder}.{more}"
    frames = list(duck_clip().image_paths)
    return frames, (
        f"There is no video and no picture in {clip}, so these are {len(frames)} frames of a drawn toy duck."
    )


def _pictures(paths: list[Path]) -> str:
    return "1 picture" if len(paths) == 1 else f"{len(paths)} pictures"
