"""Drawn pictures with three things to learn, which no detector of ours was trained on, and with their look-alikes.

A duck, a penguin and a lighthouse stand among everyday things; in pictures without them stand what resembles them
in colour and shape: a yellow teapot of sorts, a black and white skittle, a striped post.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tflhelpers as tfl
from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.progress import progress_bar
from tools.scenes import grounds
from tools.scenes.duck import ORANGE, YELLOW, duck
from tools.scenes.objects import KINDS
from tools.scenes.paint import any_color, plain, stripes
from tools.scenes.render import Camera, Solid
from tools.scenes.sdf import capsule, cone, cylinder, ellipsoid, sphere, torus, union
from tools.scenes.sets import sun, toy, wall
from tools.scenes.stage import Ground, Stage, draw_stage, placed

SIZE, SUPERSAMPLE = (240, 320), 2  # (height, width) of a picture; samples a pixel and direction
LEAST_SEEN = 0.002  # of a picture's samples; a thing of which less is seen is drawn again elsewhere
APART = 1.7  # units between two places; the things are about two high
BLACK, WHITE, RED = (0.06, 0.06, 0.08), (0.95, 0.95, 0.93), (0.82, 0.12, 0.1)
UP = np.array([0.0, 1.0, 0.0])


def penguin() -> list[Solid]:
    """Two units high, facing +x."""
    body = union(ellipsoid(0.55, 0.85, 0.6).at(y=0.85), sphere(0.4).at(y=1.65), blend=0.2)
    wing = ellipsoid(0.28, 0.6, 0.1).turned("x", -14).at(y=0.95, z=0.6).mirrored("z")
    belly = union(ellipsoid(0.42, 0.68, 0.46).at(x=0.2, y=0.8), sphere(0.24).at(x=0.22, y=1.6), blend=0.1)
    eye = sphere(0.06).at(x=0.4, y=1.75, z=0.15).mirrored("z")
    feet = ellipsoid(0.3, 0.08, 0.18).at(x=0.35, y=0.06, z=0.25).mirrored("z")
    beak = capsule((0.36, 1.6, 0), (0.66, 1.55, 0), 0.1, 0.03)
    black, white, orange = plain(BLACK), plain(WHITE), plain(ORANGE)
    parts = ((body, black), (wing, black), (belly, white), (eye, black), (feet, orange), (beak, orange))
    return [Solid(shape, paint, 0.3) for shape, paint in parts]


def lighthouse() -> list[Solid]:
    """Two and a half units high, white with red bands."""
    tower = Solid(cone(0.6, 0.38, 0.8).at(y=0.8), stripes(WHITE, RED, UP, 0.55), 0.2)
    gallery = Solid(union(cylinder(0.52, 0.05).at(y=1.64), torus(0.5, 0.03).at(y=1.82)), plain(BLACK), 0.3)
    lantern = Solid(cylinder(0.27, 0.2).at(y=1.88), plain((1.0, 0.92, 0.55)), 0.8)
    roof = Solid(cone(0.38, 0.03, 0.2).at(y=2.28), plain(RED), 0.3)
    return [tower, gallery, lantern, roof]


def pot() -> list[Solid]:
    """Like a duck: yellow, round, with an orange spout, but nobody's head."""
    spout = capsule((0.6, 0.5, 0), (1.1, 0.8, 0), 0.16, 0.09)
    knob = Solid(sphere(0.15).at(y=1.15), plain(ORANGE), 0.6)
    return [
        Solid(ellipsoid(0.85, 0.6, 0.7).at(y=0.55), plain(YELLOW), 0.6),
        Solid(spout, plain(ORANGE)),
        knob,
    ]


def skittle() -> list[Solid]:
    """Like a penguin: upright, black with a white middle, but without beak, eyes and feet."""
    body = union(ellipsoid(0.5, 0.8, 0.5).at(y=0.8), sphere(0.3).at(y=1.7), blend=0.2)
    return [Solid(body, stripes(BLACK, WHITE, UP, 1.2, 0.45), 0.4)]


def post() -> list[Solid]:
    """Like a lighthouse: white with red bands, but with a ball for a top."""
    shaft = Solid(cylinder(0.24, 0.9).at(y=0.9), stripes(WHITE, RED, UP, 0.55), 0.2)
    return [shaft, Solid(sphere(0.3).at(y=1.95), plain(RED), 0.4)]


THINGS = {"duck": duck, "penguin": penguin, "lighthouse": lighthouse}
LOOK_ALIKES = (pot, skittle, post)
NAMES = tuple(THINGS)


def place(rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """So many places (x, z) on the ground, apart from each other."""
    places: list[tuple[float, float]] = []
    while len(places) < count:
        spot = (rng.uniform(-3.4, 3.4), rng.uniform(-3.0, 2.0))
        if all(np.hypot(spot[0] - x, spot[1] - z) >= APART for x, z in places):
            places.append(spot)
    return places


def stage(rng: np.random.Generator, labels: Sequence[int]) -> tuple[Stage, Camera]:
    """A stage with a thing of each label, whose solids belong to 1, 2, ...; without labels, with look-alikes."""
    builders = [THINGS[NAMES[label]] for label in labels] or list(rng.choice(LOOK_ALIKES, 2))  # type: ignore[arg-type]
    spots = place(rng, len(builders) + 3)
    solids: list[Solid] = []
    for number, (build, (x, z)) in enumerate(zip(builders, spots, strict=False), start=1):
        how = {"turn": rng.uniform(0, 360), "scale": rng.uniform(0.75, 1.3), "owner": number if labels else 0}
        solids += placed(build(), position=(x, 0, z), **how)
    for spot in spots[len(builders) :]:
        kind = str(rng.choice(KINDS))
        solids += toy(
            kind, int(rng.integers(1000)), spot, scale=rng.uniform(0.7, 1.3), turn=rng.uniform(0, 360)
        )
    tone, other = any_color(rng), any_color(rng)
    floor = [
        grounds.planks((0.7, 0.5, 0.32)),
        grounds.stone(tone),
        grounds.rug(tone, other),
        grounds.lawn(int(rng.integers(100))),
        grounds.gingham(tone),
    ][rng.integers(5)]
    indoors = rng.random() < 0.5
    sky = (
        grounds.indoor_air(tone, (0.9, 0.9, 0.88)) if indoors else grounds.outdoor_sky(int(rng.integers(100)))
    )
    light = sun(
        rng.uniform(-0.9, 0.9), rng.uniform(0.6, 1), rng.uniform(-0.3, 0.6), warm=rng.uniform(-0.05, 0.2)
    )
    back = wall(-7.0, plain(other)) if indoors else ()
    camera = Camera(
        np.array([rng.uniform(-2, 2), rng.uniform(2.6, 7.5), rng.uniform(8.5, 12)]),
        np.array([0, 0.8, -0.2]),
        36,
    )
    return Stage(solids, Ground(floor, mirror=rng.choice([0.0, 0.3])), light, sky, back, size=2.4), camera


def draw(task: tuple[Path, int, int, tuple[int, ...]]) -> tuple[Path, list[list[float]], tuple[int, ...]]:
    """Draws picture `number` of a seed to a path; returns it with its boxes and labels."""
    path, seed, number, labels = task
    for attempt in range(100):
        scene, camera = stage(np.random.default_rng([seed, number, attempt]), labels)
        picture, owner = draw_stage(scene, camera, SIZE, supersample=SUPERSAMPLE)
        if all((owner == k).mean() >= LEAST_SEEN for k in range(1, len(labels) + 1)):
            break
    else:
        raise RuntimeError(
            f"picture {number} of seed {seed}: its things hide each other a hundred times over."
        )
    with atomic_file(path) as file:
        Image.fromarray(picture).save(file, "JPEG", quality=90)
    return path, [box_of(owner == k) for k in range(1, len(labels) + 1)], labels


def box_of(mask: np.ndarray) -> list[float]:
    """The box (x1, y1, x2, y2) in pixels of the samples that are True, of which there is one at least."""
    rows, columns = np.nonzero(mask)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return [float(edge) / SUPERSAMPLE for edge in edges]


def drawn_set(folder: Path, name: str, seed: int, plan: Sequence[tuple[int, ...]]) -> tfl.Annotations:
    """A picture for each entry of the plan, with a thing of each of its labels; drawn unless the file is there."""
    file = folder / f"{name}.json"
    if not file.exists():
        (folder / name).mkdir(parents=True, exist_ok=True)
        tasks = [(folder / name / f"{i:03d}.jpg", seed, i, labels) for i, labels in enumerate(plan)]
        with (
            multiprocessing.get_context("spawn").Pool(2) as pool,
            progress_bar(len(plan), f"Drawing {name}") as bar,
        ):
            items = []
            for path, xyxy, labels in pool.imap(draw, tasks):
                items.append((path, tfl.Boxes(np.reshape(xyxy, (-1, 4)), labels)))
                bar.update()
        tfl.Annotations.from_items(NAMES, items).save(file)
    return tfl.Annotations.load(file)
