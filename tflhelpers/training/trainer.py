"""The network wrapped for Keras' `compile` and `fit`: targets, losses, and what the progress bar shows."""

from __future__ import annotations

import keras
from keras import ops

from tflhelpers.model.layers import USE_XLA
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
    """

    def __init__(
        self, network: keras.Model, anchors, num_classes: int, *, whole: keras.Model | None = None, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.network = network
        self.anchors = ops.convert_to_tensor(anchors, "float32")
        self.num_classes = num_classes
        self.whole = lambda: (
            whole or network
        )  # as a function: Keras would take an attribute for a further layer
        self.parts = {name: keras.metrics.Mean(name=name) for name in ("matched", "box_loss", "class_loss")}

    def prepare(self, optimizer: keras.optimizers.Optimizer) -> DetectorTrainer:
        """Compiles and builds, so that the optimizer's variables exist before a state is loaded into them."""
        self.compile(optimizer=optimizer, jit_compile=USE_XLA)
        self.build(self.network.input_shape)
        optimizer.build(self.trainable_variables)
        return self

    def learn(self, images, truth: dict, learning_rate: float) -> dict[str, float]:
        """One step; returns its losses by name."""
        self.optimizer.learning_rate = learning_rate
        self.reset_metrics()
        return self.train_on_batch(images, truth, return_dict=True)

    def call(self, images, training=None):
        return self.network(images, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        targets = encode_targets(self.anchors, y["boxes_rel_yxyx"], y["labels"], self.num_classes)
        localization, classification = detection_losses(y_pred, targets)
        self.parts["matched"].update_state(ops.sum(targets["matched"]))
        self.parts["box_loss"].update_state(localization)
        self.parts["class_loss"].update_state(classification)
        return localization + classification
