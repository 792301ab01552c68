"""Batches of training pictures with their boxes, as a `tf.data.Dataset`."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tflhelpers.data.annotations import Annotations
from tflhelpers.data.boxes import Boxes, xyxy_to_rel_yxyx
from tflhelpers.data.images import read_image
from tflhelpers.model.preprocess import network_input, shrink_huge
from tflhelpers.training.augment import Augmentation, augment
from tflhelpers.training.copy_paste import CopyPaste
from tflhelpers.training.matching import IGNORE, PADDING
from tflhelpers.training.rare_classes import copies_of_rare
from tflhelpers.training.sampler import Sampler

CACHE_BYTES = 512 * 2**20


class TrainingPictures:
    """The pictures of a set at working size with their boxes as padded rows; kept in memory while they fit.

    Attributes:
        paths: of the pictures.
        labels: of each picture's objects, without crowds.
        dropped: one sentence for each box that cannot be learned from.
    """

    def __init__(self, annotations: Annotations, image_size: tuple[int, int]) -> None:
        self.image_size = image_size
        self.dropped: list[str] = []
        self.paths = self._photo_paths = [path for path, _ in annotations]
        self._boxes = [boxes for _, boxes in annotations]
        self.labels = [boxes.labels[~boxes.crowd_mask & (boxes.area > 0)] for boxes in self._boxes]
        self._rows = max([1, *(len(boxes) for boxes in self._boxes)])
        self._cache: dict[int, tuple] = {}
        self._cached_bytes = 0

    @property
    def _working_size(self) -> tuple[int, int]:
        """The size of what the network gets of a photo: one much larger is kept smaller."""
        return self.image_size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Picture uint8 (H, W, 3), boxes_rel_yxyx float32 (G, 4), labels int32 (G,) padded with -1."""
        return self._photo(index)

    def _photo(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if index not in self._cache:
            path = self._photo_paths[index]
            picture = read_image(path)
            rows = self._padded(self._boxes[index], picture.shape[:2], path.name)
            entry = (shrink_huge(picture, self._working_size), *rows)
            if self._cached_bytes + entry[0].nbytes > CACHE_BYTES:
                return entry
            self._cached_bytes += entry[0].nbytes
            self._cache[index] = entry
        return self._cache[index]

    def read_ahead(self) -> None:
        """Decode what the memory has room for, so that a broken picture is met before anything is learned.

        Raises:
            ImageError, FileNotFoundError: a picture cannot be read; the message names it.
        """
        for index in range(len(self._photo_paths)):
            self._photo(index)
            if index not in self._cache:
                return

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
        padded_boxes[: len(kept)] = xyxy_to_rel_yxyx(kept.xyxy, size)
        padded_labels[: len(kept)] = labels
        return padded_boxes, padded_labels


class PictureBatches:
    """Batches of pictures: (images, {"boxes_rel_yxyx", "labels"}).

    Batch k depends on `sampler` and `seed` only, so a training that resumes sees what it would have seen.

    Args:
        pictures: the set.
        sampler: which of them when.
        how: random changes; None for the pictures as they are.
        seed: of the changes.
        shard: (i, n) for the i-th of n equal parts of each batch.
    """

    def __init__(
        self,
        pictures: TrainingPictures,
        sampler: Sampler,
        how: Augmentation | None,
        seed: int,
        shard: tuple[int, int] = (0, 1),
    ) -> None:
        self.pictures, self.sampler, self.how, self.seed = pictures, sampler, how, seed
        self.shard = shard

    def batches(self, first_step: int = 0) -> tf.data.Dataset:
        """Those from `first_step` on."""
        size = self.sampler.batch_size // self.shard[1]
        data = tf.data.Dataset.range(first_step * size, self.sampler.steps * size)
        data = data.map(lambda number: tf.numpy_function(self._view_of, [number], [tf.int64, tf.int64]))
        example = training_example(self.pictures, self.how, self.seed)
        data = data.map(example, num_parallel_calls=2, deterministic=True)
        return data.batch(size, drop_remainder=True).prefetch(2)

    def names(self, step: int) -> list[str]:
        """The pictures of a step's batch."""
        return [self.pictures.paths[index].name for index in self.sampler.of_step(step)]

    def _view_of(self, number: np.ndarray) -> tuple[np.int64, np.int64]:
        step, row = divmod(int(number), self.sampler.batch_size // self.shard[1])
        draw = self.sampler.draws_of(step, self.shard)[row]
        index, turn = self.sampler.order[draw], self.sampler.turns[draw]
        return np.int64(index), np.int64(turn)


def training_example(pictures: TrainingPictures, how: Augmentation | None, seed: int):
    """A function for `tf.data`, from (index of the picture, number of its view) to (image, boxes and labels)."""
    return _augmented_example(pictures, how, seed) if how is not None else _plain_example(pictures)


def _augmented_example(pictures: TrainingPictures, how: Augmentation, seed: int):
    extra = copies_of_rare(pictures.labels) if how.copy_paste > 0 else None
    photos = CopyPaste(
        pictures, pictures.labels, probability=how.copy_paste, flip=how.flip, seed=seed, extra=extra
    )

    def load(index, view):
        return photos.photo(int(index), int(view))

    def example(index, view):
        image, boxes, labels = tf.numpy_function(load, [index, view], _TYPES)
        image, boxes, labels = _with_shapes(image, boxes, labels)
        seeds = tf.stack([tf.constant(seed, tf.int64), view * len(pictures) + index])
        image, boxes, labels = augment(
            tf.cast(image, tf.float32), boxes, labels, seeds, how, pictures.image_size
        )
        return image, {"boxes_rel_yxyx": boxes, "labels": labels}

    return example


def _plain_example(pictures: TrainingPictures):
    def load(index):
        picture, boxes, labels = pictures[int(index)]
        return network_input(picture, pictures.image_size), boxes, labels

    def example(index, view):
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
