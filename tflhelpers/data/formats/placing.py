"""Finds the picture that an annotation is about, and in which frame its boxes were drawn."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.data.formats.frames import Facts, choose_frame, read_facts
from tflhelpers.data.formats.picture_index import AmbiguousPicture, PictureIndex, as_posix, stem_of
from tflhelpers.data.formats.raw import RawPicture
from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.data.images import ImageError

_LONGEST_SIDE = 10_000_000  # pixels; a file that says more is not believed
_LONGEST_NAME, _LONGEST_PATH = (
    255,
    2000,
)  # bytes; disks take names so long, systems paths of 4096 with the folder


@dataclass(slots=True)
class Placed:
    """A picture that can be taken: found, or missing with boxes that mean something without it."""

    raw: RawPicture
    path: Path
    size: tuple[int, int] | None  # (height, width), upright; None: missing, and nobody says
    turn: int = 1
    scale: tuple[float, float] = (1.0, 1.0)  # y, x: pixels of the picture in one of the annotated one

    @property
    def drawn_size(self) -> tuple[float, float]:
        """(height, width) in the frame in which the boxes were drawn; without end where nobody knows."""
        if self.size is None:
            return math.inf, math.inf
        return self.size[::-1] if self.turn >= 5 else self.size


def place(
    raw: RawPicture, index: PictureIndex, used: set[str], frame: str, report: ReportBuilder
) -> Placed | None:
    """Return where a picture is and how large; None, told to the report, where it cannot be used."""
    if not _is_possible_name(raw.name):
        report.refused(raw.where, f"no name a file can have: {raw.name[:80]!r}")
        return None
    if raw.size is not None and not all(0 < side <= _LONGEST_SIDE for side in raw.size):
        raw.size = None
    try:
        path = raw.path or _look_up(raw, index, used, report)
        if path is None:
            return _missing(raw, index, report)
        return _measured(raw, path, read_facts(path), frame, report)
    except AmbiguousPicture as error:
        report.refused(
            raw.where, f"several pictures of that name: {error}. Give images= the folder of the right one"
        )
    except FileNotFoundError:
        return _missing(raw, index, report)
    except (ImageError, OSError) as error:
        report.refused(raw.where, f"unreadable picture: {error}")
    return None


def _look_up(raw: RawPicture, index: PictureIndex, used: set[str], report: ReportBuilder) -> Path | None:
    aliases = list(filter(_is_possible_name, raw.aliases))
    found = index.find([raw.name, *aliases])
    if found is None:
        return None
    if found.path in used and aliases:  # copied files often keep the name of the picture they were made for
        found = index.find(aliases[-1:]) or found
    used.add(found.path)
    if found.renamed or _stem(found.path) != _stem(as_posix(raw.name)):
        report.repaired(raw.where, f"picture found by another name: for {raw.name!r} {found.path}")
    return Path(found.path)


def _stem(path: str) -> str:
    return stem_of(os.path.basename(path))


def _missing(raw: RawPicture, index: PictureIndex, report: ReportBuilder) -> Placed | None:
    path = raw.path or index.place_of(raw.name or (raw.aliases or ("",))[0])
    if raw.size is None and (raw.fractions or raw.y_from_bottom):
        report.refused(raw.where, f"missing picture of unknown size: {raw.name!r}. Give images= its folder")
        return None
    unchecked = " as they are" if raw.size is None else ""
    report.note(
        raw.where, f"missing picture: {raw.name!r}; its boxes are kept{unchecked}. Give images= its folder"
    )
    return Placed(raw, path, raw.size)


def _measured(raw: RawPicture, path: Path, facts: Facts, frame: str, report: ReportBuilder) -> Placed:
    drawn_on = _resized_to(raw, facts, frame)
    turn, doubt = choose_frame(facts, drawn_on or raw.size, frame)
    if doubt and raw.boxes:
        report.note(raw.where, doubt)
    if turn > 1 and raw.boxes:
        report.repaired(
            raw.where, f"turned upright: boxes drawn on the stored photo (EXIF orientation {turn})"
        )
    placed = Placed(raw, path, facts.size, turn)
    if raw.size is not None and raw.size not in (facts.size, facts.stored_size):
        sizes = f"annotated as {shown_size(raw.size)}, it has {shown_size(facts.size)} (height × width)"
        if drawn_on is not None:
            placed.scale = drawn_on[0] / raw.size[0], drawn_on[1] / raw.size[1]
            report.repaired(raw.where, f"picture resized since: {sizes}; its boxes are scaled")
        else:
            tell = report.note if _is_as_drawn(raw, facts) else report.refused
            tell(
                raw.where,
                f"picture of another size: {sizes}. Was it resized? Look at contact_sheet(annotations)",
            )
    return placed


def _is_as_drawn(raw: RawPicture, facts: Facts) -> bool:
    """Tell whether a picture of another size than annotated does no harm to the boxes."""
    if raw.size is None or raw.fractions or not raw.boxes:
        return True
    return any(
        all(abs(one - other) <= max(1, other // 100) for one, other in zip(raw.size, size, strict=True))
        for size in (facts.size, facts.stored_size)
    )


def _resized_to(raw: RawPicture, facts: Facts, frame: str) -> tuple[int, int] | None:
    """Return the size of the picture in the frame of the boxes, if it was made smaller or larger in proportion."""
    if raw.size is None or raw.size in (facts.size, facts.stored_size) or _is_as_drawn(raw, facts):
        return None
    frames = {"upright": [facts.size], "stored": [facts.stored_size]}
    candidates = frames.get(frame, [facts.size, facts.stored_size])
    return next((size for size in candidates if _in_proportion(raw.size, size)), None)


def _in_proportion(size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether one ratio makes both sides of the other size, up to the rounding to whole pixels."""
    (height, width), (other_height, other_width) = size, other
    misses = (width * other_height / height - other_width, height * other_width / width - other_height)
    return min(map(abs, misses)) <= 1


def _is_possible_name(name: str) -> bool:
    """Tell whether a file can be called so: not too long, without NUL and half characters, which no system takes."""
    if "\0" in name or (not name.isascii() and any("\ud800" <= letter <= "\udfff" for letter in name)):
        return False
    if len(name) * 4 <= _LONGEST_NAME:  # as almost all are
        return True
    parts = [len(part.encode()) for part in as_posix(name).split("/")]
    return max(parts) <= _LONGEST_NAME and sum(parts) <= _LONGEST_PATH


def shown_size(size: Iterable[float]) -> str:
    """Return a size for a report, with a question mark for what nobody knows."""
    return " × ".join("?" if side == math.inf else str(side) for side in size)
