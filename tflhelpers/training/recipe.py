"""How to train, chosen from what is known: what was asked for, the photos, the classes, and the time there is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from tflhelpers.data.annotations import Annotations
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.rare_classes import weights_of_rare

# What learns, from the narrowest to the widest; each part of the network is one of `ssd.GROUPS`.
TRAINABLE = {
    "heads": ("heads",),
    "predictor": ("heads", "tower"),
    "fpn": ("heads", "tower", "fpn"),
    "most": ("heads", "tower", "fpn", "backbone"),
    "all": ("heads", "tower", "fpn", "backbone", "stem"),
}
AUTO_STEPS, AUTO_PHOTOS = 160, 5  # steps for one class on so many photos; more of both ask for more
MAX_STEPS = 5000
RATES = {"adamw": 0.003, "sgd": 0.03}
# The gradient's length at most, where the optimizer is chosen here: usually it is 0.5 to 3, but a batch with an unlucky
# view gives 10 and more, which at this rate threw one training in three off its course.
CLIP_NORM = 2.0
# Where the predictor starts anew: times as many steps, at a part of the rate; then all layers learn.
FRESH_STEPS, FRESH_RATE = 4, 1 / 3
FRESH_SHARE = 0.6  # of a budget, before all layers learn
# A predictor that has only seen these boxes does not know that others are wider or taller: a clip is 16:9, photos 4:3.
FRESH_STRETCH = 1.5
# A detector whose first layers are to stay (`Detector.keeps_stem`): photos taught it much that a high rate would undo.
# Its boxes count as the sum of their four codes, not the mean, which draws them tighter (docs/embedded_detector.md).
# The rate is for each class, up to the usual one: to tell several things apart more has to change than to find one.
KEPT_RATE, KEPT_BOX_WEIGHT, KEPT_STRETCH = 0.0075, 4.0, 1.8
KEPT_STEPS = 7 / 8  # of the steps that others take
# Crops differ more than whole photos (benchmarks/small_things.py); where steps are many anyway, they suffice
# (benchmarks/rare_things.py).
STEPS_IN_TILES, MOST_IN_TILES = 2.5, 800
WARMUP_SHARE = 0.1
UNITS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "seconds": 1,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
}


@dataclass(frozen=True)
class Recipe:
    """A training's settings.

    Attributes:
        trained: the parts of the network that learn.
        steps: batches to learn from, at most so many where there is a budget.
        batch_size: pictures a step.
        optimizer: "adamw" or "sgd".
        learning_rate: the highest.
        clip_norm: the longest gradient, all variables together, that is taken as it is; longer ones are shortened to
            it. None takes them all.
        how: random changes to the pictures; None for none.
        budget: seconds from call to trained; None for as long as it takes.
        box_weight: how many times the loss of the boxes counts, see `DetectorTrainer`.
        tiles: (rows, columns) of which it learns crops; None for whole photos.
        class_weights: how many times the losses of each class count, see `rare_classes`; None for all the same.
    """

    trained: tuple[str, ...]
    steps: int
    batch_size: int
    optimizer: str
    learning_rate: float
    clip_norm: float | None
    how: Augmentation | None
    budget: float | None
    box_weight: float = 1.0
    tiles: tuple[int, int] | None = None
    class_weights: tuple[float, ...] | None = None

    def rate_at(self, progress: float) -> float:
        """The learning rate when `progress` (0 to 1) of the training is done: it rises, then falls along a cosine."""
        if progress < WARMUP_SHARE:
            return self.learning_rate * progress / WARMUP_SHARE
        return (
            self.learning_rate
            * 0.5
            * (1 + math.cos(math.pi * (progress - WARMUP_SHARE) / (1 - WARMUP_SHARE)))
        )


def choose_recipes(
    annotations: Annotations,
    *,
    fresh_predictor: bool,
    keeps_stem: bool,
    steps: int | None,
    batch_size: int,
    trainable: str,
    augment: str | bool | Augmentation | None,
    optimizer: str,
    learning_rate: float | None,
    budget: str | float | None,
    tiles: tuple[int, int] | None = None,
) -> tuple[Recipe, ...]:
    """The recipe for what `fine_tune` was asked; what is None or "auto" is chosen here.

    Where the detector's first layers are to stay, they do not learn, and the rest learns gently. A predictor that
    starts anew would send noise into the backbone that it gets its features from: then the whole backbone is left as it
    is, and more steps are taken, which are quick with its features kept. If neither steps, rate nor parts are asked
    for, a second recipe lets all layers learn from there, for tighter boxes.

    Raises:
        ValueError: an argument makes no sense.
    """
    if trainable != "auto" and trainable not in TRAINABLE:
        raise ValueError(f"trainable must be auto, {', '.join(TRAINABLE)}, got {trainable!r}.")
    if optimizer != "auto" and optimizer not in RATES:
        raise ValueError(f"optimizer must be auto, {', '.join(RATES)}, got {optimizer!r}.")
    for name, count in (("steps", steps), ("batch_size", batch_size)):
        if count is not None and count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}.")
    in_two = fresh_predictor and trainable == "auto" and steps is None and learning_rate is None
    gentle = keeps_stem and not fresh_predictor and optimizer == "auto"
    clip_norm = None
    if optimizer == "auto":
        optimizer, clip_norm = ("adamw", None) if fresh_predictor else ("sgd", CLIP_NORM)
    seconds = None if budget is None else parse_seconds(budget)
    if trainable == "auto":
        trainable = "fpn" if fresh_predictor else "most" if keeps_stem else "all"
    rate = RATES[optimizer] * (FRESH_RATE if fresh_predictor else 1.0)
    if gentle:
        rate = min(rate, KEPT_RATE * len(annotations.class_names))
    auto = max(1, round(auto_steps(annotations) * (KEPT_STEPS if keeps_stem else 1)))
    if tiles is not None:
        auto = max(auto, min(round(STEPS_IN_TILES * auto), MOST_IN_TILES))
    recipe = Recipe(
        trained=TRAINABLE[trainable],
        steps=steps
        or (MAX_STEPS if seconds else min(MAX_STEPS, auto * (FRESH_STEPS if fresh_predictor else 1))),
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=rate if learning_rate is None else learning_rate,
        clip_norm=clip_norm,
        how=_augmentation(augment, fresh_predictor, keeps_stem),
        budget=seconds,
        box_weight=KEPT_BOX_WEIGHT if gentle else 1.0,
        tiles=tiles,
        class_weights=weights_of_rare(
            [boxes.labels[~boxes.crowd_mask] for _, boxes in annotations], len(annotations.class_names)
        ),
    )
    return _in_two(recipe, auto) if in_two else (recipe,)


def _in_two(recipe: Recipe, last_steps: int) -> tuple[Recipe, Recipe]:
    first, last = recipe, replace(recipe, trained=TRAINABLE["all"])
    if recipe.budget is None:
        return first, replace(last, steps=last_steps)
    share = FRESH_SHARE * recipe.budget
    return replace(first, budget=share), replace(last, budget=recipe.budget - share)


def auto_steps(annotations: Annotations) -> int:
    """Steps for a set: in proportion to its classes, and to the square root of its photos."""
    photos = max(1.0, len(annotations) / AUTO_PHOTOS)
    return min(MAX_STEPS, round(AUTO_STEPS * math.sqrt(photos) * len(annotations.class_names)))


def parse_seconds(budget: str | float) -> float:
    """Seconds of 90, "90 s", "1.5 min" or "2 h".

    Raises:
        ValueError: it is none of these, or not above 0.

    Example:
        >>> parse_seconds("1.5 min")
        90.0
    """
    number, unit = budget, "s"
    if isinstance(budget, str):
        found = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]*)\s*", budget.lower())
        number, unit = found.groups() if found else ("", "")
    try:
        seconds = float(number) * UNITS[unit or "s"]
    except (ValueError, KeyError, TypeError):
        seconds = 0.0
    if not 0.0 < seconds < math.inf:
        raise ValueError(
            f'budget must be a time like "20 s", "1 min" or a number of seconds, got {budget!r}.'
        )
    return seconds


def _augmentation(augment, fresh_predictor: bool, keeps_stem: bool) -> Augmentation | None:
    if isinstance(augment, Augmentation):
        return augment
    if augment in ("auto", True):
        if fresh_predictor:
            return Augmentation(stretch=FRESH_STRETCH)
        return Augmentation(stretch=KEPT_STRETCH) if keeps_stem else Augmentation()
    if augment in (None, False):
        return None
    raise ValueError(f'augment must be "auto", None or an Augmentation, got {augment!r}.')
