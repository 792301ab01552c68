"""One box, written in four ways: what the same four numbers mean to different programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tflhelpers.explaining.figures import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    as_picture,
    bare,
    draw_box,
    new_figure,
    show_picture,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Four = tuple[float, float, float, float]


def box_formats(xyxy: Sequence[float], image_size: tuple[int, int]) -> dict[str, Four]:
    """The numbers by which different programs call one box.

    Args:
        xyxy: left, top, right and bottom edge, in pixels.
        image_size: (height, width) of the picture in pixels.

    Returns:
        xyxy: edges in pixels, as this package and Pascal VOC write them.
        xywh: left, top, width, height in pixels, as COCO does.
        rel_cxcywh: centre and size as fractions of the picture, x first, as YOLO does.
        rel_yxyx: edges as fractions of the picture, y first, as TensorFlow does.

    Raises:
        ValueError: `xyxy` is no box.

    Example:
        >>> box_formats([10, 20, 50, 80], (100, 200))["rel_cxcywh"]
        (0.15, 0.5, 0.2, 0.6)
    """
    x1, y1, x2, y2 = checked_box(xyxy, "xyxy")
    height, width = image_size
    return {
        "xyxy": (x1, y1, x2, y2),
        "xywh": (x1, y1, x2 - x1, y2 - y1),
        "rel_cxcywh": ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height),
        "rel_yxyx": (y1 / height, x1 / width, y2 / height, x2 / width),
    }


def checked_box(xyxy: Sequence[float], name: str) -> Four:
    """The four edges as numbers; raises ValueError where they are no box."""
    edges = tuple(float(edge) for edge in xyxy)
    if len(edges) != 4 or edges[2] < edges[0] or edges[3] < edges[1]:
        raise ValueError(
            f"{name} must be four edges x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, got {list(edges)}. "
            "Write the left, top, right and bottom edge."
        )
    return edges


_WRITTEN = {
    "xyxy": ("x1, y1, x2, y2 in pixels", "this package, Pascal VOC"),
    "xywh": ("x1, y1, width, height in pixels", "COCO, Labelbox"),
    "rel_cxcywh": ("centre x, y, width, height as fractions", "YOLO"),
    "rel_yxyx": ("ymin, xmin, ymax, xmax as fractions", "TensorFlow"),
}


def draw_box_formats(image, xyxy: Sequence[float]) -> Figure:
    """A picture with a box on it, and beside it the box in four formats.

    Args:
        image: a path, or RGB uint8 (H, W, 3).
        xyxy: the box in pixels.
    """
    picture = as_picture(image)
    figure, axes = new_figure(1, 2, size=(10, 3.8), width_ratios=(1.25, 1))
    left, right = axes[0]
    show_picture(left, picture)
    _draw_corners(left, xyxy)
    bare(right)
    right.set(xlim=(0, 1), ylim=(0, 1))
    for row, (name, numbers) in enumerate(box_formats(xyxy, picture.shape[:2]).items()):
        meaning, programs = _WRITTEN[name]
        top = 0.97 - 0.25 * row
        written = ", ".join(
            f"{number:.3f}" if name.startswith("rel") else f"{number:g}" for number in numbers
        )
        right.text(0, top, written, fontsize=14, weight="bold", color=BLUE, va="top")
        right.text(
            0, top - 0.095, f"{meaning}\n{programs}", fontsize=9.5, color=INK, va="top", linespacing=1.3
        )
    return figure


def _draw_corners(axes, xyxy: Sequence[float]) -> None:
    x1, y1, x2, y2 = checked_box(xyxy, "xyxy")
    draw_box(axes, xyxy, ORANGE, line_width=2.5)
    note = {"color": INK, "fontsize": 9.5, "bbox": {"facecolor": "white", "edgecolor": FAINT, "pad": 2.5}}
    axes.plot([x1, x2], [y1, y2], "o", color=ORANGE, markeredgecolor="white", clip_on=False)
    axes.annotate(
        f"x1, y1 = {x1:g}, {y1:g}", (x1, y1), (-4, 8), textcoords="offset points", ha="center", **note
    )
    axes.annotate(
        f"x2, y2 = {x2:g}, {y2:g}", (x2, y2), (4, -16), textcoords="offset points", ha="center", **note
    )
