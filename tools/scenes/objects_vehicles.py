"""Vehicles as parametric families: each function makes one random member of solids."""

from __future__ import annotations

import numpy as np

from tools.scenes.paint import (
    any_color,
    any_paint,
    dots,
    gradient,
    plain,
    stripes,
    wood,
    wood_color,
)
from tools.scenes.render import Solid
from tools.scenes.sdf import (
    box,
    capsule,
    cylinder,
    ellipsoid,
    extruded,
    lathe,
    sphere,
    torus,
    union,
    without,
)

Rng = np.random.Generator
GLASS = (0.25, 0.36, 0.45)
RUBBER = (0.09, 0.09, 0.1)


def wheel_set(x: float, y: float, z: float, radius: float, rng: Rng) -> list[Solid]:
    """Four wheels at (+-x, y, +-z) with hubs; the axle runs along z."""
    tire = cylinder(radius, 0.09, 0.03).turned("x", 90).at(x=x, y=y, z=z).mirrored("x").mirrored("z")
    hub = cylinder(radius * 0.55, 0.1, 0.01).turned("x", 90).at(x=x, y=y, z=z).mirrored("x").mirrored("z")
    rim = any_color(rng) if rng.random() < 0.5 else (0.75, 0.75, 0.78)
    return [Solid(tire, plain(RUBBER), 0.1), Solid(hub, plain(rim), 0.7)]


def car(rng: Rng) -> list[Solid]:
    """Car with cabin, windows, lamps and wheels."""
    color, tall, long = any_paint(rng), rng.uniform(0.2, 0.3), rng.uniform(0.8, 1.05)
    cabin_x = rng.uniform(-0.2, 0.05)
    lower = box(long, tall, 0.45, rng.uniform(0.06, 0.16))
    upper = box(long * 0.52, 0.24, 0.4, 0.14).at(x=cabin_x, y=tall + 0.12)
    windows = union(box(long * 0.54, 0.1, 0.3, 0.04), box(long * 0.36, 0.1, 0.42, 0.04)).at(
        x=cabin_x, y=tall + 0.14
    )
    lamps = sphere(0.08).at(x=long * 0.97, y=0.05, z=0.3).mirrored("z")
    rear = sphere(0.07).at(x=-long * 0.97, y=0.08, z=0.3).mirrored("z")
    radius = rng.uniform(0.18, 0.24)
    return [
        Solid(union(lower, upper, blend=0.1), color, 0.8),
        Solid(windows, plain(GLASS), 1.0, 0.3),
        Solid(lamps, plain((1.0, 0.95, 0.7)), 0.9),
        Solid(rear, plain((0.8, 0.05, 0.05)), 0.9),
        *wheel_set(long * 0.6, -tall, 0.42, radius, rng),
    ]


def truck(rng: Rng) -> list[Solid]:
    """Truck with a cab and a box, a tipper or a tank."""
    cab = box(0.26, 0.36, 0.4, 0.06).at(x=0.68, y=0.12)
    window = box(0.14, 0.12, 0.42, 0.02).at(x=0.78, y=0.28)
    front = box(0.1, 0.12, 0.33, 0.02).at(x=0.86, y=0.28)
    bed = box(1.0, 0.07, 0.38).at(y=-0.27)
    style = rng.integers(3)
    load = [
        box(0.66, rng.uniform(0.35, 0.5), 0.44, 0.03).at(x=-0.3, y=0.22),
        without(box(0.66, 0.3, 0.44, 0.03), box(0.6, 0.3, 0.38).at(y=0.1)).at(x=-0.3, y=0.1),
        capsule((-0.7, 0.14, 0), (0.15, 0.14, 0), 0.36),
    ][style]
    return [
        Solid(cab, plain(any_color(rng)), 0.7),
        Solid(union(window, front), plain(GLASS), 1.0, 0.3),
        Solid(bed, plain((0.2, 0.2, 0.22))),
        Solid(load, any_paint(rng), 0.5, 0.5 if style == 2 and rng.random() < 0.5 else 0.0),
        *wheel_set(0.62, -0.35, 0.38, 0.2, rng),
    ]


def boat(rng: Rng) -> list[Solid]:
    """Sailing boat or steamer."""
    outer = ellipsoid(1.0, 0.5, 0.4).kept("y", below=0.0)
    hull = without(outer, ellipsoid(0.88, 0.36, 0.32)).at(y=-0.3)
    deck = ellipsoid(0.9, 0.2, 0.33).kept("y", above=-0.02, below=0.0).at(y=-0.38)
    first, second = any_color(rng), any_color(rng)
    solids = [Solid(hull, gradient(first, second, -0.55, -0.5), 0.5), Solid(deck, wood(rng, wood_color(rng)))]
    if rng.random() < 0.55:
        sail = extruded([(0.04, -0.1), (0.04, 1.0), (rng.uniform(0.6, 0.8), -0.1)], 0.02)
        jib = extruded([(-0.04, -0.1), (-0.04, 0.8), (-0.55, -0.1)], 0.02)
        cloth = any_paint(rng) if rng.random() < 0.6 else plain((0.96, 0.95, 0.9))
        mast = capsule((0, -0.4, 0), (0, 1.05, 0), 0.035)
        return solids + [
            Solid(sail, cloth, 0.05),
            Solid(jib, cloth, 0.05),
            Solid(mast, plain(wood_color(rng))),
        ]
    cabin = box(0.42, 0.2, 0.22, 0.03).at(y=-0.15)
    chimney = [cylinder(0.1, 0.25).at(x=x, y=0.25) for x in (-0.15, 0.2)[: int(rng.integers(1, 3))]]
    bands = stripes(any_color(rng), any_color(rng), (0, 1, 0), 0.3)
    return solids + [
        Solid(cabin, dots((0.95, 0.95, 0.92), GLASS, 0.2, 0.3), 0.4),
        Solid(union(*chimney), bands, 0.4),
    ]


def rocket(rng: Rng) -> list[Solid]:
    """Rocket with nose, fins, window and flame."""
    r = rng.uniform(0.24, 0.36)
    body = lathe([-0.7, -0.5, 0.1, 0.5, 1.0], [r * 0.7, r * 0.95, r, r * 0.75, 0.02])
    nose, main = any_color(rng), any_color(rng)
    tip = rng.uniform(0.35, 0.6)

    def paint(p: np.ndarray) -> np.ndarray:
        return np.where(p[1] > tip, np.array(nose)[:, None], coat(p)).astype(np.float32)

    coat = any_paint(rng, main)
    plate = extruded([(r * 0.7, -0.25), (r * 0.7, -0.7), (r + 0.35, -0.95), (r + 0.3, -0.6)], 0.035)
    count = int(rng.integers(3, 5))
    fins = union(*[plate.turned("y", 360.0 * i / count) for i in range(count)])
    window = torus(0.11, 0.03).turned("x", 90).at(y=0.15, z=r)
    glass = sphere(0.1).stretched(1, 1, 0.4).at(y=0.15, z=r)
    flame = lathe([-1.2, -0.9, -0.7], [0.0, 0.16, 0.12])
    solids = [
        Solid(body, paint, 0.6),
        Solid(fins, plain(nose), 0.5),
        Solid(window, plain((0.8, 0.8, 0.82)), 0.7, 0.5),
    ]
    solids.append(Solid(glass, plain(GLASS), 1.0))
    return solids + (
        [Solid(flame, gradient((1, 0.3, 0.05), (1, 0.9, 0.3), -1.15, -0.7))] if rng.random() < 0.6 else []
    )


def plane(rng: Rng) -> list[Solid]:
    """Aeroplane with wings, tail, windows and engines or a propeller."""
    r, coat, second = rng.uniform(0.15, 0.24), any_paint(rng), plain(any_color(rng))
    body = capsule((0.85, 0, 0), (-0.9, 0.08, 0), r, r * 0.45)
    wing = box(0.2, 0.03, 0.95, 0.02).at(y=rng.choice([-0.06, r * 0.9]))
    tail = union(
        box(0.1, 0.025, 0.38, 0.02).at(x=-0.88, y=0.1), box(0.12, 0.2, 0.025, 0.02).at(x=-0.88, y=0.25)
    )
    cockpit = ellipsoid(0.24, r * 0.6, r * 0.7).at(x=0.62, y=r * 0.65)
    solids = [
        Solid(body, coat, 0.7),
        Solid(union(wing, tail), second, 0.6),
        Solid(cockpit, plain(GLASS), 1.0, 0.3),
    ]
    if rng.random() < 0.5:
        pod = capsule((0.25, -0.12, 0.45), (-0.1, -0.12, 0.45), 0.09).mirrored("z")
        return solids + [Solid(pod, plain((0.7, 0.7, 0.72)), 0.7, 0.4)]
    blades = (
        union(box(0.02, 0.42, 0.05), box(0.02, 0.05, 0.42)).turned("x", rng.uniform(0, 90)).at(x=0.88 + r)
    )
    return solids + [Solid(union(blades, sphere(0.08).at(x=0.88 + r)), plain((0.3, 0.2, 0.15)), 0.5)]
