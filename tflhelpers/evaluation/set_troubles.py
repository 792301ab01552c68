"""What makes a set of photos hard to learn from: things that are small, rare, varied, or alike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.images import ImageError, image_size
from tflhelpers.evaluation.diagnosis import Trouble
from tflhelpers.evaluation.object_likeness import ObjectLikeness, likeness_of_objects
from tflhelpers.files.words import listed

# An anchor answers for a box that it overlaps by half: a square one, if its side is more than this of the anchor's.
SMALL = 0.5**0.5
FEW_BOXES = 20  # of a class: with more, benchmarks/rare_things.py has not shown it to be missed
MANY_TIMES = 3.0  # as many boxes of another class, for one to be few among many
# Correlation of an object with the most similar one of its class on another photo, in the median. Measured: 0.71 to
# 0.90 on photos of one thing and on drawn sets of three, 0.41 on playing cards, 0.20 on raccoons (docs/decisions.md).
VARIED = 0.5
# Part of the objects that look more like one of another class. Measured: 0.64 on playing cards, 0.00 to 0.02 on others.
ALIKE = 0.25
LEAST_OBJECTS = 4  # to say anything of their looks


def set_troubles(
    annotations: Annotations, input_size: tuple[int, int] | None = None, smallest_anchor: float = 32.0
) -> tuple[Trouble, ...]:
    """Tell what makes these photos hard to learn from, and what helps.

    Args:
        annotations: photos and boxes; photos that cannot be read are left out.
        input_size: (height, width) that the detector resizes photos to; None leaves out what is small.
        smallest_anchor: side of the detector's smallest anchor, in pixels of its input.
    """
    names = annotations.class_names
    troubles = [*_rare(_counts(annotations), names)]
    if input_size is not None:
        sides, labels = _sides(annotations, input_size)
        troubles = [*_small(sides, labels, names, smallest_anchor), *troubles]
    looks = likeness_of_objects(annotations)
    return (*troubles, *_varied(looks, names), *_alike(looks, names))


def _counts(annotations: Annotations) -> np.ndarray:
    """Boxes of each class, int64 (classes,); crowds do not count."""
    labels = np.concatenate([np.zeros(0, np.int64), *(b.labels[~b.crowd_mask] for _, b in annotations)])
    return np.bincount(labels, minlength=len(annotations.class_names))


def _sides(annotations: Annotations, input_size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Each object's side (the root of its area) in pixels of the input, and its label."""
    sides, labels = [np.zeros(0)], [np.zeros(0, np.int64)]
    for path, boxes in annotations:
        real = boxes[~boxes.crowd_mask]
        try:
            shrunk = np.prod(input_size) / np.prod(image_size(path))
        except (OSError, ImageError):
            continue
        sides.append(np.sqrt(real.area * shrunk))
        labels.append(real.labels)
    return np.concatenate(sides), np.concatenate(labels)


def _small(
    sides: np.ndarray, labels: np.ndarray, names: tuple[str, ...], smallest_anchor: float
) -> Iterator[Trouble]:
    """Classes of which half the objects or more are too small for any anchor to overlap them by half."""
    limit = SMALL * smallest_anchor
    small = {
        label: (int((sides[labels == label] < limit).sum()), int((labels == label).sum()))
        for label in np.unique(labels).tolist()
    }
    told = [
        f"{count} of {total} of {names[label]}"
        for label, (count, total) in small.items()
        if 2 * count >= total
    ]
    if told:
        yield Trouble(
            "small",
            f"{listed(told)} measure under {limit:.0f} pixels in what the detector sees, too few for its anchors",
            'learn in tiles (fine_tune(..., tiles="auto") or, where that chooses none, tiles=(2, 2)), come closer, or '
            "take a detector with an input of 640 pixels (tfl.interop.zoo_models())",
        )


def _rare(counts: np.ndarray, names: tuple[str, ...]) -> Iterator[Trouble]:
    """Classes of few boxes beside one of many."""
    most = int(counts.max(initial=0))
    rare = [
        label
        for label, count in enumerate(counts.tolist())
        if 0 < count < FEW_BOXES and most >= MANY_TIMES * count
    ]
    if rare:
        wanted = [f"{min(FEW_BOXES, most) - counts[label]} more of {names[label]}" for label in rare]
        yield Trouble(
            "rare",
            f"{listed([f'{names[label]} has {counts[label]}' for label in rare])} boxes beside {most} of "
            f"{names[int(counts.argmax())]}",
            f"photos with {listed(wanted)} help most; fine_tune draws and pastes rare classes more often by itself",
        )


def _varied(looks: ObjectLikeness, names: tuple[str, ...]) -> Iterator[Trouble]:
    """Classes whose objects look unlike each other from photo to photo."""
    nearest = looks.to_nearest(of_same_class=True)
    medians = {
        label: float(np.median(nearest[looks.labels == label]))
        for label in np.unique(looks.labels).tolist()
        if np.isfinite(nearest[looks.labels == label]).sum() >= LEAST_OBJECTS
    }
    varied = {label: value for label, value in medians.items() if value < VARIED}
    if varied:
        told = listed([f"{value:.2f} of {names[label]}" for label, value in varied.items()])
        yield Trouble(
            "varied",
            f"each object resembles the most similar one on another photo by {told} only (photos of one thing by "
            f"{VARIED} and more)",
            "more photos, each of another place and animal or thing, help most, and a start that has seen photos "
            "(Detector.embedded, or a zoo model) more than one that has not",
        )


def _alike(looks: ObjectLikeness, names: tuple[str, ...]) -> Iterator[Trouble]:
    """Classes that cannot be told apart by how their objects look from afar."""
    same, other = looks.to_nearest(of_same_class=True), looks.to_nearest(of_same_class=False)
    judged = np.isfinite(same) & np.isfinite(other)
    mixed = judged & (other > same)
    if mixed.sum() < max(ALIKE * judged.sum(), LEAST_OBJECTS):
        return
    classes = [names[label] for label in np.unique(looks.labels[mixed]).tolist()]
    yield Trouble(
        "alike",
        f"{int(mixed.sum())} of {int(judged.sum())} objects look more like one of another class than like their own "
        f"on other photos ({listed(classes)})",
        "come closer, so that what differs is large, add photos of each, and take a detector with an input of 640 "
        "pixels (tfl.interop.zoo_models())",
    )
