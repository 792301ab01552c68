"""`Confusion`: which class was taken for which, with a row and a column for the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflhelpers.evaluation.findings import JudgedPicture
from tflhelpers.files.text import no_math
from tflhelpers.files.text_table import markdown_table, plain_table

BACKGROUND = "background"


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts of true classes (rows) against predicted ones (columns). Prints as a table.

    Attributes:
        counts: int64 (n + 1, n + 1). The last row is boxes on nothing (or on an object that has one already),
            the last column objects without a box. Loose boxes count as both.
        class_names: the n classes.
    """

    counts: np.ndarray
    class_names: tuple[str, ...]

    @property
    def confused(self) -> list[tuple[str, str, int]]:
        """Pairs (true class, class it was taken for, how often), the most frequent first."""
        inner = self.counts[:-1, :-1] - np.diag(np.diag(self.counts)[:-1])
        pairs = [(int(inner[i, j]), i, j) for i, j in zip(*np.nonzero(inner), strict=True)]
        names = self.class_names
        return [(names[i], names[j], count) for count, i, j in sorted(pairs, key=lambda p: (-p[0], p[1:]))]

    def __str__(self) -> str:
        return plain_table([["truth \\ predicted", *self._columns()], *self._rows()])

    def _repr_markdown_(self) -> str:
        """The table, for notebooks."""
        return markdown_table([["truth \\\\ predicted", *self._columns()], *self._rows()])

    def _columns(self) -> list[str]:
        return [*self.class_names, "nothing"]

    def _rows(self) -> list[list[str]]:
        names = [*self.class_names, BACKGROUND]
        cells = [[str(count) for count in row] for row in self.counts.tolist()]
        cells[-1][-1] = "–"  # nothing where nothing is cannot be counted
        return [[name, *row] for name, row in zip(names, cells, strict=True)]

    def plot(self, axes: Any = None) -> Any:
        """Draw the table with the darker cells for the larger parts of a row; returns the matplotlib axes."""
        import matplotlib.pyplot as plt

        side = 2.2 + 0.75 * len(self.counts)
        axes = axes or plt.subplots(figsize=(side + 0.8, side), layout="constrained")[1]
        shares = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
        for (row, column), share in np.ndenumerate(shares):
            text = self._rows()[row][column + 1]
            axes.text(column, row, text, ha="center", va="center", color="white" if share > 0.6 else "black")
        ticks = range(len(self.counts))
        axes.set_xticks(
            ticks,
            [no_math(name) for name in self._columns()],
            rotation=30,
            ha="right",
            rotation_mode="anchor",
        )
        axes.set_yticks(ticks, [no_math(name) for name in [*self.class_names, BACKGROUND]])
        axes.set(xlabel="predicted", ylabel="truth")
        axes.spines[:].set_visible(False)
        return axes


def count_confusions(
    pictures: Sequence[JudgedPicture], known: Sequence[str], class_names: Sequence[str] | None = None
) -> Confusion:
    """Count which class was taken for which: see `Mistakes.confusion_table`.

    Args:
        pictures: Their labels are indices into `known`.
        known: A name for each label.
        class_names: The classes in the order of rows and columns; None for `known`.
    """
    names = tuple(known if class_names is None else class_names)
    places = np.array([*_places(known, names), len(names)])
    counts = np.zeros((len(names) + 1, len(names) + 1), np.int64)
    for picture in pictures:
        for row, column in _cells(picture, len(known)):
            counts[places[row], places[column]] += 1
    return Confusion(counts, names)


def _places(names: Sequence[str], among: tuple[str, ...]) -> list[int]:
    missing = [name for name in names if name not in among]
    if missing:
        raise ValueError(
            f"class_names must hold all classes of mistakes, {', '.join(names)}, got none called "
            f"{', '.join(missing)}. Add it, or leave class_names out."
        )
    return [among.index(name) for name in names]


def _cells(picture: JudgedPicture, nothing: int) -> Iterator[tuple[int, int]]:
    """(row, column) of each object, and of each box that has no object of its own."""
    taken = {finding.truth for finding in picture.findings if finding.kind == "found"}
    for finding in picture.findings:
        row = nothing if finding.truth is None else int(picture.true.labels[finding.truth])
        column = nothing if finding.prediction is None else int(picture.predicted.labels[finding.prediction])
        if finding.kind in ("found", "missed"):
            yield row, column
        elif finding.kind == "wrong class" and finding.truth not in taken:
            taken.add(finding.truth)  # a second wrong box is one on nothing
            yield row, column
        elif finding.kind == "loose box":
            yield row, nothing
            yield nothing, column
        elif finding.kind != "ignored":
            yield nothing, column
