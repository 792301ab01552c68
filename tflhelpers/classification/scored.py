"""What a judgement of a classifier is made of: figures of each class, mistakes, how sure and how right it was."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ClassFigures:
    """How one class fared.

    Attributes:
        precision: part of the pictures taken for it that are of it; nan if none was.
        recall: part of its pictures that were recognised; nan if there are none.
        f1: their harmonic mean, 0 where one of them is 0 or nan.
        pictures: of it.
        precision_interval, recall_interval: where the true ones lie, at 95 %.
    """

    precision: float
    recall: float
    f1: float
    pictures: int
    precision_interval: tuple[float, float]
    recall_interval: tuple[float, float]


@dataclass(frozen=True)
class Mistake:
    """A picture whose likeliest class is not its own.

    Attributes:
        row: of the pictures judged.
        truth, predicted: class names.
        probability: of the predicted class.
    """

    row: int
    truth: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class CalibrationBin:
    """The pictures whose likeliest class has about this probability.

    Attributes:
        confidence: its mean.
        accuracy: part of them that is right.
        pictures: how many.
    """

    confidence: float
    accuracy: float
    pictures: int
