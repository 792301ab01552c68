"""`evaluate_classifier`: how good a classifier is, how sure one can be of that, and what it gets wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tflhelpers.classification.judgement_plots import plot_calibration, plot_confusion
from tflhelpers.classification.labelled import LabelledPictures
from tflhelpers.classification.scored import CalibrationBin, ClassFigures, Mistake
from tflhelpers.classification.wrong_gallery import wrong_gallery
from tflhelpers.evaluation.certainty import share_interval
from tflhelpers.files.kinds import check_kind

if TYPE_CHECKING:
    from tflhelpers.classification.classifier import Classifier

BINS = 10


@dataclass(frozen=True, eq=False)
class ClassifierScores:
    """A judgement. Prints as a report.

    Attributes:
        pictures: what was looked at.
        probabilities: float32 (n, K).
    """

    pictures: LabelledPictures
    probabilities: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """The true class of each picture, int64 (n,)."""
        return self.pictures.labels

    @property
    def predicted(self) -> np.ndarray:
        """The likeliest class of each picture, int64 (n,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """Part of the pictures whose likeliest class is their own."""
        return float((self.predicted == self.labels).mean())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Where the true accuracy lies, at 95 % (Wilson)."""
        return share_interval(int((self.predicted == self.labels).sum()), len(self.labels))

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the recalls: what accuracy would be if all classes had as many pictures."""
        recalls = np.array([figures.recall for figures in self.per_class.values()])
        return float(recalls[~np.isnan(recalls)].mean())

    @property
    def confusion(self) -> np.ndarray:
        """Counts of true classes (rows) against predicted ones (columns), int64 (K, K)."""
        counts = np.zeros((len(self.pictures.class_names),) * 2, np.int64)
        np.add.at(counts, (self.labels, self.predicted), 1)
        return counts

    @property
    def per_class(self) -> dict[str, ClassFigures]:
        """Figures by class name."""
        counts = self.confusion
        return {name: _figures(counts, label) for label, name in enumerate(self.pictures.class_names)}

    @property
    def calibration(self) -> tuple[CalibrationBin, ...]:
        """Ten equal ranges of the likeliest class's probability; empty ones are left out."""
        confidence, right = self.probabilities.max(axis=1), self.predicted == self.labels
        which = np.minimum((confidence * BINS).astype(int), BINS - 1)
        return tuple(
            CalibrationBin(
                float(confidence[which == each].mean()),
                float(right[which == each].mean()),
                int((which == each).sum()),
            )
            for each in range(BINS)
            if (which == each).any()
        )

    @property
    def calibration_error(self) -> float:
        """ECE: by how much probabilities and shares of right answers differ, mean over the pictures; 0 is perfect."""
        gaps = [abs(each.confidence - each.accuracy) * each.pictures for each in self.calibration]
        return float(sum(gaps) / len(self.labels))

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The pictures that are wrong, the surest first."""
        names, rows = self.pictures.class_names, np.flatnonzero(self.predicted != self.labels)
        wrong = [
            Mistake(
                int(row),
                names[self.labels[row]],
                names[self.predicted[row]],
                float(self.probabilities[row].max()),
            )
            for row in rows
        ]
        return tuple(sorted(wrong, key=lambda each: -each.probability))

    def __repr__(self) -> str:
        low, high = self.accuracy_interval
        right = int((self.predicted == self.labels).sum())
        lines = [
            f"accuracy {self.accuracy:.3f}: {right} of {len(self.labels)} pictures right "
            f"(at 95 %: {low:.3f} to {high:.3f})",
            f"probabilities are off by {self.calibration_error:.3f} on average (ECE)",
        ]
        width = max(map(len, self.pictures.class_names))
        for name, figures in self.per_class.items():
            lines.append(
                f"  {name.ljust(width)}  precision {figures.precision:.3f}  recall {figures.recall:.3f}  "
                f"F1 {figures.f1:.3f}  {figures.pictures} pictures"
            )
        return "\n".join(lines)

    def plot_confusion(self, axes: Any = None) -> Any:
        """Draws which class was taken for which; returns the matplotlib axes."""
        return plot_confusion(self.confusion, self.pictures.class_names, axes)

    def plot_calibration(self, axes: Any = None) -> Any:
        """Draws how often the classifier is right against how sure it is; returns the matplotlib axes."""
        return plot_calibration(self.calibration, self.calibration_error, axes)

    def gallery(self, max_images: int = 8, *, columns: int = 4, width: int = 1000) -> np.ndarray:
        """The most wrong pictures side by side, each with what it is and was taken for.

        Args:
            max_images: at most so many.
            columns: pictures a row.
            width: of the sheet in pixels.

        Returns:
            uint8 (H, width, 3); a line of text if nothing is wrong.
        """
        return wrong_gallery(self.pictures, self.mistakes[:max_images], len(self.mistakes), columns, width)


def evaluate_classifier(
    classifier: Classifier, pictures: LabelledPictures, *, progress: bool = True
) -> ClassifierScores:
    """Judges a classifier on pictures that it has not learned from, such as `history.held_out`.

    What was held out also decided when fine-tuning stopped and how sure to sound, so a third set is fairer still.

    Args:
        classifier: of the pictures' classes.
        pictures: of `labelled_photos`, at least one.
        progress: show a bar.

    Raises:
        TypeError: one of both is something else.
        ValueError: other classes, or no pictures.
        ImageError: a picture is damaged; the message names it.
    """
    call = "The call is evaluate_classifier(classifier, pictures)"
    fits = pictures is None or (hasattr(pictures, "pictures") and hasattr(pictures, "labels"))
    if fits and not (pictures and len(pictures)):
        raise ValueError(
            "pictures must hold at least one to judge with, got none. Fit with validation=0.2 to have some."
        )
    check_kind(hasattr(classifier, "predict"), classifier, "classifier must be a Classifier", call)
    check_kind(fits, pictures, "pictures must be those of labelled_photos", call)
    if pictures.class_names != classifier.class_names:
        raise ValueError(
            f"the pictures' classes must be the classifier's, {list(classifier.class_names)}, got "
            f"{list(pictures.class_names)}."
        )
    predictions = classifier.predict(pictures.pictures, progress=progress)
    return ClassifierScores(pictures, predictions.probabilities)


def _figures(counts: np.ndarray, label: int) -> ClassFigures:
    right, said, there = int(counts[label, label]), int(counts[:, label].sum()), int(counts[label].sum())
    precision = right / said if said else float("nan")
    recall = right / there if there else float("nan")
    f1 = 2 * right / (said + there) if right else 0.0
    return ClassFigures(
        precision, recall, f1, there, share_interval(right, said), share_interval(right, there)
    )
