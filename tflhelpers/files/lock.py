"""Locks on files, which the system frees when a process dies."""

from __future__ import annotations

import sys
from typing import IO, Any


def try_lock(file: IO[Any]) -> bool:
    """Lock an open file for others until it is closed; False if another holds the lock.

    Raises:
        OSError: The file system has no locks, such as a mounted Drive.
    """
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
