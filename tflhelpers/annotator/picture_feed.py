"""Pictures for the page, one at a time: small, as text, and never many of them in memory."""

from __future__ import annotations

import base64
import io
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tflhelpers.data.previews import read_preview

LONGEST_SIDE = 1280
THUMBNAIL_SIDE = 96
_KEPT_PICTURES = 3  # the present one, the next, the previous
_KEPT_THUMBNAIL_BYTES = 4_000_000


@dataclass(frozen=True)
class Shown:
    """A picture as the page gets it: a data URL, or why there is none.

    Attributes:
        url: Base64 JPEG of at most `LONGEST_SIDE` pixels, or None.
        size: The original's upright (height, width), (0, 0) if unknown.
        error: A sentence for the person, or None.
    """

    url: str | None
    size: tuple[int, int]
    error: str | None = None


class PictureFeed:
    """Reads pictures when they are asked for. May be used from several threads."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._lock = threading.Lock()
        self._pictures: OrderedDict[int, Future[Shown]] = OrderedDict()
        self._thumbnails: OrderedDict[int, str] = OrderedDict()
        self._sizes: dict[int, tuple[int, int]] = {}

    def open(self, index: int) -> Shown:
        """Return the picture, at once if it was shown or fetched just before. Broken ones are read anew."""
        with self._lock:
            future = self._pictures.get(index)
            is_new = future is None
            if future is None:
                future = self._pictures[index] = Future()
            self._pictures.move_to_end(index)
            while len(self._pictures) > _KEPT_PICTURES:
                self._pictures.popitem(last=False)
        if not is_new:
            return future.result()
        try:
            shown = self._read(index)
        except BaseException as error:
            future.set_exception(error)  # another thread may wait for it
            self._forget(index)
            raise
        future.set_result(shown)
        if shown.error is not None:
            self._forget(index)
        return shown

    def thumbnail(self, index: int) -> str | None:
        """Return a data URL of at most `THUMBNAIL_SIDE` pixels; None for a picture that cannot be read."""
        with self._lock:
            if index in self._thumbnails:
                self._thumbnails.move_to_end(index)
                return self._thumbnails[index]
        try:
            url, _ = _data_url(self._paths[index], THUMBNAIL_SIDE, quality=75)
        except Exception:  # `open` says what is wrong
            return None
        with self._lock:
            self._thumbnails[index] = url
            while sum(map(len, self._thumbnails.values())) > _KEPT_THUMBNAIL_BYTES:
                self._thumbnails.popitem(last=False)
        return url

    def size(self, index: int) -> tuple[int, int] | None:
        """Return (height, width) of a picture that was opened before, else None."""
        return self._sizes.get(index)

    def _read(self, index: int) -> Shown:
        path = self._paths[index]
        try:
            url, size = _data_url(path, LONGEST_SIDE, quality=85)
        except FileNotFoundError:
            where = f"{path.name}: there is no such file in {path.parent}"
            return Shown(
                None, (0, 0), f"{where}. If it was moved, put it back; boxes on it stay in the file."
            )
        except (
            Exception
        ) as error:  # whatever a damaged file makes a decoder raise: the next picture is as good
            return Shown(None, (0, 0), str(error).replace(str(path), path.name))
        self._sizes[index] = size
        return Shown(url, size)

    def _forget(self, index: int) -> None:
        with self._lock:
            self._pictures.pop(index, None)


def _data_url(path: Path, longest: int, *, quality: int) -> tuple[str, tuple[int, int]]:
    preview, size = read_preview(path, longest)
    file = io.BytesIO()
    Image.fromarray(preview).save(file, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii"), size
