"""`leave_one_out`: how good a detector from a handful of photos will be, without photos to spare for scoring."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tflhelpers.data.annotations import Annotations, Picture, check_annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.evaluation.certainty import share_interval
from tflhelpers.evaluation.diagnosis import Trouble
from tflhelpers.evaluation.scores import Scores, evaluate
from tflhelpers.evaluation.set_troubles import set_troubles
from tflhelpers.evaluation.sweep import sweep_of, trials_of
from tflhelpers.model.detector import Detector
from tflhelpers.model.preprocess import partial_kept, reader
from tflhelpers.model.weights import read_npz, write_npz
from tflhelpers.progress import progress_bar
from tflhelpers.training.fine_tune import fine_tune, fingerprint
from tflhelpers.training.record import contents_mark, training_record

MAX_BOXES = 100

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HeldOut:
    """One photo, scored by a detector that learned from all the others.

    Attributes:
        path: the photo.
        ap, ap50: its own scores, NaN if it has no objects.
        n_true: number of its objects.
        predictions: what was detected on it, with `threshold=0`.
    """

    path: Path
    ap: float
    ap50: float
    n_true: int
    predictions: Boxes = field(repr=False)


@dataclass(frozen=True)
class LeaveOneOut:
    """What `leave_one_out` found. Prints as a table and sentences.

    Attributes:
        pooled: scores of all photos together, each by the detector that had not seen it.
        photos: each photo's own.
        annotations: the truth, in the order of `photos`.
        everything: the truth of all photos, those that were not scored any more because of an error too; None for no
            others.
        troubles: what makes the photos hard to learn from, of small, rare, varied and alike objects; empty where an
            error ended the trainings.
    """

    pooled: Scores
    photos: tuple[HeldOut, ...]
    annotations: Annotations = field(repr=False)
    everything: Annotations | None = field(default=None, repr=False)
    troubles: tuple[Trouble, ...] = field(default=(), repr=False)

    @property
    def predictions(self) -> list[Boxes]:
        """What was detected on each photo: for `calibrate_threshold`, `find_mistakes` and the like."""
        return [photo.predictions for photo in self.photos]

    def mean_and_spread(self, name: str = "ap50") -> tuple[float, float]:
        """Mean and standard deviation of the photos' own "ap50" or "ap"."""
        scores = np.array([getattr(photo, name) for photo in self.photos if photo.n_true])
        mean = float(scores.mean()) if len(scores) else float("nan")
        return mean, float(scores.std(ddof=1)) if len(scores) > 1 else float("nan")

    def __str__(self) -> str:
        width = max(len("all photos"), *(len(photo.path.name) for photo in self.photos))
        rows = [(photo.path.name, photo.ap, photo.ap50, photo.n_true) for photo in self.photos]
        rows.append(("all photos", self.pooled.ap, self.pooled.ap50, self.pooled.n_truth))
        lines = [f"{'photo':{width}}     AP   AP50  objects"]
        lines += [f"{name:{width}}  {_shown(ap)}  {_shown(ap50)}  {n:7}" for name, ap, ap50, n in rows]
        return "\n".join([*lines, "", *self.sentences])

    @property
    def sentences(self) -> list[str]:
        """How far to trust the figures, and what makes the photos hard to learn from."""
        (mean50, spread50), (mean, spread) = self.mean_and_spread("ap50"), self.mean_and_spread("ap")
        sweep = sweep_of(trials_of(self.predictions, self.annotations))
        best = int(np.argmax(sweep.f1))
        found, n = int(sweep.found[best]), sweep.n_true
        low, high = share_interval(found, n)
        everything = self.annotations if self.everything is None else self.everything
        said = [
            f"Each photo was scored by a detector that learned from the other {len(everything) - 1}. Together: AP50 "
            f"{self.pooled.ap50:.2f}, AP {self.pooled.ap:.2f}. The photos' own, mean ± standard deviation: AP50 "
            f"{mean50:.2f} ± {spread50:.2f}, AP {mean:.2f} ± {spread:.2f}.",
            f"{found} of {n} objects are found at the best threshold; with so few, the true share may be "
            f"anywhere in {low:.2f}–{high:.2f} (95 % interval).",
            "This holds for places that differ from the photos as much as the photos do from each other: in the same "
            "places expect more, in unlike ones less. The final detector has seen one photo more.",
        ]
        if len(self.photos) < len(everything):
            said.insert(0, f"Only {len(self.photos)} of {len(everything)} photos were scored.")
        lonely = [name for name, count in _photos_of_classes(everything).items() if count == 1]
        if lonely:
            said.append(
                f"{', '.join(lonely)}: on one photo only, so the detector that was scored on it had never seen one."
            )
        return [*said, *map(str, self.troubles)]


def leave_one_out(
    make_detector: Callable[[], Detector],
    annotations: Annotations,
    *,
    resume_dir: str | Path | None = None,
    progress: bool = True,
    on_error: str = "raise",
    **fine_tune_arguments: Any,
) -> LeaveOneOut:
    """Train on all photos but one, score that one, and so on for each: as many trainings as photos.

    Args:
        make_detector: makes a fresh detector for the classes of `annotations`, the same each time.
        annotations: the photos, at least 2 with objects. Photos without objects take part in all trainings but
            their own.
        resume_dir: folder in which each photo's boxes are kept when they are done; calling again with the same
            photos and arguments goes on from there. Empty it after changing `make_detector`. Where the disk refuses,
            that is logged, and the trainings go on.
        progress: show bars, one of the photos and one of each training.
        on_error: "raise", or "skip": a photo that cannot be read is left out then, and logged. Each is decoded before
            anything is trained.
        fine_tune_arguments: as for `fine_tune`, e.g. `steps=100`.

    Raises:
        ImageError, FileNotFoundError: a photo cannot be read; nothing was trained.
        ValueError: fewer than 2 photos with objects, or arguments mixed up.
        BaseException: whatever is raised later, Ctrl-C too, has in its attribute `partial` the `LeaveOneOut` of the
            photos that are done, None where none is (in a notebook: `print(sys.last_value.partial)`).

    Example:
        `print(tfl.leave_one_out(lambda: tfl.Detector.embedded(photos.class_names), photos, steps=100))`
    """
    check_annotations(annotations, "leave_one_out(make_detector, annotations)")
    if not callable(make_detector):
        got = type(make_detector).__name__
        raise ValueError(
            f"make_detector must be a function that makes a detector, got {got}. Write lambda: "
            "tfl.Detector.embedded(photos.class_names)."
        )
    annotations = _readable(annotations, reader(_decoded, on_error))
    n_photos = sum(bool((~boxes.crowd_mask).any()) for _, boxes in annotations)
    if n_photos < 2:
        raise ValueError(
            f"annotations must hold at least 2 photos with objects, got {n_photos}: one to learn from and one to "
            "score."
        )
    store = _Store(resume_dir, annotations, fine_tune_arguments)
    predictions: list[Boxes] = []
    detector = None
    with (
        partial_kept(lambda: _outcome(predictions, annotations)),
        progress_bar(len(annotations), "Leaving one out", enabled=progress) as bar,
    ):
        for row, (path, boxes) in enumerate(annotations):
            rest = Annotations.from_items(annotations.class_names, _others(annotations, row))
            found = store.load(row)
            if found is None:
                detector = make_detector()
                fine_tune(detector, rest, progress=progress, **fine_tune_arguments)
                found = detector.detect(path, threshold=0.0, max_boxes=MAX_BOXES)
                store.save(row, found)
            predictions.append(found)
            bar.update()
            bar.set_text(photo=path.name, objects=len(boxes))
    outcome = _outcome(predictions, annotations)
    assert outcome is not None
    input_size = getattr(detector or make_detector(), "image_size", None)
    return replace(outcome, troubles=set_troubles(annotations, input_size))


def _decoded(path: Path) -> bool:
    read_image(path)
    return True


def _readable(annotations: Annotations, is_read: Callable[[Path], bool | None]) -> Annotations:
    return replace(annotations, pictures=tuple(each for each in annotations.pictures if is_read(each.path)))


def _outcome(predictions: list[Boxes], annotations: Annotations) -> LeaveOneOut | None:
    """What the predictions for the first photos say; None of none."""
    done = annotations[: len(predictions)]
    photos = [_held_out(done[row : row + 1], found) for row, found in enumerate(predictions)]
    return LeaveOneOut(evaluate(predictions, done), tuple(photos), done, annotations) if photos else None


def _others(annotations: Annotations, row: int) -> list[Picture]:
    return [picture for number, picture in enumerate(annotations.pictures) if number != row]


def _held_out(one: Annotations, found: Boxes) -> HeldOut:
    scores = evaluate([found], one)
    return HeldOut(one.image_paths[0], scores.ap, scores.ap50, scores.n_truth, found)


class _Store:
    """The boxes of the photos that are done, one .npz each, named after all that they depend on."""

    def __init__(
        self, folder: str | Path | None, annotations: Annotations, arguments: dict[str, Any]
    ) -> None:
        self.folder = None if folder is None else Path(folder)
        self.class_names = annotations.class_names
        contents = "" if folder is None else contents_mark(training_record(annotations))
        depends_on = f"{fingerprint(annotations)} {contents} {sorted(arguments.items())}"
        self.name = f"held_out_{zlib.crc32(depends_on.encode()):08x}"

    def _file(self, row: int) -> Path | None:
        return None if self.folder is None else self.folder / f"{self.name}_{row:03d}.npz"

    def load(self, row: int) -> Boxes | None:
        """The boxes of this photo if they are kept and whole."""
        file = self._file(row)
        if file is None or not file.exists():
            return None
        try:
            kept = read_npz(file)
            return Boxes(kept["xyxy"], kept["labels"], kept["scores"], class_names=self.class_names)
        except (KeyError, ValueError) as error:
            logger.warning("%s is damaged (%s): its photo is trained for again.", file, error)
            return None

    def save(self, row: int, found: Boxes) -> None:
        """Keep the boxes of this photo, whole or not at all; where the disk refuses, that is logged."""
        file = self._file(row)
        if file is None:
            return
        arrays = {"xyxy": found.xyxy, "labels": found.labels, "scores": found.scores}
        try:
            write_npz(file, np.savez, arrays)
        except OSError as error:
            logger.warning("%s cannot be kept (%s): its photo is trained for again next time.", file, error)


def _photos_of_classes(annotations: Annotations) -> dict[str, int]:
    """Number of photos that show each class, of those that are shown at all."""
    seen = [set(boxes.labels[~boxes.crowd_mask].tolist()) for _, boxes in annotations]
    counts = {name: sum(label in each for each in seen) for label, name in enumerate(annotations.class_names)}
    return {name: count for name, count in counts.items() if count}


def _shown(value: float) -> str:
    return "    –" if np.isnan(value) else f"{value:.3f}"
