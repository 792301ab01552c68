"""`Predictions`: how likely each class is, picture by picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a classifier says of pictures. Prints as a table.

    Attributes:
        class_names: a name for each column.
        probabilities: float32 (n, K), rows sum to 1; NaN for a picture that was skipped, whose label is -1.

    Example:
        >>> Predictions(("camouflage", "normal"), np.float32([[0.9, 0.1]])).top
        ('camouflage',)
    """

    class_names: tuple[str, ...]
    probabilities: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """The likeliest class of each picture, int64 (n,)."""
        return np.where(np.isnan(self.probabilities[:, 0]), -1, self.probabilities.argmax(axis=1))

    @property
    def top(self) -> tuple[str, ...]:
        """The name of the likeliest class of each picture; "" for one that was skipped."""
        return tuple(self.class_names[label] if label >= 0 else "" for label in self.labels)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the likeliest class of each picture, float32 (n,)."""
        return self.probabilities.max(axis=1)

    def __len__(self) -> int:
        return len(self.probabilities)

    def __iter__(self) -> Iterator[dict[str, float]]:
        """For each picture a dict of class name to probability, the likeliest first."""
        for row in self.probabilities:
            yield {self.class_names[label]: float(row[label]) for label in np.argsort(-row, kind="stable")}

    def __getitem__(self, index) -> Predictions:
        """Of one picture, a slice, or rows."""
        return Predictions(self.class_names, np.atleast_2d(self.probabilities[index]))

    def __repr__(self) -> str:
        lines = [f"{number}  {_shown(row)}" for number, row in enumerate(self)]
        more = [f"... {len(self) - 10} more"] if len(self) > 10 else []
        return "\n".join([f"Predictions of {len(self)} pictures:", *lines[:10], *more])


def _shown(row: dict[str, float]) -> str:
    """The likeliest three classes, or that the picture was skipped."""
    shares = [f"{name} {share:.0%}" for name, share in list(row.items())[:3] if not np.isnan(share)]
    return "  ".join(shares) or "skipped"
