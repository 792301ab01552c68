"""`PrecisionRecall`: how precision falls as more objects are found, as pycocotools counts it, and its plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflhelpers.files.text import no_math

# Okabe and Ito's colours, told apart by colour-blind people, without the yellow that white paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
OVERLAPS = (0.5, 0.75)
_AT = (0, 5)  # where these two stand among pycocotools' overlaps 0.50, 0.55 … 0.95


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """The curve of one class at one overlap, at pycocotools' 101 recalls.

    Attributes:
        class_name: of the class.
        overlap: intersection over union from which a box counts as found.
        recall: part of the true objects found: 0.00, 0.01 … 1.00. float64 (101,).
        precision: part of the boxes that are right, the best at this recall or more; 0 where so many were
            never found. float64 (101,).
        scores: score at which this recall is reached, 0 where it never is. float64 (101,).
    """

    class_name: str
    overlap: float
    recall: np.ndarray
    precision: np.ndarray
    scores: np.ndarray

    @property
    def average_precision(self) -> float:
        """Mean of `precision`: AP50 or AP75 of this class, to the last digit."""
        return float(self.precision.mean())


def curves_of(counted: Any, class_names: Sequence[str]) -> tuple[PrecisionRecall, ...]:
    """The curves in an accumulated COCOeval, class by class; none for classes without true objects."""
    curves = []
    for label, name in enumerate(class_names):
        for overlap, at in zip(OVERLAPS, _AT, strict=True):
            precision = counted.eval["precision"][at, :, label, 0, -1]  # any size, 100 boxes a picture
            if (precision > -1).all():
                scores = counted.eval["scores"][at, :, label, 0, -1]
                curves.append(PrecisionRecall(name, overlap, counted.params.recThrs, precision, scores))
    return tuple(curves)


def plot_curves(curves: Sequence[PrecisionRecall], axes: Any = None) -> Any:
    """Draw the curves: one colour a class, overlap 0.50 solid and 0.75 dashed; returns the matplotlib axes."""
    import matplotlib.pyplot as plt

    axes = axes or plt.subplots(figsize=(7, 4.2), layout="constrained")[1]
    names = list(dict.fromkeys(curve.class_name for curve in curves))
    for curve in curves:
        axes.step(
            curve.recall,
            curve.precision,
            where="pre",
            color=COLOURS[names.index(curve.class_name) % len(COLOURS)],
            linestyle="-" if curve.overlap == OVERLAPS[0] else (0, (4, 2)),
            linewidth=2,
            label=f"{no_math(curve.class_name)}, overlap {curve.overlap:.2f}: AP {curve.average_precision:.3f}",
            clip_on=False,
        )
    axes.set(
        xlabel="recall: part of the objects that were found",
        ylabel="precision: part of the boxes that are right",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    if curves:
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2, fontsize="small")
    return axes
