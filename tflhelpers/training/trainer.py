"""The network wrapped for Keras' `compile` and `fit`: targets, losses, and what the progress bar shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import keras
import numpy as np
from keras import ops

from tflhelpers.model.layers import USE_XLA
from tflhelpers.training.devices import Devices, on_every_device
from tflhelpers.training.losses import detection_losses
from tflhelpers.training.matching import encode_targets


@keras.saving.register_keras_serializable("tflhelpers")
class DetectorTrainer(keras.Model):
    """Trains `network` on batches of (images, {"boxes_rel_yxyx": (B, G, 4), "labels": (B, G)}).

    Args:
        network: of `model.ssd`, or the upper part of one, which takes features for images; trained in place.
        anchors: float32 (A, 4), of `model.anchors`.
        num_classes: foreground classes.
        whole: the detector's network, where `network` is a part of it.
        batch_size: pictures a batch, to learn of each how wrong the detector is on it; None tells nothing of it.
        devices: where its steps are computed.
        box_weight: how many times the loss of the boxes counts. 1 is the original's weight, whose loss is a mean of the
            four codes of a box; 4 makes it their sum (`normalize_loc_loss_by_codesize: false` in a pipeline.config).
        class_weights: how many times the losses of what belongs to each class count; None for all the same.
    """

    def __init__(
        self,
        network: keras.Model,
        anchors,
        num_classes: int,
        *,
        whole: keras.Model | None = None,
        batch_size: int | None = None,
        box_weight: float = 1.0,
        class_weights: Sequence[float] | None = None,
        devices: Devices | None = None,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.devices = devices or Devices()
        self.box_weight, self.class_weights = box_weight, class_weights
        self.network = network
        self.anchors = ops.convert_to_tensor(anchors, "float32")
        self.num_classes = num_classes
        self.whole = lambda: (
            whole or network
        )  # as a function: Keras would take an attribute for a further layer
        self.parts = {name: keras.metrics.Mean(name=name) for name in ("matched", "box_loss", "class_loss")}
        self.wrong = None if batch_size is None else PerPicture(batch_size, name="wrong")

    def prepare(self, optimizer: keras.optimizers.Optimizer) -> DetectorTrainer:
        """Compiles and builds, so that the optimizer's variables exist before a state is loaded into them."""
        self.compile(optimizer=optimizer, jit_compile=USE_XLA)
        self.build(self.network.input_shape)
        optimizer.build(self.trainable_variables)
        return self

    def learn(self, images, truth: dict, learning_rate: float) -> dict:
        """One step.

        Returns:
            Its losses by name, and under "wrong" the highest score that each picture got anywhere (B,).
        """
        self.optimizer.learning_rate = learning_rate
        self.reset_metrics()
        with self.devices.holding(self._read_by_a_step()):
            losses = self.train_on_batch(*self._batch(images, truth), return_dict=True)
        return _as_floats(losses) | {"wrong": np.atleast_1d(losses.get("wrong", ()))}

    def judge(self, images, truth: dict) -> dict:
        """The losses of a batch with the weights as they are; nothing is learned."""
        self.reset_metrics()
        with self.devices.holding(self._read_by_a_step()):
            return _as_floats(self.test_on_batch(*self._batch(images, truth), return_dict=True))

    def _batch(self, images, truth: dict) -> tuple:
        """A batch as the backend takes it, on several devices with weights: Keras 3.13 cannot spread their absence.

        The losses do not look at them.
        """
        batch = _for_backend(images, truth)
        return (
            batch
            if self.devices.distribution is None
            else (*batch, np.ones(len(truth["labels"]), np.float32))
        )

    def snapshot(self) -> list[np.ndarray]:
        """Copies of all that a step changes: the learning weights and the optimizer's variables."""
        return [np.array(ops.convert_to_numpy(variable)) for variable in self._moving()]

    def go_back(self, values: list[np.ndarray]) -> None:
        """Sets what a step changes to a `snapshot`."""
        for variable, value in zip(self._moving(), values, strict=True):
            variable.assign(value)

    def _moving(self) -> list:
        return [*self.trainable_variables, *self.optimizer.variables]

    def _read_by_a_step(self) -> Iterator[keras.Variable]:
        yield from self._moving()
        yield from self.non_trainable_variables
        yield from self.metrics_variables

    def call(self, images, training=None):
        return self.network(images, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        targets = encode_targets(self.anchors, y["boxes_rel_yxyx"], y["labels"], self.num_classes)
        localization, classification = detection_losses(y_pred, targets, self.class_weights)
        localization = self.box_weight * localization
        self.parts["matched"].update_state(ops.sum(targets["matched"]))
        self.parts["box_loss"].update_state(localization)
        self.parts["class_loss"].update_state(classification)
        if self.wrong is not None:
            self.wrong.update_state(ops.sigmoid(ops.max(y_pred["class_logits"][:, :, 1:], axis=(1, 2))))
        return localization + classification


def _as_floats(losses: dict) -> dict[str, float]:
    """Numbers of Python's: Keras gives arrays without axes before 3.14, which `round` does not take."""
    return {name: float(value) for name, value in losses.items() if np.ndim(value) == 0}


def _for_backend(images, truth: dict):
    """A batch of `tf.data` as the backend takes it: only TensorFlow knows its own tensors."""
    if keras.backend.backend() == "tensorflow":
        return images, truth
    return keras.tree.map_structure(np.asarray, (images, truth))


@keras.saving.register_keras_serializable("tflhelpers")
class PerPicture(keras.metrics.Metric):
    """A value of each picture of the last batch, where Keras' own metrics keep a mean of them all."""

    def __init__(self, batch_size: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.values = self.add_variable((batch_size,), "zeros", name="values")

    def update_state(self, values) -> None:
        self.values.assign(values)

    def result(self):
        return on_every_device(ops.convert_to_tensor(self.values))
