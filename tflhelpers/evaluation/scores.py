"""`evaluate`: average precision and recall as COCO counts them. The counting is pycocotools'."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.class_matching import match_classes
from tflhelpers.evaluation.curves import PrecisionRecall, curves_of, plot_curves
from tflhelpers.files.text_table import markdown_table, plain_table
from tflhelpers.files.words import counted

if TYPE_CHECKING:
    from tflhelpers.data.annotations import Annotations

_FEW = 50  # objects: below, the table says how much one of them moves the result
_EXPLANATION = (
    "AP: mean of the precisions at 101 recalls and at overlaps (IoU) of 0.50, 0.55 … 0.95. "
    "AP50, AP75: at that overlap alone. AR: part of the objects found, mean over the same overlaps."
)


@dataclass(frozen=True)
class ClassScores:
    """How well one class was found. Precisions are 0 to 1, or NaN if the truth has no such object.

    Attributes:
        ap: average precision, mean of the overlaps 0.50, 0.55 … 0.95.
        ap50: average precision at an overlap of 0.50.
        ap75: average precision at an overlap of 0.75.
        n_truth: number of true objects, crowd regions not counted.
    """

    ap: float
    ap50: float
    ap75: float
    n_truth: int


@dataclass(frozen=True)
class Scores:
    """How well everything was found: COCO's figures, 0 to 1, or NaN where the truth has nothing to find.

    Attributes:
        ap: average precision, mean of the overlaps 0.50, 0.55 … 0.95, and of the classes with true objects.
        ap50: average precision at an overlap of 0.50.
        ap75: average precision at an overlap of 0.75.
        ap_small: `ap` of boxes of up to 32² square pixels.
        ap_medium: `ap` of boxes of 32² to 96² square pixels.
        ap_large: `ap` of larger boxes.
        ar100: part of the true objects found, with at most 100 boxes a picture, mean of the overlaps.
        per_class: class name -> its scores, in the order of the labels.
        n_pictures: number of pictures.
        n_truth: number of true objects, crowd regions not counted.
        n_crowd: number of crowd regions, in which nothing is counted as wrong.
        n_predictions: number of predicted boxes.
        curves: precision against recall, for each class with true objects at the overlaps 0.50 and 0.75.
        notes: sentences about classes that only the predictions or only the annotations have.
    """

    ap: float
    ap50: float
    ap75: float
    ap_small: float
    ap_medium: float
    ap_large: float
    ar100: float
    per_class: dict[str, ClassScores]
    n_pictures: int
    n_truth: int
    n_crowd: int
    n_predictions: int
    curves: tuple[PrecisionRecall, ...] = field(default=(), repr=False, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return "\n".join([plain_table(self._rows()), "", *self._sentences()])

    def _repr_markdown_(self) -> str:
        """The table, for notebooks."""
        sentences = [f"{sentence}  " for sentence in self._sentences()]
        return "\n".join([markdown_table(self._rows()), "", *sentences])

    def plot(self, axes: Any = None) -> Any:
        """Draw the precision-recall curves; returns the matplotlib axes."""
        return plot_curves(self.curves, axes)

    def _rows(self) -> list[list[str]]:
        rows = [
            [name, _shown(one.ap), _shown(one.ap50), _shown(one.ap75), str(one.n_truth)]
            for name, one in self.per_class.items()
        ]
        everything = ["all classes", _shown(self.ap), _shown(self.ap50), _shown(self.ap75), str(self.n_truth)]
        head = ["class", "AP", "AP50", "AP75", "objects"]
        return [head, *rows, everything] if len(rows) != 1 else [head, *rows]

    def _sentences(self) -> list[str]:
        """What was counted, and how sure one can be."""
        crowd = f" and {counted(self.n_crowd, 'region')} to ignore" if self.n_crowd else ""
        sentences = [
            f"{counted(self.n_pictures, 'picture')} with {counted(self.n_truth, 'object')}{crowd}; "
            f"{counted(self.n_predictions, 'box', 'boxes')} predicted.",
            f"AP of small, medium, large objects: {_shown(self.ap_small)}, {_shown(self.ap_medium)}, "
            f"{_shown(self.ap_large)}. AR: {_shown(self.ar100)}.",
            _EXPLANATION,
            *self.notes,
        ]
        if 0 < self.n_truth < _FEW:
            one = f"{1 / self.n_truth:.2f}"
            sentences.append(f"With so few objects, one found or missed changes the scores by about {one}.")
        return sentences


def evaluate(
    predictions: Sequence[Boxes], annotations: Annotations, *, class_names: Sequence[str] | None = None
) -> Scores:
    """Score predicted boxes against the true ones.

    Crowd boxes in `annotations` are regions to ignore: a prediction there counts neither as right nor as wrong.
    Only the 100 boxes with the highest scores in each picture count. Small, medium and large refer to the area of the
    boxes. Classes are matched by name; if only one side has a class, `Scores.notes` says so.

    Args:
        predictions: the predicted boxes, with scores, of each picture, in the order of `annotations`.
        annotations: the true boxes.
        class_names: the class names for the predictions' labels. None uses the names that the boxes carry, as those of
            a detector do, otherwise the names of the annotations.

    Returns:
        COCO's metrics, the same to the last digit as pycocotools gives for the same boxes in files.

    Raises:
        ValueError: there are no pictures, the number of predictions differs from that of the pictures, boxes have no
            scores, labels have no names, or no class is in common.

    Example:
        `print(evaluate(detector.detect_all(annotations.image_paths), annotations))`
    """
    matched = match_classes(predictions, annotations, class_names)
    truths, names = [boxes for _, boxes in annotations], matched.class_names
    counted = _count_matches(truths, matched.predictions, len(names))
    ap, ap50, ap75, ap_small, ap_medium, ap_large, _, _, ar100 = map(_or_nan, counted.stats[:9])
    n_truth = _objects_per_class(truths, len(names))
    precision = counted.eval["precision"][:, :, :, 0, -1]  # (overlaps, recalls, classes): any size, 100 boxes
    return Scores(
        ap=ap,
        ap50=ap50,
        ap75=ap75,
        ap_small=ap_small,
        ap_medium=ap_medium,
        ap_large=ap_large,
        ar100=ar100,
        per_class={name: _class_scores(precision[:, :, k], n_truth[k]) for k, name in enumerate(names)},
        n_pictures=len(truths),
        n_truth=sum(n_truth),
        n_crowd=int(sum(boxes.crowd_mask.sum() for boxes in truths)),
        n_predictions=sum(map(len, predictions)),
        curves=curves_of(counted, names),
        notes=matched.notes,
    )


def _count_matches(truths: list[Boxes], predictions: Sequence[Boxes], n_classes: int) -> Any:
    """Run pycocotools in silence on boxes in memory; returns its COCOeval with `stats` and `eval`."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        sides = []
        for all_boxes in (truths, predictions):
            side = COCO()
            side.dataset = _dataset(all_boxes, n_classes)
            side.createIndex()
            sides.append(side)
        counted = COCOeval(*sides, iouType="bbox")
        counted.evaluate()
        counted.accumulate()
        counted.summarize()
    return counted


def _dataset(all_boxes: Sequence[Boxes], n_classes: int) -> dict[str, list[dict[str, Any]]]:
    """Boxes as the content of a COCO file. Ids start at 1: pycocotools takes an id of 0 for "no match"."""
    annotations: list[dict[str, Any]] = []
    for picture, boxes in enumerate(all_boxes, start=1):
        for row, (x1, y1, x2, y2) in enumerate(boxes.xyxy.astype(np.float64).tolist()):
            annotation = {
                "id": len(annotations) + 1,
                "image_id": picture,
                "category_id": int(boxes.labels[row]) + 1,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": int(boxes.crowd_mask[row]),
            }
            if boxes.scores is not None:
                annotation["score"] = float(boxes.scores[row])
            annotations.append(annotation)
    return {
        "images": [{"id": picture} for picture in range(1, len(all_boxes) + 1)],
        "categories": [{"id": label + 1, "name": str(label)} for label in range(n_classes)],
        "annotations": annotations,
    }


def _objects_per_class(truths: list[Boxes], n_classes: int) -> list[int]:
    labels = np.concatenate([np.zeros(0, np.int64), *[boxes.labels[~boxes.crowd_mask] for boxes in truths]])
    return np.bincount(labels, minlength=n_classes).tolist()


def _class_scores(precision: np.ndarray, n_truth: int) -> ClassScores:
    """Scores of one class from its precisions (overlaps, recalls), which are -1 if it has no truth."""
    return ClassScores(
        ap=_or_nan(precision.mean()),
        ap50=_or_nan(precision[0].mean()),
        ap75=_or_nan(precision[5].mean()),
        n_truth=n_truth,
    )


def _or_nan(value: float) -> float:
    """pycocotools says -1 for "nothing to find"."""
    return float(value) if value > -1 else math.nan


def _shown(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
