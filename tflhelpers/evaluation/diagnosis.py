"""`Diagnosis`: what ails a detector or its annotations, or makes them hard, what shows it, and what to do."""

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
class Trouble:
    """One thing that makes a set hard to learn from. Prints as a sentence.

    Attributes:
        name: "small", "rare", "varied" or "alike".
        evidence: the number that shows it.
        remedy: what the package offers against it.
    """

    name: str
    evidence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name.capitalize()}: {self.evidence}; {self.remedy}."


@dataclass(frozen=True)
class Diagnosis:
    """All that was found. Prints as sentences.

    Attributes:
        causes: the surest and gravest first; empty if nothing is wrong.
        summary: how many objects were found, and how many boxes were wrong.
        troubles: what makes the set hard to learn from, though nothing is wrong with it; empty where a cause would
            falsify what shows it.
    """

    causes: tuple[Cause, ...]
    summary: str
    troubles: tuple[Trouble, ...] = ()

    @property
    def healthy(self) -> bool:
        """True if no cause was found."""
        return not self.causes

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _repr_markdown_(self) -> str:
        """The sentences, for notebooks."""
        causes = [f"**{cause.name}.** {cause.evidence} {cause.remedy}" for cause in self.causes]
        return "\n\n".join([self._first_line, *causes, *map(str, self.troubles)])

    def _lines(self) -> Iterable[str]:
        return [self._first_line, *map(str, self.causes), *map(str, self.troubles)]

    @property
    def _first_line(self) -> str:
        return f"Nothing wrong was found. {self.summary}" if self.healthy else self.summary
