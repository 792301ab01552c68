"""Focal loss against cross-entropy: what a wrong guess costs, and what thousands of right ones cost together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tflhelpers.explaining.figures import BLUE, GREEN, INK, ORANGE, PURPLE, SKY, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A picture at 320 px: some 12,000 anchors that are background for sure, some 10 on the object that are not sure yet.
EASY, EASY_P = 12_000, 0.99
HARD, HARD_P = 10, 0.3
_LINES = (
    (INK, "-"),
    (BLUE, (0, (6, 2))),
    (ORANGE, (0, (2, 1))),
    (GREEN, (0, (6, 2, 1, 2))),
    (PURPLE, (0, (1, 1))),
)


def loss_of(p: np.ndarray | float, gamma: float) -> np.ndarray:
    """What a guess costs that gives the right answer the probability `p`: `-(1 - p)^gamma * log(p)`.

    With gamma 0 it is cross-entropy, with gamma 2 the focal loss that the detectors learn with, before its weights of
    0.25 for objects and 0.75 for background (Lin et al. 2017, equation 4).

    Args:
        p: above 0, up to 1.
        gamma: 0 or more.

    Raises:
        ValueError: gamma is negative.

    Example:
        >>> [round(float(loss_of(0.5, gamma)), 3) for gamma in (0, 1, 2)]
        [0.693, 0.347, 0.173]
    """
    if gamma < 0:
        raise ValueError(f"gamma must be 0 or more, got {gamma}.")
    p = np.asarray(p, np.float64)
    return np.power(1.0 - p, gamma) * -np.log(p)


def background_share(
    gamma: float, *, easy: int = EASY, easy_p: float = EASY_P, hard: int = HARD, hard_p: float = HARD_P
) -> float:
    """The part, 0 to 1, of a picture's loss that comes from background that is recognised already.

    Args:
        gamma: of the loss.
        easy: number of background anchors.
        easy_p: the probability that they give to "background".
        hard: number of anchors on objects.
        hard_p: the probability that they give to their object.

    Example:
        >>> round(background_share(0, easy=900, easy_p=0.9, hard=1, hard_p=0.5), 3)
        0.993
    """
    background = easy * loss_of(easy_p, gamma)
    return float(background / (background + hard * loss_of(hard_p, gamma)))


def plot_losses(gammas: Sequence[float] = (0, 1, 2, 5)) -> Figure:
    """The loss of one guess by its probability, and how a picture's loss divides between background and objects.

    Args:
        gammas: one curve and one bar each, at most 5.

    Raises:
        ValueError: none, or more than five.
    """
    if not 0 < len(gammas) <= len(_LINES):
        raise ValueError(f"gammas must be 1 to {len(_LINES)} numbers, got {len(gammas)}.")
    figure, axes = new_figure(1, 2, size=(11.5, 4.2), width_ratios=(1.1, 1))
    left, right = axes[0]
    p = np.linspace(0.01, 1, 400)
    for gamma, (colour, line) in zip(gammas, _LINES, strict=False):
        left.plot(p, loss_of(p, gamma), color=colour, linestyle=line, linewidth=2.2, label=_name(gamma))
    left.set(xlabel="probability given to the right answer", ylabel="loss", xlim=(0, 1), ylim=(0, 5))
    left.legend(frameon=False)
    plain(left)
    _draw_shares(right, gammas)
    return figure


def _name(gamma: float) -> str:
    return f"gamma {gamma:g}" + (": cross-entropy" if gamma == 0 else ": focal loss" if gamma == 2 else "")


def _draw_shares(axes, gammas: Sequence[float]) -> None:
    """A bar of 100% for each gamma, of background and objects."""
    for row, gamma in enumerate(gammas):
        share = background_share(gamma)
        axes.barh(row, share, color=SKY, height=0.6)
        axes.barh(
            row, 1 - share, left=share, color=ORANGE, hatch="////", edgecolor="white", linewidth=0, height=0.6
        )
        text = f"{100 * share:.1f}%" if share >= 0.001 else "under 0.1%"
        label = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        axes.text(0.02, row, f"background {text}", va="center", weight="bold", color=INK, bbox=label)
    axes.set(xlim=(0, 1), xlabel="part of the picture's loss (blue: background, orange: the object)")
    axes.set_yticks(range(len(gammas)), [f"gamma {gamma:g}" for gamma in gammas])
    axes.invert_yaxis()
    axes.set_title(
        f"{EASY:,} background anchors, each {EASY_P:.0%} sure,\nagainst {HARD} on the object, each {HARD_P:.0%} sure",
        fontsize=10,
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
