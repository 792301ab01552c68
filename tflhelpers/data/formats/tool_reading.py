"""What the readers of other tools' files share: rows of JSON, text, and pictures of which nothing could be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.files import noted_text
from tflhelpers.data.formats.json_stream import BrokenJson, read_members, read_rows
from tflhelpers.data.formats.oriented import tell_turned
from tflhelpers.data.formats.raw import RawBox, RawPicture
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.files.csv_rows import NOT_CLOSED, csv_rows

_MOST_BYTES = 256_000_000


def rows_of_table(
    text: str,
    name: str,
    report: ReportBuilder,
    *,
    delimiter: str = ",",
    fits: Callable[[list[str]], bool] = lambda cells: False,
) -> Iterator[tuple[int, list[str]]]:
    """Yield (number from 1, cells) of each row of a CSV text, blank ones too.

    Args:
        text: The table.
        name: The file's, for reports.
        report: Is told of rows that are none; the others go on.
        delimiter: What parts the cells.
        fits: See `csv_rows`.
    """
    for number, (_, row) in enumerate(csv_rows(text, delimiter, fits=fits), 1):
        if not isinstance(row, str):
            yield number, row
            continue
        goes_on = row == NOT_CLOSED
        end = "" if goes_on else "; what follows is left out"
        report.refused(f"{name}, row {number}", f"no row of a table: {row}{end}")
        if not goes_on:
            return


class Drawn:
    """Collects what is drawn on one picture, and tells the report what cannot be used.

    Args:
        where: The file and the entry in it, for reports.
        report: Is told.
    """

    def __init__(self, where: str, report: ReportBuilder) -> None:
        self.where, self.boxes = where, list[RawBox]()
        self._report, self._refused = report, 0

    def box(self, class_name: Any, xyxy: tuple[Any, Any, Any, Any], here: str) -> None:
        """Take a box, as its file has it."""
        self.boxes.append(RawBox(class_name if isinstance(class_name, str) else None, xyxy, here))

    def refuse(self, here: str, why: str) -> None:
        """Leave something out."""
        self._refused += 1
        self._report.refused(f"{self.where}, {here}", why)

    def each(self, entry: Any, key: str, called: str) -> Iterator[tuple[str, Any]]:
        """Yield (its place, as `called`, and the shape) for each of a list; what is there and no list is refused."""
        if isinstance(entry, dict) and not isinstance(entry.get(key, []), list):
            self.refuse(key, f"expected a list, got {entry[key]!r}"[:200])
        for number, shape in enumerate(list_at(entry, key), 1):
            yield f"{called} {number}", shape

    def turned(self, here: str, degrees: float | None = None) -> None:
        """Tell of a box that was turned; see `tell_turned`."""
        tell_turned(self._report, f"{self.where}, {here}", degrees)

    def note(self, here: str, what: str) -> None:
        """Tell something worth knowing."""
        self._report.note(f"{self.where}, {here}", what)

    def picture(self, name: str, size: tuple[int, int] | None = None, **more: Any) -> Iterator[RawPicture]:
        """Yield the picture; none, told to the report, if nothing of what is drawn on it could be used."""
        if self._refused and not self.boxes:
            self._report.refused(self.where, f"picture left out: nothing drawn on {name[:80]!r} can be used")
        else:
            yield RawPicture(name, self.boxes, self.where, size, **more)


def rows_of(path: Path, report: ReportBuilder, tool: str) -> Iterator[tuple[int, Any]]:
    """Yield (number from 1, row) for each whole row of JSON; what is cut off is told to the report.

    Raises:
        AnnotationError: If there is none.
    """
    number = 0
    try:
        for number, row in read_rows(path, report):
            yield number, row
    except BrokenJson as error:
        report.refused(path.name, f"cut off or malformed: {error}")
    if not number:
        raise AnnotationError(
            f"{path}: expected a file of {tool}, got no whole entry of JSON. Export it again."
        )


def members_of(path: Path, report: ReportBuilder) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) for each whole member of a JSON object; what is cut off is told to the report."""
    try:
        for part in read_members(path, report=report):
            yield part.key, part.value
    except BrokenJson as error:
        report.refused(path.name, f"cut off or malformed: {error}")


def object_of(path: Path, report: ReportBuilder, leave_out: str = "") -> dict[str, Any]:
    """Return the members of a file that is one JSON object, without one that is not needed.

    Raises:
        AnnotationError: If it is cut off, malformed or no object.
    """
    content: dict[str, Any] = {}
    for key, value, _ in read_members(path, report=report):
        if isinstance(value, list) and isinstance(content.get(key), list):
            content[key] += value  # a long list comes in pieces
        elif key != leave_out:
            content[key] = value
    return content


def text_of(path: Path, report: ReportBuilder) -> str:
    """Return the text of a file; one that is not UTF-8 is noted.

    Raises:
        AnnotationError: If it is larger than 256 MB, or only stands in for the file.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise AnnotationError(f"{path}: expected at most {_MOST_BYTES} bytes. Divide it into several files.")
    return noted_text(path, report)


def dict_at(entry: Any, key: str) -> dict[str, Any]:
    """Return a member that is an object, else an empty one."""
    found = entry.get(key) if isinstance(entry, dict) else None
    return found if isinstance(found, dict) else {}


def list_at(entry: Any, key: str) -> list[Any]:
    """Return a member that is a list, else an empty one."""
    found = entry.get(key) if isinstance(entry, dict) else None
    return found if isinstance(found, list) else []


def text_at(entry: Any, key: str) -> str:
    """Return a member that is a text, else an empty one."""
    found = entry.get(key) if isinstance(entry, dict) else None
    return found if isinstance(found, str) else ""
