"""What the frozen layers make of each picture, computed once and used again at every step.

A step then only goes through the layers that learn. Without augmentation the losses are those of the whole network;
with it a picture is seen in a limited number of views instead of a new one each time.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tflhelpers.files.atomic_folder import temporary_scratch
from tflhelpers.model.layer_calls import layer_calls
from tflhelpers.progress import progress_bar
from tflhelpers.training.augment import Augmentation
from tflhelpers.training.batches import TrainingPictures, training_example
from tflhelpers.training.sampler import Sampler

logger = logging.getLogger(__name__)

MAX_VIEWS = 32  # of each picture, when it is augmented
MEMORY_BYTES = 2**30  # what is larger goes to the disk
DISK_SHARE = 0.5  # of what is free there
_BATCH = 4  # pictures that go through the frozen layers at once


def split_network(
    network: keras.Model, learns: Callable[[keras.layers.Layer], bool]
) -> tuple[keras.Model, keras.Model] | None:
    """The network in two: `below`, from images to what the first learning layers take in, and `above`, the rest.

    Both share their layers with `network`: what `above` learns, `network` knows.

    Args:
        network: functional.
        learns: whether a layer is to be trained.

    Returns:
        (below, above), or None where no layer with weights lies below what learns, or no layer learns.
    """
    moving: set[int] = set()  # tensors that change as the learning layers do
    edge: dict[int, keras.KerasTensor] = {}
    twin, calls = layer_calls(network)
    for layer, inputs, outputs in calls:
        if learns(layer) or any(id(x) in moving for x in inputs):
            moving |= {id(x) for x in outputs}
            edge |= {id(x): x for x in inputs if id(x) not in moving}
    features = list(edge.values())
    if not features or any(x is image for x in features for image in twin.inputs):
        return None
    below = keras.Model(twin.inputs, features)
    return (below, keras.Model(features, twin.output)) if below.weights else None


class FeatureCache:
    """The features of every view of every picture that a training will ask for; a context manager.

    Attributes:
        views: of each picture, fewer of those that are drawn less often; 1 without augmentation.
        megabytes: that all of it takes.
        on_disk: whether it is too large for the memory that it may take, so that it lies in a temporary folder.
    """

    def __init__(
        self,
        below: keras.Model,
        pictures: TrainingPictures,
        sampler: Sampler,
        how: Augmentation | None,
        seed: int,
        *,
        shard: tuple[int, int] = (0, 1),
        memory_bytes: int = MEMORY_BYTES,
        progress: bool = True,
    ) -> None:
        self.progress, self.shard = progress, shard
        self.below, self.pictures, self.sampler, self.how, self.seed = below, pictures, sampler, how, seed
        self.shapes = [tuple(tensor.shape[1:]) for tensor in below.outputs]
        self._times = np.maximum(sampler.times(), 1)
        self.views = 1 if how is None else self._fitting_views(memory_bytes)
        self.megabytes = self._bytes(self.views) / 2**20
        self.on_disk = self._bytes(self.views) > memory_bytes
        self._views_of = np.minimum(self._times, self.views)
        self._first_row = np.cumsum(self._views_of) - self._views_of
        self._folder: Path | None = None

    @property
    def fits(self) -> bool:
        """Whether there is room for it, in memory or on the disk."""
        return not self.on_disk or self.megabytes * 2**20 <= _free_disk_bytes() * DISK_SHARE

    def __str__(self) -> str:
        views = f" in {self.views} views" if self.how is not None else ""
        where = "on disk" if self.on_disk else "in memory"
        return f"features of {len(self.pictures)} pictures{views} kept {where}, {self.megabytes:.0f} MB"

    def __enter__(self) -> FeatureCache:
        if self.on_disk:
            self._folder = temporary_scratch("features")
        self._store = [self._array(number, shape) for number, shape in enumerate(self.shapes)]
        self._truth: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception) -> None:
        self._store = []
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def batches(self, first_step: int = 0) -> tf.data.Dataset:
        """As of `PictureBatches`, with the features in place of the images."""
        size, types = (
            self.sampler.batch_size // self.shard[1],
            [*(tf.float32 for _ in self.shapes), tf.float32, tf.int32],
        )

        def batch(step):
            *features, boxes, labels = tf.numpy_function(self._of_step, [step], types)
            features = tuple(
                tf.ensure_shape(x, (size, *shape)) for x, shape in zip(features, self.shapes, strict=True)
            )
            boxes, labels = tf.ensure_shape(boxes, (None, None, 4)), tf.ensure_shape(labels, (None, None))
            return features, {"boxes_rel_yxyx": boxes, "labels": labels}

        return tf.data.Dataset.range(first_step, self.sampler.steps).map(batch).prefetch(2)

    def names(self, step: int) -> list[str]:
        """The pictures of a step's batch."""
        return [self.pictures.paths[index].name for index in self.sampler.of_step(step)]

    def _of_step(self, step: np.ndarray) -> list[np.ndarray]:
        its = self.sampler.draws_of(int(step), self.shard)
        draws = slice(its.start, its.stop)
        index, turn = np.array(self.sampler.order[draws]), np.array(self.sampler.turns[draws])
        return self._gather(self._first_row[index] + turn % self._views_of[index])

    def _gather(self, rows: np.ndarray) -> list[np.ndarray]:
        boxes, labels = zip(*(self._truth[row] for row in rows.tolist()), strict=True)
        return [*(array[rows] for array in self._store), np.stack(boxes), np.stack(labels)]

    def _fill(self) -> None:
        """Puts each view of each picture through the frozen layers."""
        index = np.repeat(np.arange(len(self.pictures)), self._views_of)
        view = np.arange(len(index)) - self._first_row[index]
        rows = np.arange(len(index))
        data = tf.data.Dataset.from_tensor_slices((rows, index, view))
        example = training_example(self.pictures, self.how, self.seed)
        data = data.map(lambda row, index, view: (row, *example(index, view)), num_parallel_calls=2)
        run = tf.function(lambda images: self.below(images, training=False), reduce_retracing=True)
        with progress_bar(len(rows), "Features", enabled=self.progress) as bar:
            for batch_rows, images, truth in data.batch(_BATCH).prefetch(1):
                features = (
                    run(images) if keras.backend.backend() == "tensorflow" else self.below(images.numpy())
                )
                for array, values in zip(self._store, keras.tree.flatten(features), strict=True):
                    array[batch_rows.numpy()] = keras.ops.convert_to_numpy(values)
                pairs = zip(truth["boxes_rel_yxyx"].numpy(), truth["labels"].numpy(), strict=True)
                self._truth |= dict(zip(batch_rows.numpy().tolist(), pairs, strict=True))
                bar.update(len(batch_rows))

    def _array(self, number: int, shape: tuple[int, ...]) -> np.ndarray:
        shape = (int(self._views_of.sum()), *shape)
        if self._folder is None:
            return np.empty(shape, np.float32)
        return np.lib.format.open_memmap(self._folder / f"{number}.npy", "w+", np.float32, shape)

    def _bytes(self, views: int) -> int:
        """That so many views take, of pictures that are drawn as often."""
        return int(np.minimum(self._times, views).sum()) * sum(
            4 * int(np.prod(shape)) for shape in self.shapes
        )

    def _fitting_views(self, memory_bytes: int) -> int:
        """Fewer views rather than the disk, but not fewer than 8."""
        views = min(MAX_VIEWS, int(self._times.max()))
        while views > 8 and self._bytes(views) > memory_bytes:
            views -= 1
        return views


def _free_disk_bytes() -> int:
    return shutil.disk_usage(tempfile.gettempdir()).free
