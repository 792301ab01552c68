"""Nothing found, or everything: objects too small, thresholds, and scores that a training has spoilt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.evaluation.diagnosis import Cause
from tflhelpers.evaluation.matching import NOBODY, pair_boxes
from tflhelpers.evaluation.place_symptoms import OFTEN, SELDOM, n_hit
from tflhelpers.evaluation.sweep import Sweep

SURE = 0.99  # scores that a sigmoid gives when its input has run away
_MANY = 20  # boxes a picture of such a score
_UNSURE = 0.2  # best score of a detector that has learned nothing


def too_small_causes(
    annotations: Annotations,
    predictions: Sequence[Boxes],
    sizes: Sequence[tuple[int, int]],
    input_size: tuple[int, int] | None,
    smallest_anchor: float,
    threshold: float,
) -> Iterator[Cause]:
    """Objects that are missed and that the detector sees smaller than half its smallest anchor."""
    if input_size is None:
        return
    sides, found = [np.zeros(0)], [np.zeros(0, bool)]
    for (_, boxes), predicted, size in zip(annotations, predictions, sizes, strict=True):
        shown = predicted if predicted.scores is None else predicted[predicted.scores >= threshold]
        real = ~boxes.crowd_mask
        seen = boxes.scale(input_size[1] / size[1], input_size[0] / size[0]).area[real]
        sides.append(np.sqrt(seen))
        found.append(pair_boxes(shown, boxes).prediction_of[real] != NOBODY)
    side, is_found = np.concatenate(sides), np.concatenate(found)
    small, missed = side < smallest_anchor / 2, ~is_found
    if (small & missed).sum() * 2 <= missed.sum() or is_found[small].mean() >= 0.5:
        return
    height, width = input_size
    yield Cause(
        "objects are too small after resizing",
        f"{(small & missed).sum()} of {missed.sum()} missed objects measure under {smallest_anchor / 2:.0f} pixels "
        f"in the {height} × {width} pixels that the detector sees (half of them under "
        f"{np.median(side[small & missed]):.1f}); its smallest anchor measures {smallest_anchor:.0f}.",
        "Take the photos from closer, cut large photos into tiles, or take a detector with a larger input "
        "(zoo_models lists those of 640 pixels and more).",
    )


def score_causes(
    predictions: Sequence[Boxes],
    true: Sequence[Boxes],
    surest: Sequence[Boxes],
    sweep: Sweep,
    threshold: float,
) -> Iterator[Cause]:
    """What the scores tell: spoilt, nothing learned, threshold too high or too low, or no known cause."""
    scores = [np.zeros(len(boxes)) if boxes.scores is None else boxes.scores for boxes in predictions]
    row = sweep.row_at(threshold)
    best = int(np.argmax(sweep.f1))
    spoilt = _spoilt(scores, sweep, row)
    if spoilt:
        yield spoilt
        return
    n = sweep.n_true
    if sweep.found[row] < n / 2:
        yield _why_missed(scores, n_hit(true, surest), sweep, row, best, threshold)
    elif sweep.wrong[row] > max(3 * n, 2 * len(true)):
        yield _too_many(sweep, row, best, threshold, len(true))


def _spoilt(scores: Sequence[np.ndarray], sweep: Sweep, row: int) -> Cause | None:
    sure = np.mean([(each >= SURE).sum() for each in scores])
    remedy = (
        "Begin with a fresh detector and a tenth of the learning rate (fine_tune(..., learning_rate=...))."
    )
    if sure >= _MANY and sweep.precision[row] < 0.5:
        told = f"There are {sure:.0f} boxes a picture with a score of {SURE} or more, and most are wrong."
        return Cause("the learning rate was too high: all scores have run to 1", told, remedy)
    if not sum(map(len, scores)):
        told = f"On {len(scores)} pictures not one box has a score above 0, not even a bad one."
        return Cause("the learning rate was too high: all scores have run to 0", told, remedy)
    return None


def _why_missed(
    scores: Sequence[np.ndarray], n_right_place: int, sweep: Sweep, row: int, best: int, threshold: float
) -> Cause:
    n, found = sweep.n_true, sweep.found
    lower = float(sweep.thresholds[best])
    if lower < threshold and found[best] - found[row] >= SELDOM * n and sweep.precision[best] >= 0.5:
        return Cause(
            "the threshold is too high",
            f"At {threshold:.2f}, {found[row]} of {n} objects are found; at {lower:.2f} it would be {found[best]}, "
            f"with {sweep.wrong[best]} wrong boxes.",
            f"Detect with threshold={lower:.2f}, or set detector.threshold (calibrate_threshold finds it); more "
            "steps make the scores higher.",
        )
    highest = max((float(each.max()) for each in scores if len(each)), default=0.0)
    if highest < _UNSURE and n_right_place < OFTEN * n:
        return Cause(
            "the detector has not learned these objects",
            f"Its best score on {len(scores)} pictures is {highest:.2f}, and its surest boxes fit {n_right_place} "
            f"of {n} objects.",
            "A detector made with new class_names does not know them before fine_tune; if you did train it, take "
            "more steps or a higher learning rate.",
        )
    return Cause(
        "much is missed, and no known cause fits",
        f"{found[row]} of {n} objects are found at {threshold:.2f}, {found.max()} at any threshold.",
        "Look at gallery(find_mistakes(...)): it needs more photos like the missed ones, and more steps.",
    )


def _too_many(sweep: Sweep, row: int, best: int, threshold: float, n_pictures: int) -> Cause:
    told = f"At {threshold:.2f}, there are {sweep.wrong[row]} wrong boxes on {n_pictures} pictures"
    higher = float(sweep.thresholds[best])
    if higher > threshold and sweep.f1[best] >= 0.5:
        return Cause(
            "the threshold is too low",
            f"{told}; at {higher:.2f} it would be {sweep.wrong[best]}, and {sweep.found[best]} of "
            f"{sweep.n_true} objects would be found.",
            f"Detect with threshold={higher:.2f}, or set detector.threshold (calibrate_threshold finds it).",
        )
    return Cause(
        "everything is detected",
        f"{told}, and no threshold separates them from the {sweep.n_true} objects.",
        "Add photos of the same places without the object, kept without boxes, and train for more steps.",
    )
