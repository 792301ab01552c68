"""`Annotations`: class names, pictures and the boxes on them, kept in one COCO JSON file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, overload

from tflhelpers.data.annotation_checks import Problem, find_problems
from tflhelpers.data.annotation_split import split_indices
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.coco_reader import AnnotationError, name_mistakes, read_contents
from tflhelpers.data.coco_writer import write_contents
from tflhelpers.data.likeness import SAME_SCENE
from tflhelpers.data.picture_files import PICTURE_ENDINGS
from tflhelpers.data.pictures import Contents, Picture
from tflhelpers.data.scenes import SharedScenes, compare_scenes
from tflhelpers.files.kinds import check_kind
from tflhelpers.files.words import counted

__all__ = ["AnnotationError", "Annotations", "Picture", "Problem"]

_Item = tuple[str | os.PathLike[str], Boxes]


@dataclass(frozen=True, eq=False, repr=False)
class Annotations:
    """Class names and, in order, pictures with their boxes. A value: methods return new ones.

    Iterating gives pairs (image_path, Boxes). A picture without boxes is kept: it teaches what is not there.

    Args:
        class_names: One name a class; a box's label is an index into it. Unique and not empty. Boxes that know the same
            classes in another order, as a detector's may, are matched by name.
        pictures: Pairs (path, Boxes), a mapping from path to Boxes, or `Picture`s.
        categories: One COCO category entry a class, as read; only `load` sets it.
        header: Other top-level fields of the COCO file, as read; only `load` sets it.

    Raises:
        ValueError: If a class name is wrong or a label has no class.

    Example:
        >>> one_duck = Boxes([[1, 2, 30, 40]], [0])
        >>> Annotations(["duck"], [("a.jpg", one_duck), ("b.jpg", Boxes.empty())])
        Annotations(1 class, 2 pictures, 1 box)
    """

    class_names: tuple[str, ...]
    pictures: tuple[Picture, ...]
    categories: tuple[Mapping[str, Any], ...] = field(default=(), kw_only=True)
    header: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_names", checked_names(self.class_names))
        items = self.pictures.items() if isinstance(self.pictures, Mapping) else self.pictures
        wanted = "pictures must be pairs of a path and Boxes"
        check_kind(isinstance(items, Iterable), items, wanted, 'Write [("a.jpg", boxes)]')
        pictures = (_in_order(Picture.of(item), self.class_names) for item in items)
        object.__setattr__(self, "pictures", tuple(pictures))
        for picture in self.pictures:
            _check_labels(picture, self.class_names)

    @classmethod
    def from_items(cls, class_names: Sequence[str], items: Iterable[_Item | Picture]) -> Annotations:
        """Return annotations of pairs (path, Boxes)."""
        return cls(class_names, items)  # type: ignore[arg-type]  # both are converted when checked

    @classmethod
    def load(cls, path: str | os.PathLike[str], images: str | os.PathLike[str] | None = None) -> Annotations:
        """Read a COCO JSON file. Ids may have gaps; classes keep the file's order; nothing is dropped.

        Args:
            path: The file.
            images: The folder of the pictures, default the file's own. A picture that is not in it under
                its stored name is looked for by its bare file name. Pictures may be missing: see `check`.

        Raises:
            FileNotFoundError: If there is no such file or no such folder.
            AnnotationError: If it is no COCO JSON, or entries in it are wrong (NaN, negative width, unknown
                category or image, ...): all are listed with their ids, and nothing is loaded.
        """
        contents = read_contents(Path(path), None if images is None else Path(images))
        return cls(
            contents.class_names, contents.pictures, categories=contents.categories, header=contents.header
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a COCO JSON file, atomically: whenever the machine dies, the old file or the new one stands.

        Pictures are named relative to the file's folder, which is made where missing. What `load` read
        beside the boxes (ids, segmentations, licences, ...) is written back. Scores are written as `score`;
        loaded again they are a further field of the file, not `Boxes.scores`: annotations are the truth.

        Raises:
            ValueError: If the path is called like a picture.
        """
        refuse_picture(Path(path))
        write_contents(Path(path), Contents(self.class_names, self.pictures, self.categories, self.header))

    def split(self, train: float | int = 0.8, *, seed: int = 0) -> tuple[Annotations, Annotations]:
        """Return two groups of the pictures, for training and for holding out, each in the order of these.

        Each class is in the first group where that is possible; beyond that classes and negatives are spread
        in proportion. Equal seeds give equal groups.

        Args:
            train: The part of the pictures in the first group, between 0 and 1, or their number.
            seed: Deals the pictures out differently.

        Raises:
            ValueError: If there are fewer than 2 pictures, or `train` leaves a group empty.

        Example:
            >>> annotations = Annotations(["duck"], [(f"{i}.jpg", Boxes.empty()) for i in range(5)])
            >>> annotations.split(4)
            (Annotations(1 class, 4 pictures, 0 boxes), Annotations(1 class, 1 picture, 0 boxes))
        """
        labels_of = [frozenset(boxes.labels[~boxes.crowd_mask].tolist()) for _, boxes in self]
        first, second = split_indices(labels_of, train, seed)
        return self._of([self.pictures[i] for i in first]), self._of([self.pictures[i] for i in second])

    def check(self, *, decode: bool = False, progress: bool = True) -> list[Problem]:
        """Return what looks wrong, nothing where all is well: print each, they say what to do.

        Finds boxes partly outside their picture, boxes without area, boxes drawn twice, pictures that are
        missing, unreadable or listed twice, and pictures whose upright size is not the annotated one.

        Args:
            decode: Also decode every picture, which is slow, to find those truncated behind their beginning.
            progress: Show a bar where it takes longer than two seconds.
        """
        return find_problems(self.pictures, decode=decode, progress=progress)

    def shared_scenes(
        self, measured_on: Annotations, *, same_scene: float = SAME_SCENE, progress: bool = True
    ) -> SharedScenes:
        """Look for scenes that both sets show: by the correlation of their pictures, 16 pixels small and gray.

        Args:
            measured_on: What a detector that was trained on these is to be measured with.
            same_scene: Correlation, -1 to 1, from which two pictures count as one scene.
            progress: Show a bar where reading the pictures takes longer than two seconds.

        Raises:
            ValueError: If `measured_on` is none.

        Example:
            `print(trained_on.shared_scenes(measured_on))`
        """
        check_annotations(measured_on, "trained_on.shared_scenes(measured_on)")
        return compare_scenes(self.image_paths, measured_on.image_paths, same_scene, progress=progress)

    def with_boxes(self, index: int, boxes: Boxes) -> Annotations:
        """Return annotations with other boxes on one picture. Unchanged boxes keep their file fields."""
        pictures = list(self.pictures)
        pictures[index] = pictures[index].with_boxes(boxes)
        return self._of(pictures)

    @property
    def image_paths(self) -> tuple[Path, ...]:
        """The path of each picture, in order."""
        return tuple(picture.path for picture in self.pictures)

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[tuple[Path, Boxes]]:
        return ((picture.path, picture.boxes) for picture in self.pictures)

    @overload
    def __getitem__(self, index: int) -> tuple[Path, Boxes]: ...

    @overload
    def __getitem__(self, index: slice) -> Annotations: ...

    def __getitem__(self, index: int | slice) -> tuple[Path, Boxes] | Annotations:
        """Return one pair (image_path, Boxes), or for a slice the annotations of those pictures."""
        if isinstance(index, slice):
            return self._of(self.pictures[index])
        return self.pictures[index].path, self.pictures[index].boxes

    def __eq__(self, other: object) -> bool:
        """Equal class names, paths and boxes; what else the files said does not count."""
        if not isinstance(other, Annotations):
            return NotImplemented
        return self.class_names == other.class_names and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        boxes = sum(len(boxes) for _, boxes in self)
        counts = [
            counted(len(self.class_names), "class", "classes"),
            counted(len(self), "picture"),
            counted(boxes, "box", "boxes"),
        ]
        return f"Annotations({', '.join(counts)})"

    def _of(self, pictures: Iterable[Picture]) -> Annotations:
        return replace(self, pictures=tuple(pictures))


def refuse_picture(path: Path) -> None:
    """Raise ValueError where annotations would be written over a picture."""
    if path.suffix.lower() in PICTURE_ENDINGS:
        raise ValueError(
            f"path must be where annotations go, got the picture {path}. Write {path.with_suffix('.json').name!r}."
        )


def check_annotations(given: Any, call: str) -> None:
    """Raise ValueError if something else was given for annotations; `call` is how the call is written."""
    if not isinstance(given, Annotations):
        got = type(given).__name__
        raise ValueError(f"annotations must be Annotations, got {got}. The call is {call}.")


def checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names of classes, unique and none empty, else ValueError."""
    if isinstance(names, str):
        raise ValueError(f'class_names must be a list of names, got the string {names!r}. Write ["{names}"].')
    if not isinstance(names, Iterable):
        got = type(names).__name__
        raise ValueError(f'class_names must be a list of names, got {got}. Write ["duck", "boat"].')
    mistakes = name_mistakes(list(names))
    if mistakes:
        raise ValueError("class_names must be unique names, none empty: " + "; ".join(mistakes) + ".")
    return tuple(names)


def _in_order(picture: Picture, class_names: tuple[str, ...]) -> Picture:
    known = picture.boxes.class_names
    if known is None or known == class_names or set(known) != set(class_names):
        return picture
    return replace(picture, boxes=picture.boxes.with_classes(class_names))


def _check_labels(picture: Picture, class_names: Sequence[str]) -> None:
    highest = picture.boxes.labels.max(initial=0)
    if highest >= len(class_names):
        raise ValueError(
            f"{picture.path}: expected labels from 0 to {len(class_names) - 1} for the classes "
            f"{', '.join(class_names)}, got {highest}. Labels are 0-based."
        )
