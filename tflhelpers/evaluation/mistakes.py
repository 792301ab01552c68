"""`find_mistakes`: every predicted and every true box by name, and a verdict for each picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes, checked_threshold, iou_matrix
from tflhelpers.evaluation.class_matching import match_classes
from tflhelpers.evaluation.matching import NOBODY, pair_boxes, surest_first

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
_LOOSE = 0.1  # overlap from which a box is meant for an object, though it fits badly (as in TIDE, ECCV 2020)


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


@dataclass(frozen=True)
class Mistakes:
    """All pictures, judged. Prints as a table.

    Attributes:
        pictures: in the order of the annotations.
        class_names: a name for each label: those of the annotations, then those that only predictions have.
        threshold: score from which a predicted box counted.
        overlap: from which a box counted as found.
    """

    pictures: tuple[JudgedPicture, ...]
    class_names: tuple[str, ...]
    threshold: float
    overlap: float

    @property
    def counts(self) -> dict[str, int]:
        """Number of findings of each of `KINDS`."""
        counted = Counter(finding.kind for picture in self.pictures for finding in picture.findings)
        return {kind: counted[kind] for kind in KINDS}

    @property
    def verdicts(self) -> dict[str, int]:
        """Number of pictures of each of `VERDICTS`."""
        counted = Counter(picture.verdict for picture in self.pictures)
        return {verdict: counted[verdict] for verdict in VERDICTS}

    def of_kind(self, kind: str) -> Iterator[tuple[JudgedPicture, Finding]]:
        """All findings of one kind with their pictures.

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
        pairs = ((picture, finding) for picture in self.pictures for finding in picture.findings)
        return (pair for pair in pairs if pair[1].kind == kind)

    def __str__(self) -> str:
        width = max(map(len, KINDS))
        lines = [f"{kind:{width}}  {count:4}  {KINDS[kind]}" for kind, count in self.counts.items()]
        return "\n".join([*lines, "", self._sentence()])

    def _repr_markdown_(self) -> str:
        """The table, for notebooks."""
        lines = ["| box | how many | what it means |", "|:--|--:|:--|"]
        lines += [f"| {kind} | {count} | {KINDS[kind]} |" for kind, count in self.counts.items()]
        return "\n".join([*lines, "", self._sentence()])

    def _sentence(self) -> str:
        pictures = ", ".join(f"{count} {verdict}" for verdict, count in self.verdicts.items())
        return (
            f"{len(self.pictures)} pictures: {pictures}. Boxes count from a score of {self.threshold:.2f}, "
            f"and as found from an overlap of {self.overlap:.2f}."
        )


def find_mistakes(
    predictions: Sequence[Boxes],
    annotations: Annotations,
    *,
    threshold: float = 0.5,
    overlap: float = 0.5,
    class_names: Sequence[str] | None = None,
) -> Mistakes:
    """Name every box: found, missed, loose box, wrong class, duplicate, background (false alarm) or ignored.

    What is found is what pycocotools would count as found at this threshold and overlap. Of the rest, a box
    that fits an object of another class, or fits its own badly (overlap from 0.1), is paired with it if the
    object has no box yet.

    Args:
        predictions: the boxes with scores for each picture, in the order of `annotations`.
        annotations: the truth.
        threshold: score from which a predicted box counts, 0 to 1.
        overlap: intersection over union from which a box counts as found, 0.1 to 1.
        class_names: the classes of the predictions' labels, as for `evaluate`.

    Raises:
        ValueError: predictions that do not fit the annotations (as for `evaluate`), or numbers out of range.

    Example:
        >>> duck = Annotations(["duck"], [("a.jpg", Boxes([[0, 0, 10, 10]], [0]))])
        >>> find_mistakes([Boxes([[0, 0, 10, 4]], [0], [0.9])], duck).counts["loose box"]
        1
    """
    matched = match_classes(predictions, annotations, class_names)
    checked_threshold(threshold)
    if not _LOOSE <= overlap <= 1:
        raise ValueError(f"overlap must be from {_LOOSE} to 1, got {overlap}. 0.5 is usual.")
    judged = []
    for (path, true), boxes in zip(annotations, matched.predictions, strict=True):
        counted = boxes if boxes.scores is None else boxes[boxes.scores >= np.float32(threshold)]
        findings = name_boxes(counted, true, overlap)
        judged.append(JudgedPicture(path, _verdict(findings), findings, true, counted))
    return Mistakes(tuple(judged), matched.class_names, float(threshold), float(overlap))


def name_boxes(predicted: Boxes, true: Boxes, overlap: float = 0.5) -> tuple[Finding, ...]:
    """The findings of one picture: first those of the predicted boxes, the surest first, then what was missed."""
    pairing = pair_boxes(predicted, true, overlap)
    ious = iou_matrix(predicted.xyxy, true.xyxy)
    ious[:, true.crowd_mask] = 0
    same = predicted.labels[:, None] == true.labels[None]
    rows = surest_first(predicted)
    kinds: dict[int, tuple[str, int | None]] = {
        int(row): ("found", int(pairing.truth_of[row])) for row in rows if pairing.truth_of[row] != NOBODY
    }
    kinds |= {int(row): ("ignored", None) for row in rows if pairing.ignored[row]}
    claimed = pairing.prediction_of != NOBODY
    near = (("wrong class", ~same & (ious >= overlap)), ("loose box", same & (ious >= _LOOSE)))
    for kind, fits in near:  # each with the best object that has no box yet
        for row in rows:
            if int(row) in kinds or not (fits[row] & ~claimed).any():
                continue
            best = int(np.argmax(np.where(fits[row] & ~claimed, ious[row], 0)))
            kinds[int(row)], claimed[best] = (kind, best), True
    for row in rows:
        kinds.setdefault(int(row), _left_over(ious[row], same[row], overlap))
    findings = [_finding(row, *kinds[row], ious) for row in map(int, rows)]
    missed = np.flatnonzero(~claimed & ~true.crowd_mask)
    return (*findings, *[Finding("missed", None, int(row), 0.0) for row in missed])


def _left_over(ious: np.ndarray, same: np.ndarray, overlap: float) -> tuple[str, int | None]:
    """What a box is called when every object it could be about has a box already."""
    if (same & (ious >= _LOOSE)).any():
        return "duplicate", int(np.argmax(np.where(same, ious, 0)))
    if (ious >= overlap).any():
        return "wrong class", int(np.argmax(ious))
    return "background", None


def _finding(row: int, kind: str, truth: int | None, ious: np.ndarray) -> Finding:
    return Finding(kind, row, truth, 0.0 if truth is None else float(ious[row, truth]))


def _verdict(findings: Sequence[Finding]) -> str:
    kinds = {finding.kind for finding in findings} - {"ignored"}
    if kinds <= {"found"}:
        return "good"
    about_objects = kinds - {"background"}
    return "missed" if about_objects == {"missed"} else "so-so"
