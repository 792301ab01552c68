"""Files that are written whole or not at all, whenever the machine dies."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write bytes to, which takes its place when the block ends; none is left if it raises.

    Its folder is made where missing. What stood at `path` before stays readable until then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(
        f".{path.name[:50]}.{secrets.token_hex(4)}.part"
    )  # no name is too long for that
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
