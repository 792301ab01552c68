"""`RawSet`: what a reader of some format hands over, as its file says it, not yet believed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class RawBox(NamedTuple):
    """One box as its file has it.

    Attributes:
        class_name: The class, blanks and case as in the file; None where the file names none.
        xyxy: x1, y1, x2, y2: edges in pixels, or in 0..1 of the picture where `RawPicture.fractions`. Each may
            still be text, NaN, None or the wrong way round.
        where: Which entry of the picture it is ("object 3", "line 7"); empty: its number is given in reports.
        crowd: True for a region that scoring ignores (COCO's `iscrowd`).
    """

    class_name: str | None
    xyxy: tuple[Any, Any, Any, Any]
    where: str = ""
    crowd: bool = False


@dataclass(slots=True)
class RawPicture:
    """One picture as its file has it.

    Attributes:
        name: Name of the picture file, folders and all, as in the file.
        boxes: What is drawn on it; empty for a negative.
        where: The file, and the entry in it ("labels/a.xml", "train.json: image 5"), for reports.
        size: (height, width) as the file says, or None.
        fractions: Whether the boxes are in 0..1 of the picture instead of pixels.
        path: Where the picture lies, if the reader knows it for certain; it is then not looked for.
        aliases: Names to look under where `name` leads to no picture, best first.
        precision: How exact the numbers of the boxes are, in their own unit: a whole pixel within that distance
            is taken to be meant, and edges so far outside the picture lie at its edge (0.00000075 for fractions of
            six digits, 2**-23 for those kept as float32).
        y_from_bottom: Whether y is counted upwards from the bottom of the picture.
        incomplete: Whether the reader has refused something that was drawn on it; without a box it is no negative.
    """

    name: str
    boxes: list[RawBox]
    where: str
    size: tuple[int, int] | None = None
    fractions: bool = False
    path: Path | None = None
    aliases: tuple[str, ...] = ()
    precision: float = 0.0
    y_from_bottom: bool = False
    incomplete: bool = False


@dataclass
class RawSet:
    """All of one import.

    Attributes:
        class_names: The classes in the order in which the format declares them, or None: then by name.
        pictures: In order; may be a generator, it is read once.
        folders: Where pictures may lie besides the folder that the person or the path gives.
        declared: Whether the set has the classes in `class_names` though no box may be of them; if not, these only
            tell the order of those that boxes have.
    """

    class_names: Sequence[str] | None
    pictures: Iterable[RawPicture]
    folders: list[Path] = field(default_factory=list)
    declared: bool = True
