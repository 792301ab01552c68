"""Trust on first use: what was fetched first of a detector whose genuine figures nobody has published is what it is.

Beside the cache's folder `NAME` lies `NAME.pinned.json`: the SHA-256 of both files of the checkpoint, and the day. It
outlives the folder, so that fetching again is held against it too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tflhelpers.files.atomic_file import write_text
from tflhelpers.files.checksums import sha256_of
from tflhelpers.files.json_file import BadJson, Check, check_fields, read_json
from tflhelpers.model.checkpoint_file import CheckpointError

_TEXTS: Check = (
    (lambda value: isinstance(value, dict) and all(isinstance(each, str) for each in value.values())),
    "an object of texts",
)
_FIELDS: dict[str, Check] = {
    "first_fetched": ((lambda value: isinstance(value, str)), "a date"),
    "sha256": _TEXTS,
}

logger = logging.getLogger(__name__)


def check_pin(name: str, prefix: Path, cache: Path, *, read_data: bool) -> None:
    """Hold what was fetched against what was fetched first; what comes first is pinned, with a warning.

    Args:
        name: of the zoo.
        prefix: of the checkpoint.
        cache: folder of downloads.
        read_data: compare the data files too, and not only the index, in which each tensor's checksum stands.

    Raises:
        CheckpointError: it is another one, or the pin cannot be read.
    """
    pin, files = _pin_path(name, cache), _files(prefix)
    if not pin.is_file():
        _pin(name, pin, {path.name: sha256_of(path) for path in files})
        return
    known = _read(pin)["sha256"]
    looked_at = [path for path in files if read_data or ".data-" not in path.name]
    if known.keys() != {path.name for path in files} or any(
        sha256_of(path) != known[path.name] for path in looked_at
    ):
        raise CheckpointError(
            f"{prefix} is not the {name} that was fetched first ({pin}). It may be damaged, or somebody has put "
            "another one in its place. If its publisher has renewed it, delete that file."
        )


def told_of_pin(name: str, cache: Path) -> str:
    """What a restore report says of a detector that is pinned, or could not be."""
    pin = _pin_path(name, cache)
    if not pin.is_file():
        return f"no genuine figures are published, and it could not be pinned in {cache}"
    since = _read(pin)["first_fetched"]
    return f"no genuine figures are published; the same as first fetched on {since}"


def _pin(name: str, pin: Path, sha256: Mapping[str, str]) -> None:
    """Pin it; in a folder that is read only, or full, say that this could not be done."""
    told = "No figures of the genuine %s are published: "
    try:
        write_text(pin, _to_json(sha256))
    except OSError as error:
        logger.warning(f"{told}it could not be pinned in %s either (%s).", name, pin, error)
        return
    logger.warning(
        f"{told}what was fetched now is pinned in %s, and held against whatever is fetched later.", name, pin
    )


def _pin_path(name: str, cache: Path) -> Path:
    return cache / f"{name}.pinned.json"


def _files(prefix: Path) -> list[Path]:
    return sorted(path for path in prefix.parent.iterdir() if path.name.startswith(f"{prefix.name}."))


def _to_json(sha256: Mapping[str, str]) -> str:
    return json.dumps({"first_fetched": date.today().isoformat(), "sha256": dict(sha256)}, indent=1) + "\n"


def _read(pin: Path) -> dict[str, Any]:
    try:
        return check_fields(read_json(pin), _FIELDS)
    except BadJson as error:
        raise CheckpointError(f"{pin} is damaged ({error}). Delete it to trust the next download.") from error
