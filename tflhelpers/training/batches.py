"""Batches of training pictures with their boxes, as a `tf.data.Dataset`."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes
from tflhelpers.data.images import read_image
from tflhelpers.model.preprocess import network_input, shrink_huge
from tflhelpers.training.augment import Augmentation, augment
from tflhelpers.training.matching import IGNORE, PADDING

CACHE_BYTES = 512 * 2**20


class TrainingPictures:
    """The pictures of a set at working size with their boxes as padded rows; kept in memory while they fit.

    Attributes:
        dropped: one sentence for each box that cannot be learned from.
    """

    def __init__(self, annotations: Annotations, image_size: tuple[int, int]) -> None:
        self.image_size = image_size
        self.dropped: list[str] = []
        self._paths = [path for path, _ in annotations]
        self._boxes = [boxes for _, boxes in annotations]
        self._rows = max([1, *(len(boxes) for boxes in self._boxes)])
        self._cache: dict[int, tuple] = {}
        self._cached_bytes = 0

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Picture uint8 (H, W, 3), boxes_rel_yxyx float32 (G, 4), labels int32 (G,) padded with -1."""
        if index not in self._cache:
            picture = read_image(self._paths[index])
            rows = self._padded(self._boxes[index], picture.shape[:2], self._paths[index].name)
            entry = (shrink_huge(picture, self.image_size), *rows)
            if self._cached_bytes + entry[0].nbytes > CACHE_BYTES:
                return entry
            self._cached_bytes += entry[0].nbytes
            self._cache[index] = entry
        return self._cache[index]

    def _padded(self, boxes: Boxes, size: tuple[int, int], name: str) -> tuple[np.ndarray, np.ndarray]:
        clipped = boxes.clip(size)
        usable = clipped.area > 0
        if not usable.all():
            sentence = f"{name}: {int((~usable).sum())} of {len(boxes)} boxes have no area inside the picture"
            if sentence not in self.dropped:
                self.dropped.append(sentence)
        kept = clipped[usable]
        labels = np.where(kept.crowd_mask, IGNORE, kept.labels)
        padded_boxes = np.zeros((self._rows, 4), np.float32)
        padded_labels = np.full(self._rows, PADDING, np.int32)
        height, width = size
        padded_boxes[: len(kept)] = kept.xyxy[:, [1, 0, 3, 2]] / np.array(
            [height, width, height, width], np.float32
        )
        padded_labels[: len(kept)] = labels
        return padded_boxes, padded_labels


def training_batches(
    pictures: TrainingPictures,
    *,
    batch_size: int,
    steps: int,
    how: Augmentation | None,
    seed: int,
    first_step: int = 0,
) -> tf.data.Dataset:
    """`steps` batches of (images, {"boxes_rel_yxyx", "labels"}), each picture as often as any other.

    Batch k depends on `seed` and k only, so a training that resumes at `first_step` sees what it would have seen.

    Args:
        pictures: the set.
        batch_size, steps: how much of it.
        how: random changes; None for the pictures as they are.
        seed: of the order and the changes.
        first_step: batches before this one are left out.
    """
    order = draw_order(len(pictures), batch_size * steps, seed)
    draws = np.arange(len(order))
    start = first_step * batch_size
    data = tf.data.Dataset.from_tensor_slices((order[start:], draws[start:]))
    data = data.map(training_example(pictures, how, seed), num_parallel_calls=2, deterministic=True)
    return data.batch(batch_size, drop_remainder=True).prefetch(2)


def training_example(pictures: TrainingPictures, how: Augmentation | None, seed: int):
    """A function for `tf.data`, from (index of the picture, number of the draw) to (image, boxes and labels)."""
    return _augmented_example(pictures, how, seed) if how is not None else _plain_example(pictures)


def draw_order(num_pictures: int, num_draws: int, seed: int) -> np.ndarray:
    """The picture of each draw: all of them in a random order, then all in another, and so on."""
    rng = np.random.default_rng(seed)
    rounds = -(-num_draws // num_pictures)
    return np.concatenate([rng.permutation(num_pictures) for _ in range(rounds)])[:num_draws]


def _augmented_example(pictures: TrainingPictures, how: Augmentation, seed: int):
    def example(index, draw):
        image, boxes, labels = tf.numpy_function(lambda i: pictures[int(i)], [index], _TYPES)
        image, boxes, labels = _with_shapes(image, boxes, labels)
        seeds = tf.stack([tf.constant(seed, tf.int64), draw])
        image, boxes, labels = augment(
            tf.cast(image, tf.float32), boxes, labels, seeds, how, pictures.image_size
        )
        return image, {"boxes_rel_yxyx": boxes, "labels": labels}

    return example


def _plain_example(pictures: TrainingPictures):
    def load(index):
        picture, boxes, labels = pictures[int(index)]
        return network_input(picture, pictures.image_size), boxes, labels

    def example(index, draw):
        image, boxes, labels = tf.numpy_function(load, [index], [tf.float32, tf.float32, tf.int32])
        image, boxes, labels = _with_shapes(image, boxes, labels)
        return tf.ensure_shape(image, (*pictures.image_size, 3)), {"boxes_rel_yxyx": boxes, "labels": labels}

    return example


_TYPES = [tf.uint8, tf.float32, tf.int32]


def _with_shapes(image, boxes, labels):
    return (
        tf.ensure_shape(image, (None, None, 3)),
        tf.ensure_shape(boxes, (None, 4)),
        tf.ensure_shape(labels, (None,)),
    )
