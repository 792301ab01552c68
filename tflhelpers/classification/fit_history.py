"""What fitting a classifier leaves behind: what was chosen, how long it took, how good it is on what was held out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tflhelpers.classification.labelled import LabelledPictures


@dataclass(frozen=True)
class ClassifierHistory:
    """How a fit went.

    Attributes:
        mode: "features" or "fine-tune".
        learned_from: the pictures that it learned from.
        held_out: the pictures that it did not; None if none were.
        accuracy: on those, None without any.
        accuracy_interval: where the true one lies, at 95 %.
        l2: of the linear head, chosen by cross-validation.
        l2_tried: l2 -> loss on the folds held out, in nats.
        temperature: that the logits were divided by.
        loss: by epoch of fine-tuning, on the pictures learned from.
        held_out_loss: before fine-tuning, then by epoch.
        seconds: of this call; `embedding_seconds` and `head_seconds` are parts of it.
        notes: what there is to tell.
        left_out: a sentence for each picture that could not be decoded.
    """

    mode: str
    learned_from: LabelledPictures = field(repr=False)
    held_out: LabelledPictures | None = field(repr=False)
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    l2: float | None
    l2_tried: dict[float, float]
    temperature: float
    seconds: float
    embedding_seconds: float
    head_seconds: float
    loss: tuple[float, ...] = ()
    held_out_loss: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __repr__(self) -> str:
        judged = "nothing held out"
        if self.accuracy is not None and self.accuracy_interval is not None and self.held_out is not None:
            low, high = self.accuracy_interval
            judged = f"{self.accuracy:.0%} of {len(self.held_out)} held out ({low:.0%} to {high:.0%})"
        epochs = f", {len(self.loss)} epochs" if self.loss else ""
        return (
            f"ClassifierHistory({self.mode}, learned from {len(self.learned_from)} pictures in {self.seconds:.0f} s"
            f"{epochs}: right on {judged})"
        )

    def plot(self, axes: Any = None) -> Any:
        """Draws the losses over the epochs, or without any over the strengths of L2; returns the matplotlib axes."""
        import matplotlib.pyplot as plt

        axes = axes or plt.subplots(figsize=(7, 3.5), layout="constrained")[1]
        if self.loss:
            axes.plot(range(1, len(self.loss) + 1), self.loss, "o-", color="#0072B2", label="learned from")
            if self.held_out_loss:
                axes.plot(
                    range(len(self.held_out_loss)),
                    self.held_out_loss,
                    "o-",
                    color="#D55E00",
                    label="held out",
                )
            axes.set(xlabel="epoch (0: the head alone)", ylabel="loss", title="What fine-tuning changed")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend(frameon=False)
        else:
            tried = sorted(self.l2_tried.items())
            axes.plot([each for each, _ in tried], [loss for _, loss in tried], "o-", color="#0072B2")
            if self.l2 in self.l2_tried:
                axes.plot([self.l2], [self.l2_tried[self.l2]], "o", ms=12, mfc="none", mec="#D55E00", mew=2)
                axes.annotate(
                    "chosen",
                    (self.l2, self.l2_tried[self.l2]),
                    (0, 14),
                    textcoords="offset points",
                    ha="center",
                )
            axes.set(
                xscale="log", xlabel="L2: how much the weights are held down", ylabel="loss on folds held out"
            )
            axes.set_title("How strict the head should be")
            axes.margins(y=0.25)
        axes.set_ylim(bottom=0, top=1.05 * max(np.max(axes.get_ylim()), 1e-6))
        axes.spines[["top", "right"]].set_visible(False)
        return axes
