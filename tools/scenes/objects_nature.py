"""Food, plants and the sea as parametric families: each function makes one random member of solids."""

from __future__ import annotations

import numpy as np

from tools.scenes.paint import (
    any_color,
    any_paint,
    blotches,
    checks,
    dots,
    gradient,
    hsv,
    mottled,
    near,
    plain,
    stripes,
    wood,
    wood_color,
)
from tools.scenes.render import Solid
from tools.scenes.sdf import capsule, chain, cone, cylinder, ellipsoid, lathe, sphere, torus, union, without

Rng = np.random.Generator


def _green(rng: Rng) -> tuple:
    return near(rng, rng.uniform(0.24, 0.4), 0.7, rng.uniform(0.35, 0.75))


def _specks(rng: Rng, count: int, radius: float, size: float, low: float = -1.0) -> list:
    """Small balls scattered on a ball, none below `low` of its height."""
    directions = rng.normal(size=(4 * count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return [sphere(size).at(*(d * radius)) for d in directions[directions[:, 1] > low][:count]]


def apple(rng: Rng) -> list[Solid]:
    """Apple with a dimple, a stalk and a leaf."""
    wide, tall = 0.62, rng.uniform(0.5, 0.66)
    dimple = cone(0.02, 0.24, 0.14).at(y=tall * 0.98)
    body = without(union(ellipsoid(wide, tall, wide), torus(0.3, 0.26).at(y=tall * 0.35), blend=0.25), dimple)
    stalk = capsule((0, tall * 0.7, 0), (rng.uniform(-0.1, 0.1), tall + 0.28, 0.02), 0.035)
    leaf = ellipsoid(0.22, 0.02, 0.1).turned("z", rng.uniform(10, 40)).at(x=0.2, y=tall + 0.2)
    skin = near(rng, rng.choice([0.0, 0.0, 0.24, 0.14]), 0.85, 0.8)
    paint = gradient(skin, near(rng, rng.uniform(0.0, 0.25), 0.8, 0.85), -0.7, 0.7)
    return [
        Solid(body, mottled(rng, skin, 0.15) if rng.random() < 0.5 else paint, 0.6),
        Solid(stalk, plain((0.35, 0.22, 0.1))),
        Solid(leaf, plain(_green(rng))),
    ]


def banana(rng: Rng) -> list[Solid]:
    """One banana or two."""
    bend, fat = rng.uniform(0.25, 0.5), rng.uniform(0.15, 0.22)
    angles = np.linspace(-1.1, 1.1, 6)
    points = [(0.95 * np.sin(a), bend * (1 - np.cos(a)) * 2, 0.0) for a in angles]
    body = chain(points, [fat * 0.45, fat * 0.95, fat, fat, fat * 0.95, fat * 0.4], 0.12)
    x, y, _ = points[-1]
    stalk = capsule((x, y, 0), (x + 0.1, y + 0.16, 0), fat * 0.4, fat * 0.3)
    yellow = near(rng, 0.14, 0.85, 0.95) if rng.random() < 0.8 else near(rng, 0.2, 0.7, 0.75)
    paint = plain(yellow) if rng.random() < 0.5 else blotches(rng, yellow, (0.35, 0.22, 0.08), 0.3, 1.6)
    solids = [Solid(body, paint, 0.35), Solid(stalk, plain((0.35, 0.3, 0.12)))]
    if rng.random() < 0.4:
        twin = chain(
            [(px, py + 0.1, 0.3) for px, py, _ in points], [fat * s for s in (0.4, 0.9, 1, 1, 0.9, 0.4)], 0.12
        )
        solids.append(Solid(twin, paint, 0.35))
    return solids


def carrot(rng: Rng) -> list[Solid]:
    """Carrot with rings and leaves."""
    r = rng.uniform(0.2, 0.32)
    orange = near(rng, 0.065, 0.9, 0.95)
    body = lathe([-1, -0.9, 0.3, 0.42], [0.03, 0.06, r, r * 0.75])
    paint = stripes(orange, tuple(0.8 * c for c in orange), (0, 1, 0), 0.21, 0.12)
    leaves = [
        chain(
            [(0, 0.38, 0), (0.12 * np.cos(a), 0.7, 0.12 * np.sin(a)), (0.4 * np.cos(a), h, 0.4 * np.sin(a))],
            [0.03, 0.05, 0.06],
        )
        for a, h in zip(rng.uniform(0, 6.28, 5), rng.uniform(0.75, 1.1, 5), strict=True)
    ]
    return [Solid(body, paint, 0.3), Solid(union(*leaves), plain(_green(rng)), 0.1)]


def donut(rng: Rng) -> list[Solid]:
    """Glazed ring with sprinkles."""
    tube = rng.uniform(0.24, 0.32)
    dough = torus(0.55, tube)
    glaze = torus(0.55, tube + 0.025).kept("y", above=rng.uniform(0.0, 0.1))
    a, b = rng.uniform(0, 6.28, (2, 16))
    sprinkles = []
    for turn, up in zip(a, 0.3 + b / 3, strict=True):
        out = 0.55 + (tube + 0.03) * np.cos(up + 0.4)
        place = np.array([out * np.cos(turn), (tube + 0.03) * np.sin(up + 0.4), out * np.sin(turn)])
        side = rng.normal(size=3) * 0.04
        sprinkles.append(capsule(place - side, place + side, 0.025))
    top = hsv(rng.choice([0.93, 0.06, 0.55, 0.1, 0.8]), rng.uniform(0.2, 0.7), rng.uniform(0.35, 1))
    return [
        Solid(dough, mottled(rng, near(rng, 0.09, 0.6, 0.78)), 0.15),
        Solid(glaze, plain(top), 0.8),
        Solid(union(*sprinkles), dots(any_color(rng), any_color(rng), 0.3), 0.4),
    ]


def ice_cream(rng: Rng) -> list[Solid]:
    """Waffle cone with one to three scoops."""
    r = rng.uniform(0.34, 0.46)
    waffle = checks(near(rng, 0.09, 0.6, 0.85), near(rng, 0.08, 0.7, 0.6), 0.16)
    solids = [Solid(cone(0.05, r, 0.55).at(y=-0.6), waffle, 0.1)]
    for i in range(int(rng.integers(1, 4))):
        y = 0.08 + i * r * 1.0
        scoop = union(
            sphere(r * (1.05 - 0.1 * i)).at(y=y), torus(r * 0.85, 0.1).at(y=y - r * 0.35), blend=0.1
        )
        cream = hsv(rng.random(), rng.uniform(0.1, 0.6), rng.uniform(0.5, 1))
        solids.append(Solid(scoop, mottled(rng, cream, 0.12, 0.15), 0.2))
    if rng.random() < 0.5:
        solids.append(Solid(sphere(0.12).at(y=y + r * 1.0), plain((0.8, 0.08, 0.12)), 0.9))
    return solids


def mushroom(rng: Rng) -> list[Solid]:
    """Toadstool: domed cap with spots on a stem."""
    wide, tall = rng.uniform(0.6, 0.9), rng.uniform(0.35, 0.6)
    cap = ellipsoid(wide, tall, wide).kept("y", above=-0.04).at(y=0.1)
    stem = lathe([-0.9, -0.75, -0.2, 0.15], [rng.uniform(0.2, 0.35), 0.26, 0.17, 0.2])
    color = near(rng, 0.0, 0.85, 0.85) if rng.random() < 0.5 else any_color(rng)
    spots = union(*_specks(rng, 14, 1.0, 0.16, 0.1)).stretched(wide, tall, wide).at(y=0.1)
    solids = [Solid(cap, plain(color), 0.5), Solid(stem, mottled(rng, (0.93, 0.9, 0.82)), 0.1)]
    return solids + ([Solid(spots, plain((0.96, 0.95, 0.9)), 0.2)] if rng.random() < 0.75 else [])


def cupcake(rng: Rng) -> list[Solid]:
    """Cake in a pleated cup with a swirl of cream."""
    paper = cone(0.42, 0.6, 0.38).at(y=-0.45)
    count = int(rng.integers(7, 13))

    def pleats(p: np.ndarray) -> np.ndarray:
        return np.where(np.sin(np.arctan2(p[2], p[0]) * count * 2) > 0, dark, light)

    first = any_color(rng)
    light, dark = (np.array([[scale * c] for c in first], np.float32) for scale in (1.0, 0.75))
    swirls = [torus(0.42 - 0.13 * i, 0.2 - 0.02 * i).at(y=0.08 + 0.24 * i) for i in range(3)]
    cream = union(*swirls, ellipsoid(0.4, 0.5, 0.4).at(y=0.2), blend=0.06)
    topping = sphere(0.13).at(y=0.85)
    icing = hsv(rng.random(), rng.uniform(0.05, 0.55), rng.uniform(0.45, 1))
    return [
        Solid(paper, pleats, 0.2),
        Solid(cream, plain(icing), 0.4),
        Solid(topping, plain(any_color(rng)), 0.9),
    ]


def pear(rng: Rng) -> list[Solid]:
    """Pear with a stalk."""
    body = union(sphere(0.55).at(y=-0.35), sphere(rng.uniform(0.26, 0.36)).at(y=0.45), blend=0.5)
    stalk = capsule((0, 0.6, 0), (0.08, 1.0, 0), 0.04)
    skin = near(rng, rng.uniform(0.1, 0.25), 0.7, 0.8)
    paint = gradient(skin, near(rng, 0.05, 0.7, 0.8), rng.uniform(-2, 0), 1.0)
    return [
        Solid(body, mottled(rng, skin, 0.2, 0.12) if rng.random() < 0.5 else paint, 0.4),
        Solid(stalk, plain((0.3, 0.2, 0.1))),
    ]


def tree(rng: Rng) -> list[Solid]:
    """Leafy tree: a trunk and a crown of balls."""
    trunk = union(capsule((0, -1, 0), (0, 0.1, 0), 0.13, 0.08), capsule((0, -0.2, 0), (0.3, 0.25, 0.1), 0.06))
    leaf, balls = _green(rng), []
    if rng.random() < 0.2:
        leaf = near(rng, rng.choice([0.06, 0.12, 0.95]), 0.7, 0.8)
    for place in rng.normal(size=(int(rng.integers(5, 10)), 3)) * [0.33, 0.22, 0.33]:
        balls.append(sphere(rng.uniform(0.26, 0.42)).at(place[0], place[1] + 0.45, place[2]))
    crown = union(*balls, blend=0.12)
    return [
        Solid(trunk, wood(rng, (0.42, 0.28, 0.16)), 0.05),
        Solid(crown, mottled(rng, leaf, 0.3, 0.12), 0.05),
    ]


def fir(rng: Rng) -> list[Solid]:
    """Fir tree of stacked cones, sometimes with baubles and a snowy top."""
    layers, wide = int(rng.integers(3, 6)), rng.uniform(0.5, 0.75)
    leaf = near(rng, 0.38, 0.65, 0.45, 0.07)
    paint = (
        mottled(rng, leaf, 0.3, 0.1) if rng.random() < 0.7 else gradient(leaf, (0.95, 0.97, 1.0), -0.4, 1.0)
    )
    cones = []
    for i in range(layers):
        share = i / layers
        cones.append(
            cone(wide * (1 - 0.75 * share), wide * 0.3 * (1 - share), 0.28).at(y=-0.5 + 1.35 * share)
        )
    solids = [
        Solid(union(*cones), paint, 0.05),
        Solid(cylinder(0.11, 0.2).at(y=-0.9), plain((0.4, 0.26, 0.14)), 0.05),
    ]
    if rng.random() < 0.5:
        turns = np.linspace(0, 19, 14)
        balls = [
            sphere(0.06).at(s * np.cos(t) * wide * 0.9, 0.75 - 1.3 * s, s * np.sin(t) * wide * 0.9)
            for t, s in zip(turns, np.linspace(0.15, 1, 14), strict=True)
        ]
        solids.append(Solid(union(*balls), plain(any_color(rng)), 0.9))
    return solids


def flower(rng: Rng) -> list[Solid]:
    """Flower with petals, stem and leaves."""
    count, r = int(rng.integers(5, 11)), rng.uniform(0.2, 0.3)
    head = []
    for turn in np.arange(count) * 360 / count:
        head.append(ellipsoid(0.32, r * 6 / count, 0.06).at(x=0.42).turned("z", float(turn)))
    petals = union(*head).turned("x", -25).at(y=0.45)
    heart = ellipsoid(0.2, 0.2, 0.1).at(z=0.04).turned("x", -25).at(y=0.45)
    stem = chain([(0, 0.42, -0.03), (rng.uniform(-0.1, 0.1), -0.2, 0), (0, -1, 0)], [0.04, 0.045, 0.05])
    leaf = ellipsoid(0.3, 0.03, 0.12).turned("z", 35).at(x=0.25, y=-0.5)
    green = plain(_green(rng))
    solids = [Solid(petals, plain(any_color(rng)), 0.15), Solid(stem, green), Solid(leaf, green)]
    return solids + [Solid(heart, mottled(rng, near(rng, 0.12, 0.8, 0.9), 0.3, 0.05), 0.1)]


def cactus(rng: Rng) -> list[Solid]:
    """Cactus with arms in a pot."""
    green, r = _green(rng), rng.uniform(0.18, 0.28)
    arms = [capsule((0, -0.5, 0), (0, 0.75, 0), r)]
    for side in (-1, 1)[: int(rng.integers(1, 3))]:
        y, out = rng.uniform(-0.2, 0.3), side * rng.uniform(0.45, 0.6)
        arms.append(
            chain([(0, y, 0), (out, y + 0.05, 0), (out, y + rng.uniform(0.25, 0.5), 0)], [r * 0.6] * 3, 0.08)
        )
    pot = cone(0.3, 0.42, 0.24).at(y=-0.75)
    rim = cylinder(0.46, 0.06, 0.02).at(y=-0.52)
    clay = plain(near(rng, 0.05, 0.65, 0.75)) if rng.random() < 0.6 else any_paint(rng)
    skin = stripes(green, tuple(0.7 * c for c in green), (1, 0, 0.3), 0.09, 0.35)
    needles = dots(green, (0.95, 0.95, 0.8), 0.11, 0.2)
    return [
        Solid(union(*arms, blend=0.08), skin if rng.random() < 0.5 else needles, 0.1),
        Solid(pot, clay),
        Solid(rim, clay),
    ]


def fish(rng: Rng) -> list[Solid]:
    """Fish with fins and eyes."""
    tall, fat = rng.uniform(0.28, 0.5), rng.uniform(0.14, 0.26)
    color = any_color(rng)
    skin = any_paint(rng, color) if rng.random() < 0.8 else gradient((0.9, 0.9, 0.92), color, -0.3, 0.3)
    tail = union(
        ellipsoid(0.3, 0.12, 0.04).turned("z", 45).at(x=-0.92, y=-0.18),
        ellipsoid(0.3, 0.12, 0.04).turned("z", -45).at(x=-0.92, y=0.18),
        blend=0.05,
    )
    fin = ellipsoid(0.35, 0.2, 0.035).at(x=-0.05, y=tall * 0.9)
    side = ellipsoid(0.18, 0.08, 0.03).turned("y", 35).at(x=0.1, y=-0.08, z=fat + 0.05)
    eye = sphere(0.09).at(x=0.48, y=0.1, z=fat * 0.72)
    pupil = sphere(0.055).at(x=0.51, y=0.11, z=fat * 0.72 + 0.055)
    fins = any_paint(rng) if rng.random() < 0.5 else skin
    return [
        Solid(
            union(ellipsoid(0.75, tall, fat), capsule((-0.5, 0, 0), (-0.8, 0, 0), 0.09), blend=0.15),
            skin,
            0.6,
        ),
        Solid(union(tail, fin, side.mirrored("z")), fins, 0.4),
        Solid(eye.mirrored("z"), plain((0.97, 0.97, 0.95)), 0.9),
        Solid(pupil.mirrored("z"), plain((0.03, 0.03, 0.04)), 0.9),
    ]


def pumpkin(rng: Rng) -> list[Solid]:
    """Ribbed pumpkin with a stalk."""
    count, tall = int(rng.integers(7, 11)), rng.uniform(0.42, 0.62)
    ribs = [
        ellipsoid(0.38, tall, 0.27).at(x=0.34).turned("y", float(t)) for t in np.arange(count) * 360 / count
    ]
    stalk = chain([(0, tall * 0.7, 0), (0, tall + 0.1, 0), (0.12, tall + 0.25, 0)], [0.1, 0.06, 0.05])
    skin = near(rng, 0.075, 0.9, 0.92) if rng.random() < 0.7 else near(rng, rng.uniform(0.1, 0.3), 0.6, 0.7)
    return [Solid(union(*ribs, blend=0.05), mottled(rng, skin), 0.35), Solid(stalk, plain((0.35, 0.4, 0.15)))]


def log_pile(rng: Rng) -> list[Solid]:
    """A cut log, or three of them stacked."""
    r, bark = rng.uniform(0.3, 0.4), wood_color(rng)
    places = [(0.0, 0.0)] if rng.random() < 0.4 else [(-r, -0.3), (r, -0.3), (0, -0.3 + 1.73 * r)]
    rods = [cylinder(r, 0.85, 0.02).turned("x", 90).at(x=x, y=y) for x, y in places]

    def rings(p: np.ndarray) -> np.ndarray:
        distance = np.min([np.hypot(p[0] - x, p[1] - y) for x, y in places], axis=0)
        return np.where(np.sin(distance * 70) > 0.2, 0.8, 1.0) * np.array([[0.87], [0.7], [0.48]], np.float32)

    ends = [cylinder(r * 0.88, 0.86).turned("x", 90).at(x=x, y=y) for x, y in places]
    shell = mottled(rng, tuple(0.6 * c for c in bark), 0.4, 0.08)
    return [Solid(union(*rods), shell, 0.02), Solid(union(*ends), rings, 0.02)]
