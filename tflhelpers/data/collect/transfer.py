"""`upload` and `download`: between the notebook's machine and the computer that shows the notebook."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

from tflhelpers.data.collect.names import free_name, safe_name
from tflhelpers.files.atomic_file import atomic_file, atomic_path

_OURS = b"made by tflhelpers.collect.download"  # in the comment of a zip
_NOT_IN_VS_CODE = (
    "Colab's upload window did not open. In VS Code's Colab extension it does not work: open the notebook in a "
    "browser, or put the files on Google Drive."
)


def upload(folder: str | os.PathLike[str]) -> Any:
    """Bring files from your computer into a folder. A file of a name that is taken gets a number.

    Outside Colab each file is written as soon as it arrives, while later cells may run.

    Args:
        folder: Where they go; made where missing.

    Returns:
        In Colab, whose window waits for you: the list of paths. Elsewhere a button to show: make it the last line of
        a cell. Its `paths` are those written so far.

    Raises:
        RuntimeError: If Colab's window does not open, as in VS Code.

    Example:
        `collect.upload("photos")`
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return _upload_in_colab(folder) if _in_colab() else _make_button(folder)


def download(path: str | os.PathLike[str]) -> Any:
    """Bring a file, such as a GIF or a detector's folder, to your computer.

    Args:
        path: A file, or a folder, which comes as a zip that is made beside it: "photos.zip", or "photos_2.zip" where
            you have a file of that name.

    Returns:
        In Colab, where the browser saves it: the path. Elsewhere a link to show: make it the last line of a cell.

    Raises:
        FileNotFoundError: If there is nothing there.
        RuntimeError: If Colab cannot hand it over, as in VS Code.

    Example:
        `collect.download("results/duck.gif")`
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a file to download, got nothing there. Check the path.")
    if path.is_dir():
        path = _as_zip(path)
    if not _in_colab():
        from IPython.display import FileLink

        return FileLink(os.path.relpath(path))  # notebook servers show files below the notebook's folder
    from google.colab import files

    try:
        files.download(str(path))
    except Exception as error:
        raise RuntimeError(
            f"Colab did not hand over {path.name} ({error}). In VS Code's Colab extension this does not work: open the "
            "notebook in a browser, or copy the file to Google Drive."
        ) from error
    return path


def _in_colab() -> bool:
    try:
        return importlib.util.find_spec("google.colab") is not None
    except (ImportError, ValueError):
        return "google.colab" in sys.modules


def _upload_in_colab(folder: Path) -> list[Path]:
    here = Path.cwd()
    try:
        from google.colab import files

        with tempfile.TemporaryDirectory() as aside:
            os.chdir(aside)  # Colab writes a copy of each file into the working directory
            uploaded: Mapping[str, bytes] = files.upload()
    except Exception as error:
        raise RuntimeError(f"{_NOT_IN_VS_CODE} ({error})") from error
    finally:
        os.chdir(here)
    return [write_new(folder, name, content) for name, content in uploaded.items()]


def _make_button(folder: Path) -> Any:
    import ipywidgets

    class UploadButton(ipywidgets.FileUpload):
        """Chooses files and writes them. `paths`: what was written so far."""

        paths: list[Path]

    button = UploadButton(multiple=True, description=f"Upload to {folder.name or folder}")
    button.layout.width = "auto"
    button.paths = []

    def take(change: Mapping[str, Any]) -> None:
        button.paths += [write_new(folder, name, content) for name, content in _files_of(change["new"])]
        done = len(button.paths)
        button.description = f"{done} {'file' if done == 1 else 'files'} in {folder.name or folder}"

    button.observe(take, "value")
    return button


def _files_of(value: Any) -> Iterable[tuple[str, bytes]]:
    """The files of an upload: ipywidgets 7 has {name: {"content": ...}}, 8 has ({"name": ..., "content": ...}, ...)."""
    if isinstance(value, Mapping):
        return [(name, bytes(item["content"])) for name, item in value.items()]
    return [(item["name"], bytes(item["content"])) for item in value]


def write_new(folder: Path, name: str, content: bytes) -> Path:
    """Write a file, whole or not at all, under a name that is free and safe; return its path."""
    path = Path(name.replace("\\", "/"))
    taken = {each.name.lower() for each in folder.iterdir()}
    target = folder / free_name(safe_name(path.stem, "file"), safe_ending(path.suffix), taken)
    with atomic_file(target) as file:
        file.write(content)
    return target


def safe_ending(suffix: str) -> str:
    """A file name's ending without letters that a disk may refuse."""
    letters = "".join(letter for letter in suffix[1:] if letter.isalnum())[:16]
    return f".{letters}" if letters else ""


def _as_zip(folder: Path) -> Path:
    """Zip a folder beside it; only a zip that was made here is replaced, any other file keeps its name."""
    path = _place_of_zip(folder if folder.name not in ("", "..") else folder.resolve())
    with atomic_path(path, ".zip") as part:
        made = shutil.make_archive(
            str(part.with_suffix("")), "zip", folder.resolve().parent, folder.resolve().name
        )
        with zipfile.ZipFile(made, "a") as archive:
            archive.comment = _OURS
    return path


def _place_of_zip(folder: Path) -> Path:
    endings = chain([""], (f"_{number}" for number in count(2)))
    places = (folder.with_name(f"{folder.name}{ending}.zip") for ending in endings)
    return next(place for place in places if not os.path.lexists(place) or _is_our_zip(place))


def _is_our_zip(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment == _OURS and not path.is_symlink()
    except (OSError, zipfile.BadZipFile):
        return False
