"""Folders on this machine or behind an address of fsspec, such as "s3://bucket/found"; their files are written whole.

fsspec is imported here alone.
"""

from __future__ import annotations

import io
import os
import posixpath
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from tflhelpers.files.atomic_file import PART, atomic_file
from tflhelpers.files.lock import locked

STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "memory"})
"""Where an object appears only when all of its bytes are there. Their addresses name no host."""


class AnyFolder(Protocol):
    """Where files lie, by their names."""

    address: str

    def names(self) -> set[str]:
        """Return the names of what lies in the folder; none where it is missing."""

    def opened(self, name: str) -> Path | io.BytesIO:
        """Return what a reader of files takes.

        Raises:
            FileNotFoundError: There is no such file.
        """

    def write(self, name: str, data: bytes) -> None:
        """Write a file that whoever looks finds whole, or not at all; one of that name is replaced."""

    def create(self, name: str, data: bytes) -> None:
        """Write a file unless there is one of that name, which stays."""


class LocalFolder:
    """A folder on a disk."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.address = os.path.abspath(path)

    def names(self) -> set[str]:
        return set(os.listdir(self.address)) if os.path.exists(self.address) else set()

    def opened(self, name: str) -> Path:
        return Path(self.address, name)

    def write(self, name: str, data: bytes) -> None:
        with atomic_file(Path(self.address, name)) as file:
            file.write(data)

    def create(self, name: str, data: bytes) -> None:
        path = Path(self.address, name)
        with locked(path):
            if not path.exists():
                self.write(name, data)


class RemoteFolder:
    """A folder behind an address."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self._system, self._root = file_system(self.address)
        self._is_whole_at_once = not STORES.isdisjoint(_protocols(self._system))

    def names(self) -> set[str]:
        self._system.invalidate_cache()  # other machines write here
        with suppress(FileNotFoundError):
            return {posixpath.basename(path) for path in self._system.ls(self._root, detail=False)}
        return set()

    def opened(self, name: str) -> io.BytesIO:
        return io.BytesIO(self._system.cat_file(f"{self._root}/{name}"))

    def write(self, name: str, data: bytes) -> None:
        self._system.makedirs(self._root, exist_ok=True)
        path = f"{self._root}/{name}"
        if self._is_whole_at_once:
            self._system.pipe_file(path, data)
            return
        passing = f"{self._root}/.{name}.{secrets.token_hex(4)}{PART}"
        self._system.pipe_file(passing, data)
        self._system.mv(passing, path)

    def create(self, name: str, data: bytes) -> None:
        if not self._is_whole_at_once:
            if name not in self.names():
                self.write(name, data)
            return
        self._system.makedirs(self._root, exist_ok=True)
        with suppress(FileExistsError):
            self._system.pipe_file(f"{self._root}/{name}", data, mode="create")


def folder_at(place: str | os.PathLike[str]) -> AnyFolder:
    """Return the folder at a path or an address."""
    return RemoteFolder(os.fspath(place)) if is_address(place) else LocalFolder(place)


def is_address(place: str | os.PathLike[str]) -> bool:
    """Whether a path is an address of fsspec.

    >>> is_address("s3://bucket/a.jpg"), is_address("C:/a.jpg")
    (True, False)
    """
    return "://" in os.fspath(place)


def file_system(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the address as that system calls it.

    Raises:
        ImportError: fsspec is missing, or what it needs for such addresses; the message says what to install.
        ValueError: It knows no such addresses, or it is one of the web, whose hosts must be checked.
    """
    if re.match(r"(.*::)?https?://", address, re.I):
        raise ValueError(
            f"{address}: expected a folder's or a store's address, got one of the web. Fetch a list of those with "
            "tfl.collect.from_csv."
        )
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ImportError(
            f'{address} is an address, for which an extra is needed: pip install "tflhelpers[files]".'
        ) from error
    return url_to_fs(address)


def read_address(address: str) -> bytes:
    """Return all bytes of the file at an address."""
    system, path = file_system(address)
    return bytes(system.cat_file(path))


def files_below(address: str) -> Iterator[str]:
    """Yield the addresses of all files below an address; of those that fit, if it has ``*``, ``?`` or ``[`` in it."""
    address = address.rstrip("/")
    system, path = file_system(address)
    system.invalidate_cache()
    found = system.glob(path) if any(letter in path for letter in "*?[") else system.find(path)
    start = address.removesuffix(path.lstrip("/"))
    return (start + each.lstrip("/") for each in found)


def _protocols(system: Any) -> tuple[str, ...]:
    return (system.protocol,) if isinstance(system.protocol, str) else tuple(system.protocol)
