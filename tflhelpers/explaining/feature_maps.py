"""The pyramid's levels: what a detector makes of a picture before it looks for boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tflhelpers.explaining.figures import as_picture, bare, new_figure, show_picture
from tflhelpers.model.preprocess import network_input

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tflhelpers.model.detector import Detector

# The last layer of each level, as `model.fpn` names it.
_LEVELS = {
    3: "fpn_smooth3_relu",
    4: "fpn_smooth4_relu",
    5: "fpn_lateral5",
    6: "fpn_coarse6_relu",
    7: "fpn_coarse7_relu",
}


def pyramid_maps(detector: Detector, image) -> dict[int, np.ndarray]:
    """The feature maps that the detector's pyramid makes of a picture.

    Args:
        detector: any; the embedded one has 96 channels.
        image: a path, or RGB uint8 (H, W, 3).

    Returns:
        Level, 3 (finest) to 7, -> float32 (rows, columns, channels).
    """
    import keras

    network = detector.network
    outputs = {str(level): network.get_layer(name).output for level, name in _LEVELS.items()}
    picture = network_input(as_picture(image), detector.image_size)
    maps = keras.Model(network.input, outputs).predict_on_batch(picture[None])
    return {level: maps[str(level)][0] for level in _LEVELS}


def strength(feature_map: np.ndarray) -> np.ndarray:
    """How much the channels of a map (rows, columns, channels) have to say at each place: their mean size.

    Example:
        >>> strength(np.array([[[3.0, -1.0], [0.0, 0.5]]])).tolist()
        [[2.0, 0.25]]
    """
    return np.abs(feature_map).mean(axis=-1)


def liveliest_channel(feature_map: np.ndarray) -> int:
    """The channel that differs most from place to place; the first of equals."""
    return int(feature_map.std(axis=(0, 1)).argmax())


def plot_pyramid(detector: Detector, image) -> Figure:
    """A picture and its feature maps: above, all channels together; below, the liveliest channel of each level.

    Each map has its own scale, from dark (least) to bright (most).

    Args:
        detector: any.
        image: a path, or RGB uint8 (H, W, 3).
    """
    picture = as_picture(image)
    maps = pyramid_maps(detector, picture)
    figure, axes = new_figure(2, 1 + len(maps), size=(13, 4.4))
    show_picture(axes[0, 0], picture)
    axes[0, 0].set_title("the picture", fontsize=10)
    bare(axes[1, 0])
    shape = picture.shape[0] / picture.shape[1]
    for column, (level, values) in enumerate(maps.items(), start=1):
        rows, columns, channels = values.shape
        one = liveliest_channel(values)
        _draw_map(axes[0, column], strength(values), shape)
        _draw_map(axes[1, column], values[..., one], shape)
        axes[0, column].set_title(
            f"level {level}: {rows} x {columns},\nmean of {channels} channels", fontsize=10
        )
        axes[1, column].set_title(f"channel {one} of level {level}", fontsize=10)
    axes[1, 0].text(
        0.5,
        0.5,
        "dark: least\nbright: most",
        ha="center",
        va="center",
        fontsize=11,
        transform=axes[1, 0].transAxes,
    )
    return figure


def _draw_map(axes, values: np.ndarray, shape: float) -> None:
    """Draws a map (rows, columns) in the shape (height / width) of its picture."""
    axes.imshow(values, cmap="cividis", interpolation="nearest", aspect="auto")
    axes.set_box_aspect(shape)
    bare(axes)
