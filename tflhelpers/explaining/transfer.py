"""Transfer measured: learning with the heads alone, with everything, and with everything from nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tflhelpers.explaining.figures import BLUE, INK, ORANGE, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tflhelpers.data.annotations import Annotations
    from tflhelpers.data.boxes import Boxes
    from tflhelpers.evaluation.scores import Scores
    from tflhelpers.model.detector import Detector

# Way -> what learns, and whether from the embedded detector's weights.
WAYS = {
    "from nothing": ("all", False),
    "feature extraction": ("heads", True),
    "fine-tuning": ("all", True),
}
_MEANING = {
    "from nothing": "random weights,\nall learn",
    "feature extraction": "trained weights,\nonly the heads learn",
    "fine-tuning": "trained weights,\nall learn",
}


@dataclass(frozen=True)
class Trained:
    """A detector that was trained in one way, and how good it has become.

    Attributes:
        way: of `WAYS`.
        steps: batches that it learned from.
        seconds: of training.
        learned_weights: numbers in the network that could change.
        all_weights: numbers in the network.
        scores: on the pictures that it was measured on.
        detector: itself.
        predictions: its boxes on those pictures, with all scores.
    """

    way: str
    steps: int
    seconds: float
    learned_weights: int
    all_weights: int
    scores: Scores
    detector: Detector = field(repr=False)
    predictions: list[Boxes] = field(repr=False)

    def __str__(self) -> str:
        return (
            f"{self.way}: {self.steps} steps in {self.seconds:.0f} s, "
            f"{self.learned_weights:,} of {self.all_weights:,} weights learned, "
            f"AP50 {self.scores.ap50:.3f}, AP {self.scores.ap:.3f}"
        )


def measure_transfer(
    annotations: Annotations,
    measured_on: Annotations,
    *,
    ways: Sequence[str] = tuple(WAYS),
    steps: int | None = 60,
    budget: str | float | None = None,
    seed: int = 0,
    progress: bool = True,
) -> list[Trained]:
    """Train the embedded detector on the same photos in several ways, shortly, and measure each.

    One short run of each with one seed: it shows large differences, not small ones.

    Args:
        annotations: to learn from.
        measured_on: other pictures.
        ways: of `WAYS`: "from nothing" (random weights, all learn), "feature extraction" (the trained weights stay as
            they are but for the heads) and "fine-tuning" (all of them learn on).
        steps: batches that each learns from, at most so many where there is a budget; None as for `fine_tune`.
        budget: time for each, such as "20 s", compiling included, as for `fine_tune`: the same time instead of the same
            steps. On a busy machine it measures the machine.
        seed: of the trainings.
        progress: show bars of the trainings.

    Raises:
        ValueError: an unknown way.
    """
    for way in ways:
        if way not in WAYS:
            raise ValueError(f"ways must be of {', '.join(WAYS)}, got {way!r}.")
    return [_train(way, annotations, measured_on, steps, budget, seed, progress) for way in ways]


def _train(
    way: str,
    photos: Annotations,
    measured_on: Annotations,
    steps: int | None,
    budget: str | float | None,
    seed: int,
    progress: bool,
) -> Trained:
    from tflhelpers.evaluation.scores import evaluate
    from tflhelpers.model.detector import Detector
    from tflhelpers.training.fine_tune import fine_tune

    trainable, from_trained = WAYS[way]
    detector = Detector.embedded(photos.class_names)
    if not from_trained:
        detector = _fresh(detector, seed)
    history = fine_tune(
        detector, photos, trainable=trainable, budget=budget, steps=steps, seed=seed, progress=progress
    )
    predictions = detector.detect_all(measured_on.image_paths, threshold=0.0, progress=False)
    return Trained(
        way=way,
        steps=len(history.loss),
        seconds=history.seconds,
        learned_weights=_count(detector.network.trainable_weights),
        all_weights=_count(detector.network.weights),
        scores=evaluate(predictions, measured_on),
        detector=detector,
        predictions=predictions,
    )


def _fresh(detector: Detector, seed: int) -> Detector:
    """A detector of the same build whose weights are random."""
    import keras

    from tflhelpers.model.detector import Detector

    keras.utils.set_random_seed(seed)
    return Detector(detector.architecture, detector.class_names)


def _count(weights) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def plot_transfer(trained: Sequence[Trained]) -> Figure:
    """Bars of AP50 and AP for each way.

    Args:
        trained: of `measure_transfer`.
    """
    figure, axes = new_figure(size=(9, 4.2))
    only = axes[0, 0]
    for shift, name, colour, hatch in ((-0.19, "ap50", BLUE, None), (0.19, "ap", ORANGE, "////")):
        values = [getattr(one.scores, name) for one in trained]
        at = [place + shift for place in range(len(trained))]
        only.bar(
            at,
            values,
            width=0.36,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
            label=name.upper(),
        )
        for place, value in zip(at, values, strict=True):
            only.text(place, value + 0.015, f"{value:.2f}", ha="center", color=INK, weight="bold")
    only.set_xticks(range(len(trained)), [_caption(one) for one in trained])
    only.tick_params(axis="x", length=0)
    only.set(ylim=(0, 1.12), ylabel="average precision")
    only.legend(frameon=False, loc="upper left")
    objects = trained[0].scores.n_truth if trained else 0
    only.set_title(f"One run each; measured on {objects} objects that were not trained on", fontsize=10)
    plain(only)
    return figure


def _caption(one: Trained) -> str:
    share = 100 * one.learned_weights / one.all_weights
    return f"{one.way}\n{_MEANING[one.way]}\n{share:.0f}% of the weights, {one.steps} steps"
