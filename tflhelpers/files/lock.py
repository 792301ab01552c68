"""Locks on files, which the system frees when a process dies."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

_ASKED_EVERY = 0.005  # seconds
_LET_OTHERS = 0.015  # seconds until we ask again ourselves: who never pauses would keep the lock
_let_go: dict[Path, float] = {}  # when we last held which


class Locked(OSError):
    """Another program, or another cell of this one, holds the lock; the message names it."""


@contextmanager
def locked(path: Path, *, wait: float = float("inf")) -> Iterator[bool]:
    """Hold the lock of `path`: a hidden file beside it, which is gone after the block.

    Where the file system has no locks, such as a mounted Drive, the lock is one of this machine alone.

    Args:
        path: What is locked; it need not exist. Its folder is made where missing.
        wait: Seconds to wait for another who holds it.

    Yields:
        Whether all others are kept out; False where those of other machines are not.

    Raises:
        Locked: Another still holds it after `wait`.
        OSError: The folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.lock")
    with ExitStack() as stack:
        keeps_all_out = stack.enter_context(_held(beside, path, wait))
        if not keeps_all_out:
            here = hashlib.sha256(os.path.abspath(path).encode()).hexdigest()[:16]
            stack.enter_context(_held(Path(tempfile.gettempdir(), f"tflhelpers-{here}.lock"), path, wait))
        yield keeps_all_out


@contextmanager
def alone_at(path: Path, argument: str, job: str) -> Iterator[None]:
    """Hold the lock of `path` at once, or refuse in the words of the public function that asked for it.

    Args:
        path: See `locked`.
        argument: What the function calls the place, such as "resume_dir".
        job: What must be alone there, such as "training".

    Raises:
        Locked: Another is at work there; the message names its process.
        OSError: The folder cannot be made or written.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, wait=0))
        except Locked as error:
            raise Locked(
                f"{argument} is for one {job} at a time: {error}. Wait for it or stop it, or give another {argument}."
            ) from error
        yield


@contextmanager
def _held(lock_path: Path, path: Path, wait: float) -> Iterator[bool]:
    until = time.monotonic() + wait
    time.sleep(max(0.0, _let_go.get(lock_path, 0.0) + _LET_OTHERS - time.monotonic()))
    while (taken := _take(lock_path)) is None:
        if time.monotonic() >= until:
            raise Locked(f"{path} is in use by {holder(lock_path)}")
        time.sleep(_ASKED_EVERY)
    file, there_are_locks = taken
    try:
        yield there_are_locks
    finally:
        if sys.platform != "win32":  # where what is open cannot be removed
            lock_path.unlink(missing_ok=True)
        file.close()
        _let_go[lock_path] = time.monotonic()


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


def holder(lock_path: Path) -> str:
    """Return who wrote itself into a lock's file, such as "process 4711 on my-laptop"."""
    with suppress(OSError), lock_path.open("rb", buffering=0) as file:
        file.seek(1)  # Windows lets nobody read the byte that is locked
        return file.read().decode("utf-8", "replace") or "another program"
    return "another program"


def _take(lock_path: Path) -> tuple[IO[Any], bool] | None:
    """The lock's file, open and locked, and whether there are locks; None if another has it."""
    file = lock_path.open("a+b", buffering=0)
    try:
        free = try_lock(file) and _is_at(file, lock_path)
    except OSError:
        return file, False
    if not free:
        file.close()
        return None
    with suppress(OSError):  # a full disk does not matter here
        file.truncate(0)
        file.write(f" process {os.getpid()} on {socket.gethostname()}".encode())
    return file, True


def _is_at(file: IO[Any], path: Path) -> bool:
    """Whether the file still has its name: whoever held the lock before us has removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
