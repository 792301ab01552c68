"""Google Drive in Colab: whether this is Colab, mounting, and what a failure means for a person."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

MOUNT_POINT = Path("/content/drive")
"""Where Colab shows Google Drive."""

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


def in_colab() -> bool:
    """Return whether this runs in Google Colab."""
    return _has_module("google.colab")


def my_drive() -> Path:
    """Return the folder that holds a person's own files once Drive is mounted."""
    return MOUNT_POINT / "MyDrive"


def mount_drive() -> str:
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
    if not my_drive().is_dir():
        return f"Colab reports success, but {my_drive()} is not there. Run again."
    return ""


def _quietly_if_mounted(mount: Callable[[str], object]) -> None:
    """Call ``mount``, unless My Drive is there already (Colab would print a line about it)."""
    if not my_drive().is_dir():
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
