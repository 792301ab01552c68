"""The sets of the sample pictures: a pool for the clip, and five places for the photos."""

from __future__ import annotations

import numpy as np

from tools.scenes import grounds
from tools.scenes.duck import duck
from tools.scenes.objects import KINDS, build_object
from tools.scenes.paint import Paint, mottled, plain, stripes, wedges
from tools.scenes.render import Camera, Light, Solid
from tools.scenes.sdf import box, ellipsoid, sphere, union
from tools.scenes.stage import Ground, Stage, lowest, placed

DUCK = 1  # owner number of the duck's solids
CLIP_FRAMES = 48
Place = tuple[float, float]


def toy(
    kind: str, seed: int, place: Place, *, scale: float = 1.0, turn: float = 0.0, sink: float = 0.0
) -> list[Solid]:
    """One object of a kind that stands at (x, z) on the ground, or is sunk into it by `sink`."""
    solids = build_object(kind, np.random.default_rng([seed, KINDS.index(kind)]))
    height = -lowest(solids) * scale - sink
    return placed(solids, position=(place[0], height, place[1]), turn=turn, scale=scale)


def sun(
    x: float, y: float, z: float, *, warm: float = 0.08, strength: float = 1.9, softness: float = 9.0
) -> Light:
    """Light from the direction (x, y, z); warm > 0 is golden, below 0 bluish."""
    way = np.array([x, y, z]) / np.linalg.norm([x, y, z])
    tint = np.array([1 + warm, 1.0, 1 - 1.4 * warm], np.float32)
    sky = np.array([0.6 - warm, 0.66, 0.74 + warm], np.float32)
    return Light(way, tint * strength, sky, np.array([0.36, 0.33, 0.3], np.float32), softness)


def beach_ball(place: Place, radius: float, turn: float, height: float) -> list[Solid]:
    """A ball of coloured and white sectors."""
    white = (0.96, 0.96, 0.94)
    colors = [(0.9, 0.16, 0.14), white, (0.12, 0.4, 0.8), white, (0.98, 0.72, 0.1), white]
    ball = [Solid(sphere(1.0), wedges(colors), 0.85)]
    return placed(ball, position=(place[0], height, place[1]), turn=turn, scale=radius, tilt=(35, 20))


def wall(z: float, paint: Paint, *, height: float = 14.0, gloss: float = 0.05) -> list[Solid]:
    """An upright wall across the back."""
    return [Solid(box(26, height, 0.5).at(y=height - 1, z=z - 0.5), paint, gloss)]


def garden(far: float, seed: int = 3) -> list[Solid]:
    """What stands behind the pool: its edge, a deck, a hedge, trees and a parasol."""
    rng = np.random.default_rng(seed)
    edge = Solid(box(30, 0.34, 0.55, 0.12).at(z=far - 0.5), mottled(rng, (0.9, 0.87, 0.8), 0.05, 0.6), 0.2)
    deck = Solid(box(40, 0.26, 4.5).at(z=far - 5.2), grounds.planks((0.72, 0.55, 0.38), 0.6), 0.1)
    tufts = [
        ellipsoid(1.6, rng.uniform(1.0, 1.35), 1.0).at(
            x=float(x), y=0.9, z=far - 9.5 + rng.uniform(-0.2, 0.2)
        )
        for x in np.linspace(-15, 15, 15)
    ]
    hedges = [
        Solid(union(*tufts[i : i + 3], blend=0.3), grounds.foliage(9 + i, (0.27, 0.5, 0.17)), 0.03)
        for i in range(0, 15, 3)
    ]
    trees = [("tree", 1, -8.6, 3.4), ("tree", 3, -3.4, 2.6), ("fir", 3, 2.4, 2.9), ("tree", 7, 8.4, 3.6)]
    solids = [edge, deck, *hedges]
    for kind, number, x, scale in trees:
        solids += toy(kind, number, (x, far - 12.5), scale=scale, turn=40.0 * number)
    solids += placed(toy("umbrella", 7, (0, 0), scale=2.0), position=(5.4, 0.2, far - 3.2), tilt=(0, 6))
    return solids + placed(toy("cactus", 4, (0, 0), scale=0.9), position=(-5.6, 0.24, far - 2.2))


def pool(turn: float, ring: Place, light: Light) -> tuple[Ground, Light]:
    """Water of the pool at a place of the loop, with rings about the point (x, z)."""
    water = Ground(grounds.pool_tiles(turn), mirror=0.75, slope=grounds.ripples(turn, ring), bottom=1.6)
    return water, light


def clip_duck(turn: float) -> tuple[list[Solid], Place]:
    """The duck on its closed path, rocking; and where it is."""
    angle = 2 * np.pi * turn + 0.9
    x, z = 2.85 * np.cos(angle), 0.5 + 4.0 * np.sin(angle)
    heading = np.degrees(np.arctan2(-4.0 * np.cos(angle), -2.85 * np.sin(angle)))
    bob, roll = 0.05 * np.sin(4 * np.pi * turn), 4 * np.sin(6 * np.pi * turn)
    pose = {"turn": float(heading), "tilt": (roll, 2.5 * np.sin(4 * np.pi * turn + 1))}
    return placed(duck(), position=(x, -0.16 + bob, z), owner=DUCK, **pose), (float(x), float(z))


def clip_stage(frame: int) -> tuple[Stage, Camera]:
    """Frame 0..47 of the clip; frame 48 would be frame 0 again."""
    turn = (frame % CLIP_FRAMES) / CLIP_FRAMES
    wave = 2 * np.pi * turn
    star, ring = clip_duck(turn)
    water, light = pool(turn, ring, sun(-0.65, 0.9, 0.2))
    toys = toy("boat", 0, (-0.9, -0.3), scale=1.25, turn=25 + 5 * np.sin(wave), sink=0.3)
    toys += beach_ball((1.15, 0.5), 0.72, 20 + 8 * np.sin(wave + 1), 0.45 + 0.04 * np.sin(2 * wave))
    toys += toy("donut", 4, (-5.0, -2.8), scale=1.5, turn=30 + 6 * np.sin(wave), sink=0.22)
    toys += toy("boat", 6, (5.3, -4.2), scale=1.1, turn=160 + 5 * np.sin(wave + 2), sink=0.28)
    eye = np.array([1.5 * np.sin(wave), 4.7 + 0.25 * np.cos(wave), 12.4])
    camera = Camera(eye, np.array([-0.45 * np.sin(wave), 0.45, -0.6]), 32)
    return Stage(
        [*star, *toys], water, light, grounds.outdoor_sky(8), garden(-8.0), haze=70, size=2.6
    ), camera


def kitchen() -> tuple[Stage, Camera]:
    """A wooden table before a pale wall, morning light from the left."""
    solids = placed(duck(), position=(0.3, 0, 0.2), turn=-62, owner=DUCK)
    solids += toy("mug", 1, (-2.6, -0.9), scale=1.35, turn=150) + toy("apple", 2, (2.6, 0.7), scale=0.8)
    solids += toy("pear", 7, (3.3, -0.7), scale=0.95) + toy("cactus", 4, (-4.6, -2.6), scale=1.5)
    solids += toy("teapot", 5, (2.5, -3.0), scale=1.5, turn=-25)
    paper = wall(-6.5, stripes((0.87, 0.82, 0.7), (0.82, 0.77, 0.66), np.array([1, 0, 0]), 1.6, 0.5))
    ground = Ground(grounds.planks((0.74, 0.5, 0.3)), mirror=0.25)
    air = grounds.indoor_air((0.6, 0.5, 0.4), (0.95, 0.9, 0.8))
    camera = Camera(np.array([0.4, 3.3, 9.4]), np.array([0.1, 0.85, 0]), 33)
    return Stage(solids, ground, sun(-0.8, 0.85, 0.22, warm=0.12), air, paper, size=2.4), camera


def poolside() -> tuple[Stage, Camera]:
    """Close to the water in the pool, seen from the front; the ball behind."""
    solids = placed(duck(), position=(-0.5, -0.15, 1.5), turn=-28, tilt=(3, 2), owner=DUCK)
    solids += beach_ball((3.2, -3.6), 1.3, 70, 0.9) + toy(
        "donut", 8, (-4.2, -2.6), scale=1.6, turn=10, sink=0.25
    )
    water, light = pool(0.37, (-0.5, 1.5), sun(0.6, 0.8, 0.25, warm=0.1))
    camera = Camera(np.array([1.6, 2.3, 8.2]), np.array([0.35, 0.75, 0]), 33)
    return Stage(solids, water, light, grounds.outdoor_sky(21), garden(-9.0), haze=70, size=2.6), camera


def picnic() -> tuple[Stage, Camera]:
    """A checked blanket on the lawn, from above; the duck is small among the food."""
    solids = placed(duck(), position=(1.7, 0, -0.9), turn=-120, owner=DUCK, scale=0.95)
    solids += toy("cupcake", 8, (-1.2, 1.6), scale=0.9) + toy("donut", 6, (-3.3, 0.2), scale=1.0, turn=40)
    solids += toy("banana", 5, (0.9, 2.4), scale=1.15, turn=25) + toy("apple", 2, (-1.9, -1.6), scale=0.75)
    solids += toy("bottle", 7, (-4.0, -2.6), scale=1.5) + toy("ball", 2, (4.7, -3.6), scale=1.15)
    solids += toy("mug", 5, (3.6, 1.4), scale=0.85, turn=60)
    cloth = grounds.cloth_on_lawn(grounds.gingham((0.83, 0.16, 0.16), 1.0), 5.2, grounds.lawn())
    camera = Camera(np.array([-0.8, 8.6, 10.6]), np.array([0.2, 0, -0.4]), 35)
    stage = Stage(solids, Ground(cloth), sun(0.5, 0.9, -0.35, warm=0.1), grounds.outdoor_sky(5), size=2.4)
    return stage, camera


def playroom() -> tuple[Stage, Camera]:
    """A rug in the evening; the duck is seen from the side and behind, partly hidden by a die."""
    solids = placed(duck(), position=(-1.5, 0, -0.6), turn=142, owner=DUCK)
    solids += toy("die", 7, (-0.3, 1.5), scale=0.75, turn=28) + toy("stacker", 5, (2.6, -0.8), scale=1.25)
    solids += toy("teddy", 6, (-4.6, -2.8), scale=1.7, turn=35) + toy(
        "car", 4, (2.2, 2.1), scale=0.9, turn=-150
    )
    solids += toy("robot", 7, (4.8, -3.4), scale=1.5, turn=-25) + toy("drum", 1, (0.6, -4.0), scale=1.2)
    paper = wall(-7.5, plain((0.36, 0.5, 0.62)))
    rug = grounds.rug((0.86, 0.8, 0.7), (0.3, 0.52, 0.55))
    light = sun(0.8, 0.7, 0.3, warm=0.22, strength=1.7, softness=6)
    air = grounds.indoor_air((0.4, 0.4, 0.45), (0.6, 0.66, 0.75))
    camera = Camera(np.array([1.0, 4.6, 11.2]), np.array([-0.1, 0.7, -0.3]), 33)
    return Stage(solids, Ground(rug), light, air, paper, size=2.4), camera


def bathroom() -> tuple[Stage, Camera]:
    """A stone shelf before tiles, cool light; the duck is close."""
    solids = placed(duck(), position=(0.9, 0, 1.6), turn=-118, owner=DUCK)
    solids += toy("bottle", 7, (-2.0, -0.6), scale=1.6) + toy("candle", 6, (-3.5, 0.6), scale=1.0)
    solids += toy("bottle", 3, (-3.3, -1.6), scale=1.35) + toy("mug", 8, (3.6, -1.3), scale=1.0, turn=20)
    tiles = wall(-4.0, grounds.wall_tiles((0.62, 0.8, 0.8)), gloss=0.8)
    ground = Ground(grounds.stone((0.82, 0.81, 0.79)), mirror=0.6)
    light = sun(-0.35, 0.95, 0.75, warm=-0.05, strength=1.6, softness=5)
    air = grounds.indoor_air((0.6, 0.64, 0.66), (0.88, 0.92, 0.95))
    camera = Camera(np.array([-0.3, 2.5, 8.6]), np.array([0.2, 1.15, 0]), 33)
    return Stage(solids, ground, light, air, tiles, size=2.4), camera


PHOTO_SETS = {
    "kitchen": kitchen,
    "pool": poolside,
    "picnic": picnic,
    "playroom": playroom,
    "bathroom": bathroom,
}
