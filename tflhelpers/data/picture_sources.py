"""Which images are meant by a folder, a glob, a list, a table's column or an address, for the job for many files."""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import os
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.data.picture_files import PICTURE_ENDINGS, is_picture_name, pictures_below
from tflhelpers.files.any_folder import STORES, files_below, is_address, read_address
from tflhelpers.files.text import decode_text

Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
_COLUMNS = ("path", "image_path", "file_path", "image", "file_name", "filename", "file", "address", "url")
_TABLES = (".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class ImageSource:
    """Images that were asked for.

    Attributes:
        mark: What tells it from another source, without looking for the images anew.
    """

    mark: str
    _place: str = ""
    _column: str | None = None
    _given: tuple[str, ...] | None = None

    def paths(self) -> list[str]:
        """Return the paths and addresses of all images, sorted, each once; those on this machine absolute.

        Raises:
            FileNotFoundError: There is no such folder or table.
            ValueError: It holds no image, or the table no such column.
        """
        found = sorted(set(self._found() if self._given is None else self._given))
        if not found:
            raise ValueError(
                f"source must hold images ({', '.join(sorted(PICTURE_ENDINGS))}), got none in {self.mark}."
            )
        return found

    def _found(self) -> Iterable[str]:
        if self._place.lower().endswith(_TABLES):
            return _of_table(self._place, self._column)
        if is_address(self._place):
            return _at_address(self._place)
        if os.path.isdir(self._place):
            return pictures_below(self._place)
        if glob.has_magic(self._place):
            return (path for path in glob.iglob(self._place, recursive=True) if _is_meant(path))
        _refuse_place(self._place)
        raise FileNotFoundError(f"source must be a folder, a glob, a table or a list, got {self._place}.")


def image_source(source: Source, column: str | None = None) -> ImageSource:
    """Return what a call has given as its source; nothing is looked for yet.

    Raises:
        TypeError: It is none.
    """
    if isinstance(source, (str, os.PathLike)):
        place = _absolute(source)
        return ImageSource(f"{place}, column {column}" if column else place, place, column)
    if hasattr(source, "image_paths"):
        raise TypeError(f"source must be paths, got {type(source).__name__}. Write annotations.image_paths.")
    given = tuple(sorted({_absolute(path) for path in _checked(source)}))
    digest = hashlib.sha256("\0".join(given).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return ImageSource(f"a list of {len(given)} ({digest})", _given=given)


def _checked(source: Iterable[str | os.PathLike[str]]) -> Iterable[str | os.PathLike[str]]:
    for number, path in enumerate(source):
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"source must be a folder, a glob, a table or a list of paths, got {type(path).__name__} at "
                f"{number}. For images in memory use detect_all."
            )
        yield path


def _absolute(path: str | os.PathLike[str]) -> str:
    return os.fspath(path) if is_address(path) else os.path.abspath(path)


def _is_meant(path: str) -> bool:
    return is_picture_name(os.path.basename(path)) or not os.path.isdir(path)


def _refuse_place(place: str) -> None:
    if is_picture_name(posixpath.basename(place)) and (is_address(place) or os.path.exists(place)):
        raise ValueError(
            f"source must be a folder, a glob, a table or a list, got one image. Write [{place!r}]."
        )


def _at_address(address: str) -> Iterable[str]:
    is_glob = glob.has_magic(address)
    if not is_glob:
        _refuse_place(address)
    return (path for path in files_below(address) if is_glob or is_picture_name(posixpath.basename(path)))


def _of_table(place: str, column: str | None) -> Iterable[str]:
    """The paths in a column; those that are relative lie beside the table.

    Raises:
        ValueError: One is an address that could make this computer ask the router or the machine beside it: a table
            may come from others.
    """
    content = io.BytesIO(read_address(place) if is_address(place) else Path(place).read_bytes())
    cells = _parquet_cells if place.lower().endswith(".parquet") else _csv_cells
    system = posixpath if is_address(place) else os.path
    for cell in cells(content, place, column):
        path = "" if cell is None else str(cell).strip()
        if is_address(path):
            _refuse_hosts(path, place)
            yield path
        elif path:
            yield system.join(system.dirname(place), path)


def _refuse_hosts(address: str, place: str) -> None:
    if address.split("://")[0].lower() not in STORES:
        raise ValueError(
            f"{place}: expected paths, or addresses of {', '.join(sorted(STORES))}, got {address}. Give a list of "
            "addresses that you trust as source=; fetch those of the web with tfl.collect.from_csv."
        )


def _parquet_cells(content: io.BytesIO, place: str, column: str | None) -> Iterable[object]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(content)
    name = _chosen(file.schema_arrow.names, column, place)
    for batch in file.iter_batches(columns=[name]):
        yield from batch.column(0).to_pylist()


def _csv_cells(content: io.BytesIO, place: str, column: str | None) -> Iterable[object]:
    text, _ = decode_text(content.read())
    first = text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    name = _chosen(list(rows.fieldnames or ()), column, place)
    return (row[name] for row in rows)


def _chosen(names: list[str], wanted: str | None, place: str) -> str:
    """The name of the column of paths: the one wanted, one that is called so, or the only one."""
    if wanted is None:
        lower = {name.strip().lower(): name for name in reversed(names)}
        found = [lower[name] for name in _COLUMNS if name in lower] or (names if len(names) == 1 else [])
    else:
        found = [wanted] if wanted in names else []
    if not found:
        asked = "a column of paths" if wanted is None else f"a column {wanted!r}"
        raise ValueError(f"{place}: expected {asked}, got {', '.join(names) or 'none'}. Say column=.")
    return found[0]
