"""`find_mistakes`: every predicted and every true box by name, and a verdict for each picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes, checked_threshold
from tflhelpers.evaluation.class_matching import match_classes
from tflhelpers.evaluation.confusion import Confusion, count_confusions
from tflhelpers.evaluation.findings import KINDS, VERDICTS, Finding, JudgedPicture, count_kinds
from tflhelpers.evaluation.matching import NOBODY, pair_boxes, surest_first
from tflhelpers.evaluation.next_photos import advise

_LOOSE = 0.1  # overlap from which a box is meant for an object, though it fits badly (as in TIDE, ECCV 2020)


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
        return count_kinds(self.pictures)

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

    def confusion_table(self, *, class_names: Sequence[str] | None = None) -> Confusion:
        """Count which class was taken for which.

        Args:
            class_names: The classes in the order of rows and columns; None for those of these mistakes.

        Raises:
            ValueError: `class_names` lacks a class of these mistakes.

        Example:
            `print(find_mistakes(found, annotations, threshold=0.5).confusion_table())`
        """
        return count_confusions(self.pictures, self.class_names, class_names)

    def what_to_photograph_next(
        self, trained_on: Annotations | None = None, *, progress: bool = True
    ) -> list[str]:
        """Say which photos would help most, as far as these mistakes tell.

        Sizes, places, brightness and sharpness of the objects that were not found are compared with those of the
        others; a difference is named if luck alone brings about one as large in at most 5 % of cases. The mistakes
        tell most on pictures that were not trained on.

        Args:
            trained_on: What the detector learned from, to count the examples of each class.
            progress: Show a bar where reading the pictures takes longer than two seconds.

        Returns:
            Sentences with figures, the most telling first; one that says so if nothing stands out.

        Example:
            `for sentence in find_mistakes(found, annotations).what_to_photograph_next(trained_on): print(sentence)`
        """
        return advise(self.pictures, self.class_names, trained_on, progress=progress)

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
            f"and are right from an overlap of {self.overlap:.2f}."
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
    ious = predicted.iou(true)
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
