"""What a training leaves behind: losses by step, and how they look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class History:
    """How a training went.

    Attributes:
        loss, box_loss, class_loss: by step.
        matched: anchors that answered for a box, by step.
        seconds: of this call.
        trained: the parts of the network that learned.
        dropped: a sentence for each picture with boxes that could not be learned from.
        notes: what else was done, such as the memory that was taken.
        validation_loss: on the pictures held back for it, None without any.
        tiles: (rows, columns) of which it learned crops, and in which the detector looks from now on; None where it
            took photos whole.
    """

    loss: list[float]
    box_loss: list[float]
    class_loss: list[float]
    matched: list[float]
    seconds: float
    trained: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    validation_loss: float | None = None
    tiles: tuple[int, int] | None = None

    def __repr__(self) -> str:
        losses = f"loss {self.loss[0]:.2f} to {self.loss[-1]:.2f}" if self.loss else "nothing learned"
        return f"History({len(self.loss)} steps, {losses}, {self.seconds:.0f} s, trained {' + '.join(self.trained)})"

    def plot(self, axes=None):
        """Draws the losses over the steps; returns the matplotlib axes."""
        import matplotlib.pyplot as plt

        axes = axes or plt.subplots(figsize=(7, 3.5), layout="constrained")[1]
        curves = (
            ("loss", "all", "#222222"),
            ("class_loss", "classes", "#0072B2"),
            ("box_loss", "boxes", "#D55E00"),
        )
        for name, label, color in curves:
            values = np.asarray(getattr(self, name))
            axes.plot(values, color=color, alpha=0.25, linewidth=1)
            axes.plot(_smoothed(values), color=color, label=label, linewidth=2)
        axes.set(xlabel="step", ylabel="loss", yscale="log", title="What was learned, step by step")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        return axes


def _smoothed(values: np.ndarray, width: int = 11) -> np.ndarray:
    """Means over `width` steps, fewer at the ends."""
    if not len(values):
        return values
    sums, counts = (np.convolve(v, np.ones(width)) for v in (values, np.ones(len(values))))
    return (sums / counts)[width // 2 :][: len(values)]
