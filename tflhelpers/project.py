"""Where things live: one project folder, on Google Drive in Colab and on the local disk elsewhere."""

from __future__ import annotations

import html
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MOUNT_POINT = Path("/content/drive")
"""Where Colab shows Google Drive."""

_log = logging.getLogger(__name__)

# A piece of drive.mount's message -> what it means for a person. The first that fits is taken.
_MOUNT_FAILURES = (
    (
        "already contain files",
        f"{MOUNT_POINT} already holds files, so Drive cannot appear there. Move them away, or choose "
        "Runtime > Disconnect and delete runtime, and run again.",
    ),
    ("contain a space", "the place for Drive has a space in its path."),
    ("symlink", f"{MOUNT_POINT} is a symbolic link. Remove it and run again."),
    (
        "domain policy",
        "your school's or company's administrator has switched Drive off for programs. "
        "Sign in to Colab with a private account.",
    ),
    (
        "timeout",
        "Drive did not answer in time. Thousands of files at the top of My Drive cause this. "
        "Run again: the second attempt is often quicker.",
    ),
    (
        "credential propagation",
        "access to Drive was not granted. Run again and allow it in the window that opens, all boxes ticked.",
    ),
    (
        "mount failed",
        "Colab could not mount Drive. In VS Code's Colab extension mounting does not work: open the notebook "
        "in a browser. In the browser, run again and allow access in the window that opens.",
    ),
    (
        "transport endpoint",
        "Drive was mounted, but the connection broke. Choose Runtime > Restart session and run again.",
    ),
)


@dataclass(frozen=True)
class Project:
    """The folders of one project. All exist.

    Attributes:
        folder: The project folder.
        in_colab: Whether this runs in Google Colab.
        on_drive: Whether the folder is on Google Drive, where it outlives the session.
        notes: What a person should know, one sentence each; empty when all went well.
    """

    folder: Path
    in_colab: bool = False
    on_drive: bool = False
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> Path:
        """Where GIFs, pictures and tables go."""
        return self.folder / "results"

    @property
    def data(self) -> Path:
        """Where your photos and their ``annotations.json`` lie."""
        return self.folder / "data"

    @property
    def models(self) -> Path:
        """Where trained detectors are kept, a folder each."""
        return self.folder / "models"

    def __str__(self) -> str:
        rows = [f"{name:8} {what}" for name, what in self._table()]
        return "\n".join([*rows, *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        cell = "<td style='text-align:left'>"
        rows = "".join(
            f"<tr>{cell}<b>{name}</b></td>{cell}{html.escape(what)}</td></tr>" for name, what in self._table()
        )
        notes = "".join(f"<p><b>Note:</b> {html.escape(note)}</p>" for note in self.notes)
        return f"<table>{rows}</table>{notes}"

    def _table(self) -> list[tuple[str, str]]:
        kept = "on Google Drive, kept when the session ends" if self.on_drive else "on this machine"
        if self.in_colab and not self.on_drive:
            kept = "on Colab's own disk: gone when the session ends, so download what you want to keep"
        return [
            ("project", f"{self.folder} ({kept})"),
            ("data", f"{self.data} (photos and annotations.json)"),
            ("models", f"{self.models} (trained detectors)"),
            ("results", f"{self.results} (GIFs, pictures, tables)"),
        ]


def open_project(name: str = "transfer_learning_project", *, parent: str | Path | None = None) -> Project:
    """Find or make the project folder with ``data``, ``models`` and ``results`` in it.

    In Colab Google Drive is mounted and the folder lies in My Drive. Where that fails, the reason is
    explained in ``notes`` (and logged once) and work goes on in a local folder. Elsewhere the folder lies in
    the current directory, which in Jupyter is the notebook's own.

    Args:
        name: The folder's name.
        parent: A folder to put it in, instead of My Drive or the current directory.

    Returns:
        The project; shown in a notebook, it lists where things are.

    Raises:
        ValueError: If ``name`` is not a plain folder name.
        OSError: If the folder cannot be made; the message says where and what to do.
    """
    if name in ("", "..") or Path(name).name != name:
        raise ValueError(
            f"name must be a plain folder name, got {name!r}. Give the folder above it as parent=."
        )
    in_colab = _has_module("google.colab")
    problem = _mount_drive() if in_colab and parent is None else ""
    on_drive = in_colab and parent is None and not problem
    if parent is None:
        parent = MOUNT_POINT / "MyDrive" if on_drive else Path.cwd()
    notes = (f"Google Drive is not mounted: {problem} Work goes on in a local folder.",) if problem else ()
    for note in notes:
        _log.warning(note)
    project = Project(Path(parent).expanduser().resolve() / name, in_colab, on_drive, notes)
    _make_folders(project)
    return project


def _make_folders(project: Project) -> None:
    for folder in (project.data, project.models, project.results):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise type(error)(
                f"The project folder cannot be made: {folder} ({error.strerror or error}). "
                "Start from a folder that you may write in, or give one as open_project(parent=...)."
            ) from error


def _mount_drive() -> str:
    """Mount Google Drive; return "" or the sentence that says why it failed."""
    try:
        from google.colab import drive

        _quietly_if_mounted(drive.mount)
    except NotImplementedError:
        return "this kind of Colab runtime (Enterprise, or a local one) cannot mount Drive."
    except KeyboardInterrupt:
        return "the mounting was stopped. Run again to try once more."
    except Exception as error:  # Colab raises ValueErrors, MessageErrors and timeouts; none may stop the work
        return explain_mount_failure(error)
    if not (MOUNT_POINT / "MyDrive").is_dir():
        return f"Colab reports success, but {MOUNT_POINT / 'MyDrive'} is not there. Run again."
    return ""


def _quietly_if_mounted(mount: Callable[[str], object]) -> None:
    """Call ``mount``, unless My Drive is there already (Colab would print a line about it)."""
    if not (MOUNT_POINT / "MyDrive").is_dir():
        mount(str(MOUNT_POINT))


def explain_mount_failure(error: Exception) -> str:
    """Say in a sentence what a failure of ``drive.mount`` means and what to do.

    Example:
        >>> explain_mount_failure(ValueError("Mountpoint must not be a symlink"))
        '/content/drive is a symbolic link. Remove it and run again.'
    """
    said = f"{type(error).__name__}: {error}"
    for piece, meaning in _MOUNT_FAILURES:
        if piece in said.lower():
            return meaning
    return f"Colab said {said!r}."


def _has_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False
