"""Anchors: the boxes that a detector lays over every picture, and only moves and stretches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tflhelpers.data.boxes import rel_yxyx_to_xyxy
from tflhelpers.explaining.figures import (
    BLUE,
    FAINT,
    GREEN,
    ORANGE,
    as_picture,
    draw_box,
    new_figure,
    show_picture,
)
from tflhelpers.model.anchors import ANCHORS_PER_CELL, MAX_LEVEL, MIN_LEVEL, anchors_rel_yxyx, grid_sizes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of the anchors of a cell: aspect ratio outer, octave scale inner.
_COLOURS = (BLUE, BLUE, ORANGE, ORANGE, GREEN, GREEN)
_SHAPES = (("square", BLUE), ("twice as wide as high", ORANGE), ("twice as high as wide", GREEN))
_VIEW = 0.2  # of the picture's sides that is shown around it


class LevelAnchors(NamedTuple):
    """The anchors of one level of the pyramid.

    Attributes:
        level: 3 (finest) to 7.
        stride: pixels of the network's input between two cells.
        grid: (rows, columns) of cells.
        anchors: how many, `ANCHORS_PER_CELL` a cell.
        sides: of the two square ones, in pixels of the network's input.
    """

    level: int
    stride: int
    grid: tuple[int, int]
    anchors: int
    sides: tuple[float, float]


def anchor_table(image_size: tuple[int, int]) -> list[LevelAnchors]:
    """How many anchors of what size each level has, finest first.

    Args:
        image_size: (height, width) of the network's input in pixels.

    Example:
        >>> anchor_table((256, 256))[0][:4]
        (3, 8, (32, 32), 6144)
    """
    table = []
    for level, grid in enumerate(grid_sizes(image_size), start=MIN_LEVEL):
        square = cell_anchors(image_size, level, (0, 0))[:2]
        small, large = np.round(square[:, 2] - square[:, 0], 1).tolist()
        table.append(
            LevelAnchors(level, 2**level, grid, grid[0] * grid[1] * ANCHORS_PER_CELL, (small, large))
        )
    return table


def cell_anchors(image_size: tuple[int, int], level: int, cell: tuple[int, int]) -> np.ndarray:
    """The anchors of one cell as the network has them, in pixels of its input; they may reach outside.

    Args:
        image_size: (height, width) of the network's input in pixels.
        level: 3 (finest) to 7.
        cell: (row, column) in the level's grid.

    Returns:
        float32 (6, 4) x1, y1, x2, y2: two sizes each of square, wide and high ones.

    Raises:
        ValueError: there is no such level or cell.
    """
    if not MIN_LEVEL <= level <= MAX_LEVEL:
        raise ValueError(f"level must be {MIN_LEVEL} to {MAX_LEVEL}, got {level}.")
    grids = grid_sizes(image_size)
    rows, columns = grids[level - MIN_LEVEL]
    row, column = cell
    if not (0 <= row < rows and 0 <= column < columns):
        raise ValueError(
            f"cell must lie in the {rows} x {columns} cells of level {level}, got {tuple(cell)}."
        )
    before = sum(r * c for r, c in grids[: level - MIN_LEVEL])
    first = (before + row * columns + column) * ANCHORS_PER_CELL
    return rel_yxyx_to_xyxy(anchors_rel_yxyx(image_size)[first : first + ANCHORS_PER_CELL], image_size)


def draw_anchors(image, network_size: tuple[int, int], *, at: tuple[float, float] = (0.5, 0.5)) -> Figure:
    """A picture once a level, with the middles of the level's cells and the six anchors of one of them.

    Args:
        image: a path, or RGB uint8 (H, W, 3); it is shown as the network sees it, at the network's size.
        network_size: (height, width) of the network's input, `detector.image_size`.
        at: (x, y), fractions of the picture: the anchors of the cells there are drawn.
    """
    picture = _as_network_sees(as_picture(image), network_size)
    table = anchor_table(network_size)
    figure, axes = new_figure(2, 3, size=(11, 8), layout="compressed")
    for panel, level in zip(axes.ravel(), table, strict=False):
        show_picture(panel, picture, faded=0.35)
        _draw_level(panel, level, network_size, at)
    axes[1, 2].axis("off")
    handles = [_line(colour) for _, colour in _SHAPES]
    axes[1, 2].legend(handles, [name for name, _ in _SHAPES], loc="center", frameon=False, fontsize=12)
    axes[1, 2].text(
        0.5,
        0.22,
        "dots: the middles of the cells;\neach has six such anchors",
        ha="center",
        va="center",
        fontsize=11,
        transform=axes[1, 2].transAxes,
    )
    return figure


def _as_network_sees(picture: np.ndarray, network_size: tuple[int, int]) -> np.ndarray:
    from tflhelpers.model.preprocess import network_input

    return np.rint(network_input(picture, network_size)).astype(np.uint8)


def _draw_level(axes, level: LevelAnchors, network_size: tuple[int, int], at: tuple[float, float]) -> None:
    rows, columns = level.grid
    cell = min(int(at[1] * rows), rows - 1), min(int(at[0] * columns), columns - 1)
    first = _middle(cell_anchors(network_size, level.level, (0, 0)))
    x, y = np.meshgrid(
        np.arange(columns) * level.stride + first[0], np.arange(rows) * level.stride + first[1]
    )
    dots = min(max(1.2, level.stride / 12), 4)
    axes.plot(x.ravel(), y.ravel(), "o", color=FAINT, markersize=dots, markeredgewidth=0)
    anchors = cell_anchors(network_size, level.level, cell)
    for xyxy, colour in zip(anchors, _COLOURS, strict=True):
        draw_box(axes, xyxy, colour, line_width=1.6)
    left, top, right, bottom = _view(anchors, network_size)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_title(
        f"level {level.level}: {rows} x {columns} cells\n{level.anchors:,} anchors, squares of "
        f"{level.sides[0]:.0f} and {level.sides[1]:.0f} px",
        fontsize=10,
    )


def _view(anchors_xyxy: np.ndarray, network_size: tuple[int, int]) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 of what is shown: the picture with some room around it, and the anchors as a whole."""
    height, width = network_size
    edges = 1.05 * (anchors_xyxy - [width / 2, height / 2] * 2) + [width / 2, height / 2] * 2
    return (
        min(-_VIEW * width, float(edges[:, 0].min())),
        min(-_VIEW * height, float(edges[:, 1].min())),
        max((1 + _VIEW) * width, float(edges[:, 2].max())),
        max((1 + _VIEW) * height, float(edges[:, 3].max())),
    )


def _middle(anchors_xyxy: np.ndarray) -> np.ndarray:
    return (anchors_xyxy[0, :2] + anchors_xyxy[0, 2:]) / 2


def _line(colour: str):
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, linewidth=2)
