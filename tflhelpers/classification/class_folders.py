"""Classes as folders: the name of each folder is a class, the pictures in it and below are of that class."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from tflhelpers.classification.label_checks import Candidate
from tflhelpers.data.picture_files import PICTURE_ENDINGS, in_counting_order, pictures_in

# What archives, desktops and notebooks leave behind.
NOT_CLASSES = frozenset({"__MACOSX", "__pycache__", "@eaDir", "$RECYCLE.BIN", "System Volume Information"})
PARTS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})


def from_folders(folder: Path) -> tuple[list[str], list[Candidate], list[str]]:
    """Class names in the order people count, the files that may be pictures, and a sentence for what is not.

    Names are taken as they are, composed (Unicode NFC) and without spaces at their ends. Hidden folders, and those that
    archives leave (`__MACOSX`), are no classes.

    Raises:
        ValueError: there are no folders, two names cannot be told apart, or the folders are parts of a split set.
    """
    folders = in_counting_order(path for path in folder.iterdir() if path.is_dir() and _is_class(path.name))
    beside = pictures_in(folder)
    if not folders:
        raise ValueError(
            f"{folder} must hold a folder of pictures for each class, got no folder but {len(beside)} pictures. "
            "If they are all of one class, give the folder above it."
        )
    names = [unicodedata.normalize("NFC", path.name).strip() for path in folders]
    _refuse_parts(folder, folders)
    _refuse_alike(folders, names)
    candidates, left_out = [], []
    for label, class_folder in enumerate(folders):
        for path in _files_below(class_folder):
            if path.suffix.lower() in PICTURE_ENDINGS:
                candidates.append(Candidate(path, label, str(path)))
            else:
                left_out.append(f"Left out: {path} is no picture by its name.")
    if beside:
        left_out.append(f"Left out: {len(beside)} pictures directly in {folder}, in no class's folder.")
    return names, candidates, left_out


def _is_class(name: str) -> bool:
    return not name.startswith(".") and name not in NOT_CLASSES


def _files_below(folder: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_class(name))
        visible = (
            Path(path, name) for name in names if not name.startswith(".") and name.lower() != "thumbs.db"
        )
        yield from in_counting_order(visible)


def _refuse_parts(folder: Path, folders: list[Path]) -> None:
    if not folders or not {path.name.lower() for path in folders} <= PARTS:
        return
    raise ValueError(
        f"the folders in {folder} must be classes, got {', '.join(path.name for path in folders)}: parts of a set that "
        f'is split already. Give one of them, such as labelled_photos("{folders[0]}"), and another one as validation=.'
    )


def _refuse_alike(folders: list[Path], names: list[str]) -> None:
    first: dict[str, Path] = {}
    for path, name in zip(folders, names, strict=True):
        other = first.setdefault(name.casefold(), path)
        if other is not path:
            raise ValueError(
                f"class folders must differ by more than case and spaces, got {other.name!r} and {path.name!r} in "
                f"{path.parent}. Put their pictures together, or rename one."
            )
