"""Things of the house as parametric families: each function makes one random member of solids."""

from __future__ import annotations

import numpy as np

from tools.scenes.paint import (
    any_color,
    any_paint,
    gradient,
    hsv,
    near,
    plain,
    stripes,
    wedges,
    wood,
    wood_color,
)
from tools.scenes.render import Solid
from tools.scenes.sdf import (
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
    without,
)

Rng = np.random.Generator
STEEL = (0.75, 0.76, 0.78)
BRASS = (0.85, 0.66, 0.3)


def _metal(rng: Rng) -> dict:
    color = STEEL if rng.random() < 0.6 else BRASS
    return {"paint": plain(color), "gloss": rng.uniform(0.6, 0.95), "metal": 0.8}


def mug(rng: Rng) -> list[Solid]:
    """Cup with a handle, hollow."""
    r, h, top = rng.uniform(0.45, 0.62), rng.uniform(0.45, 0.75), rng.uniform(0.9, 1.2)
    body = without(cone(r, r * top, h), cone(r * 0.88, r * top * 0.9, h).at(y=0.12))
    ring = torus(h * rng.uniform(0.5, 0.62), rng.uniform(0.07, 0.11)).turned("x", 90).stretched(0.85, 1, 1.2)
    handle = ring.at(x=r).kept("x", above=r * 0.93)
    coffee = cylinder(r * 0.88, 0.01).at(y=h * rng.uniform(0.3, 0.7))
    gloss, outside = rng.uniform(0.3, 0.9), any_paint(rng)
    side = plain(any_color(rng)) if rng.random() < 0.4 else outside
    return [
        Solid(body, outside, gloss),
        Solid(handle, side, gloss),
        Solid(coffee, plain(near(rng, 0.06, 0.7, 0.3)), 0.7),
    ]


def bottle(rng: Rng) -> list[Solid]:
    """Bottle with a shoulder, a label and a cap."""
    r, neck, shoulder = rng.uniform(0.24, 0.42), rng.uniform(0.08, 0.14), rng.uniform(0.1, 0.45)
    body = lathe([-1, -0.96, shoulder, shoulder + rng.uniform(0.2, 0.45), 0.95], [r * 0.9, r, r, neck, neck])
    middle = rng.uniform(-0.6, -0.2)
    label = cylinder(r * 1.02, rng.uniform(0.2, 0.4)).at(y=middle)
    cap = cylinder(neck * 1.25, rng.uniform(0.06, 0.14), 0.02).at(y=0.95)
    glass = (
        near(rng, rng.choice([0.33, 0.08, 0.55, 0.0]), 0.7, 0.45) if rng.random() < 0.6 else any_color(rng)
    )
    solids = [Solid(body, plain(glass), 0.9), Solid(cap, plain(any_color(rng)), 0.4)]
    return solids + ([Solid(label, any_paint(rng), 0.1)] if rng.random() < 0.8 else [])


def lamp(rng: Rng) -> list[Solid]:
    """Table lamp: foot, pole, shade."""
    wide, tall = rng.uniform(0.45, 0.75), rng.uniform(0.25, 0.42)
    shade_ = cone(wide, wide * rng.uniform(0.4, 0.9), tall).at(y=0.6)
    foot = cylinder(rng.uniform(0.3, 0.45), 0.05, 0.03).at(y=-1)
    if rng.random() < 0.5:
        pole = lathe(
            [-1, -0.8, -0.5, -0.2, 0.4], [0.2, rng.uniform(0.1, 0.35), rng.uniform(0.1, 0.4), 0.08, 0.05]
        )
    else:
        pole = capsule((0, -1, 0), (0, 0.5, 0), rng.uniform(0.03, 0.07))
    base = _metal(rng) if rng.random() < 0.4 else {"paint": any_paint(rng), "gloss": 0.6}
    return [
        Solid(without(shade_, shade_.at(y=-0.08)), any_paint(rng), 0.05),
        Solid(foot, **base),
        Solid(pole, **base),
    ]


def table(rng: Rng) -> list[Solid]:
    """Four-legged or round table."""
    top_paint = wood(rng, wood_color(rng)) if rng.random() < 0.7 else plain(any_color(rng))
    leg_paint = top_paint if rng.random() < 0.6 else plain(any_color(rng))
    y, thick = rng.uniform(0.25, 0.6), rng.uniform(0.04, 0.09)
    if rng.random() < 0.35:
        r = rng.uniform(0.7, 0.95)
        foot = union(cylinder(r * 0.5, 0.04).at(y=-0.7), cylinder(0.08, (y + 0.7) / 2).at(y=(y - 0.7) / 2))
        return [Solid(cylinder(r, thick, 0.02).at(y=y), top_paint), Solid(foot, leg_paint)]
    wide, deep, leg = rng.uniform(0.7, 1.0), rng.uniform(0.45, 0.7), rng.uniform(0.04, 0.08)
    rods = [
        capsule(
            (x * (wide - 0.1), y, z * (deep - 0.1)),
            (x * (wide - 0.06), -0.7, z * (deep - 0.06)),
            leg,
            leg * 0.7,
        )
        for x in (-1, 1)
        for z in (-1, 1)
    ]
    return [
        Solid(box(wide, thick, deep, 0.02).at(y=y), top_paint, 0.5),
        *(Solid(rod, leg_paint) for rod in rods),
    ]


def chair(rng: Rng) -> list[Solid]:
    """Chair with seat, four legs and a back of slats or a plate."""
    wide, leg, paint = rng.uniform(0.4, 0.5), rng.uniform(0.035, 0.07), wood(rng, wood_color(rng))
    if rng.random() < 0.4:
        paint = plain(any_color(rng))
    seat_paint = any_paint(rng) if rng.random() < 0.5 else paint
    seat = box(wide, rng.uniform(0.04, 0.1), wide, 0.03)
    corners = [(x * wide * 0.88, z * wide * 0.88) for x in (-1, 1) for z in (-1, 1)]
    solids = [Solid(seat, seat_paint)] + [
        Solid(capsule((x, 0, z), (x * 1.1, -0.8, z * 1.1), leg), paint) for x, z in corners
    ]
    high = rng.uniform(0.7, 1.0)
    if rng.random() < 0.5:
        solids.append(Solid(box(wide, high / 2, 0.05, 0.04).at(y=high / 2, z=-wide * 0.9), seat_paint))
    else:
        posts = [
            capsule((x * wide * 0.9, 0, -wide * 0.9), (x * wide * 0.9, high, -wide), leg) for x in (-1, 1)
        ]
        slats = [box(wide * 0.9, 0.06, 0.03).at(y=high * s, z=-wide * 0.95) for s in (0.45, 0.7, 0.95)]
        solids += [Solid(shape, paint) for shape in posts + slats]
    return solids


def book(rng: Rng) -> list[Solid]:
    """Closed book with pages between its covers."""
    w, h, d = rng.uniform(0.5, 0.7), rng.uniform(0.75, 0.95), rng.uniform(0.08, 0.25)
    cover = without(box(w, h, d, 0.02), box(w, h * 1.1, d * 0.78).at(x=0.06))
    pages = box(w * 0.95, h * 0.96, d * 0.8).at(x=-0.01)
    plate = box(w * rng.uniform(0.4, 0.7), h * rng.uniform(0.1, 0.3), d + 0.006).at(
        y=h * rng.uniform(-0.3, 0.5)
    )
    sheets = stripes((0.95, 0.93, 0.86), (0.8, 0.77, 0.7), (0, 0, 1), 0.03)
    solids = [
        Solid(cover, any_paint(rng), 0.4),
        Solid(pages, sheets, 0),
        Solid(plate, plain(any_color(rng)), 0.3),
    ]
    return solids if rng.random() < 0.6 else [_laid(solid) for solid in solids]


def _laid(solid: Solid) -> Solid:
    """The solid lying on its back, paint included."""
    return Solid(
        solid.shape.turned("x", -90), lambda p: solid.paint(np.stack([p[0], -p[2], p[1]])), solid.gloss
    )


def gift_box(rng: Rng) -> list[Solid]:
    """Wrapped box with ribbon and bow."""
    w, h, d = rng.uniform(0.5, 0.8), rng.uniform(0.35, 0.7), rng.uniform(0.5, 0.8)
    band, ribbon = rng.uniform(0.06, 0.13), plain(any_color(rng))
    cross = union(box(band, h + 0.012, d + 0.012), box(w + 0.012, h + 0.012, band))
    loop = torus(0.2, 0.055).turned("x", 90).stretched(1.15, 0.8, 1.2).at(x=0.2).turned("z", 28)
    bow = union(loop.mirrored("x"), sphere(0.08), blend=0.03).at(y=h + 0.07)
    return [
        Solid(box(w, h, d, 0.02), any_paint(rng), 0.5),
        Solid(cross, ribbon, 0.7),
        Solid(bow, ribbon, 0.7),
    ]


def umbrella(rng: Rng) -> list[Solid]:
    """Open umbrella with coloured sectors and a hooked handle."""
    dome = ellipsoid(1.0, rng.uniform(0.45, 0.7), 1.0)
    canopy = without(dome, dome.stretched(0.95, 0.95, 0.95)).kept("y", above=0.05)
    colors = [any_color(rng) for _ in range(int(rng.integers(1, 4)))]
    rod = capsule((0, -0.9, 0), (0, 0.72, 0), 0.03)
    hook = torus(0.14, 0.04).turned("x", 90).kept("y", below=0.0).at(x=0.14, y=-0.9)
    top_paint = any_paint(rng) if rng.random() < 0.3 else wedges(colors * (8 // len(colors)))
    return [
        Solid(canopy, top_paint, 0.2),
        Solid(rod, **_metal(rng)),
        Solid(hook, plain(wood_color(rng)), 0.5),
    ]


def teapot(rng: Rng) -> list[Solid]:
    """Round pot with spout, handle and lid."""
    tall, paint, gloss = rng.uniform(0.42, 0.6), any_paint(rng), rng.uniform(0.4, 0.9)
    pot = ellipsoid(0.6, tall, 0.6).kept("y", above=-tall * 0.85)
    spout = chain([(0.4, -0.15, 0), (0.75, 0.05, 0), (0.95, 0.38, 0)], [0.17, 0.1, 0.07], 0.1)
    handle = torus(0.32, 0.06).turned("x", 90).stretched(0.9, 1, 1).at(x=-0.6, y=0.05)
    lid = union(ellipsoid(0.34, 0.1, 0.34).at(y=tall * 0.9), sphere(0.09).at(y=tall + 0.15), blend=0.04)
    second = plain(any_color(rng)) if rng.random() < 0.5 else paint
    body = union(pot, spout, blend=0.08)
    cut = handle.kept("x", below=-0.5)
    return [Solid(body, paint, gloss), Solid(cut, second, gloss), Solid(lid, second, gloss)]


def candle(rng: Rng) -> list[Solid]:
    """Candle with a flame on a plate."""
    r, h = rng.uniform(0.14, 0.32), rng.uniform(0.4, 0.75)
    flame = lathe([0, 0.12, 0.2, 0.42], [0.02, 0.1, 0.09, 0.0]).at(y=h + 0.06)
    plate = lathe([-0.05, 0, 0.06], [0.3, r + 0.25, r + 0.32]).at(y=-h)
    wax = cylinder(r, h, 0.03)
    wick = capsule((0, h, 0), (0, h + 0.1, 0), 0.015)
    fire = gradient((1.0, 0.55, 0.1), (1.0, 0.95, 0.55), h, h + 0.4)
    return [
        Solid(wax, any_paint(rng), 0.3),
        Solid(flame, lambda p: np.clip(fire(p) * 1.5, 0, 1), 0.0),
        Solid(plate, **_metal(rng)),
        Solid(wick, plain((0.1, 0.1, 0.1))),
    ]


def spoon(rng: Rng) -> list[Solid]:
    """Spoon, lying or held up."""
    long, wide = rng.uniform(0.9, 1.3), rng.uniform(0.2, 0.32)
    outer = ellipsoid(wide, 0.12, wide * 1.4)
    bowl = without(outer, outer.at(y=0.06)).at(z=long / 2 + wide)
    stem = chain([(0, 0.02, long / 2 + 0.1), (0, 0.1, 0.2), (0, 0.05, -long / 2)], [0.04, 0.035, 0.07])
    material = _metal(rng)
    if rng.random() < 0.35:
        material = {"paint": wood(rng, wood_color(rng)), "gloss": 0.2}
    return [Solid(union(bowl, stem.stretched(1.2, 0.7, 1), blend=0.04).turned("x", -60), **material)]


def hammer(rng: Rng) -> list[Solid]:
    """Hammer with a wooden or coloured handle."""
    r = rng.uniform(0.06, 0.1)
    grip = union(
        capsule((0, -0.95, 0), (0, 0.6, 0), r), capsule((0, -0.95, 0), (0, -0.4, 0), r * 1.3), blend=0.1
    )
    face = cylinder(rng.uniform(0.14, 0.2), 0.18, 0.02).turned("z", 90).at(x=0.35, y=0.62)
    neck = box(0.3, 0.1, 0.1, 0.03).at(y=0.62)
    claw = extruded([(-0.2, 0.73), (-0.2, 0.52), (-0.6, 0.45), (-0.62, 0.5)], 0.09)
    handle = wood(rng, wood_color(rng)) if rng.random() < 0.5 else plain(any_color(rng))
    return [Solid(grip, handle, 0.3), Solid(union(face, neck, claw, blend=0.04), plain(STEEL), 0.7, 0.7)]


def key(rng: Rng) -> list[Solid]:
    """Key with bow, shaft and teeth."""
    bow = (
        torus(rng.uniform(0.22, 0.32), rng.uniform(0.05, 0.09))
        .turned("x", 90)
        .stretched(rng.uniform(0.8, 1.3), 1, 0.8)
    )
    shaft = capsule((0, -0.25, 0), (0, -1.2, 0), 0.06)
    teeth = [
        box(rng.uniform(0.1, 0.2), 0.05, 0.04).at(x=0.14, y=float(y))
        for y in np.linspace(-1.15, -0.85, int(rng.integers(2, 4)))
    ]
    return [Solid(union(bow, shaft, *teeth).at(y=0.5), **_metal(rng))]


def glasses(rng: Rng) -> list[Solid]:
    """Spectacles or sunglasses."""
    r, square = rng.uniform(0.3, 0.4), rng.random() < 0.4
    frame_color = plain(any_color(rng))
    ring = torus(r, 0.045).turned("x", 90) if not square else box(r * 1.15, r * 0.8, 0.04, 0.03)
    lens = (box(r * 1.03, r * 0.68, 0.015) if square else cylinder(r, 0.015).turned("x", 90)).at(x=r * 1.3)
    if square:
        ring = without(ring, box(r * 1.0, r * 0.65, 0.2))
    bridge = capsule((-r * 0.4, 0.08, 0), (r * 0.4, 0.08, 0), 0.035)
    arm = capsule((r * 2.35, 0.1, 0), (r * 2.25, 0.05, -1.0), 0.035)
    rims = union(ring.at(x=r * 1.3).mirrored("x"), bridge, arm.mirrored("x"))
    tint = hsv(rng.random(), rng.uniform(0, 0.6), rng.choice([0.12, 0.2, 0.75]))
    return [Solid(rims, frame_color, 0.7), Solid(lens.mirrored("x"), plain(tint), 1.0, 0.3)]


def hat(rng: Rng) -> list[Solid]:
    """Hat with a brim and a band: top hat, bowler or straw hat."""
    r, h = rng.uniform(0.42, 0.55), rng.uniform(0.2, 0.55)
    brim = cylinder(r * rng.uniform(1.5, 2.0), 0.03, 0.02).at(y=-h)
    crown = (
        cylinder(r, h, 0.08) if rng.random() < 0.55 else ellipsoid(r, 2 * h, r).at(y=-h).kept("y", above=-h)
    )
    band = cylinder(r * 1.03, 0.09).at(y=-h + 0.12)
    felt = any_paint(rng)
    return [Solid(union(crown, brim, blend=0.05), felt, 0.15), Solid(band, plain(any_color(rng)), 0.4)]


def shoe(rng: Rng) -> list[Solid]:
    """Low shoe with sole, opening and laces."""
    body = union(
        ellipsoid(0.36, 0.3, 0.55).at(z=0.35, y=-0.1), ellipsoid(0.33, 0.42, 0.45).at(z=-0.45), blend=0.35
    )
    body = body.kept("y", above=-0.3)
    hole = ellipsoid(0.22, 0.35, 0.3).at(y=0.36, z=-0.45)
    sole = union(ellipsoid(0.4, 0.6, 0.6).at(z=0.35), ellipsoid(0.36, 0.6, 0.5).at(z=-0.45), blend=0.3)
    sole = sole.kept("y", above=-0.07, below=0.07).at(y=-0.34)
    laces = [
        capsule((-0.16, y, z), (0.16, y, z), 0.035) for y, z in ((0.22, 0.1), (0.27, -0.02), (0.33, -0.14))
    ]
    upper = any_paint(rng)
    return [
        Solid(without(body, hole), upper, rng.uniform(0.1, 0.7)),
        Solid(sole, plain(any_color(rng)), 0.2),
        Solid(union(*laces), plain(any_color(rng)), 0.1),
    ]


def wineglass(rng: Rng) -> list[Solid]:
    """Stemmed glass with a drink."""
    r = rng.uniform(0.28, 0.42)
    outer = lathe([-1, -0.95, -0.9, -0.1, 0.1, 0.5, 0.95], [r, r, 0.05, 0.05, r * 0.7, r * 1.1, r * 0.85])
    cup = lathe([0.05, 0.2, 0.5, 1.0], [0.02, r * 0.75, r * 1.0, r * 0.78])
    drink = cylinder(r * 0.95, 0.02).at(y=rng.uniform(0.4, 0.6))
    tone = hsv(rng.random(), rng.uniform(0.05, 0.5), rng.uniform(0.6, 0.95))
    return [Solid(without(outer, cup), plain(tone), 1.0, 0.25), Solid(drink, plain(any_color(rng)), 0.8)]
