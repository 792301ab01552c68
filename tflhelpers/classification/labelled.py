"""`labelled_photos`: pictures with one class each, from folders, a CSV file or boxes. Nothing is decoded for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflhelpers.classification.class_boxes import from_boxes
from tflhelpers.classification.class_folders import from_folders
from tflhelpers.classification.class_table import from_table
from tflhelpers.classification.label_checks import (
    Candidate,
    check_class_names,
    refuse_empty_classes,
    refuse_two_classes,
    without_unreadable,
)
from tflhelpers.data.annotations import Annotations
from tflhelpers.data.images import read_image

__all__ = ["LabelledPicture", "LabelledPictures", "labelled_photos"]

logger = logging.getLogger(__name__)

MOST_SAID = 5  # sentences that are logged; all are in `left_out`


@dataclass(frozen=True)
class LabelledPicture:
    """A picture file, or a part of one, and its class.

    Attributes:
        path: of the file.
        label: index into the class names.
        box: x1, y1, x2, y2 in whole pixels of the part that counts; None for all of it.
    """

    path: Path
    label: int
    box: tuple[int, int, int, int] | None = None

    def read(self) -> np.ndarray:
        """The picture, or the part of it that counts. RGB uint8 (H, W, 3).

        Raises:
            ImageError, FileNotFoundError: the file is no picture, damaged or absent; the message names it.
        """
        picture = read_image(self.path)
        if self.box is None:
            return picture
        x1, y1, x2, y2 = self.box
        return picture[y1:y2, x1:x2]

    def __str__(self) -> str:
        return str(self.path) if self.box is None else f"{self.path} at {list(self.box)}"


@dataclass(frozen=True, repr=False)
class LabelledPictures:
    """Pictures with a class each. A value: methods return new ones; pictures are read when they are needed.

    Attributes:
        class_names: a name for each label.
        pictures: in order.
        left_out: a sentence for each file that could not be used.
    """

    class_names: tuple[str, ...]
    pictures: tuple[LabelledPicture, ...]
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", check_class_names(self.class_names))
        object.__setattr__(self, "pictures", tuple(self.pictures))
        wrong = [each for each in self.pictures if not 0 <= each.label < len(self.class_names)]
        if wrong:
            raise ValueError(
                f"labels must be 0 to {len(self.class_names) - 1}, an index into the class names, got "
                f"{wrong[0].label} for {wrong[0]}."
            )

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[LabelledPicture]:
        return iter(self.pictures)

    def __getitem__(self, index: int) -> LabelledPicture:
        return self.pictures[index]

    @property
    def labels(self) -> np.ndarray:
        """int64 (n,), indices into `class_names`."""
        return np.array([picture.label for picture in self.pictures], np.int64)

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures each class has."""
        counts = np.bincount(self.labels, minlength=len(self.class_names))
        return dict(zip(self.class_names, counts.tolist(), strict=True))

    def take(self, rows: Iterable[int]) -> LabelledPictures:
        """Those of the pictures, of the same classes."""
        return LabelledPictures(self.class_names, tuple(self.pictures[row] for row in rows))

    def split(
        self, validation: float = 0.2, *, seed: int = 0, progress: bool = True
    ) -> tuple[LabelledPictures, LabelledPictures]:
        """The pictures in two: to learn from, and to judge with. All are decoded once for it, a few at a time.

        Pictures that look alike, and parts of one photo, stay together; see `looks_apart.deal_out`.

        Args:
            validation: the part of each class to judge with, between 0 and 1.
            seed: other seeds deal the pictures out differently.
            progress: show a bar where it takes longer than a second.
        """
        from tflhelpers.classification.looks_apart import split_by_look

        learn, judge = split_by_look(self, validation, seed, progress=progress)
        return self.take(learn), self.take(judge)

    def __repr__(self) -> str:
        shown = [f"{count} {name}" for name, count in list(self.counts.items())[:6]]
        more = [f"{len(self.class_names) - 6} more classes"] if len(self.class_names) > 6 else []
        left_out = [f"{len(self.left_out)} left out"] if self.left_out else []
        return f"LabelledPictures({', '.join([*shown, *more, *left_out])})"


def labelled_photos(
    source: str | os.PathLike | Annotations,
    *,
    images: str | os.PathLike | None = None,
    margin: float = 0.1,
    progress: bool = True,
) -> LabelledPictures:
    """Pictures with a class each. Only the beginning of each file is read, so that 20,000 are no matter.

    Args:
        source: a folder with a folder of pictures for each class; or a CSV file with the columns `filename` and
            `class`; or annotations, of which each box is cut out as a picture of its class.
        images: the folder that a CSV file's names are relative to; default its own.
        margin: around a box, as a part of its sides.
        progress: show a bar where it takes longer than two seconds.

    Returns:
        The pictures. A file that is no picture is left out, and said in `.left_out` and the log; so is a further
        copy of a picture in the same class.

    Raises:
        FileNotFoundError: there is no such folder or file.
        ValueError: fewer than two classes, a class without pictures, the same picture in two classes, a CSV file
            that lacks a column or a name; the message says where.

    Example:
        `labelled_photos("clothes")`, with pictures in `clothes/camouflage` and `clothes/normal`.
    """
    found, candidates, left_out = _candidates(source, images, margin)
    names = check_class_names(found)
    candidates, unreadable = without_unreadable(candidates, progress=progress)
    refuse_empty_classes(names, candidates, [*left_out, *unreadable])
    candidates, copies = refuse_two_classes(names, candidates)
    sentences = (*left_out, *unreadable, *copies)
    for sentence in sentences[:MOST_SAID]:
        logger.warning(sentence)
    if len(sentences) > MOST_SAID:
        logger.warning("%d more are left out: see .left_out.", len(sentences) - MOST_SAID)
    pictures = tuple(LabelledPicture(each.path, each.label, each.box) for each in candidates)
    return LabelledPictures(names, pictures, sentences)


def _candidates(source, images, margin) -> tuple[list[str], list[Candidate], list[str]]:
    """Class names, what may be a picture, and a sentence for each that is not."""
    if isinstance(source, Annotations):
        return from_boxes(source, margin)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            f"source must be a folder, a CSV file or Annotations, got {type(source).__name__}. "
            'For folders of pictures write labelled_photos("folder").'
        )
    path = Path(source).expanduser()
    if path.is_dir():
        return from_folders(path)
    if not path.exists():
        raise FileNotFoundError(f"source must be a folder or a CSV file, but there is no {path}.")
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise ValueError(
            f"source must be a folder with a folder for each class, or a CSV file, got {path}. "
            "Unpack an archive first."
        )
    return from_table(path, path.parent if images is None else Path(images).expanduser())
