"""`layer_calls` walks a network as Keras runs it, by public names alone."""

import re
from pathlib import Path

import keras
import numpy as np
from keras import layers

from tflhelpers.model.layer_calls import layer_calls


def two_levels() -> keras.Model:
    """One convolution at two places, and a sum of what it gives."""
    image = keras.Input((8, 6, 3), name="image")
    shared = layers.Conv2D(2, 1, name="shared")
    small = layers.AveragePooling2D(2, name="small")(image)
    both = [layers.GlobalAveragePooling2D(name=f"mean{i}")(shared(x)) for i, x in enumerate((image, small))]
    return keras.Model(image, {"sum": layers.Add(name="sum")(both), "level": both[1]})


def test_each_call_is_told_after_those_it_takes_from():
    network = two_levels()
    twin, calls = layer_calls(network)
    names = [call.layer.name for call in calls]
    assert sorted(names) == ["mean0", "mean1", "shared", "shared", "small", "sum"]
    known = {id(x) for x in twin.inputs}
    for call in calls:
        assert {id(x) for x in call.inputs} <= known
        known |= {id(x) for x in call.outputs}
    assert len(calls[names.index("sum")].inputs) == 2


def test_the_twin_shares_weights_and_outputs():
    network = two_levels()
    twin, calls = layer_calls(network)
    image = np.random.default_rng(0).uniform(size=(2, 8, 6, 3)).astype("float32")
    assert [id(v) for v in twin.variables] == [id(v) for v in network.variables]
    for name, value in network(image).items():
        np.testing.assert_array_equal(value, twin(image)[name])
    means = next(call for call in calls if call.layer.name == "sum").inputs
    above = keras.Model(means, twin.output["sum"])  # cut at the tensors that were told
    np.testing.assert_array_equal(above([np.ones((1, 2)), np.full((1, 2), 2)]), [[3, 3]])


def test_the_package_uses_nothing_private_of_keras():
    package = Path(__file__).resolve().parents[2] / "tflhelpers"
    private = re.compile(r"\bkeras\.src\b|\._(keras|nodes|inbound|outbound|trainable)_\w+")
    assert not [path.name for path in package.rglob("*.py") if private.search(path.read_text("utf-8"))]
