"""The pictures of a judgement: which class was taken for which, and whether the probabilities can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tflhelpers.classification.scored import CalibrationBin
from tflhelpers.files.text import no_math

BLUE, ORANGE, INK = "#0072B2", "#D55E00", "#222222"
MOST_WRITTEN = 20  # classes; cells of more are too small for numbers


def plot_confusion(counts: np.ndarray, class_names: Sequence[str], axes: Any = None) -> Any:
    """A cell for each pair of classes, darker for a larger part of its row."""
    import matplotlib.pyplot as plt

    side = min(2.6 + 0.7 * len(counts), 14.0)
    axes = axes or plt.subplots(figsize=(side + 0.8, side), layout="constrained")[1]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    if len(counts) <= MOST_WRITTEN:
        for (row, column), share in np.ndenumerate(shares):
            color = "white" if share > 0.6 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=color)
    ticks = range(len(counts))
    names = [no_math(name) for name in class_names]
    axes.set_xticks(ticks, names, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(ticks, names)
    axes.set(xlabel="taken for", ylabel="is", title="What is taken for what")
    axes.spines[:].set_visible(False)
    return axes


def plot_calibration(bins: Sequence[CalibrationBin], error: float, axes: Any = None) -> Any:
    """Points on the line where "90 % sure" is right in 9 of 10 pictures; larger points are more pictures."""
    import matplotlib.pyplot as plt

    axes = axes or plt.subplots(figsize=(5.2, 4.6), layout="constrained")[1]
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="as sure as it is right")
    most = max(each.pictures for each in bins)
    for each in bins:
        axes.plot(
            [each.confidence] * 2, [each.confidence, each.accuracy], color=ORANGE, linewidth=2, zorder=1
        )
    axes.scatter(
        [each.confidence for each in bins],
        [each.accuracy for each in bins],
        s=[40 + 260 * each.pictures / most for each in bins],
        color=BLUE,
        edgecolor="white",
        zorder=2,
        label="pictures about as sure",
        clip_on=False,
    )
    for each in bins:
        axes.annotate(
            str(each.pictures),
            (each.confidence, each.accuracy),
            (-8 - 6 * (each.pictures / most) ** 0.5, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize="small",
        )
    low = min(0.5, *(each.confidence for each in bins))
    axes.set(
        xlim=(max(0.0, low - 0.05), 1),
        ylim=(0, 1.02),
        xlabel="how sure it is: probability of its answer",
        ylabel="part of the answers that are right",
        title=f"Can its probabilities be believed? Off by {error:.3f} on average",
    )
    legend = axes.legend(frameon=False, loc="lower left")
    for handle in legend.legend_handles:
        if hasattr(handle, "set_sizes"):
            handle.set_sizes([60])
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return axes
