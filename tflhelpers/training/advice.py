"""What a training has to tell besides its losses: objects that are too small, a loss that never moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.images import image_size as size_of_picture
from tflhelpers.model.anchors import ANCHOR_SCALE, MIN_LEVEL

SMALLEST_ANCHOR = ANCHOR_SCALE * 2**MIN_LEVEL  # its side in pixels of the network's input
TINY = SMALLEST_ANCHOR / 2  # a box of this side fills a quarter of it: they never overlap by half
LEAST_STEPS = 20
STILL = 0.95  # of the mean loss of the first quarter: more than that in the last is no progress
FALLEN = 0.7  # of the loss of the first steps within the first quarter: it has learned early
LITTLE_LEFT = 0.2  # a loss that begins below this has little to fall
HARDLY_MOVED = 1e-3  # of the weights' length


def tiny_objects(annotations: Annotations, image_size: tuple[int, int]) -> Iterator[str]:
    """A sentence if objects are too small for the network to see, with what to do.

    Args:
        annotations: the pictures; only their sizes are read.
        image_size: (height, width) of the network's input.
    """
    sides, _, pictures = sides_of(annotations, image_size)
    tiny = sides < TINY
    if not tiny.any():
        return
    smallest = int(np.argmin(sides))
    height, width = image_size
    yield (
        f"{int(tiny.sum())} of {len(sides)} objects measure under {TINY:.0f} pixels in the {height} × {width} pixels "
        f"that the detector sees (the smallest {sides[smallest]:.1f}, in {pictures[smallest].name}) and are hardly "
        "learned. Come closer, crop the photos around the objects, learn in tiles "
        '(fine_tune(..., tiles="auto")), or take a detector with a larger input (tfl.interop.zoo_models() lists those '
        "of 640 pixels)."
    )


def sides_of(
    annotations: Annotations, image_size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, list[Path]]:
    """Each object's side after resizing (the root of its area), its label and its picture."""
    sides: list[float] = []
    labels: list[int] = []
    pictures: list[Path] = []
    for path, boxes in annotations:
        real = boxes[~boxes.crowd_mask & (boxes.area > 0)]
        if not len(real):
            continue
        height, width = size_of_picture(path)
        scale = np.sqrt(image_size[0] / height * image_size[1] / width)
        sides += (np.sqrt(real.area) * scale).tolist()
        labels += real.labels.tolist()
        pictures += [path] * len(real)
    return np.array(sides), np.array(labels, np.int64), pictures


class Movement:
    """How far weights have gone since this was made, from samples of each."""

    def __init__(self, variables: Sequence) -> None:
        self._variables = list(variables)
        self._start = self._samples()

    def share(self) -> float:
        """The length of the way over that of the weights at the start; 0 if nothing has moved."""
        way = np.linalg.norm(self._samples() - self._start)
        return float(way / max(float(np.linalg.norm(self._start)), 1e-12))

    def _samples(self) -> np.ndarray:
        parts = [np.asarray(variable).ravel()[:1000] for variable in self._variables]
        return np.concatenate([np.zeros(0), *parts])


def still_loss(losses: Mapping[str, Sequence[float]], movement: Movement | None) -> Iterator[str]:
    """A sentence if the loss never moved, with the cause and what to do.

    Args:
        losses: by name and step.
        movement: of the weights that learn; None where nobody knows it, as after a resumed training.
    """
    loss = np.asarray(losses["loss"], np.float64)
    if len(loss) and not np.any(losses["matched"]):
        yield (
            "No anchor matched a box in any step, so nothing but background was learned: no box is inside its "
            "picture, or all are marked as crowds. Look at the boxes (annotations.check())."
        )
    elif _is_still(loss):
        quarter = len(loss) // 4
        first, last = loss[:quarter].mean(), loss[-quarter:].mean()
        told = f"The loss never moved: {first:.3g} at the start, {last:.3g} at the end."
        yield f"{told} {_why_still(None if movement is None else movement.share())}"


def _why_still(moved: float | None) -> str:
    if moved == 0:
        return "Nothing learns: no weight has changed. Give a learning_rate above 0."
    if moved is not None and moved < HARDLY_MOVED:
        return (
            f"The learning rate is too low: the weights have changed by only {moved:.2g} of their length. Take one ten "
            "times as high, or leave learning_rate out."
        )
    return (
        "Look for boxes that contradict each other (things of one kind with and without a box), let more of the "
        'network learn (trainable="all"), or try another learning_rate.'
    )


def _is_still(loss: np.ndarray) -> bool:
    if len(loss) < LEAST_STEPS:
        return False
    quarter, few = len(loss) // 4, max(1, len(loss) // 20)
    first, last = loss[:quarter].mean(), loss[-quarter:].mean()
    learned_early = loss[quarter - few : quarter].mean() < FALLEN * loss[:few].mean()
    return bool(
        first > LITTLE_LEFT and last > STILL * first and not (learned_early and last < loss[:few].mean())
    )
