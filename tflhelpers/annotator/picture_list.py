"""Which pictures an annotator shows, from what a person gives, and what they are called."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.coco_writer import relative_name
from tflhelpers.data.picture_files import PICTURE_ENDINGS, in_counting_order, pictures_in

_KINDS = "a folder, a pattern like 'photos/*.jpg', a list of picture files, or Annotations"


def list_pictures(images: Any) -> list[Path]:
    """Return the picture files meant, each once, as absolute paths; those of a folder in counting order.

    Args:
        images: A folder, a pattern, one file, a list of files, or `Annotations`. Files of a list may be missing:
            the annotator shows which.

    Raises:
        ValueError: If there is no picture, or something else than files, for instance arrays.
    """
    paths = [Path(os.path.abspath(path)) for path in _paths(images)]
    if not paths:
        raise ValueError(f"expected pictures to draw on, got an empty list. Give {_KINDS}.")
    return list(dict.fromkeys(paths))


def name_pictures(paths: Sequence[Path], folder: Path) -> list[str]:
    """Return a name for each picture, no two alike: the file's as seen from the annotation file's folder.

    Pictures outside that folder are called by their bare names as long as no other is called so.
    """
    names = [relative_name(path, folder) for path in paths]
    short = [name if _is_below(name) else path.name for name, path in zip(names, paths, strict=True)]
    count = Counter(short)
    return [brief if count[brief] == 1 else name for brief, name in zip(short, names, strict=True)]


def _is_below(name: str) -> bool:
    return not name.startswith("../") and not os.path.isabs(name)


def _paths(images: Any) -> Iterable[str | os.PathLike[str]]:
    if isinstance(images, Annotations):
        return images.image_paths
    if isinstance(images, (str, os.PathLike)):
        return _paths_of(Path(images))
    if hasattr(images, "__array__") or not isinstance(images, Iterable):
        raise ValueError(_not_files(images))
    items = list(images)
    for item in items:
        if not isinstance(item, (str, os.PathLike)):
            raise ValueError(_not_files(item))
    return items


def _paths_of(path: Path) -> list[Path]:
    if path.is_dir():
        found = pictures_in(path)
        if not found:
            endings = ", ".join(sorted(PICTURE_ENDINGS))
            raise ValueError(f"{path}: expected a folder with pictures ({endings}), found none in it.")
        return found
    if path.is_file():
        return [path]
    found = in_counting_order(Path(name) for name in glob.glob(str(path)) if os.path.isfile(name))
    if not found:
        raise ValueError(
            f"{path}: there is no such folder or file, and as a pattern it fits none. Give {_KINDS}."
        )
    return found


def _not_files(item: Any) -> str:
    return (
        f"images must be files, got {type(item).__name__}. Boxes are kept under the names of picture files: "
        "save the pictures first, for instance with PIL.Image.fromarray(array).save('photo.png')."
    )
