"""`Diagnosis`: what ails a detector or its annotations, what shows it, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong.

    Attributes:
        name: what it is, in a few words, e.g. "x and y are swapped".
        evidence: the figures that show it.
        remedy: what to do.
    """

    name: str
    evidence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name[0].upper()}{self.name[1:]}. {self.evidence} {self.remedy}"


@dataclass(frozen=True)
class Diagnosis:
    """All that was found. Prints as sentences.

    Attributes:
        causes: the surest and gravest first; empty if nothing is wrong.
        summary: how many objects were found, and how many boxes were wrong.
    """

    causes: tuple[Cause, ...]
    summary: str

    @property
    def healthy(self) -> bool:
        """True if no cause was found."""
        return not self.causes

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_markdown_(self) -> str:
        """The sentences, for notebooks."""
        return "\n\n".join(
            [self.summary, *[f"**{cause.name}.** {cause.evidence} {cause.remedy}" for cause in self.causes]]
            if self.causes
            else self._lines()
        )

    def _lines(self) -> Iterable[str]:
        if self.healthy:
            return [f"Nothing wrong was found. {self.summary}"]
        return [self.summary, *map(str, self.causes)]
