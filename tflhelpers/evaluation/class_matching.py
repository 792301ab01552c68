"""`match_classes`: predictions that are checked, their labels made those of the truth by the names of the classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflhelpers.data.annotations import Annotations, check_annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.files.words import counted, listed


@dataclass(frozen=True, eq=False)
class Matched:
    """Predictions whose labels are those of the truth.

    Attributes:
        predictions: the boxes of each picture; their labels are places in `class_names`.
        class_names: those of the annotations, then those that were predicted although the annotations lack them.
        notes: sentences about classes that only one side has.
    """

    predictions: list[Boxes]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def match_classes(
    predictions: Sequence[Boxes], annotations: Annotations, class_names: Sequence[str] | None = None
) -> Matched:
    """Match the classes of predictions and truth by name, in whatever order each side has them.

    A class that one side lacks is absent there: nothing of it was found, or nothing of it is to be found.

    Args:
        predictions: one `Boxes` with scores for each picture, in the order of `annotations`.
        annotations: the truth.
        class_names: the classes of the predictions' labels; None for those that the boxes know, as a detector's do,
            else those of the annotations.

    Raises:
        ValueError: predictions that are none or do not fit the pictures, labels without names, or classes of which
            the annotations have none.
    """
    check_pictures(predictions, annotations)
    names = _predicted_names(predictions, annotations.class_names, class_names)
    _check_labels(predictions, names)
    if not set(names) & set(annotations.class_names):
        raise ValueError(
            "predictions and annotations must have classes in common, got "
            f"{listed(names)} in predictions and {listed(annotations.class_names)} in annotations. If they are the "
            "same things: import_annotations(..., rename={...}) gives the annotations the detector's names."
        )
    matched, union = by_name(predictions, names, annotations.class_names)
    return Matched(matched, union, tuple(_notes(matched, union, names, annotations)))


def by_name(
    predictions: Sequence[Boxes], names: Sequence[str], annotated: Sequence[str]
) -> tuple[list[Boxes], tuple[str, ...]]:
    """The predictions with labels of the annotations, and the names of these and of all others that were predicted."""
    used = {label for boxes in predictions for label in np.unique(boxes.labels).tolist()}
    further = [names[label] for label in sorted(used) if names[label] not in annotated]
    union = (*annotated, *further)
    named = (boxes if boxes.class_names else boxes.with_classes(names) for boxes in predictions)
    return [boxes.with_classes(union) for boxes in named], union


def check_pictures(predictions: Any, annotations: Any) -> None:
    """Raise ValueError unless there is one `Boxes` with scores for each of the annotated pictures."""
    what = "predictions must be a list of Boxes, one a picture"
    if isinstance(predictions, Boxes):
        raise ValueError(f"{what}, got Boxes. Write [boxes].")
    if isinstance(predictions, Annotations) or not isinstance(predictions, Sequence | np.ndarray):
        got = type(predictions).__name__
        raise ValueError(
            f"{what}, got {got}. Give detector.detect_all(annotations.image_paths) first, then annotations."
        )
    check_annotations(
        annotations, "evaluate(predictions, annotations), and so on: the true boxes come second"
    )
    if not len(annotations):
        raise ValueError("annotations must hold at least one picture, got none. Load a file with pictures.")
    if len(predictions) != len(annotations):
        raise ValueError(
            f"predictions must have one Boxes for each of the {len(annotations)} pictures, "
            f"got {len(predictions)}. Use detector.detect_all(annotations.image_paths)."
        )
    for row, boxes in enumerate(predictions):
        _check_boxes(row, boxes)


def _check_boxes(row: int, boxes: Any) -> None:
    if not isinstance(boxes, Boxes):
        got = type(boxes).__name__
        raise ValueError(f"predictions[{row}] must be Boxes, got {got}. Use detector.detect_all.")
    if boxes.scores is None and len(boxes):
        raise ValueError(
            f"predictions[{row}] must have scores, got scores=None. Precision needs to know which boxes "
            "are surer: give what the detector returned."
        )


def _predicted_names(
    predictions: Sequence[Boxes], annotated: tuple[str, ...], given: Sequence[str] | None
) -> tuple[str, ...]:
    """The names of the predictions' labels."""
    if isinstance(given, str):
        raise ValueError(f'class_names must be a list of names, got the string {given!r}. Write ["{given}"].')
    known = {boxes.class_names for boxes in predictions if boxes.class_names}
    if len(known) > 1:
        raise ValueError(
            "predictions must be of one list of classes, got "
            f"{' and '.join(sorted(listed(names) for names in known))}. Score each detector by itself."
        )
    own = known.pop() if known else None
    if own and given is not None and set(given) != set(own):
        raise ValueError(
            f"class_names must be those of the predictions, {listed(own)}, got {listed(tuple(given))}. Leave it out: "
            "what a detector returns knows its classes."
        )
    return own or tuple(annotated if given is None else given)


def _check_labels(predictions: Sequence[Boxes], names: Sequence[str]) -> None:
    for row, boxes in enumerate(predictions):
        if len(boxes) and boxes.labels.max() >= len(names):
            raise ValueError(
                f"predictions[{row}].labels must be below {len(names)}, the number of class names "
                f"({listed(names)}), got {boxes.labels.max()}. Give the classes that the labels were made with, "
                "class_names=detector.class_names: classes are matched by name."
            )


def _notes(
    matched: Sequence[Boxes], union: Sequence[str], names: Sequence[str], annotations: Annotations
) -> Iterator[str]:
    lacking = [name for name in annotations.class_names if name not in names]
    if lacking:
        labels = [annotations.class_names.index(name) for name in lacking]
        missed = sum(int(np.isin(boxes.labels[~boxes.crowd_mask], labels).sum()) for _, boxes in annotations)
        yield f"The predictions have no class {listed(lacking)}: {counted(missed, 'object')} of it can only be missed."
    further = union[len(annotations.class_names) :]
    if further:
        boxes = sum(int((each.labels >= len(annotations.class_names)).sum()) for each in matched)
        yield f"The annotations have no class {listed(further)}, but {boxes} of the predicted boxes are of it."
