"""Toys and figures as parametric families: each function makes one random member of solids."""

from __future__ import annotations

import numpy as np

from tools.scenes.paint import (
    any_color,
    any_paint,
    blotches,
    dots,
    hsv,
    mottled,
    near,
    plain,
    stripes,
    wedges,
    wood,
    wood_color,
)
from tools.scenes.render import Solid
from tools.scenes.sdf import (
    Shape,
    box,
    capsule,
    chain,
    cone,
    cylinder,
    ellipsoid,
    extruded,
    lathe,
    sphere,
    torus,
    union,
)

Rng = np.random.Generator
BLACK = (0.04, 0.04, 0.05)


def ball(rng: Rng) -> list[Solid]:
    """Ball with sectors, stripes, spots, patches or seams."""
    style, first, second = rng.integers(5), any_color(rng), any_color(rng)
    paint = [
        wedges([any_color(rng) for _ in range(6)]),
        stripes(first, second, rng.normal(size=3), rng.uniform(0.4, 0.9)),
        dots(first, second, rng.uniform(0.5, 0.8), 0.33),
        blotches(rng, first, second, 0.5, 9.0),
        stripes(first, second, (0, 1, 0), 2.0, 0.15),
    ][style]
    return [Solid(sphere(0.9), paint, rng.uniform(0.05, 0.95))]


def die(rng: Rng) -> list[Solid]:
    """Cube with pips."""
    body = box(0.6, 0.6, 0.6, rng.uniform(0.05, 0.15))
    s = 0.28
    faces = {
        0: [(0, 0)],
        1: [(-s, -s), (s, s)],
        2: [(-s, -s), (0, 0), (s, s)],
        3: [(-s, -s), (s, s), (-s, s), (s, -s)],
        4: [(-s, -s), (s, s), (-s, s), (s, -s), (0, 0)],
        5: [(-s, -s), (s, s), (-s, s), (s, -s), (-s, 0), (s, 0)],
    }
    centres = []
    for face, spots in faces.items():
        axis, side = face % 3, 0.6 if face < 3 else -0.6
        centres += [np.insert([a, b], axis, side) for a, b in spots]
    pips = np.array(centres, np.float32).T
    first, second = np.array([any_color(rng), any_color(rng)], np.float32)
    if np.abs(first - second).max() < 0.5:
        second = np.zeros(3, np.float32) if first.mean() > 0.5 else np.ones(3, np.float32)

    def paint(p: np.ndarray) -> np.ndarray:
        square = ((p[:, :, None] - pips[:, None, :]) ** 2).sum(axis=0).min(axis=1)
        return np.where(square < 0.0145, second[:, None], first[:, None])

    return [Solid(body, paint, rng.uniform(0.3, 0.9))]


def house(rng: Rng) -> list[Solid]:
    """House with a pitched roof, door, windows and chimney."""
    w, h, d, peak = (
        rng.uniform(0.5, 0.75),
        rng.uniform(0.35, 0.6),
        rng.uniform(0.5, 0.8),
        rng.uniform(0.4, 0.7),
    )
    roof = extruded([(-w - 0.12, h - 0.02), (0, h + peak), (w + 0.12, h - 0.02)], d + 0.1)
    attic = extruded([(-w, h - 0.05), (0, h + peak - 0.12), (w, h - 0.05)], d + 0.103)
    windows = [box(0.1, 0.13, d + 0.02).at(x=x, y=0.08) for x in (-w * 0.55, w * 0.55)]
    windows.append(box(w + 0.02, 0.13, 0.1).at(y=0.08, z=d * 0.4).mirrored("z"))
    door = box(0.13, 0.26, d + 0.025).at(y=-h + 0.25)
    chimney = box(0.09, 0.25, 0.09).at(x=w * 0.5, y=h + peak * 0.7, z=d * 0.3)
    brick = stripes(near(rng, 0.03, 0.65, 0.65), (0.5, 0.35, 0.3), (0, 1, 0), 0.1, 0.2)
    tiles = (
        stripes(any_color(rng), any_color(rng), (0, 1, 0), 0.12, 0.3)
        if rng.random() < 0.4
        else plain(any_color(rng))
    )
    wall = plain(any_color(rng)) if rng.random() < 0.6 else brick
    return [
        Solid(box(w, h, d), wall, 0.05),
        Solid(roof, tiles, 0.1),
        Solid(attic, wall, 0.05),
        Solid(union(*windows), plain((0.55, 0.75, 0.9)), 0.9, 0.2),
        Solid(door, plain(any_color(rng)), 0.3),
        Solid(chimney, brick, 0.05),
    ]


def robot(rng: Rng) -> list[Solid]:
    """Robot with head, eyes, antenna, arms and legs."""
    metal, gloss = rng.choice([0.0, 0.6]), rng.uniform(0.4, 0.9)
    coat, second = any_paint(rng), plain(any_color(rng))
    head = box(rng.uniform(0.25, 0.38), 0.24, 0.26, rng.uniform(0.03, 0.15)).at(y=0.68)
    torso = box(rng.uniform(0.32, 0.45), 0.38, 0.28, 0.06)
    arm_x, lift = 0.52, rng.uniform(-0.5, 0.4)
    arm = chain([(0.4, 0.25, 0), (arm_x + 0.12, 0.0, 0.05), (arm_x + 0.2, lift, 0.2)], [0.08] * 3, 0.02)
    hand = sphere(0.12).at(x=arm_x + 0.2, y=lift, z=0.2)
    leg, foot = (
        cylinder(0.09, 0.2).at(x=0.18, y=-0.55),
        box(0.14, 0.08, 0.22, 0.03).at(x=0.18, y=-0.78, z=0.06),
    )
    eyes = sphere(0.085).at(x=0.13, y=0.72, z=0.24).mirrored("x")
    antenna = union(capsule((0, 0.9, 0), (0, 1.1, 0), 0.02), sphere(0.06).at(y=1.13))
    panel = box(0.2, 0.14, 0.29, 0.02).at(y=0.05)
    limbs = union(arm.mirrored("x"), leg.mirrored("x"))
    return [
        Solid(head, coat, gloss, metal),
        Solid(torso, coat, gloss, metal),
        Solid(limbs, plain((0.45, 0.46, 0.5)), 0.6, 0.5),
        Solid(union(hand.mirrored("x"), foot.mirrored("x"), antenna), second, gloss),
        Solid(eyes, plain(hsv(rng.random(), 0.7, 1)), 0.9),
        Solid(panel, dots((0.9, 0.9, 0.85), any_color(rng), 0.13, 0.35), 0.3),
    ]


def snowman(rng: Rng) -> list[Solid]:
    """Snowman with hat, scarf, carrot nose and buttons."""
    r = rng.uniform(0.5, 0.58)
    snow = union(sphere(r).at(y=-0.5), sphere(r * 0.74).at(y=0.15), sphere(r * 0.54).at(y=0.68), blend=0.06)
    face = r * 0.54
    eyes = sphere(0.05).at(x=0.11, y=0.77, z=face * 0.9).mirrored("x")
    buttons = [sphere(0.05).at(y=y, z=r * 0.74) for y in (0.02, 0.22)]
    nose = capsule((0, 0.68, face * 0.9), (0.02, 0.66, face + 0.28), 0.07, 0.015)
    scarf = torus(r * 0.5, 0.08).at(y=0.44)
    tail = box(0.07, 0.2, 0.04, 0.02).at(x=0.2, y=0.26, z=r * 0.72)
    solids = [
        Solid(snow, mottled(rng, (0.95, 0.96, 1.0), 0.04, 0.15), 0.1),
        Solid(union(eyes, *buttons), plain(BLACK), 0.5),
        Solid(nose, plain((0.95, 0.5, 0.1)), 0.2),
        Solid(union(scarf, tail), any_paint(rng), 0.05),
    ]
    if rng.random() < 0.75:
        brim, crown = cylinder(0.36, 0.025).at(y=0.92), cylinder(0.23, rng.uniform(0.12, 0.24)).at(y=1.08)
        solids.append(Solid(union(brim, crown), plain(any_color(rng)), 0.3))
    return solids


def teddy(rng: Rng) -> list[Solid]:
    """Teddy bear, whole or only its head."""
    fur = near(rng, 0.08, 0.55, rng.uniform(0.35, 0.85)) if rng.random() < 0.65 else any_color(rng)
    light = tuple(min(1.0, 0.5 * c + 0.5) for c in fur)
    coat = mottled(rng, fur, 0.18, 0.07)
    ears = sphere(0.17).stretched(1, 1, 0.7).at(x=0.34, y=0.85).mirrored("x")
    inner = sphere(0.1).at(x=0.34, y=0.85, z=0.09).mirrored("x")
    head = union(ellipsoid(0.46, 0.42, 0.4).at(y=0.5), ears, blend=0.06)
    snout = ellipsoid(0.19, 0.15, 0.15).at(y=0.4, z=0.36)
    dark = union(
        sphere(0.055).at(x=0.17, y=0.57, z=0.35).mirrored("x"), ellipsoid(0.075, 0.05, 0.05).at(y=0.46, z=0.5)
    )
    solids = [
        Solid(head, coat, 0.02),
        Solid(union(snout, inner), plain(light), 0.02),
        Solid(dark, plain(BLACK), 0.9),
    ]
    if rng.random() < 0.3:
        return solids
    arm = capsule((0.35, 0.05, 0.1), (0.58, -0.15, 0.3), 0.15)
    leg = capsule((0.25, -0.62, 0.1), (0.42, -0.72, 0.5), 0.17)
    body = union(ellipsoid(0.42, 0.48, 0.38).at(y=-0.28), arm.mirrored("x"), leg.mirrored("x"), blend=0.08)
    belly = ellipsoid(0.27, 0.3, 0.1).at(y=-0.28, z=0.33)
    bow = ellipsoid(0.16, 0.1, 0.06).at(x=0.15, y=0.12, z=0.36).mirrored("x")
    return solids + [
        Solid(body, coat, 0.02),
        Solid(belly, plain(light), 0.02),
        Solid(bow, plain(any_color(rng)), 0.3),
    ]


def _star_outline(points: int, inner: float) -> list[tuple[float, float]]:
    angles = np.pi / 2 + np.arange(2 * points) * np.pi / points
    radii = np.where(np.arange(2 * points) % 2 == 0, 1.0, inner)
    return [(r * np.cos(a), r * np.sin(a)) for r, a in zip(radii, angles, strict=True)]


def star(rng: Rng) -> list[Solid]:
    """Star of four to seven points."""
    outline = _star_outline(int(rng.choice([4, 5, 5, 5, 6, 7])), rng.uniform(0.38, 0.6))
    plate = extruded(outline, rng.uniform(0.1, 0.25), rng.uniform(0.03, 0.09)).stretched(0.88, 0.88, 1)
    metal = 0.7 if rng.random() < 0.3 else 0.0
    color = near(rng, 0.13, 0.8, 0.95) if rng.random() < 0.4 else any_color(rng)
    return [Solid(plate, any_paint(rng, color), 0.7, metal)]


def pawn(rng: Rng) -> list[Solid]:
    """Chess pawn."""
    r = rng.uniform(0.4, 0.5)
    body = lathe([-1, -0.85, -0.75, -0.6, 0.1, 0.3], [r, r, r * 0.75, r * 0.6, 0.16, 0.2])
    collar, head = ellipsoid(0.3, 0.07, 0.3).at(y=0.28), sphere(rng.uniform(0.26, 0.32)).at(y=0.58)
    paint = wood(rng, wood_color(rng)) if rng.random() < 0.5 else plain(any_color(rng))
    return [Solid(union(body, collar, head, blend=0.03), paint, rng.uniform(0.2, 0.9))]


def guitar(rng: Rng) -> list[Solid]:
    """Guitar: waisted body, hole, neck and head."""

    def outline(grow: float, half: float) -> Shape:
        lower, upper = (
            cylinder(0.46 + grow, half).turned("x", 90),
            cylinder(0.34 + grow, half).turned("x", 90),
        )
        return union(lower.at(y=-0.55), upper.at(y=0.02), blend=0.2)

    wood_tone = near(rng, 0.08, 0.7, 0.75) if rng.random() < 0.6 else any_color(rng)
    hole = cylinder(0.14, 0.16).turned("x", 90).at(y=-0.2)
    neck = box(0.065, 0.55, 0.04).at(y=0.65, z=0.13)
    head = box(0.11, 0.14, 0.035, 0.02).at(y=1.25, z=0.12)
    bridge = box(0.2, 0.035, 0.03).at(y=-0.68, z=0.16)
    strings = union(*[box(0.006, 0.85, 0.006).at(x=x, y=0.2, z=0.18) for x in (-0.04, -0.013, 0.013, 0.04)])
    dark = plain((0.22, 0.13, 0.08))
    return [
        Solid(outline(0.0, 0.14), wood(rng, wood_tone), 0.7),
        Solid(outline(0.015, 0.1), dark, 0.5),
        Solid(union(neck, head, bridge), dark, 0.4),
        Solid(hole, plain(BLACK), 0.0),
        Solid(strings, plain((0.8, 0.8, 0.8)), 0.7),
    ]


def traffic_cone(rng: Rng) -> list[Solid]:
    """Cone with bands on a square foot."""
    color = near(rng, 0.05, 0.95, 0.95) if rng.random() < 0.6 else any_color(rng)
    second = (0.95, 0.95, 0.95) if rng.random() < 0.6 else any_color(rng)
    bands = stripes(color, second, (0, 1, 0), rng.uniform(0.5, 0.8), rng.uniform(0.25, 0.45))
    foot = box(0.62, 0.06, 0.62, 0.04).at(y=-0.85)
    return [Solid(cone(rng.uniform(0.4, 0.5), 0.08, 0.85), bands, 0.3), Solid(foot, plain(color), 0.3)]


def drum(rng: Rng) -> list[Solid]:
    """Drum with hoops, zigzag cords and sticks."""
    r, h = 0.7, rng.uniform(0.28, 0.5)
    hoop = torus(r, 0.06).at(y=h).mirrored("y")
    skin = cylinder(r, h + 0.01).kept("y", above=h - 0.02)
    stick = union(
        capsule((-0.5, h + 0.05, 0.3), (0.5, h + 0.28, -0.1), 0.04), sphere(0.08).at(0.5, h + 0.28, -0.1)
    )
    color, cord = any_color(rng), any_color(rng)

    def zigzag(p: np.ndarray) -> np.ndarray:
        wave = np.abs(np.mod(np.arctan2(p[2], p[0]) * 8 / np.pi, 2) - 1) * 2 - 1
        return np.where(
            np.abs(wave * h * 0.85 - p[1]) < 0.05, np.array(cord)[:, None], np.array(color)[:, None]
        )

    return [
        Solid(cylinder(r, h), zigzag, 0.5),
        Solid(hoop, plain(any_color(rng)), 0.6),
        Solid(skin, plain((0.94, 0.9, 0.8)), 0.2),
        Solid(stick, wood(rng, wood_color(rng)), 0.3),
    ]


def balloon(rng: Rng) -> list[Solid]:
    """Toy balloon on a string."""
    skin = union(ellipsoid(0.55, 0.62, 0.55).at(y=0.4), cone(0.02, 0.25, 0.2).at(y=-0.15), blend=0.2)
    knot = cone(0.09, 0.02, 0.05).at(y=-0.34)
    bend = rng.uniform(-0.2, 0.2)
    string = chain([(0, -0.36, 0), (bend, -0.7, 0), (-bend, -1.0, 0.1), (0, -1.25, 0)], [0.016] * 4)
    paint = plain(hsv(rng.random(), rng.uniform(0.6, 1), 0.9)) if rng.random() < 0.6 else any_paint(rng)
    return [Solid(union(skin, knot), paint, 0.95), Solid(string, plain((0.9, 0.9, 0.9)))]


def stacker(rng: Rng) -> list[Solid]:
    """Ring tower: coloured rings on a rod."""
    count = int(rng.integers(3, 6))
    solids = [Solid(capsule((0, -0.7, 0), (0, 0.75, 0), 0.07), plain(wood_color(rng)), 0.4)]
    solids.append(Solid(cylinder(0.62, 0.07, 0.04).at(y=-0.8), plain(any_color(rng)), 0.5))
    for i in range(count):
        size, tube = 0.42 - 0.24 * i / count, 0.62 / count
        ring = torus(size, tube).at(y=-0.72 + tube + i * 1.25 / count)
        solids.append(Solid(ring, plain(hsv(rng.random(), 0.8, 0.9)), 0.6))
    return solids
