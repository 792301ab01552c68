"""`JudgedPicture`: what each box of a picture is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tflhelpers.data.boxes import Boxes

# What a box can be called, and what that means.
KINDS = {
    "found": "the right class, and enough overlap",
    "missed": "a true object without any box",
    "loose box": "the right class, but too little overlap",
    "wrong class": "enough overlap, but another class",
    "duplicate": "one more box on an object that has one already",
    "background": "a false alarm: a box where nothing of the kind is",
    "ignored": "a box in a region that scoring ignores",
}
VERDICTS = ("good", "so-so", "missed")


@dataclass(frozen=True)
class Finding:
    """One box, or one pair of a predicted and a true box, and what it is called.

    Attributes:
        kind: one of `KINDS`.
        prediction: row among the picture's predicted boxes, None for "missed".
        truth: row among the picture's true boxes: the one that was found, missed, or that the box is about;
            None for "background" and "ignored".
        overlap: intersection over union of the two, 0 where there is only one.
    """

    kind: str
    prediction: int | None
    truth: int | None
    overlap: float


@dataclass(frozen=True)
class JudgedPicture:
    """One picture, its boxes, and what they are called.

    Attributes:
        path: the picture's file.
        verdict: "good": all is found and nothing else; "missed": there are objects, and all are missed;
            "so-so": anything between.
        findings: a name for each predicted box and each true one; a pair shares one.
        true: the true boxes.
        predicted: the predicted boxes from the threshold on.
    """

    path: Path
    verdict: str
    findings: tuple[Finding, ...]
    true: Boxes
    predicted: Boxes

    def count(self, kind: str) -> int:
        """Number of findings of a kind."""
        return sum(finding.kind == kind for finding in self.findings)


def count_kinds(pictures: Iterable[JudgedPicture]) -> dict[str, int]:
    """Return the number of findings of each of `KINDS`."""
    counted = Counter(finding.kind for picture in pictures for finding in picture.findings)
    return {kind: counted[kind] for kind in KINDS}
