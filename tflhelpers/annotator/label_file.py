"""A file that several write: noticing that it changed, taking turns, keeping aside what cannot be used."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

_Method = TypeVar("_Method", bound=Callable[..., Any])

_LOCKS: dict[Path, threading.RLock] = {}


class _Locked(Protocol):
    lock: threading.RLock


def lock_of(path: Path) -> threading.RLock:
    """Return the one lock of a file in this process: notebook programs may handle the messages of two widgets in
    two threads of one kernel."""
    return _LOCKS.setdefault(path, threading.RLock())


def one_at_a_time(method: _Method) -> _Method:
    """Let a method run only while it holds its object's `lock`."""

    @wraps(method)
    def locked(self: _Locked, *arguments: Any, **named: Any) -> Any:
        with self.lock:
            return method(self, *arguments, **named)

    return cast(_Method, locked)


def signature_of(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when somebody writes the file; None if it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def keep_aside(path: Path) -> Path | None:
    """Give a file another name in its folder, `name.unusable-1.json` or the next that is free.

    Returns:
        The new path, None if there is no file any more.
    """
    number = 1
    while (aside := path.with_name(f"{path.stem}.unusable-{number}{path.suffix}")).exists():
        number += 1
    try:
        os.replace(path, aside)
    except FileNotFoundError:
        return None
    return aside
