"""Right boxes with wrong names: labels that are shifted by one, or classes in another order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tflhelpers.data.boxes import Boxes, iou_matrix
from tflhelpers.evaluation.diagnosis import Cause
from tflhelpers.evaluation.place_symptoms import OVERLAP

SELDOM, OFTEN = 0.3, 0.7  # parts of the pairs with the right name: as they are, and if the cause is put right
_LEAST_PAIRS = 2


def class_name_causes(detectors: Sequence[str], annotated: Sequence[str]) -> Iterator[Cause]:
    """What the two lists of names tell before a picture is looked at."""
    ours, theirs = list(detectors), list(annotated)
    if ours == theirs:
        return
    told = f"The detector's classes are {_listed(ours)}, those of the annotations {_listed(theirs)}."
    if sorted(ours) == sorted(theirs):
        yield _wrong_order(told)
    elif ours[1:] == theirs or theirs[1:] == ours:
        yield _shifted(told)
    else:
        yield Cause(
            "detector and annotations have other classes",
            told,
            "Make the detector with class_names=annotations.class_names, or load the annotations it learned from.",
        )


def label_causes(
    true: Sequence[Boxes], surest: Sequence[Boxes], class_names: Sequence[str]
) -> Iterator[Cause]:
    """What the names of boxes that lie on each other tell."""
    pairs = label_pairs(true, surest)
    n, right, count = len(pairs), int((pairs[:, 0] == pairs[:, 1]).sum()), len(class_names)
    if n < _LEAST_PAIRS:
        return
    told = f"Of {n} boxes in the right place {right} have the right class, but "
    for step, side in ((-1, "before"), (1, "after")) if right <= SELDOM * n else ():
        alike = _n_moved(pairs, step, count)
        if alike >= OFTEN * n:
            yield _shifted(told + f"{alike} that of the class {side} it.")
            return
    mapping = _most_frequent(pairs, count)
    moved = {a: b for a, b in mapping.items() if a != b and b < count}
    alike = sum(mapping[true_label] == said for true_label, said in pairs.tolist())
    is_order = len(set(mapping.values())) == len(mapping)  # no two classes share a name: that is a mix-up
    if moved and is_order and alike >= OFTEN * n and alike - right >= _LEAST_PAIRS:
        told_moved = ", ".join(f"{class_names[a]} is called {class_names[b]}" for a, b in moved.items())
        yield _wrong_order(told + f"{alike} would have it in another order: {told_moved}.")


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
        on = iou_matrix(boxes.xyxy, found.xyxy) >= OVERLAP
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


def _listed(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
