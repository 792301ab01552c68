"""`class_counts`: how many pictures and boxes of each class there are, to see what is rare before training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.files.text_table import markdown_table, plain_table

__all__ = ["ClassCounts", "class_counts"]

_NONE = "(none of them)"
_FEW = 5  # boxes: with fewer examples of a class, whether it is found is luck


@dataclass(frozen=True)
class ClassCounts:
    """How many pictures and boxes of each class the sets hold; in a notebook a table.

    Attributes:
        counts: Set -> class -> (pictures, boxes), in the order of the labels. Crowd regions do not count.
        negatives: Set -> pictures that show none of the classes.
    """

    counts: dict[str, dict[str, tuple[int, int]]]
    negatives: dict[str, int]

    def __str__(self) -> str:
        return "\n".join([plain_table([self._header(), *self._rows()]), *self.advice])

    def _repr_markdown_(self) -> str:
        """The table, for notebooks."""
        table = markdown_table([self._header(), *self._rows()])
        return "\n".join([table, "", *[f"{sentence}  " for sentence in self.advice]])

    @property
    def advice(self) -> list[str]:
        """A sentence for each set with a class of which it has hardly any boxes."""
        sentences = []
        for name, classes in self.counts.items():
            few = [f"{called} ({boxes})" for called, (_, boxes) in classes.items() if boxes < _FEW]
            if few:
                sentences.append(f"Hardly any boxes in {name}: {', '.join(few)}.")
        return sentences

    def _header(self) -> list[str]:
        return ["class", *(f"{name}: {what}" for name in self.counts for what in ("photos", "boxes"))]

    def _rows(self) -> list[list[str]]:
        classes = list(next(iter(self.counts.values())))
        rows = [
            [called, *(str(number) for counts in self.counts.values() for number in counts[called])]
            for called in classes
        ]
        return [*rows, [_NONE, *(cell for name in self.counts for cell in (str(self.negatives[name]), ""))]]


def class_counts(**sets: Annotations) -> ClassCounts:
    """Count pictures and boxes of each class in one or several sets of the same classes.

    Args:
        sets: The sets by the names to show: `class_counts(train=train, held_out=test)`.

    Raises:
        ValueError: If there is none, or their classes differ.

    Example:
        >>> from tflhelpers.data.samples import thing_photos
        >>> print(class_counts(things=thing_photos()))
        class           things: photos  things: boxes
        duck                        22             22
        penguin                     17             17
        lighthouse                  14             14
        (none of them)               5
    """
    if len({annotations.class_names for annotations in sets.values()}) != 1:
        got = "; ".join(f"{name}: {', '.join(each.class_names)}" for name, each in sets.items()) or "none"
        raise ValueError(f"expected one set or several of the same classes, got {got}. Use combine first.")
    counts = {name: _counted(annotations) for name, annotations in sets.items()}
    negatives = {name: sum(len(boxes) == 0 for _, boxes in each) for name, each in sets.items()}
    return ClassCounts(counts, negatives)


def _counted(annotations: Annotations) -> dict[str, tuple[int, int]]:
    labels = [boxes.labels[~boxes.crowd_mask] for _, boxes in annotations]
    boxes = np.bincount(
        np.concatenate([*labels, np.zeros(0, np.int64)]), minlength=len(annotations.class_names)
    )
    return {
        name: (sum(bool((of_picture == label).any()) for of_picture in labels), int(boxes[label]))
        for label, name in enumerate(annotations.class_names)
    }
