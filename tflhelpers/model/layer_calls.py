"""The calls of a functional network's layers in order, by what Keras makes public: `clone_model` walks them."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras


class LayerCall(NamedTuple):
    """One call of a layer, which may be called several times; the tensors are symbolic."""

    layer: keras.Operation
    inputs: list[Any]
    outputs: list[Any]


def layer_calls(network: keras.Model) -> tuple[keras.Model, list[LayerCall]]:
    """Return a twin of `network` that shares its layers, and the calls of these on the twin's tensors.

    Args:
        network: functional.

    Returns:
        The calls come from the inputs on: a tensor is some call's output before it is another's input.
    """
    calls = []

    def call(layer: keras.Operation, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        calls.append(LayerCall(layer, _tensors((args, kwargs)), _tensors(outputs)))
        return outputs

    twin = keras.models.clone_model(network, clone_function=lambda layer: layer, call_function=call)
    return twin, calls


def _tensors(values: Any) -> list[Any]:
    return [value for value in keras.tree.flatten(values) if isinstance(value, keras.KerasTensor)]
