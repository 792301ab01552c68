"""`examine`: what ails a detector, from its boxes, the true ones and the course of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.class_matching import by_name
from tflhelpers.evaluation.class_symptoms import label_causes, unknown_class_causes, unused_class_causes
from tflhelpers.evaluation.diagnosis import Cause, Diagnosis, Trouble
from tflhelpers.evaluation.matching import surest_first
from tflhelpers.evaluation.place_symptoms import fraction_causes, place_causes
from tflhelpers.evaluation.score_symptoms import score_causes, too_small_causes
from tflhelpers.evaluation.set_troubles import set_troubles
from tflhelpers.evaluation.sweep import Sweep, sweep_of, trials_of

_SAME_PLACE = 0.6  # overlap from which two predicted boxes, of whatever classes, are about one thing


@dataclass(frozen=True, eq=False)
class Case:
    """All that is known about one detector on one set of pictures.

    Attributes:
        annotations: the truth, as it is given.
        predictions: boxes for each picture, detected with `threshold=0`.
        sizes: (height, width) of each picture, upright.
        stored_sideways: whether a picture's file holds it turned by a quarter, to be put right by its EXIF tag.
        threshold: score from which the detector shows boxes.
        class_names: the detector's.
        input_size: (height, width) that the detector resizes pictures to; None if nobody knows.
        smallest_anchor: side of its smallest anchor in pixels of its input.
    """

    annotations: Annotations
    predictions: Sequence[Boxes]
    sizes: Sequence[tuple[int, int]]
    stored_sideways: Sequence[bool]
    threshold: float
    class_names: tuple[str, ...]
    input_size: tuple[int, int] | None = None
    smallest_anchor: float = 32.0


def examine(case: Case, known: Sequence[Cause] = ()) -> Diagnosis:
    """Find out what is wrong. One cause hides others: after what would falsify the rest, no more is asked.

    Args:
        case: the detector's boxes and the true ones.
        known: causes that were found before a picture was looked at.
    """
    true = [boxes[~boxes.crowd_mask] for _, boxes in case.annotations]
    if not sum(map(len, true)):
        return Diagnosis((*known, _nothing_to_find(len(true))), f"{len(true)} pictures without objects.")
    ours, theirs = case.class_names, case.annotations.class_names
    predictions, names = by_name(case.predictions, ours, theirs)
    surest = [surest_boxes(boxes, len(its)) for boxes, its in zip(predictions, true, strict=True)]
    causes = [*known, *fraction_causes(true, predictions)]
    if not causes:
        causes += place_causes(
            true, surest, case.sizes, [p.size for p in case.annotations.pictures], case.stored_sideways
        )
    if not causes:
        causes += label_causes(true, surest, names, detectors=ours, annotated=theirs)
        causes = causes or list(unknown_class_causes(true, ours, theirs))
    sweep = sweep_of(trials_of(predictions, case.annotations))
    troubles: tuple[Trouble, ...] = ()
    if not causes:
        troubles = set_troubles(case.annotations, case.input_size, case.smallest_anchor)
        causes += too_small_causes(
            case.annotations,
            predictions,
            case.sizes,
            case.input_size,
            case.smallest_anchor,
            case.threshold,
        )
        causes += score_causes(predictions, true, surest, sweep, case.threshold) if not causes else []
        causes += unused_class_causes(ours, theirs)
    return Diagnosis(tuple(causes), _summary(sweep, case.threshold, len(true)), troubles)


def surest_boxes(boxes: Boxes, n_true: int) -> Boxes:
    """The surest boxes of a picture, one more than there are objects, of several on one place only the surest."""
    kept: list[int] = []
    for row in surest_first(boxes).tolist():
        if len(kept) > n_true:
            break
        if not kept or boxes[row].iou(boxes[kept]).max() < _SAME_PLACE:
            kept.append(row)
    return boxes[kept]


def _nothing_to_find(n: int) -> Cause:
    return Cause(
        "there is nothing to learn or to find",
        f"None of the {n} pictures has a box.",
        "Draw the boxes, or load the file that has them; pictures without objects help only in addition to "
        "those with objects.",
    )


def _summary(sweep: Sweep, threshold: float, n_pictures: int) -> str:
    row = sweep.row_at(threshold)
    found, wrong = int(sweep.found[row]), int(sweep.wrong[row])
    return (
        f"At threshold {threshold:.2f}, {found} of {sweep.n_true} objects on {n_pictures} pictures are found, and "
        f"{wrong} of {found + wrong} boxes are wrong."
    )
