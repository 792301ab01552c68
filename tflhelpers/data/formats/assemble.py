"""Makes `Annotations` of what a reader hands over: finds the pictures, turns and mends the boxes, tells it all."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats.box_repair import Mended, mend, repeats, to_numbers
from tflhelpers.data.formats.class_table import ClassTable
from tflhelpers.data.formats.frames import Facts, choose_frame, read_facts, turn_upright
from tflhelpers.data.formats.picture_index import AmbiguousPicture, PictureIndex, as_posix, stem_of
from tflhelpers.data.formats.raw import RawBox, RawPicture, RawSet
from tflhelpers.data.formats.report import ImportRefused, ReportBuilder, shown_mistakes
from tflhelpers.data.images import ImageError
from tflhelpers.data.pictures import Picture

_AT_ONCE = 2048  # pictures whose boxes are checked together


@dataclass(slots=True)
class _Placed:
    """A picture that can be taken: found, or missing with boxes that mean something without it."""

    raw: RawPicture
    path: Path
    size: tuple[int, int] | None  # (height, width), upright; None: missing, and nobody says
    turn: int = 1

    @property
    def drawn_size(self) -> tuple[float, float]:
        """(height, width) in the frame in which the boxes were drawn; without end where nobody knows."""
        if self.size is None:
            return math.inf, math.inf
        return self.size[::-1] if self.turn >= 5 else self.size


def assemble(
    raw: RawSet,
    report: ReportBuilder,
    *,
    folders: Sequence[Path],
    frame: str = "auto",
    rename: Mapping[str, str] | None = None,
) -> Annotations:
    """Return the annotations of an import.

    Every picture is told to the report as taken or refused, every box that was changed or left out too. A
    picture that is missing is kept, since the boxes are worth having, unless they are fractions of a size that
    nobody knows.

    Args:
        raw: What a reader hands over; read once.
        report: Is told everything.
        folders: Where pictures may lie, the most likely first.
        frame: In which frame photos with an EXIF orientation were drawn; see `frames.choose_frame`.
        rename: What a class is to be called instead.

    Raises:
        ImportRefused: If there is no picture that can be taken, or no class.
        ValueError: If `rename` names a class that is not there.
    """
    classes = ClassTable(raw.class_names, rename)
    index = PictureIndex(list(dict.fromkeys([*folders, *raw.folders])))
    used: set[str] = set()
    taken: dict[str, tuple[str, Picture]] = {}  # by path
    pictures = iter(raw.pictures)
    while chunk := list(islice(pictures, _AT_ONCE)):
        placed = [found for one in chunk if (found := _place(one, index, used, frame, report))]
        for where, picture in _with_boxes(placed, classes, report):
            _add(taken, where, picture, report)
    for path in index.unnamed():
        report.note(
            path, "picture without annotation: left out; one that shows no object needs an empty entry"
        )
    classes.check_rename()
    _refuse_if_nothing(taken, classes, report)
    classes.note_look_alikes(report)
    for where, picture in taken.values():
        report.taken(where, len(picture.boxes))
    return Annotations(classes.names, tuple(picture for _, picture in taken.values()))


def _place(
    raw: RawPicture, index: PictureIndex, used: set[str], frame: str, report: ReportBuilder
) -> _Placed | None:
    """Return where a picture is and how large; None, told to the report, where it cannot be used."""
    if not _is_possible_name(raw.name):
        report.refused(raw.where, f"no name a file can have: {raw.name[:80]!r}")
        return None
    try:
        path = raw.path or _look_up(raw, index, used, report)
        facts = None if path is None else read_facts(path)
    except AmbiguousPicture as error:
        report.refused(
            raw.where, f"several pictures of that name: {error}. Give images= the folder of the right one"
        )
    except FileNotFoundError:
        return _missing(raw, index, report)
    except (ImageError, OSError) as error:
        report.refused(raw.where, f"unreadable picture: {error}")
    else:
        return _missing(raw, index, report) if facts is None else _measured(raw, path, facts, frame, report)
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


def _missing(raw: RawPicture, index: PictureIndex, report: ReportBuilder) -> _Placed | None:
    path = raw.path or index.place_of(raw.name or (raw.aliases or ("",))[0])
    if raw.size is None and (raw.fractions or raw.y_from_bottom):
        report.refused(raw.where, f"missing picture of unknown size: {raw.name!r}. Give images= its folder")
        return None
    unchecked = " as they are" if raw.size is None else ""
    report.note(
        raw.where, f"missing picture: {raw.name!r}; its boxes are kept{unchecked}. Give images= its folder"
    )
    return _Placed(raw, path, raw.size)


def _measured(raw: RawPicture, path: Path, facts: Facts, frame: str, report: ReportBuilder) -> _Placed:
    turn, doubt = choose_frame(facts, raw.size, frame)
    if doubt and raw.boxes:
        report.note(raw.where, doubt)
    if turn > 1 and raw.boxes:
        report.repaired(
            raw.where, f"turned upright: boxes drawn on the stored photo (EXIF orientation {turn})"
        )
    placed = _Placed(raw, path, facts.size, turn)
    if raw.size is not None and raw.size not in (facts.size, facts.stored_size):
        report.note(
            raw.where,
            f"picture of another size: annotated as {_shown(raw.size)}, it has {_shown(facts.size)} (height × "
            "width). Was it resized? Look at contact_sheet(annotations)",
        )
    return placed


def _with_boxes(
    placed: Sequence[_Placed], classes: ClassTable, report: ReportBuilder
) -> Iterator[tuple[str, Picture]]:
    """Yield each picture with the boxes that can be used, and where it was annotated."""
    boxes = [box for one in placed for box in one.raw.boxes]
    counts = np.array([len(one.raw.boxes) for one in placed], np.int64)
    picture_of = np.repeat(np.arange(len(placed)), counts)  # (n,)
    labels = np.array([classes.label_of(box.class_name) for box in boxes], np.int64)
    crowd = np.array([box.crowd for box in boxes], bool)
    values = to_numbers([box.xyxy for box in boxes])
    mended = _mended(values, placed, picture_of)
    xyxy = _turned(mended.xyxy, placed, counts).astype(np.float32)
    twice = np.zeros(len(boxes), bool)
    good = np.flatnonzero(~mended.refused & (labels >= 0))
    twice[good] = repeats([picture_of[good], labels[good], crowd[good], *xyxy[good].T])
    _tell(boxes, values, mended, labels, twice, placed, picture_of, report)
    keep = np.flatnonzero(~mended.refused & (labels >= 0) & ~twice)
    parts = _cut(xyxy[keep], labels[keep], crowd[keep], picture_of[keep], len(placed))
    for one, kept in zip(placed, parts, strict=True):
        if one.raw.boxes and not len(kept):
            report.note(
                one.raw.where, "no box left: all were refused, so it counts as a picture that shows nothing"
            )
        yield one.raw.where, Picture(one.path, kept, one.size)


def _cut(
    xyxy: np.ndarray, labels: np.ndarray, crowd: np.ndarray, picture_of: np.ndarray, pictures: int
) -> Iterator[Boxes]:
    """Yield the boxes of each picture; `picture_of` is its number for each box, ascending."""
    stops = np.searchsorted(picture_of, np.arange(pictures), side="right").tolist()
    with_crowd = set(picture_of[crowd].tolist())
    start = 0
    for number, stop in enumerate(stops):
        rows = slice(start, stop)
        yield Boxes(xyxy[rows], labels[rows], crowd=crowd[rows] if number in with_crowd else None)
        start = stop


def _mended(values: np.ndarray, placed: Sequence[_Placed], picture_of: np.ndarray) -> Mended:
    sizes = np.array([one.drawn_size for one in placed], np.float64).reshape(-1, 2)
    fractions = np.array([one.raw.fractions for one in placed], bool)
    units = np.where(fractions[:, None], sizes, 1.0)  # pixels in one unit of the file: (height, width)
    precision = units * np.array([one.raw.precision for one in placed], np.float64)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        pixels = values * units[picture_of][:, [1, 0, 1, 0]]
    upwards = np.array([one.raw.y_from_bottom for one in placed], bool)[picture_of]
    heights = sizes[picture_of][upwards, 0]
    pixels[upwards, 1], pixels[upwards, 3] = heights - pixels[upwards, 3], heights - pixels[upwards, 1]
    return mend(pixels, sizes[picture_of], precision[picture_of])


def _turned(xyxy: np.ndarray, placed: Sequence[_Placed], counts: np.ndarray) -> np.ndarray:
    start = 0
    for one, count in zip(placed, counts.tolist(), strict=True):
        if one.turn > 1:
            rows = slice(start, start + count)
            xyxy[rows] = turn_upright(xyxy[rows], one.drawn_size, one.turn)
        start += count
    return xyxy


def _tell(
    boxes: Sequence[RawBox],
    values: np.ndarray,
    mended: Mended,
    labels: np.ndarray,
    twice: np.ndarray,
    placed: Sequence[_Placed],
    picture_of: np.ndarray,
    report: ReportBuilder,
) -> None:
    """Tell the report about each box that is not taken as it was read."""
    firsts = np.searchsorted(picture_of, np.arange(len(placed)))
    faulty = mended.refused | (labels < 0) | twice | mended.swapped | mended.cut
    for row in np.flatnonzero(faulty).tolist():
        one, box = placed[picture_of[row]], boxes[row]
        number = row - int(firsts[picture_of[row]]) + 1
        where = f"{one.raw.where}, {box.where or f'box {number}'}"
        got = ", ".join("?" if value != value else f"{value:.6g}" for value in values[row].tolist())
        if mended.unreadable[row]:
            report.refused(where, f"not four numbers: {_short(box.xyxy)}")
        elif labels[row] < 0:
            report.refused(where, f"no class name: {box.class_name!r}"[:120])
        elif mended.no_area[row]:
            report.refused(where, f"no area: {got}")
        elif mended.outside[row]:
            report.refused(where, f"outside the picture: {got} of {_shown(one.drawn_size)} (height × width)")
        elif twice[row]:
            report.repaired(where, f"drawn twice: {got} as {box.class_name!r}; one is kept")
        else:
            _tell_change(where, got, bool(mended.swapped[row]), bool(mended.cut[row]), one, report)


def _tell_change(where: str, got: str, swapped: bool, cut: bool, one: _Placed, report: ReportBuilder) -> None:
    if swapped:
        report.repaired(where, f"edges the wrong way round: {got}, swapped")
    if cut:
        size = _shown(one.drawn_size)
        report.repaired(where, f"partly outside the picture: {got} cut to {size} (height × width)")


def _add(taken: dict[str, tuple[str, Picture]], where: str, picture: Picture, report: ReportBuilder) -> None:
    """Add a picture; if it was annotated before, its boxes join those it has."""
    key = str(picture.path)
    if key not in taken:
        taken[key] = (where, picture)
        return
    first, before = taken[key]
    boxes = Boxes.concatenate([before.boxes, picture.boxes])
    boxes = boxes[~repeats([boxes.labels, boxes.crowd_mask, *boxes.xyxy.T])]
    dropped = len(before.boxes) + len(picture.boxes) - len(boxes)
    report.repaired(where, f"picture annotated twice: joined with {first}; {dropped} boxes were in both")
    taken[key] = (first, Picture(picture.path, boxes, picture.size))


def _refuse_if_nothing(taken: Mapping, classes: ClassTable, report: ReportBuilder) -> None:
    built = report.build()
    refused = shown_mistakes(list(built.of("refused")))
    if not taken:
        why = f"all was refused:\n{refused}" if refused else "the files hold no picture at all."
        raise ImportRefused(f"expected annotated pictures, got none: {why}", built)
    if not classes.names:
        why = f" Refused were:\n{refused}" if refused else " Draw at least one box."
        raise ImportRefused(f"expected at least one class, got {len(taken)} pictures and none.{why}", built)


def _is_possible_name(name: str) -> bool:
    """Tell whether a file can be called so: without NUL and half characters, which no system takes."""
    return "\0" not in name and (name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name))


def _shown(size: Iterable[float]) -> str:
    return " × ".join("?" if side == math.inf else str(side) for side in size)


def _short(values: Iterable[object]) -> str:
    return ", ".join(_shown_value(value) for value in values)


def _shown_value(value: object) -> str:
    """Return a value for a report; of what could take forever to write out only what it is."""
    if isinstance(value, str):
        return value[:40]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 1e12):
        return f"{value:.6g}"
    return f"a {type(value).__name__}"
