"""Sets of record files: one file, or `NAME-00000-of-00010` and its sisters, which are read as one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tflhelpers.data.coco_reader import AnnotationError

RECORD_ENDINGS = (".record", ".tfrecord", ".tfrecords", ".tfrec")
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<total>\d{5})(?P<ending>(?:\.\w+)?)")
_NOT_RECORDS = frozenset({".pbtxt", ".txt", ".json", ".part", ".gstmp", ".crc", ".md"})


def shard_name(name: str, number: int, total: int) -> str:
    """Return the file name of one shard, numbered from 0; a set of one is called by its plain name.

    >>> shard_name("train.record", 2, 10)
    'train.record-00002-of-00010'
    """
    return name if total == 1 else f"{name}-{number:05d}-of-{total:05d}"


def is_record_name(name: str) -> bool:
    """Tell whether a file of this name is a record file, or one shard of some."""
    shard = _SHARD.fullmatch(name)
    if shard is not None:
        return shard["ending"].lower() not in _NOT_RECORDS and not name.startswith(".")
    return name.lower().endswith(RECORD_ENDINGS) and not name.startswith(".")


def find_record_files(path: Path, tell: Callable[[str, str], None]) -> list[Path]:
    """Return the record files that a person means by a path, shards in the order of their numbers.

    Args:
        path: A file; a shard, which means all of its set; the set's name without numbers; a pattern such as
            `train.record-?????-of-?????`; or a folder, which means all record files in it, or if none, below it.
        tell: Called with the name and the fault of each shard that is missing.

    Raises:
        FileNotFoundError: If there is none.
        AnnotationError: If shards of several sets with one name lie there.
    """
    if path.is_dir():
        found = _records_in(path.iterdir()) or _records_in(path.rglob("*"))
    elif path.is_file():
        shard = _SHARD.fullmatch(path.name)
        found = [path] if shard is None else _set_of(path.parent, shard["stem"], shard["ending"])
    elif re.search(r"[*?\[]", path.name):
        found = [each for each in path.parent.glob(path.name) if each.is_file()]
    else:  # a name without numbers or ending
        names = [path.with_name(path.name + ending) for ending in ("", *RECORD_ENDINGS)]
        found = [each for name in names for each in _set_of(path.parent, name.name, None)]
        found = found or [name for name in names if name.is_file()]
    if not found:
        raise FileNotFoundError(
            f"{path}: expected a TFRecord file, its shards ({path.name}-00000-of-00001, ...) or a folder of "
            f"{', '.join(RECORD_ENDINGS)} files, found none."
        )
    _check_sets(found, tell)
    return sorted(found)


def _records_in(paths: Iterable[Path]) -> list[Path]:
    return [each for each in paths if is_record_name(each.name) and each.is_file()]


def sister_shards(path: Path) -> list[Path]:
    """Return the file of a set's plain name and all shards of it, of however many, that are there."""
    return [*([path] if path.is_file() else []), *_set_of(path.parent, path.name, "")]


def _set_of(folder: Path, stem: str, ending: str | None) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [(each, _SHARD.fullmatch(each.name)) for each in folder.iterdir()]
    return [
        each
        for each, shard in found
        if shard is not None
        and shard["stem"] == stem
        and (shard["ending"] == ending if ending is not None else is_record_name(each.name))
        and each.is_file()
    ]


def _check_sets(files: Iterable[Path], tell: Callable[[str, str], None]) -> None:
    sets: dict[tuple[Path, str, str], dict[int, set[int]]] = {}
    for each in files:
        shard = _SHARD.fullmatch(each.name)
        if shard is not None:
            totals = sets.setdefault((each.parent, shard["stem"], shard["ending"]), {})
            totals.setdefault(int(shard["total"]), set()).add(int(shard["number"]))
    for (folder, stem, ending), totals in sets.items():
        if len(totals) > 1:
            counts = " and of ".join(str(total) for total in sorted(totals))
            raise AnnotationError(
                f"{folder / stem}: expected the shards of one set, got some of {counts}. Remove the older ones."
            )
        ((total, numbers),) = totals.items()
        if len(numbers) < total:
            missing = next(number for number in range(total) if number not in numbers)
            name = f"{stem}-{missing:05d}-of-{total:05d}{ending}"
            tell(name, f"missing shard: {len(numbers)} of {total} are there")
