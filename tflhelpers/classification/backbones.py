"""What looks at a picture before its class is told: any network of `keras.applications`, or the bundled one."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from importlib import resources

import keras
import numpy as np
from keras import layers

EMBEDDED = "embedded"
WIDTH_BEFORE = 0.5  # of the embedded backbone until its second version; classifiers saved then do not name it
# What its depthwise filters see, from stride 8 to 32: patterns as well as shapes. On drawn clothes the loss of the head
# in cross-validation is 0.08 with these, 0.27 with the last layer alone, 0.21 with the pyramid's three levels.
EMBEDDED_TAPS = tuple(f"block_{number}_depthwise_relu" for number in range(5, 17))
DEFAULT_SIZE = 224
# What the authors trained with, where it is not 224 (the docstrings of keras.applications).
SIZES = {
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "Xception": 299,
    "NASNetLarge": 331,
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
}


class WeightsUnavailable(RuntimeError):
    """The trained weights of a backbone could not be had; the message says what to do without a network."""


def known_backbones() -> tuple[str, ...]:
    """The names that `feature_maps` knows."""
    return (EMBEDDED, *sorted(_applications()))


def backbone_size(name: str) -> tuple[int, int]:
    """The (height, width) that a backbone takes in unless told otherwise, in pixels: what it was trained with.

    The embedded one learned at 300 and takes in less, since a whole picture's class needs less than its boxes.
    """
    check_backbone(name)
    return SIZES.get(name, DEFAULT_SIZE), SIZES.get(name, DEFAULT_SIZE)


def check_backbone(name: str) -> str:
    """The name, if there is such a backbone; raises ValueError with the known ones if there is none."""
    if name not in known_backbones():
        raise ValueError(f"backbone must be one of {', '.join(known_backbones())}; got {name!r}.")
    return name


def feature_maps(name: str, images, weights: str | None, seed: int = 0, width: float | None = None) -> list:
    """The maps that a backbone makes of pictures, its own preprocessing before it.

    Args:
        name: of `known_backbones()`.
        images: a Keras tensor (B, H, W, 3), RGB in 0..255.
        weights: "imagenet" for trained ones (of the embedded backbone: its own), a file of Keras weights, or None for
            random ones.
        seed: of random weights of the embedded backbone.
        width: of the embedded backbone: its width multiplier, where an older one is meant; it has no trained weights.

    Returns:
        Keras tensors (B, h, w, C), the finest first.

    Raises:
        WeightsUnavailable: no network, or a refusal.
    """
    if check_backbone(name) == EMBEDDED:
        return _embedded_maps(images, weights is not None, seed, width or embedded_width())
    build = _applications()[name]
    x = preprocessing(sys.modules[build.__module__].preprocess_input, images)
    try:
        network = build(include_top=False, weights=weights, input_shape=tuple(images.shape[1:]))
    except Exception as error:  # keras.utils.get_file raises no more exact kind
        if weights is None or not (isinstance(error, OSError) or "fetch" in str(error)):
            raise
        raise WeightsUnavailable(
            f"the trained weights of {name} could not be downloaded ({error}). Without a network use "
            'backbone="embedded", whose weights come with the package; or give weights= the path of a file of weights.'
        ) from error
    return [network(x)]


def preprocessing(function: Callable, images):
    """What a `preprocess_input` of `keras.applications` does, as Keras layers.

    The function is asked what it makes of black, red, green and blue; it is linear in each channel.

    Args:
        function: from uint8-like RGB (B, H, W, 3) to what the network was trained on.
        images: a Keras tensor (B, H, W, 3), RGB in 0..255.
    """
    probe = np.concatenate([np.zeros((1, 3)), 255.0 * np.eye(3)]).astype(np.float32)
    seen = np.asarray(function(probe[:, None, None].copy()), np.float64)[:, 0, 0]
    offset, matrix = seen[0], (seen[1:] - seen[0]) / 255.0  # rows: what a channel goes into
    source = np.abs(matrix).argmax(axis=0)
    scale = matrix[source, range(3)]
    if not np.allclose(seen, probe[:, source] * scale + offset, atol=1e-4):
        raise ValueError(f"{function} must scale and move each channel, but it does something else.")
    x = images
    if source.tolist() == [2, 1, 0]:
        x = x[..., ::-1]
    if not (np.allclose(scale, 1, atol=1e-6) and np.allclose(offset, 0, atol=1e-6)):
        x = layers.Rescaling(scale.tolist(), offset.tolist(), name="preprocess")(x)
    return x


def backbone_layers(network: keras.Model) -> list:
    """All layers that can learn before the classifier's own head, the first ones first; nested networks opened."""
    found = []
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            found += backbone_layers(layer)
        elif layer.weights and layer.name != "logits":
            found.append(layer)
    return found


def _applications() -> dict[str, Callable]:
    found = inspect.getmembers(keras.applications, inspect.isfunction)
    return {name: function for name, function in found if name[0].isupper()}


@cache
def embedded_width() -> float:
    """The width multiplier of the bundled detector's backbone."""
    from tflhelpers.model.settings import SETTINGS_FILE, read_settings

    with resources.as_file(resources.files("tflhelpers.model") / "embedded") as folder:
        architecture, _ = read_settings(folder / SETTINGS_FILE)
    return architecture.arguments.get("alpha", 1.0)


def _embedded_maps(images, trained: bool, seed: int, width: float) -> list:
    from tflhelpers.model.backbones import mobilenet_v2
    from tflhelpers.model.detector import WEIGHTS_FILE
    from tflhelpers.model.weights import load_weights

    x = layers.Rescaling(2.0 / 255.0, -1.0, name="preprocess")(images)
    levels = mobilenet_v2(x, alpha=width)
    maps = [keras.Model(images, levels[5]).get_layer(name).output for name in EMBEDDED_TAPS]
    network = keras.Model(images, maps)
    if trained:
        with resources.as_file(resources.files("tflhelpers.model") / "embedded") as folder:
            load_weights(network, folder / WEIGHTS_FILE)
    else:
        _he_normal(network, seed)
    return maps


def _he_normal(network: keras.Model, seed: int) -> None:
    """Random kernels that neither shrink nor blow up what passes (He et al. 2015): the detector's own are for training.

    Their 0.01 lets 50 layers without statistics of their own end in denormal numbers.
    """
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        for variable in layer.weights:
            if "kernel" in variable.name:
                shape = tuple(variable.shape)
                depthwise = isinstance(layer, layers.DepthwiseConv2D)
                fan_in = int(np.prod(shape[:2] if depthwise else shape[:3]))
                variable.assign(rng.normal(0, np.sqrt(2.0 / fan_in), shape).astype(np.float32))
