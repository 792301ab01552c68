"""The demo's object: a yellow toy duck in a sailor's cap, two units long, facing +x, its foot at y = 0."""

from __future__ import annotations

import numpy as np

from tools.scenes.paint import mix, plain
from tools.scenes.render import Solid
from tools.scenes.sdf import Shape, capsule, cylinder, ellipsoid, sphere, torus, union

YELLOW = (1.0, 0.8, 0.05)
WARM = (1.0, 0.66, 0.03)
ORANGE = (0.98, 0.42, 0.04)
NAVY = (0.1, 0.2, 0.5)
HEAD = (0.5, 1.3, 0.0)


def _body() -> Shape:
    chest = ellipsoid(0.9, 0.56, 0.66).at(y=0.46)
    tail = capsule((-0.5, 0.55, 0), (-1.02, 0.98, 0), 0.36, 0.1)
    neck = capsule((0.38, 0.7, 0), (0.5, 1.2, 0), 0.4, 0.32)
    wing = ellipsoid(0.46, 0.25, 0.13).turned("z", -16).turned("y", 8).at(x=-0.16, y=0.62, z=0.6)
    tip = ellipsoid(0.22, 0.12, 0.08).turned("z", -38).at(x=-0.58, y=0.82, z=0.55)
    smooth = union(chest, tail, neck, sphere(0.5).at(*HEAD), blend=0.26)
    return union(smooth, union(wing, tip, blend=0.12).mirrored("z"), blend=0.05).kept("y", above=0.0)


def _skin(p: np.ndarray) -> np.ndarray:
    """Yellow, warmer below, with rosy cheeks."""
    color = mix(WARM, YELLOW, np.clip(p[1] / 0.9, 0, 1))
    cheek = (p[0] - 0.78) ** 2 + (p[1] - 1.14) ** 2 + (np.abs(p[2]) - 0.4) ** 2
    blush = np.clip(1.25 - cheek / 0.018, 0, 0.6)
    return color * (1 - blush) + np.array([[1.0], [0.45], [0.25]], np.float32) * blush


def _beak() -> Shape:
    upper = ellipsoid(0.3, 0.075, 0.25).turned("z", 12).at(x=1.02, y=1.22)
    bridge = ellipsoid(0.2, 0.12, 0.15).at(x=0.95, y=1.25)
    lower = ellipsoid(0.22, 0.06, 0.18).turned("z", -14).at(x=0.98, y=1.11)
    return union(union(upper, bridge, blend=0.08), lower, blend=0.02)


def _on_head(shape: Shape) -> Shape:
    return shape.turned("z", 8).turned("x", 14).at(HEAD[0] - 0.06, HEAD[1] + 0.43, HEAD[2] + 0.08)


def duck(owner: int = 1) -> list[Solid]:
    """The duck's solids, all with the given owner number."""
    white = sphere(0.135).stretched(0.8, 1.15, 1).at(x=0.85, y=1.44, z=0.24).mirrored("z")
    pupil = sphere(0.09).stretched(0.8, 1.2, 1).at(x=0.92, y=1.45, z=0.275).mirrored("z")
    spark = sphere(0.032).at(x=0.985, y=1.51, z=0.275).mirrored("z")
    crown = union(cylinder(0.27, 0.09, 0.05).at(y=0.14), ellipsoid(0.24, 0.14, 0.24).at(y=0.18), blend=0.03)
    brim = cylinder(0.31, 0.075, 0.04).at(y=0.03)
    parts = [
        (_body(), _skin, 0.62),
        (_beak(), plain(ORANGE), 0.7),
        (white, plain((0.98, 0.98, 0.96)), 0.9),
        (pupil, plain((0.02, 0.02, 0.03)), 1.0),
        (spark, plain((1.0, 1.0, 1.0)), 0.0),
        (_on_head(crown), plain((0.97, 0.97, 0.95)), 0.1),
        (_on_head(brim), plain((0.97, 0.97, 0.95)), 0.1),
        (_on_head(torus(0.312, 0.028).at(y=0.05)), plain(NAVY), 0.3),
        (_on_head(sphere(0.07).at(y=0.35)), plain((0.86, 0.12, 0.1)), 0.1),
    ]
    return [Solid(shape, paint, gloss, 0.0, owner) for shape, paint, gloss in parts]
