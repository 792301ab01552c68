"""What people drew, in one COCO file: each change is on disk before anybody is told that it is saved.

Several kernels may keep their boxes in one file: they take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from tflhelpers.annotator import contents
from tflhelpers.annotator.contents import Content
from tflhelpers.annotator.label_file import keep_aside, lock_of, one_at_a_time, signature_of
from tflhelpers.annotator.label_order import with_classes_first, with_pictures_found, with_start
from tflhelpers.data.annotations import AnnotationError, Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.coco_writer import measured, relative_name, to_document
from tflhelpers.data.pictures import Contents, Picture
from tflhelpers.files.lock import locked

_Made = TypeVar("_Made")
_WAIT = 30.0  # seconds for another kernel to be done: it takes one of them a fraction of one
_TRIES = 20  # where there are no locks
_PAUSE = 0.05  # seconds, the same

_AGAIN = (
    "Free the file or its folder, or give another path; until then the boxes are kept in this browser only."
)
MERGED = (
    "Somebody else has changed the boxes of {name} in the meantime. Both theirs and yours are kept: "
    "delete those you do not need."
)


class NotSaved(Exception):
    """A change that could not be written; the message says why, and what to do."""


@dataclass(frozen=True)
class Saved:
    """What became of a change: the content that the file has now, and a sentence if it is not the one sent."""

    content: Content
    merged: bool = False
    notice: str | None = None


class LabelStore:
    """The boxes of the pictures shown, kept in `path`. The file is the truth: it is read again when it changed.

    A picture is in the file if it is labelled; one without boxes is one with "nothing here". What the file holds
    besides (other pictures, classes and fields) stays in it.

    Args:
        path: The COCO file; it need not exist.
        pictures: Absolute paths of the pictures shown.
        class_names: The classes, or None for those of the file or of `start`. Classes that only the file has
            come behind them.
        start: Boxes of pictures that the file says nothing about.

    Raises:
        AnnotationError: If the file cannot be used and no classes are given.
        ValueError: If there are no classes at all, or `path` is a folder.
    """

    def __init__(
        self,
        path: Path,
        pictures: Sequence[Path],
        class_names: Sequence[str] | None = None,
        *,
        start: Annotations | None = None,
    ) -> None:
        if path.is_dir():
            raise ValueError(
                f"{path}: expected the file to keep boxes in, got a folder. Give a name like {path}/annotations.json."
            )
        self.path = path
        self.notice = ""
        self.lock = lock_of(path)
        self._pictures = list(pictures)
        self._start = start
        self._wanted = (
            list(class_names) if class_names is not None else list(start.class_names if start else [])
        )
        self._renames: dict[str, str] = {}
        self._removed: dict[Path, Picture] = {}  # their ids and other fields, should boxes be drawn again
        self._seen = signature_of(path)
        self._unusable: AnnotationError | None = None
        self._unreadable: OSError | None = None
        loaded = self._load()
        if loaded is None and not self._wanted:
            raise self._unusable or ValueError(
                f'expected class names, since there is no {path} to take them from. Write ["duck"] or the like.'
            )
        self._annotations = self._arranged(loaded or Annotations.from_items(self._wanted, ()))

    @property
    def class_names(self) -> list[str]:
        """The classes: those given first, then those that only the file has."""
        return list(self._annotations.class_names)

    @one_at_a_time
    def refresh(self) -> None:
        """Read the file again if somebody changed it. One that vanished or broke leaves what was known."""
        signature = signature_of(self.path)
        if signature == self._seen and self._unreadable is None:
            return
        self._seen = signature
        loaded = self._load()
        if loaded is not None:
            self._annotations = self._arranged(loaded)

    def content(self, index: int) -> Content:
        """Return what is drawn on the picture with this index."""
        now = self._annotations
        row = _rows(now).get(self._pictures[index])
        return dict(contents.TODO) if row is None else contents.to_content(now[row][1], now.class_names)

    def states(self) -> str:
        """Return a character for each picture: "t" nothing said yet, "b" boxes, "n" nothing here."""
        now = self._annotations  # a value: another thread may ask while it is replaced
        rows = _rows(now)
        found = (rows.get(path) for path in self._pictures)
        return "".join("t" if row is None else "b" if len(now[row][1]) else "n" for row in found)

    def labelled(self) -> Annotations:
        """Return the pictures that are labelled, in the order in which they are shown."""
        now = self._annotations
        rows = _rows(now)
        return replace(
            now, pictures=tuple(now.pictures[rows[path]] for path in self._pictures if path in rows)
        )

    def document(self) -> dict[str, Any]:
        """Return what the file holds, or would hold after the next change, as COCO JSON."""
        now = self._annotations
        return to_document(self.path, Contents(now.class_names, now.pictures, now.categories, now.header))

    def file_names(self) -> list[str]:
        """Return the name that each picture shown has in the file."""
        return [relative_name(path, self.path.parent) for path in self._pictures]

    @one_at_a_time
    def change(
        self, index: int, content: object, bases: Iterable[object], size: tuple[int, int] | None = None
    ) -> Saved:
        """Put what is drawn on a picture into the file.

        Args:
            index: Of the picture.
            content: What is to be there.
            bases: What whoever sends it may have seen there. Is it something else, then somebody else has
                changed it, and the boxes of both are kept.
            size: (height, width) of the picture, or None where it is not known.

        Raises:
            NotSaved: If the file cannot be written; nothing has changed then.
            ValueError: If `content` is none.
        """
        ours, seen = contents.checked_content(content), [contents.checked_content(base) for base in bases]
        return self._kept(
            lambda: self._put(index, ours, seen, size),
            lambda saved: contents.same(self.content(index), saved.content),
        )

    @one_at_a_time
    def add_class(self, name: object) -> None:
        """Add a class at the end; one that is there already stays where it is.

        Raises:
            NotSaved: If the file cannot be written.
            ValueError: If the name is empty.
        """
        added = _checked_name(name)
        self._kept(
            lambda: self._write(self._with_classes([added])), lambda _: added in self._annotations.class_names
        )
        self._wanted = self.class_names

    @one_at_a_time
    def rename_class(self, old: object, new: object) -> None:
        """Give a class another name, on all its boxes. Asked again, it does nothing.

        Raises:
            NotSaved: If the file cannot be written.
            ValueError: If there is no such class, or the new name is empty or another class's.
        """
        name, wanted = _checked_name(new), list(self._wanted)

        def rename() -> None:
            if self._wanted != wanted:  # made before, and another machine has put the old name back
                self._wanted, self._seen = list(wanted), None
                self.refresh()
            self._rename(old, name)

        self._kept(rename, lambda _: old == name or old not in self._annotations.class_names)

    # ---- the file

    def _load(self) -> Annotations | None:
        """Return what the file holds; None if there is no usable one, which `notice` tells if there is one."""
        self._unusable = self._unreadable = None
        try:
            return Annotations.load(self.path)
        except FileNotFoundError:
            return None
        except AnnotationError as error:
            self._unusable = error
            self.notice = (
                f"{self.path.name} cannot be used as it is. It is left alone, and when you draw the first box it is "
                f"kept under another name next to the new one. ({error})"
            )
        except OSError as error:
            self._unreadable = error
            self.notice = f"{self.path} cannot be read: {error.strerror or error}."
        return None

    def _kept(self, change: Callable[[], _Made], is_there: Callable[[_Made], bool]) -> _Made:
        """Make a change to what the file holds now, in turn with other kernels.

        On a file system without locks, another machine may have written what it read before: the file is looked at a
        while later, and the change made again until it is there.
        """
        for _ in range(_TRIES):
            began = time.monotonic()
            with self._turn() as alone:
                self.refresh()
                made = change()
            if alone:
                return made
            self._seen = None  # what stands there may be another's already
            time.sleep(max(_PAUSE, 3 * (time.monotonic() - began)))
            self.refresh()
            if is_there(made):
                return made
        raise NotSaved(
            f"Several programs write {self.path.name} at once, and its drive has no locks. {_AGAIN}"
        )

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        with ExitStack() as stack:
            try:
                alone = stack.enter_context(locked(self.path, wait=_WAIT))
            except OSError as error:
                raise self._not_saved(self._unreadable or error) from error
            yield alone

    def _not_saved(self, error: OSError) -> NotSaved:
        return NotSaved(
            f"{self.path.name} cannot be written in the folder “{self.path.parent.name}”: "
            f"{error.strerror or error}. {_AGAIN}"
        )

    def _write(self, annotations: Annotations) -> None:
        try:
            if self._unreadable is not None:
                raise self._unreadable  # whatever it holds must not be overwritten
            if self._unusable is not None:
                self._tell_where_it_is(keep_aside(self.path))
            annotations = replace(annotations, pictures=tuple(map(measured, annotations.pictures)))
            annotations.save(self.path)
        except OSError as error:
            raise self._not_saved(error) from error
        self._annotations = annotations
        self._seen = signature_of(self.path)
        self._start = None  # it is in the file now

    def _tell_where_it_is(self, aside: Path | None) -> None:
        self._unusable = None
        if aside is not None:
            self.notice = (
                f"The unusable {self.path.name} is kept as {aside.name}; boxes are now saved in a new file."
            )

    def _arranged(self, loaded: Annotations) -> Annotations:
        arranged = with_classes_first(loaded, self._wanted)
        arranged = with_pictures_found(arranged, self._pictures)
        return arranged if self._start is None else with_start(arranged, self._start)

    # ---- changes

    def _put(
        self, index: int, content: Content, bases: Sequence[Content], size: tuple[int, int] | None
    ) -> Saved:
        ours, theirs = self._known(content), self.content(index)
        expected = [*map(self._known, bases), ours, contents.TODO]
        conflict = not any(contents.same(theirs, other) for other in expected)
        wanted = contents.merged(theirs, ours) if conflict else ours
        if not contents.same(theirs, wanted):
            self._write(self._changed(index, wanted, size))
        notice = MERGED.format(name=self._pictures[index].name) if conflict else None
        return Saved(self.content(index), merged=not contents.same(wanted, ours), notice=notice)

    def _rename(self, old: object, new: str) -> None:
        names = self.class_names
        if old == new or (old not in names and new in names):
            return
        if not isinstance(old, str) or old not in names:
            raise ValueError(f"there is no class {old!r}; the classes are {', '.join(names)}.")
        if new in names:
            raise ValueError(f"the name {new!r} is taken by another class. Choose another name.")
        names[names.index(old)] = new
        self._write(self._with(names, self._annotations.pictures))
        self._renames = {
            **{key: new if value == old else value for key, value in self._renames.items()},
            old: new,
        }
        self._renames.pop(new, None)
        self._wanted = [new if name == old else name for name in self._wanted]

    def _changed(self, index: int, content: Content, size: tuple[int, int] | None) -> Annotations:
        """Return the annotations with another content on one picture."""
        names = self._with_classes(entry["class"] for entry in content["boxes"]).class_names
        path, pictures = self._pictures[index], list(self._annotations.pictures)
        row = _rows(self._annotations).get(path)
        if contents.is_todo(content):
            if row is not None:
                self._removed[path] = pictures.pop(row)
            return self._with(names, pictures)
        boxes = contents.to_boxes(content, names)
        if row is not None:
            pictures[row] = pictures[row].with_boxes(boxes)
        else:
            before = self._removed.get(path) or Picture(path, Boxes.empty(), size)
            pictures.append(before.with_boxes(boxes))
        return self._with(names, pictures)

    def _known(self, content: Content) -> Content:
        """Return a content under the present names of its classes: it may be older than a renaming."""
        now = {old: new for old, new in self._renames.items() if old not in self._annotations.class_names}
        return contents.renamed(content, now)

    def _with_classes(self, names: Iterable[str]) -> Annotations:
        known = dict.fromkeys([*self._annotations.class_names, *names])
        return self._with(list(known), self._annotations.pictures)

    def _with(self, class_names: Sequence[str], pictures: Iterable[Picture]) -> Annotations:
        now = self._annotations
        return Annotations(tuple(class_names), tuple(pictures), categories=now.categories, header=now.header)


def _rows(annotations: Annotations) -> dict[Path, int]:
    """Return the row of each picture in the annotations; of one that is listed twice the first."""
    rows: dict[Path, int] = {}
    for row, picture in enumerate(annotations.pictures):
        rows.setdefault(picture.path, row)
    return rows


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"a class needs a name, got {name!r}.")
    return name.strip()
