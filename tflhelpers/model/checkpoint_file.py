"""Finds and reads TensorFlow checkpoints: `PREFIX.index` beside `PREFIX.data-00000-of-00001`.

People give a prefix, one of the two files, or a folder; `find_checkpoint` accepts all that means one
checkpoint and says for everything else what it is. `CheckpointFile` checks the sizes when it is opened and
the CRC-32C of each tensor when it is read.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.files.checksums import masked_crc32c
from tflhelpers.files.stand_ins import stand_in_at
from tflhelpers.model.checkpoint_index import STRING, Entry, read_index

OWN_SUFFIX = re.compile(r"\.index$|\.data-\d{5}-of-\d{5}$")


class CheckpointError(ValueError):
    """A checkpoint that cannot be read or does not belong to the network; the text says what to do.

    `.report` is the `RestoreReport` where the comparison got that far, else None.
    """

    def __init__(self, message: str, report: Any = None):
        super().__init__(message)
        self.report = report


def find_checkpoint(path: str | Path) -> Path:
    """The prefix of the checkpoint that `path` means.

    Args:
        path: a prefix (`.../ckpt-0`), its `.index` or `.data-...` file, a folder that holds one checkpoint
            (the one that its `checkpoint` state file names, or its only `.index`), or an unpacked model zoo
            folder.

    Raises:
        CheckpointError: nothing there, a SavedModel, several checkpoints, or index or data file missing.
    """
    path = Path(path).expanduser()
    prefix = _prefix_in_folder(path) if path.is_dir() else path.with_name(OWN_SUFFIX.sub("", path.name))
    _refuse_saved_model_variables(prefix)
    has_index = _index_path(prefix).is_file()
    has_data = any(prefix.parent.glob(f"{_escaped(prefix.name)}.data-*-of-*"))
    if has_index and has_data:
        return prefix
    if has_data:
        raise CheckpointError(
            f"The index of checkpoint {prefix} is missing: expected {prefix.name}.index next to its data "
            "file. Copy both files of the checkpoint into the same folder."
        )
    if has_index:
        raise CheckpointError(
            f"The data file of checkpoint {prefix} is missing: expected {prefix.name}.data-00000-of-00001 "
            "next to its index. Copy both files of the checkpoint into the same folder."
        )
    raise CheckpointError(_nothing_there(path))


class CheckpointFile:
    """An open checkpoint: `.prefix`, `.entries` (key → Entry), `.read(key)`.

    Raises:
        CheckpointError: the index is damaged, a data file is missing or shorter than the index says.
    """

    kind = "Checkpoint"

    def __init__(self, path: str | Path):
        self._open(find_checkpoint(path))

    @classmethod
    def at(cls, prefix: Path) -> CheckpointFile:
        """The checkpoint of exactly this prefix: a SavedModel's variables, which `find_checkpoint` refuses."""
        file = cls.__new__(cls)
        file._open(prefix)
        return file

    def _open(self, prefix: Path) -> None:
        self.prefix = prefix
        if found := stand_in_at(_index_path(prefix)):
            raise CheckpointError(f"{_index_path(prefix)}: expected the index of a checkpoint, got {found}.")
        try:
            self._index = read_index(_index_path(self.prefix))
        except ValueError as error:
            raise CheckpointError(
                f"{_index_path(self.prefix)} is no complete checkpoint index: {error}. Fetch or copy the "
                "checkpoint again."
            ) from None
        self.entries: dict[str, Entry] = self._index.entries
        self._check_sizes()

    @property
    def data_file_bytes(self) -> int:
        """Bytes of all data files together."""
        return sum(self._shard_path(shard).stat().st_size for shard in range(self._index.num_shards))

    def read(self, key: str) -> np.ndarray:
        """The tensor of `key`, a new array. Raises CheckpointError if its checksum is wrong."""
        entry = self.entries[key]
        if entry.sliced or entry.dtype in (STRING, "bfloat16") or entry.dtype.startswith("type"):
            what = "cut into slices" if entry.sliced else f"of type {entry.dtype}"
            raise CheckpointError(
                f"{key} in {self.prefix} is {what}; only whole tensors of numbers can be read."
            )
        raw = self._raw(entry)
        if masked_crc32c(raw) != entry.masked_crc32c:
            raise CheckpointError(
                f"The data file of {self.prefix} is damaged: the checksum of {key} is wrong. "
                "Fetch or copy the checkpoint again."
            )
        return raw.view(np.dtype(entry.dtype).newbyteorder("<")).reshape(entry.shape)

    def _raw(self, entry: Entry) -> np.ndarray:
        with self._shard_path(entry.shard).open("rb") as file:
            file.seek(entry.offset)
            return np.frombuffer(bytearray(file.read(entry.size)), np.uint8)

    def _shard_path(self, shard: int) -> Path:
        return self.prefix.with_name(f"{self.prefix.name}.data-{shard:05d}-of-{self._index.num_shards:05d}")

    def _check_sizes(self) -> None:
        for shard in range(self._index.num_shards):
            path, expected = self._shard_path(shard), self._index.shard_bytes(shard)
            if not path.is_file():
                raise CheckpointError(
                    f"The data file {path} is missing. Copy all files of checkpoint {self.prefix.name} "
                    "into one folder."
                )
            if found := stand_in_at(path):
                raise CheckpointError(f"{path}: expected a data file of a checkpoint, got {found}.")
            if path.stat().st_size < expected:
                raise CheckpointError(
                    f"The data file {path} is cut short: expected {expected:,} bytes, got "
                    f"{path.stat().st_size:,}. Fetch or copy the checkpoint again."
                )


def _prefix_in_folder(folder: Path) -> Path:
    if (folder / "saved_model.pb").is_file():
        raise CheckpointError(_saved_model_sentence(folder))
    if not any(folder.glob("*.index")) and (folder / "checkpoint").is_dir():
        folder = folder / "checkpoint"  # the root of an unpacked model zoo archive
    found = sorted(path.name.removesuffix(".index") for path in folder.glob("*.index"))
    latest = _named_by_state_file(folder)
    if latest in found:
        return folder / latest
    if len(found) == 1:
        return folder / found[0]
    if found:
        raise CheckpointError(
            f"{folder} holds {len(found)} checkpoints: {', '.join(found)}. Name one, for example "
            f"{folder / found[-1]}"
        )
    data_files = sorted(path.name for path in folder.glob("*.data-*-of-*"))
    if data_files:
        return folder / OWN_SUFFIX.sub("", data_files[0])  # its missing index is reported by name
    raise CheckpointError(_nothing_there(folder))


def _named_by_state_file(folder: Path) -> str | None:
    """Base name of the newest checkpoint as TensorFlow noted it; the folder part may be another machine's."""
    state = folder / "checkpoint"
    if not state.is_file():
        return None
    found = re.search(r'^model_checkpoint_path:\s*"(.*)"', state.read_text(errors="replace"), re.MULTILINE)
    return re.split(r"[/\\]", found[1])[-1] if found else None


def _refuse_saved_model_variables(prefix: Path) -> None:
    if prefix.parent.name == "variables" and (prefix.parent.parent / "saved_model.pb").is_file():
        raise CheckpointError(_saved_model_sentence(prefix.parent.parent))


def _saved_model_sentence(folder: Path) -> str:
    beside = folder.parent / "checkpoint"
    advice = (
        f"Give the checkpoint next to it: {beside}"
        if beside.is_dir()
        else "Give the checkpoint it was exported from."
    )
    return f"{folder} is a SavedModel (an exported graph), not a checkpoint. {advice}"


def _nothing_there(path: Path) -> str:
    if path.is_file():
        return (
            f"{path} is not part of a TensorFlow checkpoint. Expected a prefix such as "
            ".../checkpoint/ckpt-0, with ckpt-0.index and ckpt-0.data-00000-of-00001 in that folder."
        )
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        return f"There is no checkpoint at {path}: the folder {folder} does not exist."
    names = sorted(child.name for child in folder.iterdir())
    holds = ", ".join(names[:8]) + (" …" if len(names) > 8 else "") if names else "nothing"
    return (
        f"There is no checkpoint at {path}: expected NAME.index and NAME.data-00000-of-00001, "
        f"{folder} holds {holds}."
    )


def _index_path(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + ".index")


def _escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)
