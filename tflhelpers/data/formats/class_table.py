"""Turns class names into labels; names that only look alike stay apart, and the person is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from tflhelpers.data.formats.report import ReportBuilder
from tflhelpers.files.words import listed


class ClassTable:
    """The classes of an import.

    Args:
        declared: The names that the format declares, or None.
        rename: What a class is to be called instead; two that get one name become one class.
    """

    def __init__(self, declared: Sequence[str] | None, rename: Mapping[str, str] | None) -> None:
        self._rename = dict(rename or {})
        self._labels: dict[str, int] = {}
        self._by_given: dict[str, int] = {}
        for name in declared or ():
            if _is_name(name):
                self.label_of(name)
        self._n_declared = len(self._labels)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes met so far; a label is an index into them."""
        return tuple(self._labels)

    @property
    def in_order(self) -> tuple[str, ...]:
        """The classes as they are declared, the others by name: whichever box comes first."""
        return (*self.names[: self._n_declared], *sorted(self.names[self._n_declared :]))

    def label_of(self, name: str | None) -> int:
        """Return the label of a class, a new one for a name not met before; -1 for what is no name."""
        label = self._by_given.get(name)  # type: ignore[arg-type]  # None is not in it
        if label is not None:
            return label
        if not _is_name(name):
            return -1
        label = self._labels.setdefault(self._rename.get(name, name), len(self._labels))  # type: ignore[arg-type]
        self._by_given[name] = label  # type: ignore[index]
        return label

    def keep_only(self, labels: Collection[int]) -> np.ndarray:
        """Forget all classes but these; return the new label of each old one, -1 where forgotten. int64 (n,)."""
        new = np.full(len(self._labels), -1, np.int64)
        new[sorted(labels)] = np.arange(len(labels))
        self._n_declared = sum(label < self._n_declared for label in labels)
        self._labels = {name: int(new[label]) for name, label in self._labels.items() if new[label] >= 0}
        return new

    def check_rename(self) -> None:
        """Raise if `rename` is about classes that are not there, which is a slip of the pen.

        Raises:
            ValueError: Naming them and the classes that are.
        """
        unknown = [name for name in self._rename if name not in self._by_given]
        if unknown:
            known = ", ".join(map(repr, self._by_given))
            raise ValueError(f"rename expected names of classes, got {unknown}. The files have {known}.")

    def note_order(self, report: ReportBuilder) -> None:
        """Tell where the order is only that of the names."""
        others = self.in_order[self._n_declared :]
        if len(others) > 1:
            report.note(
                "classes",
                f"no list of classes gives their order, so they come by name: {listed(others)}; for another "
                "order import again with class_names=[...]",
            )

    def note_look_alikes(self, report: ReportBuilder) -> None:
        """Tell which classes differ only by case or blanks, and how to make them one."""
        for names in _alike(self.names):
            remedy = {name: names[0].strip() for name in names if name != names[0].strip()}
            report.note(
                "classes",
                f"classes that look alike: {', '.join(map(repr, names))} differ only by case or blanks and are kept "
                f"apart. If they are one: import again with rename={remedy!r}.",
            )
        for name in self.names:
            if (
                name != name.strip()
                and len([other for other in self.names if _key(other) == _key(name)]) == 1
            ):
                report.note(
                    "classes",
                    f"blanks around a class name: {name!r} is kept. Without them: rename={ {name: name.strip()}!r}.",
                )


def _is_name(name: object) -> bool:
    if not isinstance(name, str) or not name.strip():
        return False
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _alike(names: Iterable[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_key(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _key(name: str) -> str:
    return "".join(name.split()).casefold()
