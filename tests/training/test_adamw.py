"""`FlatAdamW` makes the steps of Keras' AdamW."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from tflhelpers.training.adamw import FlatAdamW

SHAPES = [(3, 2), (4,), (1,), (2, 2, 2)]


def made_variables():
    rng = np.random.default_rng(0)
    return [
        keras.Variable(rng.normal(size=shape).astype(np.float32), name=f"v{i}")
        for i, shape in enumerate(SHAPES)
    ]


def gradients(step, scale=1.0):
    rng = np.random.default_rng(step + 1)
    return [ops.convert_to_tensor(scale * rng.normal(size=shape).astype(np.float32)) for shape in SHAPES]


def after_steps(optimizer, scale=1.0, rates=(0.1, 0.2, 0.05, 0.1)):
    variables = made_variables()
    optimizer.build(variables)
    for step, rate in enumerate(rates):
        optimizer.learning_rate = rate
        optimizer.apply(gradients(step, scale), variables)
    return [ops.convert_to_numpy(variable) for variable in variables]


@pytest.mark.parametrize(
    ("scale", "clip_norm"), [(1.0, 1e9), (1.0, 2.0), (100.0, 10.0)], ids=["unclipped", "clipped", "large"]
)
def test_its_steps_are_those_of_keras(scale, clip_norm):
    theirs = keras.optimizers.AdamW(0.1, weight_decay=0.01, global_clipnorm=clip_norm)
    theirs.exclude_from_weight_decay(var_names=["v1", "v2"])
    ours = FlatAdamW(0.1, decay=0.01, clip_norm=clip_norm)
    for mine, its in zip(after_steps(ours, scale), after_steps(theirs, scale), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-4, atol=1e-5)  # epsilon counts a little later
    assert int(ops.convert_to_numpy(ours.iterations)) == 4


def test_what_has_no_gradient_hardly_moves():
    variables = made_variables()
    before = [ops.convert_to_numpy(variable) for variable in variables]
    FlatAdamW(0.1, decay=0.0).apply([ops.zeros(shape) for shape in SHAPES], variables)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)


def test_without_variables_those_it_was_built_for_move():
    """So does the JAX trainer apply gradients."""
    given, built = (FlatAdamW(0.1) for _ in range(2))
    theirs, ours = made_variables(), made_variables()
    given.apply(gradients(0), theirs)
    built.build(ours)
    built.apply(gradients(0))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))


def test_it_is_made_again_from_its_settings():
    again = FlatAdamW.from_config(FlatAdamW(0.25, decay=0.5, clip_norm=3.0).get_config())
    assert (again.decay, again.clip_norm, float(again.learning_rate)) == (0.5, 3.0, 0.25)
