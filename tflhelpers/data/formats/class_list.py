"""`classes.txt`: the classes in order, one a line, as LabelImg and Darknet keep them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tflhelpers.data.annotations import AnnotationError
from tflhelpers.data.formats.files import noted_text
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.files.atomic_file import write_text

CLASS_LIST = "classes.txt"
_MOST_BYTES = 10_000_000


def class_list_of(path: Path) -> Path:
    """Return where the classes of one file with all boxes are kept, `ducks.classes.txt` beside `ducks.csv`."""
    return path.with_name(f"{path.stem}.classes.txt")


def read_class_list(path: Path, report: ReportBuilder) -> list[str]:
    """Return the classes of a file: blanks count, empty lines at the end do not.

    A line left empty between others still counts a class; it is called after its number, and that is noted.

    Raises:
        AnnotationError: If it only stands in for the file, or is larger than 10 MB.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise AnnotationError(f"{path}: expected class names, one a line, got a file of more than 10 MB.")
    text = noted_text(path, report).replace("\r\n", "\n").replace("\r", "\n")
    names = text.rstrip().split("\n") if text.strip() else []
    if names:  # blanks behind the last name are part of it, as behind any other
        names[-1] += _blanks_after(text)
    for number, name in enumerate(names):
        if not name.strip():
            report.note(str(path.name), f"class without a name: line {number + 1}, called {number}")
            names[number] = str(number)
        elif name in names[:number]:
            report.note(str(path.name), f"class listed twice: {name!r}, taken as one")
    return names


def write_class_list(names: Sequence[str], path: Path) -> Path:
    """Write the classes, one a line, and return the path; the folder is made where missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "".join(f"{name}\n" for name in names))
    return path


def _blanks_after(text: str) -> str:
    """Return what stands between the last name and the end of its line."""
    return text[len(text.rstrip()) :].split("\n")[0]
