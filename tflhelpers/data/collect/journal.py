"""The memory of a folder of collected pictures: a file to which a line is added for each thing that is settled.

A process may die at any byte. A line is whole or it does not count, and what it says was decided is not decided again.
The folder may come from others, so a line only counts if it says nothing but what is written here.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from pathlib import Path
from typing import Any, BinaryIO

from tflhelpers.data.collect.names import is_inside
from tflhelpers.files.lock import try_lock

JOURNAL_NAME = ".collected.jsonl"
_SYNC_EVERY = 1.0  # seconds: a dead process loses no line, a dead machine at most those of one second

_STAGED = re.compile(r"[0-9a-f]{24}\.part")

Entry = dict[str, Any]


class BusyFolder(RuntimeError):
    """Another program is collecting into the folder."""


class Journal:
    """Entries by key, kept in `folder/.collected.jsonl`; of one key, the last entry counts.

    Use it as a context: only one at a time may have a folder open.

    Attributes:
        strange: How many lines were left out because they are none that is written here.

    Raises:
        BusyFolder: If another has it open.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_NAME
        self.entries: dict[str, Entry] = {}
        self.strange = 0
        self._file: BinaryIO | None = None
        self._synced = 0.0

    def __enter__(self) -> Journal:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_symlink():  # else lines would be added to a file elsewhere
            self.path.unlink()
        file = self.path.open("a+b")
        try:
            _lock(file, self.path.parent)
        except BusyFolder:
            file.close()
            raise
        self._file = file
        file.seek(0)
        content = file.read()
        self.entries, self.strange = _read_entries(content)
        if content and not content.endswith(b"\n"):
            file.write(b"\n")  # ends the line that a dying process had begun
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._sync()
            self._file.close()
            self._file = None

    def add(self, key: str, entry: Entry) -> None:
        """Remember an entry, also if the process dies the next moment."""
        if self._file is None:
            raise RuntimeError("expected an open journal. Use it in a `with` block.")
        line = json.dumps({"key": key, **entry})
        self._file.write(line.encode("utf-8") + b"\n")
        self._file.flush()
        self.entries[key] = entry
        if time.monotonic() - self._synced > _SYNC_EVERY:
            self._sync()

    def _sync(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())
        self._synced = time.monotonic()


def _read_entries(content: bytes) -> tuple[dict[str, Entry], int]:
    entries, strange = {}, 0
    for line in content.split(b"\n"):
        with contextlib.suppress(ValueError, RecursionError):  # a torn line
            entry = json.loads(line)
            if _is_entry(entry):
                entries[entry.pop("key")] = entry
            else:
                strange += 1
    return entries, strange


def _is_entry(entry: Any) -> bool:
    """Whether it is one that `Collector` writes: what it names lies in the folder."""
    if not isinstance(entry, dict) or not ({"kept", "kind"} & entry.keys()):
        return False
    texts = (value for field, value in entry.items() if field != "passing")
    return (
        {"key"} <= entry.keys()
        and all(isinstance(text, str) for text in texts)
        and is_inside(entry.get("kept", "a.jpg"))
        and _STAGED.fullmatch(entry.get("staged", f"{0:024}.part")) is not None
    )


def _lock(file: BinaryIO, folder: Path) -> None:
    """Keep others out until the file is closed or the process ends. Where files cannot be locked, do nothing."""
    try:
        is_free = try_lock(file)
    except OSError:
        return
    if not is_free:
        raise BusyFolder(
            f"{folder}: another program, or a cell that still runs, is collecting into this folder. "
            "Wait for it or stop it, then run again."
        )
