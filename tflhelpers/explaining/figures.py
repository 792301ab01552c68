"""The paper that this room's figures are drawn on: sizes, colours, pictures and boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tflhelpers.data.images import read_image

# Of Okabe and Ito, told apart by colour-blind people; each is legible on white and seen on photos.
BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
INK, FAINT = "#222222", "#8A8A8A"


def new_figure(rows: int = 1, columns: int = 1, *, size: tuple[float, float], **arguments: Any) -> tuple:
    """A figure that is not pyplot's, so that a notebook shows it once: where it is the cell's result.

    Args:
        rows, columns: of axes.
        size: (width, height) in inches.
        arguments: for `pyplot.subplots`.

    Returns:
        The figure and its axes, an array (rows, columns).
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        rows, columns, figsize=size, squeeze=False, **{"layout": "constrained", **arguments}
    )
    plt.close(figure)
    return figure, axes


def as_picture(image) -> np.ndarray:
    """RGB uint8 (H, W, 3) of a path or an array."""
    return image if isinstance(image, np.ndarray) else read_image(image)


def show_picture(axes, image: np.ndarray, *, faded: float = 0.0) -> None:
    """Draws a picture in its pixels, without ticks.

    Args:
        axes: matplotlib's.
        image: RGB uint8 (H, W, 3).
        faded: part of white that is mixed in, 0 to 1, for lines to stand out.
    """
    height, width = image.shape[:2]
    shown = (image * (1 - faded) + 255 * faded).astype(np.uint8)
    axes.imshow(shown, extent=(0, width, height, 0), interpolation="antialiased")
    bare(axes)


def bare(axes) -> None:
    """Takes ticks and frame away."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def draw_box(
    axes, xyxy: Sequence[float], colour: str, *, line_width: float = 2.0, halo: bool = True, **style
) -> None:
    """Draws a box.

    Args:
        axes: matplotlib's.
        xyxy: edges, in the units of the axes.
        colour: of the line.
        line_width: in points.
        halo: put white below the line, to be seen on any ground.
        style: of `matplotlib.patches.Rectangle`, such as `linestyle`.
    """
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import Normal, withStroke

    x1, y1, x2, y2 = (float(edge) for edge in xyxy)
    effects = [withStroke(linewidth=line_width + 2, foreground="white"), Normal()] if halo else None
    axes.add_patch(
        Rectangle(
            (x1, y1),
            x2 - x1,
            y2 - y1,
            **{"fill": False, "edgecolor": colour, "linewidth": line_width, "path_effects": effects, **style},
        )
    )


def look_at(axes, boxes_xyxy: np.ndarray, image: np.ndarray, *, margin: float = 0.35) -> None:
    """Shows only the part of a picture that has boxes (n, 4) in it, n >= 1, with a margin in their sides."""
    height, width = image.shape[:2]
    low, high = boxes_xyxy[:, :2].min(axis=0), boxes_xyxy[:, 2:].max(axis=0)
    room = margin * float((high - low).max())
    axes.set_xlim(max(0.0, low[0] - room), min(width, high[0] + room))
    axes.set_ylim(min(height, high[1] + room), max(0.0, low[1] - room))


def plain(axes) -> None:
    """A diagram's axes as all figures here have them."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
