"""Writes an export beside its place, proves it there, and only then swaps it in; what fails leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from tflhelpers.files.atomic_file import atomic_path
from tflhelpers.files.atomic_folder import replace_folder, scratch_beside
from tflhelpers.progress import ProgressBar, progress_bar

SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
Proof = TypeVar("Proof")


def write_file(
    path: Path, make: Callable[[], bytes], prove: Callable[[Path], Proof], *, progress: bool = True
) -> tuple[Proof, int]:
    """Writes a file, if `prove` finds nothing wrong with it; a file that is there is replaced.

    Args:
        path: of the file.
        make: gives its bytes.
        prove: looks at the file.
        progress: show a bar of the two.

    Returns:
        What `prove` made of the file, and its size in bytes.
    """
    with _bar(path, progress) as bar:
        content = bar.counted(make())
        with atomic_path(path, path.suffix) as part:
            part.write_bytes(content)
            return bar.counted(prove(part)), len(content)


def write_folder(
    folder: Path, save: Callable[[Path], None], prove: Callable[[Path], Proof], *, progress: bool = True
) -> Proof:
    """Writes the folder of a SavedModel, if `prove` finds nothing wrong with it; one that is there is replaced.

    Args:
        folder: made if absent.
        save: writes to the folder that it is given, which is new; beside it is room for what goes into it.
        prove: looks at what was saved.
        progress: show a bar of the two.

    Returns:
        What `prove` made of it.
    """
    with _bar(folder, progress) as bar, scratch_beside(folder) as scratch:
        new = scratch / "new"
        save(new)
        bar.update()
        proof = bar.counted(prove(new))
        replace_folder(new, folder)
    return proof


def _bar(place: Path, progress: bool) -> AbstractContextManager[ProgressBar]:
    return progress_bar(2, f"Exporting {place.name}", enabled=progress, delay=2)


def check_file(path: Path, example: str = "detector.tflite") -> None:
    """Raises ValueError where `path` is a folder; `example` is a name that a file in it may have."""
    if path.is_dir():
        raise ValueError(f"path must be a file, got the folder {path}. Write for example {path / example}.")


def check_folder(folder: Path) -> None:
    """Raises FileExistsError where `folder` holds something else than a SavedModel."""
    holds = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if folder.is_file() or (holds and not any(name in holds for name in SAVED_MODEL_FILES)):
        what = "a file" if folder.is_file() else f"a folder with {', '.join(sorted(holds)[:3])}"
        raise FileExistsError(
            f"expected a new folder, or one with a SavedModel to replace, got {folder}, {what}. Name another one."
        )


def bytes_of(folder: Path) -> int:
    """Of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
