"""Right boxes with wrong names: labels shifted by one, classes in another order, or that one side lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.diagnosis import Cause
from tflhelpers.evaluation.place_symptoms import OVERLAP
from tflhelpers.files.words import listed

SELDOM, OFTEN = 0.3, 0.7  # parts of the pairs with the right name: as they are, and if the cause is put right
_LEAST_PAIRS = 2


def label_causes(
    true: Sequence[Boxes],
    surest: Sequence[Boxes],
    class_names: Sequence[str],
    *,
    detectors: Sequence[str],
    annotated: Sequence[str],
) -> Iterator[Cause]:
    """What the names of boxes that lie on each other tell.

    Args:
        true: the annotated boxes of each picture.
        surest: the detector's surest boxes there, their labels matched by name.
        class_names: a name for each label of both.
        detectors, annotated: the two lists of classes as they are given.
    """
    pairs, lists = label_pairs(true, surest), _Lists(tuple(detectors), tuple(annotated))
    n, right = len(pairs), int((pairs[:, 0] == pairs[:, 1]).sum())
    if n < _LEAST_PAIRS:
        return
    told = f"{lists.told}Of {n} boxes in the right place, {right} have the right class, but "
    for alike, what in _shifts(pairs, class_names, lists) if right <= SELDOM * n else ():
        if alike >= OFTEN * n:
            yield _shifted(f"{told}{alike} have that of the class {what}.")
            return
    mapping = _most_frequent(pairs, len(class_names))
    moved = {a: b for a, b in mapping.items() if a != b}
    alike = sum(mapping[true_label] == said for true_label, said in pairs.tolist())
    is_order = len(set(mapping.values())) == len(mapping)  # no two classes share a name: that is a mix-up
    is_shown = lists.hold_the_same or len(mapping) > 1  # one class that has another's name is a mix-up too
    if moved and is_order and is_shown and alike >= OFTEN * n and alike - right >= _LEAST_PAIRS:
        told_moved = ", ".join(f"{class_names[a]} is called {class_names[b]}" for a, b in moved.items())
        yield _wrong_order(told + f"{alike} would have it in another order: {told_moved}.")


def unknown_class_causes(
    true: Sequence[Boxes], detectors: Sequence[str], annotated: Sequence[str]
) -> Iterator[Cause]:
    """Objects of classes that the detector does not have, so that it cannot find them."""
    labels = sorted({label for boxes in true for label in boxes.labels.tolist()})
    unknown = [annotated[label] for label in labels if annotated[label] not in detectors]
    if unknown:
        told = _Lists(tuple(detectors), tuple(annotated)).told
        yield Cause(
            "detector and annotations have different classes",
            f"{told}The detector lacks {listed(unknown)}.",
            "Make the detector with class_names=annotations.class_names, or load the annotations it learned from. If "
            "names differ only in spelling, import_annotations(..., rename={...}) makes them one.",
        )


def unused_class_causes(detectors: Sequence[str], annotated: Sequence[str]) -> Iterator[Cause]:
    """Classes of the detector that are not annotated: whether it finds them cannot be told."""
    lacking = [name for name in detectors if name not in annotated]
    if lacking:
        told = _Lists(tuple(detectors), tuple(annotated)).told
        yield Cause(
            "the annotations lack classes of the detector",
            f"{told}The annotations lack {listed(lacking)}.",
            "Scores match classes by name, so the other classes are scored correctly. To give both the same list, "
            "import with import_annotations(..., class_names=detector.class_names).",
        )


class _Lists(NamedTuple):
    """The detector's classes, and those of the annotations."""

    detectors: tuple[str, ...]
    annotated: tuple[str, ...]

    @property
    def hold_the_same(self) -> bool:
        return set(self.detectors) == set(self.annotated)

    @property
    def told(self) -> str:
        """How they differ, in a sentence; nothing if they do not."""
        if self.detectors == self.annotated:
            return ""
        ours, theirs = listed(self.detectors), listed(self.annotated)
        return f"The detector's classes are {ours}, those of the annotations {theirs}. "


def _shifts(pairs: np.ndarray, class_names: Sequence[str], lists: _Lists) -> Iterator[tuple[int, str]]:
    """Number of pairs that a shift by one explains, and which class has the name then."""
    ours, theirs = lists
    if ours == theirs:
        for step, side in ((-1, "before"), (1, "after")):
            yield _n_moved(pairs, step, len(class_names)), f"{side} it"
    elif ours[1:] == theirs or theirs[1:] == ours:
        numbers = [ours.index(class_names[label]) for label in pairs[:, 1]]
        several = len(np.unique(pairs[:, 0])) > 1  # one class that has another's name is a mix-up
        yield int((pairs[:, 0] == numbers).sum()) * several, "with its number in the other list"


def _n_moved(pairs: np.ndarray, step: int, count: int) -> int:
    """Number of pairs whose classes lie a step apart; of two exchanged classes none does."""
    apart = pairs[:, 1] - pairs[:, 0] - step
    if count >= 3:
        return int((apart % count == 0).sum())  # the last class is followed by the first
    return int((apart == 0).sum()) if len(np.unique(pairs[:, 0])) == 1 else 0


def label_pairs(true: Sequence[Boxes], surest: Sequence[Boxes]) -> np.ndarray:
    """(true label, predicted label) for each object with a box on it, the surest one. int64 (n, 2)."""
    pairs = []
    for boxes, found in zip(true, surest, strict=True):
        on = boxes.iou(found) >= OVERLAP
        for row in np.flatnonzero(on.any(axis=1)):
            pairs.append((boxes.labels[row], found.labels[int(np.argmax(on[row]))]))
    return np.array(pairs, np.int64).reshape(-1, 2)


def _most_frequent(pairs: np.ndarray, count: int) -> dict[int, int]:
    """True label -> the label it is called by most often."""
    return {
        int(label): int(np.bincount(pairs[pairs[:, 0] == label, 1], minlength=count).argmax())
        for label in np.unique(pairs[:, 0])
    }


def _shifted(evidence: str) -> Cause:
    return Cause(
        "labels are shifted by one",
        evidence,
        "Labels count from 0 and there is no class for the background: ids that count from 1 (COCO, TFRecord, "
        "label_map.pbtxt) become labels by subtracting 1.",
    )


def _wrong_order(evidence: str) -> Cause:
    return Cause(
        "the classes are in another order",
        evidence,
        "A label is a place in class_names: give detector and annotations the same list, in the order that the "
        "labels were made with.",
    )
