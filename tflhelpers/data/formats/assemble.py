"""Makes `Annotations` of what a reader hands over: finds the pictures, turns and mends the boxes, tells it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.formats.box_faults import Batch, tell_faults
from tflhelpers.data.formats.box_repair import Mended, mend, repeats, to_numbers
from tflhelpers.data.formats.class_table import ClassTable
from tflhelpers.data.formats.frames import turn_upright
from tflhelpers.data.formats.picture_index import PictureIndex
from tflhelpers.data.formats.placing import Placed, place
from tflhelpers.data.formats.raw import RawPicture, RawSet
from tflhelpers.data.formats.report import ImportRefused, ReportBuilder, shown_mistakes
from tflhelpers.data.formats.units import are_fractions, are_no_fractions, in_own_unit
from tflhelpers.data.pictures import Picture
from tflhelpers.progress import progress_bar

_PICTURES, _BOXES = 1024, 8192  # that are checked together: as read, a box is a kilobyte


def assemble(
    raw: RawSet,
    report: ReportBuilder,
    *,
    folders: Sequence[Path],
    frame: str = "auto",
    rename: Mapping[str, str] | None = None,
    class_names: Sequence[str] | None = None,
    progress: bool = True,
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
        class_names: The classes in order; None: those that the format declares, then the others by name.
        progress: Show a bar where it takes longer than two seconds.

    Raises:
        ImportRefused: If there is no picture that can be taken, or no class.
        ValueError: If `rename` names a class that is not there, or `class_names` lacks one of a box.
    """
    classes = ClassTable(raw.class_names, rename)
    index = PictureIndex(list(dict.fromkeys([*folders, *raw.folders])))
    used: set[str] = set()
    sizes: dict[tuple[int, int] | None, tuple[int, int] | None] = {}  # each is kept once
    taken: dict[str, tuple[str, Picture]] = {}  # by path
    emptied: dict[str, str] = {}  # path -> where something was refused and nothing taken
    pictures = in_own_unit(raw.pictures, report)
    with progress_bar(None, "Importing pictures", enabled=progress, delay=2) as bar:
        for portion in _portions(pictures):
            count = len(portion)
            placed = [found for one in portion if (found := place(one, index, used, frame, report))]
            for one in placed:
                one.size = sizes.setdefault(one.size, one.size)
            for one, picture in _with_boxes(placed, classes, report):
                if len(picture.boxes) or not (one.raw.boxes or one.raw.incomplete):
                    _add(taken, one.raw.where, picture, report)
                else:
                    emptied.setdefault(str(picture.path), one.raw.where)
            bar.update(count)
            portion.clear()  # before the next is read
            placed.clear()
    _leave_out(emptied, taken, report)
    for path in index.unnamed():
        report.note(
            path, "picture without annotation: left out; one that shows no object needs an empty entry"
        )
    classes.check_rename()
    if raw.class_names is None or not raw.declared:
        _drop_unused(classes, taken)
    names = classes.in_order if class_names is None else tuple(class_names)
    _refuse_if_nothing(taken, names, report)
    classes.note_look_alikes(report)
    if class_names is None:
        classes.note_order(report)
    for where, picture in taken.values():
        report.taken(where, len(picture.boxes))
    return Annotations(
        names, tuple(_relabelled([picture for _, picture in taken.values()], classes.names, names))
    )


def _portions(pictures: Iterator[RawPicture]) -> Iterator[list[RawPicture]]:
    portion: list[RawPicture] = []
    boxes = 0
    for picture in pictures:
        portion.append(picture)
        boxes += len(picture.boxes)
        if len(portion) == _PICTURES or boxes >= _BOXES:
            yield portion
            portion, boxes = [], 0
    if portion:
        yield portion


def _relabelled(pictures: list[Picture], before: Sequence[str], names: Sequence[str]) -> list[Picture]:
    if tuple(before) == tuple(names[: len(before)]):
        return pictures
    used = np.unique(np.concatenate([picture.boxes.labels for picture in pictures])).tolist()
    missing = [before[label] for label in used if before[label] not in names]
    if missing:
        raise ValueError(
            f"class_names must hold all classes of the boxes, got none called {', '.join(map(repr, missing))}. Add it, "
            "or say with rename which of them it is."
        )
    label_of = np.zeros(len(before), np.int64)
    label_of[used] = [names.index(before[label]) for label in used]
    return [
        Picture(picture.path, replace(picture.boxes, labels=label_of[picture.boxes.labels]), picture.size)
        for picture in pictures
    ]


def _with_boxes(
    placed: Sequence[Placed], classes: ClassTable, report: ReportBuilder
) -> Iterator[tuple[Placed, Picture]]:
    """Yield each picture with the boxes that can be used."""
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
    tell_faults(Batch(boxes, placed, picture_of, labels, values), mended, twice, report)
    keep = np.flatnonzero(~mended.refused & (labels >= 0) & ~twice)
    parts = _cut(xyxy[keep], labels[keep], crowd[keep], picture_of[keep], len(placed))
    for one, kept in zip(placed, parts, strict=True):
        yield one, Picture(one.path, kept, one.size)


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


def _mended(values: np.ndarray, placed: Sequence[Placed], picture_of: np.ndarray) -> Mended:
    sizes = np.array([one.drawn_size for one in placed], np.float64).reshape(-1, 2)
    fractions = np.array([one.raw.fractions for one in placed], bool)
    scales = np.array([one.scale for one in placed], np.float64).reshape(-1, 2)
    units = np.where(fractions[:, None], sizes, scales)  # pixels in one unit of the file: (height, width)
    precision = units * np.array([one.raw.precision for one in placed], np.float64)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        pixels = values * units[picture_of][:, [1, 0, 1, 0]]
    upwards = np.array([one.raw.y_from_bottom for one in placed], bool)[picture_of]
    heights = sizes[picture_of][upwards, 0]
    pixels[upwards, 1], pixels[upwards, 3] = heights - pixels[upwards, 3], heights - pixels[upwards, 1]
    mended = mend(pixels, sizes[picture_of], precision[picture_of])
    in_fractions = fractions[picture_of]
    return mended.refusing(
        outside=in_fractions & are_no_fractions(values), tiny=~in_fractions & are_fractions(values)
    )


def _turned(xyxy: np.ndarray, placed: Sequence[Placed], counts: np.ndarray) -> np.ndarray:
    start = 0
    for one, count in zip(placed, counts.tolist(), strict=True):
        if one.turn > 1:
            rows = slice(start, start + count)
            xyxy[rows] = turn_upright(xyxy[rows], one.drawn_size, one.turn)
        start += count
    return xyxy


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


def _leave_out(
    emptied: Mapping[str, str], taken: dict[str, tuple[str, Picture]], report: ReportBuilder
) -> None:
    """Take no picture as a negative of which something was refused, wherever else it may stand without a box."""
    for path, where in emptied.items():
        if path not in taken or not len(taken[path][1].boxes):
            taken.pop(path, None)
            report.note(where, "no box left: all were refused, so the picture is left out; it is no negative")


def _drop_unused(classes: ClassTable, taken: dict[str, tuple[str, Picture]]) -> None:
    """Keep of the classes those that boxes have."""
    used = {label for _, picture in taken.values() for label in picture.boxes.labels.tolist()}
    if len(used) == len(classes.names):
        return
    new = classes.keep_only(used)
    for path, (where, picture) in taken.items():
        boxes = replace(picture.boxes, labels=new[picture.boxes.labels])
        taken[path] = (where, replace(picture, boxes=boxes))


def _refuse_if_nothing(taken: Mapping[str, object], names: Sequence[str], report: ReportBuilder) -> None:
    built = report.build()
    refused = shown_mistakes(list(built.of("refused")))
    if not taken:
        why = f"all was refused:\n{refused}" if refused else "the files hold no picture at all."
        raise ImportRefused(f"expected annotated pictures, got none: {why}", built)
    if not names:
        why = f" Refused were:\n{refused}" if refused else " Draw at least one box."
        raise ImportRefused(f"expected at least one class, got {len(taken)} pictures and none.{why}", built)
