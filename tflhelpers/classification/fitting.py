"""`fit_classifier`: teach a classifier its classes from a folder's worth of pictures."""

from __future__ import annotations

import logging
import time
from itertools import islice
from pathlib import Path

import numpy as np

from tflhelpers.classification.classifier import Classifier
from tflhelpers.classification.embeddings import Embeddings, embed
from tflhelpers.classification.fine_tuning import Tuned, checkpointer_of, choose_recipe, fine_tune_top
from tflhelpers.classification.fit_history import ClassifierHistory
from tflhelpers.classification.labelled import LabelledPictures
from tflhelpers.classification.linear_head import LinearHead, fit_linear_head
from tflhelpers.classification.looks_apart import copies_in_two_classes, deal_out, near_groups
from tflhelpers.classification.temperature import fit_temperature
from tflhelpers.evaluation.certainty import share_interval
from tflhelpers.training.recipe import parse_seconds
from tflhelpers.training.resume import alone_in

__all__ = ["ClassifierHistory", "fit_classifier"]

logger = logging.getLogger(__name__)

FEW = 10  # pictures of a class, fewer than which deserve a word
MOST_NAMED, MOST_COUNTED = 3, 1000  # pairs of pictures that contradict each other


def fit_classifier(
    classifier: Classifier,
    pictures: LabelledPictures,
    *,
    validation: float | LabelledPictures | None = 0.2,
    epochs: int | None = None,
    augment: str | bool | None = "auto",
    resume_dir: str | Path | None = None,
    seed: int = 0,
    budget: str | float | None = None,
    progress: bool = True,
) -> ClassifierHistory:
    """Trains `classifier` on your pictures, in place. Rare classes count as much as frequent ones.

    With mode "features" each picture goes through the backbone once, then the head is solved for. With "fine-tune"
    this comes first, then the backbone's last layers learn at a low rate, batch norm as it is, until the pictures held
    out are judged no better; the best weights stay. Where the backbone's weights are random, all of it learns.

    Args:
        classifier: one whose classes are those of the pictures.
        pictures: of `labelled_photos`.
        validation: the part to hold out, which decides when to stop and how sure to sound: near duplicates stay
            together. Or pictures of your own for it; or None, to learn from all.
        epochs: most times that fine-tuning goes through the pictures; 20 by default, and at least 200 steps.
        augment: "auto" or True learns from mirror images too, and while fine-tuning from random positions, zooms and
            brightness; None or False takes pictures as they are, which is right where left and right are classes.
        resume_dir: folder that features and training are kept in; calling again with the same arguments goes on.
        seed: makes a run repeatable.
        budget: time from the call to the fitted classifier, such as "1 min": fine-tuning ends by then.
        progress: show bars.

    Returns:
        What was held out and how good it was there, what was chosen, `notes`.

    Raises:
        ValueError: classes that do not fit, a class without a picture, an unknown argument value, or a `resume_dir` of
            another training.
        OSError: another process is training in `resume_dir`; or, at the end, nothing could be kept there.
    """
    began = time.monotonic()
    _check(classifier, pictures, validation, epochs, augment)
    seconds = None if budget is None else parse_seconds(budget)
    folder = None if resume_dir is None else Path(resume_dir)
    with alone_in(folder):
        return _fit(classifier, pictures, validation, epochs, augment, folder, seed, seconds, progress, began)


def _fit(
    classifier: Classifier,
    pictures: LabelledPictures,
    validation: float | LabelledPictures | None,
    epochs: int | None,
    augment: str | bool | None,
    folder: Path | None,
    seed: int,
    seconds: float | None,
    progress: bool,
    began: float,
) -> ClassifierHistory:
    seen = embed(
        classifier, pictures.pictures, cache=folder, mirrored=augment in ("auto", True), progress=progress
    )
    embedding_seconds = time.monotonic() - began
    learn, judge, groups = _parts(classifier, pictures, seen, validation, seed, folder, progress)
    notes = _notes(learn.pictures, judge, seen) + _contradictions(pictures, seen)
    _check_each_class(classifier, learn.labels)
    judged = None if judge is None else judge.pictures
    recipe = choose_recipe(len(learn.pictures), epochs=epochs, augment=augment in ("auto", True), seed=seed)
    checkpointer = None
    if classifier.mode == "fine-tune":
        checkpointer = checkpointer_of(classifier, recipe, learn.pictures, judged, folder)
    head_began = time.monotonic()
    head = _fit_head(classifier, learn, groups, seed)
    head_seconds = time.monotonic() - head_began
    tuned = Tuned()
    if checkpointer is not None:
        left = None if seconds is None else seconds - (time.monotonic() - began)
        tuned = fine_tune_top(
            classifier, learn.pictures, judged, recipe, checkpointer, seconds=left, progress=progress
        )
        notes += tuned.notes
    temperature, right = _divide_by_temperature(classifier, judge)
    for note in notes:
        logger.info(note)
    if checkpointer is not None:
        checkpointer.raise_if_nothing_was_kept()
    return ClassifierHistory(
        mode=classifier.mode,
        learned_from=learn.pictures,
        held_out=judged,
        accuracy=None if judge is None else right / len(judge.labels),
        accuracy_interval=None if judge is None else share_interval(right, len(judge.labels)),
        l2=None if head is None else head.l2,
        l2_tried={} if head is None else head.tried,
        temperature=temperature,
        seconds=time.monotonic() - began,
        embedding_seconds=embedding_seconds,
        head_seconds=head_seconds,
        loss=tuned.loss,
        held_out_loss=tuned.held_out_loss,
        notes=tuple(notes),
        left_out=seen.left_out,
    )


class _Part:
    """Pictures, their labels, and the features (n, V, D) of their views."""

    def __init__(self, pictures: LabelledPictures, features: np.ndarray) -> None:
        self.pictures, self.labels, self.features = pictures, pictures.labels, features


def _parts(classifier, pictures, seen: Embeddings, validation, seed, folder, progress):
    """What is learned from, what is held out or None, and the groups of what is learned from."""
    sources = [pictures[row].path for row in seen.rows]
    groups = near_groups(seen.cells, sources)
    everything = pictures.take(seen.rows.tolist())
    if isinstance(validation, LabelledPictures):
        own = embed(classifier, validation.pictures, cache=folder, progress=progress)
        judge = _Part(validation.take(own.rows.tolist()), own.features)
        return _Part(everything, seen.features), judge, groups
    if not validation:
        return _Part(everything, seen.features), None, groups
    learn_rows, judge_rows = deal_out(groups, everything.labels, validation, seed)
    learn = _Part(everything.take(learn_rows), seen.features[learn_rows])
    held = _Part(everything.take(judge_rows), seen.features[judge_rows]) if judge_rows else None
    return learn, held, groups[learn_rows]


def _check_each_class(classifier: Classifier, labels: np.ndarray) -> None:
    counts = np.bincount(labels, minlength=len(classifier.class_names))
    if not counts.all():
        names = [name for name, count in zip(classifier.class_names, counts, strict=True) if not count]
        raise ValueError(
            f"each class needs a picture to learn from, but of {', '.join(names)} none could be read. Add some."
        )


def _fit_head(classifier: Classifier, learn: _Part, groups: np.ndarray, seed: int) -> LinearHead | None:
    if classifier.mode == "fine-tune" and not classifier.trained_backbone:
        return None  # all of it learns, so a head for what it makes now is of no use
    features = learn.features.reshape(-1, learn.features.shape[-1])
    labels, groups = (np.repeat(each, learn.features.shape[1]) for each in (learn.labels, groups))
    head = fit_linear_head(features, labels, len(classifier.class_names), groups=groups, seed=seed)
    classifier.set_head(head.kernel, head.bias)
    return head


def _divide_by_temperature(classifier: Classifier, judge: _Part | None) -> tuple[float, int]:
    """Divides the logits by the temperature that what is held out asks for; that, and how many of it are right."""
    if judge is None:
        return 1.0, 0
    kernel, bias = classifier.head
    if classifier.mode == "features":
        logits = judge.features[:, 0] @ kernel + bias
    else:
        logits = classifier.logits(judge.pictures.pictures, progress=False)
    temperature = fit_temperature(logits, judge.labels)
    classifier.set_head(kernel / temperature, bias / temperature)
    return temperature, int((logits.argmax(axis=1) == judge.labels).sum())


def _notes(learn: LabelledPictures, judge: _Part | None, seen: Embeddings) -> list[str]:
    notes = [
        f"{name} has {count} pictures to learn from: more would help."
        for name, count in learn.counts.items()
        if count < FEW
    ]
    if judge is not None:
        missing = [name for name, count in judge.pictures.counts.items() if not count]
        notes += [
            f"Nothing of {name} is held out: all its pictures look alike, or there is one."
            for name in missing
        ]
    if seen.reused:
        notes.append(f"The features of {seen.reused} pictures were kept from an earlier call.")
    return notes + list(seen.left_out)


def _contradictions(pictures: LabelledPictures, seen: Embeddings) -> list[str]:
    """A sentence for pictures that are the same but for how they were saved, and are in two classes."""
    read = pictures.take(seen.rows.tolist())
    pairs = list(islice(copies_in_two_classes(seen.cells, read.labels), MOST_COUNTED + 1))
    said = [
        " and ".join(f"{read[row]} ({read.class_names[read[row].label]})" for row in pair)
        for pair in pairs[:MOST_NAMED]
    ]
    count = len(pairs) - MOST_NAMED if len(pairs) <= MOST_COUNTED else f"{MOST_COUNTED - MOST_NAMED} or more"
    more = [f"{count} more pairs"] if len(pairs) > MOST_NAMED else []
    if not pairs:
        return []
    return [f"The same picture in two classes: {'; '.join([*said, *more])}. Delete the wrong one of each."]


def _check(classifier: Classifier, pictures, validation, epochs, augment) -> None:
    if not isinstance(pictures, LabelledPictures):
        raise TypeError(
            f"pictures must be LabelledPictures, got {type(pictures).__name__}. labelled_photos makes them."
        )
    given = [pictures, validation] if isinstance(validation, LabelledPictures) else [pictures]
    for each in given:
        if each.class_names != classifier.class_names:
            raise ValueError(
                f"the pictures' classes must be the classifier's, {list(classifier.class_names)}, got "
                f"{list(each.class_names)}. Build the classifier with class_names=pictures.class_names."
            )
    if epochs is not None and epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}.")
    if augment not in ("auto", True, False, None):
        raise ValueError(f'augment must be "auto", True, False or None, got {augment!r}.')
