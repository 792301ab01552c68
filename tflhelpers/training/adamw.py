"""AdamW whose state is one long row instead of two arrays a weight: a training starts ten seconds sooner."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("tflhelpers")
class FlatAdamW(keras.optimizers.Optimizer):
    """AdamW (Loshchilov and Hutter 2019, algorithm 2), with the norm of all gradients together clipped.

    A detector has hundreds of weights, most of them small; Keras' own describes the update of each to the compiler
    by itself, which takes longer than many a training. Vectors (biases, batch norm) are not decayed.

    Args:
        learning_rate: may be set anew at each step.
        beta_1, beta_2, epsilon: of Adam.
        decay: part of a weight that goes at each step, times the learning rate.
        clip_norm: largest norm of the gradients.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        decay: float = 1e-4,
        clip_norm: float = 10.0,
        name: str = "flat_adamw",
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.decay, self.clip_norm = decay, clip_norm

    def build(self, variables) -> None:
        if self.built:
            return
        super().build(variables)
        self.learning = list(variables)
        size = sum(int(np.prod(variable.shape)) for variable in variables)
        self.mean, self.square = (self.add_variable((size,), name=name) for name in ("mean", "square"))

    def apply(self, grads, trainable_variables=None):
        variables = self.learning if trainable_variables is None else list(trainable_variables)
        self.build(variables)
        gradient = ops.concatenate([ops.reshape(each, (-1,)) for each in grads])
        gradient = gradient * ops.minimum(1.0, self.clip_norm / (ops.norm(gradient) + 1e-12))
        count = ops.cast(self.iterations + 1, "float32")
        mean = self.beta_1 * self.mean + (1.0 - self.beta_1) * gradient
        square = self.beta_2 * self.square + (1.0 - self.beta_2) * ops.square(gradient)
        unbiased = mean / (1.0 - ops.power(self.beta_1, count))
        spread = ops.sqrt(square / (1.0 - ops.power(self.beta_2, count))) + self.epsilon
        self._move(variables, self.learning_rate * unbiased / spread)
        self.mean.assign(mean)
        self.square.assign(square)
        self.iterations.assign_add(1)
        return self.iterations

    def _move(self, variables, steps) -> None:
        ends = np.cumsum([int(np.prod(variable.shape)) for variable in variables])
        for variable, step in zip(variables, ops.split(steps, ends[:-1].tolist()), strict=True):
            kept = 1.0 - self.learning_rate * self.decay if len(variable.shape) > 1 else 1.0
            variable.assign(kept * variable - ops.reshape(step, variable.shape))

    def get_config(self) -> dict:
        names = ("beta_1", "beta_2", "epsilon", "decay", "clip_norm")
        base = {
            name: value for name, value in super().get_config().items() if name in ("name", "learning_rate")
        }
        return base | {name: getattr(self, name) for name in names}
