"""`advise`: what the missed objects have in common, in sentences with their figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.evaluation.certainty import chance_of_as_many
from tflhelpers.evaluation.confusion import count_confusions
from tflhelpers.evaluation.findings import JudgedPicture, count_kinds
from tflhelpers.evaluation.object_looks import ObjectLooks, looks_of

LUCK = 0.05  # a difference that chance brings about more often than this is none
FEW_EXAMPLES = 5


@dataclass(frozen=True)
class _Group:
    """Objects that share something: what, what the others are, and what to do about it."""

    here: str
    elsewhere: str
    advice: str
    mask: np.ndarray


def advise(
    pictures: Sequence[JudgedPicture],
    class_names: Sequence[str],
    trained_on: Annotations | None = None,
    *,
    progress: bool = True,
) -> list[str]:
    """Say which photos would help most: see `Mistakes.what_to_photograph_next`."""
    looks = looks_of(pictures, progress=progress)
    said = [sentence for _, sentence in sorted(_about_looks(looks))]
    said += _about_classes(class_names, looks)
    said += _about_examples(trained_on)
    said += _about_confusions(pictures, class_names)
    said += _about_loose_boxes(pictures)
    said += _about_false_alarms(pictures)
    return said or [_nothing_stands_out(looks)]


def _about_looks(looks: ObjectLooks) -> Iterator[tuple[float, str]]:
    """(chance, sentence) for each group of objects that is missed more often than the rest."""
    for groups in _groups(looks):
        told = [(_chance(group.mask, looks.missed), number, group) for number, group in enumerate(groups)]
        if not told:
            continue
        chance, _, group = min(told, key=lambda each: each[:2])
        chance = min(1.0, chance * len(groups))  # the best of several is the easier by luck (Bonferroni)
        if chance <= LUCK:
            here, rest = _of(looks.missed, group.mask), _of(looks.missed, ~group.mask)
            luck = f"(luck alone: {_percent(chance)})"
            yield (
                chance,
                f"{here} {group.here} were not found, but {rest} {group.elsewhere} {luck}. {group.advice}",
            )


def _groups(looks: ObjectLooks) -> Iterator[list[_Group]]:
    """Ways to part the objects in two; of each list only the most telling is told."""
    width, x, y = looks.relative_side, looks.x, looks.y
    if len(width) < 4:
        return
    small, large = _thirds(width)
    yield [
        _Group(
            f"objects up to {_percent(small)} of the picture's side",
            "larger ones",
            "Photograph it from further away, so that it is as small as that.",
            width <= small,
        ),
        _Group(
            f"objects from {_percent(large)} of the picture's side",
            "smaller ones",
            "Photograph it from closer by.",
            width >= large,
        ),
    ]
    yield [
        _Group(f"objects in the {name} third of the picture", "elsewhere", f"Photograph it {place}.", mask)
        for name, place, mask in (
            ("left", "at the left", x < 1 / 3),
            ("right", "at the right", x > 2 / 3),
            ("upper", "at the top", y < 1 / 3),
            ("lower", "at the bottom", y > 2 / 3),
        )
    ] + [
        _Group(
            "objects cut by the picture's edge",
            "whole ones",
            "Photograph it half outside the picture, and draw the box around what is seen.",
            looks.at_edge,
        )
    ]
    yield from _groups_by_pixels(looks)


def _groups_by_pixels(looks: ObjectLooks) -> Iterator[list[_Group]]:
    if np.isnan(looks.brightness).any():  # pictures that are not there
        return
    dark, bright = _thirds(looks.brightness)
    yield [
        _Group(
            f"objects with a brightness up to {dark:.0f} of 255",
            "brighter ones",
            "Photograph it in the shade, in the evening and against the light.",
            looks.brightness <= dark,
        ),
        _Group(
            f"objects with a brightness from {bright:.0f} of 255",
            "darker ones",
            "Photograph it in the sun and under a lamp.",
            looks.brightness >= bright,
        ),
    ]
    blurred = _thirds(looks.sharpness)[0]
    yield [
        _Group(
            "objects of the least sharp third",
            "sharper ones",
            "Photograph it moving and out of focus too, or hold the camera still.",
            looks.sharpness <= blurred,
        )
    ]


def _thirds(values: np.ndarray) -> tuple[float, float]:
    """The largest value of the lowest third and the smallest of the highest."""
    ordered = np.sort(values)
    third = max(1, round(len(values) / 3))
    return float(ordered[third - 1]), float(ordered[-third])


def _chance(mask: np.ndarray, missed: np.ndarray) -> float:
    here, rest = missed[mask], missed[~mask]
    if not len(here) or not len(rest) or here.mean() <= rest.mean():
        return 1.0
    return chance_of_as_many(int(here.sum()), len(here), int(rest.sum()), len(rest))


def _about_classes(class_names: Sequence[str], looks: ObjectLooks) -> Iterator[str]:
    for label, name in enumerate(class_names):
        mask = looks.labels == label
        chance = min(1.0, _chance(mask, looks.missed) * len(class_names))
        if chance <= LUCK:
            yield (
                f"{_of(looks.missed, mask)} objects of class {name} were not found, but "
                f"{_of(looks.missed, ~mask)} of the other classes (luck alone: {_percent(chance)}). "
                f"Photograph more of {name}."
            )


def _about_examples(trained_on: Annotations | None) -> Iterator[str]:
    if trained_on is None or not len(trained_on):
        return
    labels = np.concatenate([boxes.labels[~boxes.crowd_mask] for _, boxes in trained_on])
    counts = np.bincount(labels, minlength=len(trained_on.class_names))
    for name, count in zip(trained_on.class_names, counts.tolist(), strict=True):
        if count < max(FEW_EXAMPLES, counts.max() / 3):
            most = trained_on.class_names[int(counts.argmax())]
            beside = f" ({most}: {counts.max()})" if most != name else ""
            times = "example" if count == 1 else "examples"
            yield f"There are {count} {times} of {name} to learn from{beside}. Photograph more of it."


def _about_confusions(pictures: Sequence[JudgedPicture], class_names: Sequence[str]) -> Iterator[str]:
    table = count_confusions(pictures, class_names)
    for true, taken_for, count in table.confused:
        n_true = int(table.counts[class_names.index(true)].sum())
        yield (
            f"{count} of {n_true} objects of class {true} were taken for {taken_for}. Photograph {true} where "
            f"you have photographed {taken_for}, and both together; check the class of the boxes drawn."
        )


def _about_loose_boxes(pictures: Sequence[JudgedPicture]) -> Iterator[str]:
    counts = count_kinds(pictures)
    loose, found = counts["loose box"], counts["found"]
    if loose >= 2 and 4 * loose >= found:
        yield (
            f"{loose} objects have a box that fits badly, {found} one that fits. Check that the boxes you drew "
            "are tight, and photograph the poses in which they do not fit."
        )


def _about_false_alarms(pictures: Sequence[JudgedPicture]) -> Iterator[str]:
    counts = count_kinds(pictures)
    negatives = [picture for picture in pictures if not (~picture.true.crowd_mask).any()]
    alarmed = sum(picture.count("background") > 0 for picture in negatives)
    alarms = counts["background"]
    if alarmed:
        yield (
            f"{alarmed} of {len(negatives)} pictures without objects have a box. Photograph such places without "
            "the object, and keep those photos without boxes among those to train on."
        )
    elif alarms:
        yield (
            f"{alarms} of {alarms + counts['found']} boxes are where there is no such thing. Photograph "
            "those places without the object, and keep those photos without boxes."
        )


def _nothing_stands_out(looks: ObjectLooks) -> str:
    n, missed = len(looks.labels), int(looks.missed.sum())
    if not n:
        return "No objects were looked at, so nothing can be said."
    if missed == 0:
        return (
            f"All {n} objects were found. Photograph it where you have not yet, in other places, light and distances, "
            "and score with those photos."
        )
    return (
        f"{missed} of {n} objects {'was' if missed == 1 else 'were'} not found, and luck alone could explain which. "
        "Take more photos of all kinds, and more to score with."
    )


def _of(missed: np.ndarray, mask: np.ndarray) -> str:
    return f"{int(missed[mask].sum())} of {int(mask.sum())}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
