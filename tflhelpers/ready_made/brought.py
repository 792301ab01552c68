"""What comes from other tools, to import: yours if it is there, drawn photos if not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tflhelpers.ready_made.places import practice_folder

if TYPE_CHECKING:
    from tflhelpers.folders import ProjectFolders


@dataclass(frozen=True)
class Brought:
    """What you bring from other tools.

    Attributes:
        folders: With photos and their boxes: of LabelImg, or as YOLO, COCO, CSV or TFRecord.
        url_lists: Lists of addresses of photos; they are to be fetched into the folder of the list.
        exports: Of Labelbox.
        is_practice: Whether it is ready-made: then the addresses are those of this machine.
    """

    folders: tuple[Path, ...] = ()
    url_lists: tuple[Path, ...] = ()
    exports: tuple[Path, ...] = ()
    is_practice: bool = False


def brought_for(project: ProjectFolders) -> tuple[Brought, str]:
    """Return what comes from other tools and the sentence about it: see `Project.brought`."""
    from tflhelpers.data.practice_sets import practice_labelbox, practice_labelimg

    boxes, labelbox = project.data / "boxes", project.data / "labelbox"
    exports = [file for pattern in ("*.json", "*.ndjson") for file in sorted(labelbox.glob(pattern))]
    exports = [file for file in exports if not file.name.startswith("collected_from_")]
    own = Brought(
        (boxes,) if boxes.is_dir() and any(boxes.iterdir()) else (),
        tuple(sorted(labelbox.glob("*.csv"))),
        tuple(exports),
    )
    if own.folders or own.exports:
        places = [*own.folders, *own.url_lists, *own.exports]
        return own, f"What you brought: {', '.join(str(place) for place in places)}."
    practice = practice_folder(project)
    urls, export = practice_labelbox(practice / "labelbox")
    ready = Brought((practice_labelimg(practice / "boxes"),), (urls,), (export,), is_practice=True)
    return ready, (
        f"There is nothing in {boxes} and {labelbox} yet, so you can practise on drawn photos of a duck, a penguin "
        f"and a lighthouse, in {practice}."
    )
