"""Precision, recall, average precision and mAP, built up box by box; the same figures as `tflhelpers.evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.class_matching import match_classes
from tflhelpers.evaluation.matching import NOBODY, pair_boxes, surest_first
from tflhelpers.explaining.figures import BLUE, FAINT, INK, ORANGE, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tflhelpers.data.annotations import Annotations

OVERLAPS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))  # of COCO's AP
RECALLS = np.linspace(0, 1, 101)  # at which COCO reads the precision
_MOST_RANKED = 60  # boxes in a diagram
MOST = 100  # boxes a picture and class that count


class RankedBox(NamedTuple):
    """A predicted box in the order of the scores, and how things stand once it is counted.

    Attributes:
        score: how sure the detector is of it.
        picture: number of its picture.
        right: whether it found an object that no surer box had found.
        precision: part of the boxes up to here that are right.
        recall: part of the objects that they found.
    """

    score: float
    picture: int
    right: bool
    precision: float
    recall: float


def precision_recall_steps(
    predictions: Sequence[Boxes], annotations: Annotations, *, label: int = 0, overlap: float = 0.5
) -> list[RankedBox]:
    """All boxes of one class, surest first, with precision and recall after each.

    Args:
        predictions: boxes with scores for each picture, in the order of `annotations`.
        annotations: the truth.
        label: of the class.
        overlap: IoU from which a box is right, 0 to 1.

    Raises:
        ValueError: the predictions do not fit the annotations, or the class has no objects.
    """
    predictions = match_classes(predictions, annotations).predictions
    truths = [boxes for _, boxes in annotations]
    objects = sum(int(((true.labels == label) & ~true.crowd_mask).sum()) for true in truths)
    if not objects:
        raise ValueError(f"annotations must hold objects of class {label} to be found, got none.")
    judged = [
        judgement
        for picture, (predicted, true) in enumerate(zip(predictions, truths, strict=True))
        for judgement in _judge(
            picture, predicted[predicted.labels == label], true[true.labels == label], overlap
        )
    ]
    judged.sort(key=lambda judgement: -judgement[0])  # stable: equals in the order of the pictures
    found, steps = 0, []
    for rank, (score, picture, right) in enumerate(judged, start=1):
        found += right
        steps.append(RankedBox(score, picture, right, found / rank, found / objects))
    return steps


def _judge(picture: int, predicted: Boxes, true: Boxes, overlap: float) -> list[tuple[float, int, bool]]:
    """Score, picture and verdict of each box that counts, surest first."""
    if not len(predicted):
        return []
    predicted = predicted[surest_first(predicted)[:MOST]]
    assert predicted.scores is not None  # checked before
    pairing = pair_boxes(predicted, true, overlap)
    rows = np.flatnonzero(~pairing.ignored)
    return [(float(predicted.scores[row]), picture, bool(pairing.truth_of[row] != NOBODY)) for row in rows]


def best_from_here(steps: Sequence[RankedBox]) -> np.ndarray:
    """The best precision at each of the 101 recalls 0.00, 0.01 … 1.00 or at a higher one; 0 where none is reached.

    Example:
        >>> found, wrong = RankedBox(0.9, 0, True, 1.0, 0.5), RankedBox(0.8, 0, False, 0.5, 0.5)
        >>> best_from_here([found, wrong])[[0, 50, 51]].tolist()
        [1.0, 1.0, 0.0]
    """
    if not steps:
        return np.zeros(len(RECALLS))
    precision = np.array([step.precision for step in steps])
    recall = np.array([step.recall for step in steps])
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALLS, side="left")
    return np.where(at < len(best), best[np.minimum(at, len(best) - 1)], 0.0)


def average_precision(steps: Sequence[RankedBox]) -> float:
    """The area below the curve: the mean of `best_from_here`."""
    return float(best_from_here(steps).mean())


def average_precisions(predictions: Sequence[Boxes], annotations: Annotations) -> dict[float, float]:
    """Average precision at each overlap 0.50, 0.55 … 0.95, the mean of the classes that have objects.

    The first is AP50; the mean of all ten is COCO's AP, which is also called mAP.

    Raises:
        ValueError: the predictions do not fit the annotations, or there is nothing to be found.
    """
    labels = sorted({int(label) for _, boxes in annotations for label in boxes.labels[~boxes.crowd_mask]})
    if not labels:
        raise ValueError("annotations must hold objects to be found, got none.")
    return {
        overlap: float(
            np.mean(
                [
                    average_precision(
                        precision_recall_steps(predictions, annotations, label=label, overlap=overlap)
                    )
                    for label in labels
                ]
            )
        )
        for overlap in OVERLAPS
    }


def plot_precision_recall_steps(
    predictions: Sequence[Boxes],
    annotations: Annotations,
    *,
    label: int = 0,
    overlap: float = 0.5,
) -> Figure:
    """The surest boxes one by one, right or wrong; and the curve that they draw, with the area that is the AP.

    Args:
        predictions, annotations, label, overlap: as for `precision_recall_steps`.
    """
    steps = precision_recall_steps(predictions, annotations, label=label, overlap=overlap)
    figure, axes = new_figure(1, 2, size=(12, 4.4), width_ratios=(1.15, 1))
    left, right = axes[0]
    _draw_ranking(left, steps)
    left.set_title(f"box by box: right if its IoU is {overlap:.2f} or more, and it is the first", fontsize=10)
    _draw_curve(right, steps)
    right.set_title(
        f"AP at IoU {overlap:.2f} = the shaded area = {average_precision(steps):.3f}", fontsize=10
    )
    return figure


def _draw_ranking(axes, steps: Sequence[RankedBox]) -> None:
    shown = steps[:_MOST_RANKED]
    for right, colour, hatch, name in ((True, BLUE, None, "right"), (False, ORANGE, "////", "wrong")):
        ranks = [rank for rank, step in enumerate(shown, start=1) if step.right is right]
        heights = [step.score for step in shown if step.right is right]
        axes.bar(
            ranks, heights, color=colour, hatch=hatch, edgecolor="white", linewidth=0, label=f"{name}: score"
        )
    ranks = list(range(1, len(shown) + 1))
    axes.plot(ranks, [step.precision for step in shown], color=INK, linewidth=2, label="precision so far")
    recalls = [step.recall for step in shown]
    axes.plot(ranks, recalls, color=INK, linewidth=2, linestyle=(0, (2, 1.5)), label="recall so far")
    axes.set(
        xlabel=f"the {len(shown)} surest of {len(steps):,} boxes",
        ylim=(0, 1.28),
        xlim=(0.3, len(shown) + 0.7),
    )
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.legend(frameon=False, ncols=2, loc="upper left", fontsize="small")
    plain(axes)


def _draw_curve(axes, steps: Sequence[RankedBox]) -> None:
    recall, precision = [step.recall for step in steps], [step.precision for step in steps]
    axes.fill_between(RECALLS, best_from_here(steps), step="pre", color=BLUE, alpha=0.2, linewidth=0)
    best = best_from_here(steps)
    axes.step(RECALLS, best, where="pre", color=BLUE, linewidth=2.2, label="the best from here on")
    axes.plot(recall, precision, color=FAINT, linewidth=1.2, marker=".", markersize=3, label="after each box")
    axes.set(xlabel="recall: part of the objects found", ylabel="precision: part of the boxes right")
    axes.set(xlim=(0, 1.01), ylim=(0, 1.03))
    axes.legend(frameon=False, loc="lower left", fontsize="small")
    plain(axes)


def plot_average_precisions(predictions: Sequence[Boxes], annotations: Annotations) -> Figure:
    """Average precision at each of the ten overlaps that mAP is the mean of.

    Args:
        predictions, annotations: as for `average_precisions`.
    """
    values = average_precisions(predictions, annotations)
    mean = float(np.mean(list(values.values())))
    figure, axes = new_figure(size=(9, 3.8))
    only = axes[0, 0]
    positions = range(len(values))
    only.bar(positions, list(values.values()), color=BLUE, width=0.7)
    for position, value in zip(positions, values.values(), strict=True):
        only.text(position, value + 0.015, f"{value:.2f}", ha="center", color=INK)
    only.axhline(mean, color=ORANGE, linewidth=2, linestyle=(0, (5, 2)))
    only.text(
        len(values) - 0.45, mean + 0.02, f"mean = mAP = {mean:.3f}", ha="right", color=ORANGE, weight="bold"
    )
    only.set_xticks(positions, [f"{overlap:.2f}" for overlap in values])
    only.set(xlabel="IoU from which a box is right", ylabel="average precision", ylim=(0, 1.1))
    plain(only)
    return figure
