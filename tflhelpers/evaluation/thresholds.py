"""`calibrate_threshold`: the score above which a box is worth showing, and how sure you can be of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.certainty import resampled_interval, share_interval
from tflhelpers.evaluation.class_matching import match_classes
from tflhelpers.evaluation.curves import COLOURS
from tflhelpers.evaluation.sweep import Sweep, Trials, sweep_of, trials_of


@dataclass(frozen=True, eq=False)
class Calibration:
    """A threshold, what it gives on these pictures, and how sure that is. Prints as sentences.

    Attributes:
        threshold: lowest score to show: give it to `detect`, or keep it as `detector.threshold`.
        precision: share of the boxes that are right at this threshold.
        recall: share of the objects that are found at this threshold.
        f1: 2 × precision × recall / (precision + recall).
        false_alarms: share of the pictures without objects that have a box; NaN if there are no such pictures.
        reached: whether these pictures reach what you asked for.
        threshold_interval: where the threshold falls for 95 % of the sets resampled from these pictures.
        sentences: what was found, and how far to trust it.
        sweep: what every threshold gives.
    """

    threshold: float
    precision: float
    recall: float
    f1: float
    false_alarms: float
    reached: bool
    threshold_interval: tuple[float, float]
    sentences: tuple[str, ...]
    sweep: Sweep = field(repr=False)

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def plot(self, axes: Any = None) -> Any:
        """Draw precision, recall and F1 against the threshold; returns the matplotlib axes."""
        import matplotlib.pyplot as plt

        axes = axes or plt.subplots(figsize=(7, 3.8), layout="constrained")[1]
        curves = (("precision", "-"), ("recall", (0, (4, 2))), ("f1", "-"))
        for (name, style), colour in zip(curves, COLOURS, strict=False):
            axes.plot(
                self.sweep.thresholds,
                getattr(self.sweep, name),
                color=colour,
                linestyle=style,
                linewidth=3 if name == "f1" else 2,
                label="F1" if name == "f1" else name,
            )
        axes.axvline(self.threshold, color="#222222", linewidth=1.5)
        axes.axvspan(*self.threshold_interval, color="#222222", alpha=0.1, linewidth=0)
        axes.set(xlabel="threshold", ylabel="on these pictures", xlim=(0, 1), ylim=(0, 1.02))
        axes.set_title(f"threshold {self.threshold:.2f}; gray: its 95 % interval", fontsize="medium")
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
        return axes


def calibrate_threshold(
    predictions: Sequence[Boxes],
    annotations: Annotations,
    *,
    precision: float | None = None,
    false_alarms: float | None = None,
    overlap: float = 0.5,
    class_names: Sequence[str] | None = None,
) -> Calibration:
    """Choose the lowest score to show. Use pictures that were not trained on.

    By default the threshold with the best F1 is chosen; `precision` or `false_alarms` asks for something else.

    Args:
        predictions: boxes with scores for each picture, detected with `threshold=0`.
        annotations: the true boxes.
        precision: the share of the boxes that should be right, 0 to 1. The threshold that finds the most objects at
            this precision is chosen.
        false_alarms: the share of the pictures without objects that may have a box, 0 to 1. The threshold that finds
            the most objects with no more false alarms is chosen.
        overlap: the intersection over union at which an object counts as found.
        class_names: the class names for the predictions' labels, as for `evaluate`.

    Raises:
        ValueError: both `precision` and `false_alarms` are given, there is nothing to find, `false_alarms` is given but
            every picture has objects, or the predictions do not fit (as for `evaluate`).

    Example:
        >>> truth = Annotations(["duck"], [("a.jpg", Boxes([[0, 0, 10, 10]], [0]))])
        >>> found = [Boxes([[0, 0, 10, 10], [50, 0, 60, 10]], [0, 0], [0.8, 0.4])]
        >>> round(calibrate_threshold(found, truth).threshold, 2)  # between the right box and the wrong one
        0.6
    """
    matched = match_classes(predictions, annotations, class_names)
    trials = trials_of(matched.predictions, annotations, overlap)
    _check_wishes(trials, precision, false_alarms)
    sweep = sweep_of(trials)
    chosen = _best(sweep, precision, false_alarms)

    def threshold_of(pictures: np.ndarray) -> float:
        again = sweep_of(trials.of(pictures))
        if not again.n_true or (false_alarms is not None and not again.n_negatives):
            return math.nan
        return float(again.thresholds[_best(again, precision, false_alarms)])

    interval = resampled_interval(threshold_of, len(trials.n_true))
    reached = _allowed(sweep, precision, false_alarms)[chosen] and bool(sweep.found[chosen])
    lowest = float(trials.scores.min()) if len(trials.scores) else 0.0
    return Calibration(
        threshold=float(sweep.thresholds[chosen]),
        precision=float(sweep.precision[chosen]),
        recall=float(sweep.recall[chosen]),
        f1=float(sweep.f1[chosen]),
        false_alarms=_share(int(sweep.alarms[chosen]), sweep.n_negatives),
        reached=bool(reached),
        threshold_interval=interval,
        sentences=tuple(_sentences(sweep, chosen, interval, bool(reached), precision, false_alarms, lowest)),
        sweep=sweep,
    )


def _allowed(sweep: Sweep, precision: float | None, false_alarms: float | None) -> np.ndarray:
    if precision is not None:
        return sweep.precision >= precision - 1e-9
    if false_alarms is not None:
        return sweep.alarms <= false_alarms * sweep.n_negatives + 1e-9
    return np.ones(len(sweep.thresholds), bool)


def _best(sweep: Sweep, precision: float | None, false_alarms: float | None) -> int:
    """Row of the threshold with the best F1 of those allowed; with a wish, the one that finds most."""
    worth = sweep.f1 if precision is None and false_alarms is None else sweep.recall + 1e-3 * sweep.precision
    allowed = _allowed(sweep, precision, false_alarms)
    best = int(np.argmax(np.where(allowed, worth, -1)))
    if precision is not None and not sweep.found[best]:  # only "no boxes at all" is as precise as that
        return int(np.argmax(np.where(sweep.found > 0, sweep.precision, -1)))
    return best


def _check_wishes(trials: Trials, precision: float | None, false_alarms: float | None) -> None:
    if precision is not None and false_alarms is not None:
        raise ValueError("precision and false_alarms cannot both choose the threshold. Give one of them.")
    for name, wish in (("precision", precision), ("false_alarms", false_alarms)):
        if wish is not None and not 0 <= wish <= 1:
            raise ValueError(f"{name} must be a part from 0 to 1, got {wish}. For 5 % write 0.05.")
    if not trials.n_true.sum():
        raise ValueError(
            "annotations must hold at least one object to find, got none. Without one, every threshold finds all."
        )
    if false_alarms is not None and trials.n_true.all():
        raise ValueError(
            "false_alarms needs pictures without objects, got none. Add pictures that show none of the classes."
        )


def _sentences(
    sweep: Sweep,
    row: int,
    interval: tuple[float, float],
    reached: bool,
    precision: float | None,
    false_alarms: float | None,
    lowest: float,
) -> list[str]:
    found, wrong, alarms = (int(counts[row]) for counts in (sweep.found, sweep.wrong, sweep.alarms))
    boxes = found + wrong
    said = [
        f"At a threshold of {sweep.thresholds[row]:.2f}, {found} of {sweep.n_true} objects are found and "
        f"{wrong} of {boxes} boxes are wrong (F1 {sweep.f1[row]:.2f})."
    ]
    if not reached:
        wish = f"a precision of {precision}" if precision is not None else f"false alarms of {false_alarms}"
        wish = wish if precision is not None or false_alarms is not None else "anything"
        said.append(f"No threshold finds objects with {wish} on these pictures; this one comes nearest.")
    recall, right = share_interval(found, sweep.n_true), share_interval(found, boxes)
    said.append(
        f"With this many objects, the true recall may be anywhere in {_range(recall)} and the true precision "
        f"anywhere in {_range(right)} (95 % intervals). On resampled sets of these pictures the threshold falls "
        f"in {_range(interval)}."
    )
    if sweep.n_negatives:
        said.append(
            f"{alarms} of {sweep.n_negatives} pictures without objects have a box; the true share may be anywhere in "
            f"{_range(share_interval(alarms, sweep.n_negatives))}."
        )
    elif wrong == 0:
        said.append("No picture without objects was looked at, so this says little about false alarms.")
    if lowest > 0.1:
        said.append(
            f"The lowest score here is {lowest:.2f}: detect with threshold=0 to see what lower thresholds give."
        )
    return said


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.2f}–{ends[1]:.2f}"
