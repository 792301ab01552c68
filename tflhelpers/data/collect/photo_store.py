"""`PhotoStore`: the photos that a page sends, each on the disk before it is counted."""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import json
import re
import threading
from pathlib import Path

from PIL import Image

from tflhelpers.data.collect.names import is_inside
from tflhelpers.data.collect.report import CollectReport
from tflhelpers.data.collect.transfer import write_new

_MOST_LETTERS = 60_000_000  # of one photo's text
_SOURCE = "camera"


class NotAPhoto(ValueError):
    """What the page sent cannot be saved; the message says why."""


class PhotoStore:
    """The photos of a camera in a folder. Its methods may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = threading.RLock()
        self._names_by_id: dict[str, str] = {}
        self._new: list[str] = []
        self._before = self._read_before()

    @property
    def paths(self) -> list[Path]:
        """The photos that were taken and are still there, those of earlier cameras first."""
        with self._lock:
            here = [self.folder / name for name in (*self._before, *self._new)]
        return [path for path in here if path.exists()]

    @property
    def report(self) -> CollectReport:
        """The photos, as the other collectors report theirs."""
        new = sum((self.folder / name).exists() for name in self._new)
        return CollectReport(_SOURCE, self.folder, tuple(self.paths), new=new)

    def save(self, photo_id: str, text: str) -> str:
        """Write the photo of a data URL and return its file name. The same photo sent twice is written once.

        Raises:
            NotAPhoto: If it is no JPEG picture.
            OSError: If it cannot be written.
        """
        with self._lock:
            if photo_id in self._names_by_id:
                return self._names_by_id[photo_id]
            path = write_new(self.folder, f"photo_{self._next_number():04d}.jpg", _decoded(text))
            self._names_by_id[photo_id] = path.name
            self._new.append(path.name)
            self._save_report()
            return path.name

    def delete_last(self) -> str | None:
        """Remove the photo that was taken last and return its name; only photos of this camera are removed."""
        with self._lock:
            while self._new:
                name = self._new.pop()
                self._names_by_id = {key: value for key, value in self._names_by_id.items() if value != name}
                if (self.folder / name).exists():
                    (self.folder / name).unlink()
                    self._save_report()
                    return name
            return None

    def _next_number(self) -> int:
        found = (re.fullmatch(r"photo_(\d+)", path.stem) for path in self.folder.iterdir())
        return max((int(each[1]) for each in found if each), default=0) + 1

    def _save_report(self) -> None:
        with contextlib.suppress(OSError):  # the photo is what counts
            self.report.save()

    def _read_before(self) -> list[str]:
        """The names that the report of earlier cameras has."""
        path = CollectReport(_SOURCE, self.folder, ()).path
        try:
            names = json.loads(path.read_text("utf-8"))["kept"]
            return [name for name in names if is_inside(name)]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return []


def _decoded(text: str) -> bytes:
    """The bytes of a JPEG in a data URL, decoded once to see that they are a picture."""
    head, _, data = text.partition(",")
    if not head.startswith("data:image/jpeg") or len(data) > _MOST_LETTERS:
        raise NotAPhoto("expected a JPEG picture from the page, got something else. Reload the page.")
    try:
        content = base64.b64decode(data, validate=True)
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            image.load()
    except (binascii.Error, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotAPhoto(f"the picture from the page cannot be read ({error}). Take it again.") from None
    return content
