"""Is a thing found that is small in the photo? With tiles, and without.

Drawn pictures of 1280x960 with three to six toy ducks of 12 to 24 pixels among things of fifty kinds, up to ten times
as large. It learns from 5 of them and is scored on others, drawn with a seed of their own.

    python benchmarks/small_things.py --seeds 0 1 2 --out small_things.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from children import load, machine
from PIL import Image
from report import markdown_table, mean_and_spread, write_json

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tflhelpers as tfl
from tflhelpers.progress import progress_bar
from tools.scenes.duck import duck
from tools.scenes.objects import KINDS
from tools.scenes.render import render
from tools.scenes.sprites import (
    SUPERSAMPLE,
    _tight_window,
    crop_to_alpha,
    draw_sprite,
    random_camera,
    random_light,
    straight_rgba,
)
from tools.scenes.textures import draw_texture

HEIGHT, WIDTH = 960, 1280
OTHERS = (12, 120)  # of what else stands there
SPRITES = 24  # ducks from as many sides, of which the exam has its own


def duck_sprite(seed: int) -> np.ndarray:
    """A duck from a random side, in a random light: RGBA uint8 (h, w, 4)."""
    rng = np.random.default_rng([seed, len(KINDS)])
    solids = duck()
    camera, radius = random_camera(rng, "duck", solids)
    window = _tight_window(solids, camera)
    wide, tall = window[1] - window[0], window[2] - window[3]
    size = tuple(max(8, round(side * 96 / max(wide, tall))) * SUPERSAMPLE for side in (tall, wide))
    color, index = render(solids, camera, window, size, random_light(rng, camera), radius)
    return crop_to_alpha(straight_rgba(color, index >= 0, SUPERSAMPLE))


def drawn(folder: Path, name: str, count: int, seed: int, sides: tuple[float, float]) -> tfl.Annotations:
    """Pictures with their boxes; drawn where they are not there yet."""
    name = "_".join([name, str(count), *map(str, sides)])
    file = folder / f"{name}.json"
    if file.exists():
        return tfl.Annotations.load(file)
    (folder / name).mkdir(parents=True, exist_ok=True)
    ducks = [duck_sprite(1000 * seed + number) for number in range(SPRITES)]
    others = [draw_sprite(kind, 1000 * seed + number, 96) for number, kind in enumerate(KINDS)]
    rng = np.random.default_rng(seed)
    items = []
    with progress_bar(count, f"Drawing {name}") as bar:
        for number in range(count):
            picture, xyxy = _scene(rng, ducks, others, sides)
            path = folder / name / f"{number:03d}.png"
            picture.save(path)
            items.append((path, tfl.Boxes(xyxy, [0] * len(xyxy))))
            bar.update()
    annotations = tfl.Annotations.from_items(["duck"], items)
    annotations.save(file)
    return annotations


def _scene(
    rng: np.random.Generator, ducks: list, others: list, sides: tuple[float, float]
) -> tuple[Image.Image, list[list[float]]]:
    ground = (np.clip(draw_texture(int(rng.integers(1 << 30))), 0, 255)).astype(np.uint8)
    picture = Image.fromarray(ground).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    for _ in range(int(rng.integers(10, 25))):
        _put(rng, picture, others[rng.integers(len(others))], OTHERS, [])
    xyxy: list[list[float]] = []
    for _ in range(int(rng.integers(3, 7))):
        _put(rng, picture, ducks[rng.integers(len(ducks))], sides, xyxy)
    return picture, xyxy


def _put(
    rng: np.random.Generator, picture: Image.Image, sprite: np.ndarray, sides: tuple, xyxy: list
) -> None:
    """A sprite at a random place, with its box in `xyxy`; not on one that is there."""
    scale = np.exp(rng.uniform(*np.log(sides))) / max(sprite.shape[:2])
    height, width = (max(2, round(side * scale)) for side in sprite.shape[:2])
    small = Image.fromarray(sprite).resize((width, height), Image.Resampling.BOX)
    for _ in range(20):
        left, top = int(rng.integers(WIDTH - width)), int(rng.integers(HEIGHT - height))
        box = [left, top, left + width, top + height]
        if all(box[0] >= b[2] or b[0] >= box[2] or box[1] >= b[3] or b[1] >= box[3] for b in xyxy):
            picture.paste(small, (left, top), small)
            xyxy.append([float(edge) for edge in box])
            return


def run_one(
    train: tfl.Annotations,
    exam: tfl.Annotations,
    seed: int,
    tiles: tuple[int, int] | str | None,
    steps: int | None,
) -> dict:
    detector = tfl.Detector.embedded(train.class_names)
    history = tfl.fine_tune(detector, train, seed=seed, tiles=tiles, steps=steps)
    start = time.perf_counter()
    found = detector.detect_all(exam.image_paths, threshold=0.01, progress=False)
    seconds = (time.perf_counter() - start) / len(exam)
    scores = tfl.evaluate(found, exam)
    return {
        "tiles": history.tiles,
        "ap": scores.ap,
        "ap50": scores.ap50,
        "training_s": history.seconds,
        "image_s": seconds,
        "steps": len(history.loss),
        "load": load(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pictures", type=Path, default=Path(tempfile.gettempdir(), "tflhelpers_small_things")
    )
    parser.add_argument("--photos", type=int, default=5)
    parser.add_argument(
        "--sides", nargs=2, type=float, default=(12, 24), help="pixels, of the longer one of a duck"
    )
    parser.add_argument("--exam", type=int, default=60)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", choices=["whole", "auto", "2"], default=["whole", "auto"])
    parser.add_argument("--steps", type=int, help="for a trial; default: fine_tune's")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    train = drawn(arguments.pictures, "train", arguments.photos, 1, arguments.sides)
    exam = drawn(arguments.pictures, "exam", arguments.exam, 2, arguments.sides)
    runs = []
    for seed in arguments.seeds:
        for way in arguments.ways:
            tiles = {"whole": None, "auto": "auto", "2": (2, 2)}[way]
            runs.append({"way": way, "seed": seed, **run_one(train, exam, seed, tiles, arguments.steps)})
            write_json(arguments.out, {"benchmark": "small_things", "machine": machine(), "runs": runs})
    rows = []
    for way in arguments.ways:
        mine = [run for run in runs if run["way"] == way]
        figures = (
            (name, digits) for name, digits in (("ap", 3), ("ap50", 3), ("training_s", 1), ("image_s", 3))
        )
        rows.append(
            [way, str(mine[0]["tiles"]), *(mean_and_spread([run[n] for run in mine], d) for n, d in figures)]
        )
    print(markdown_table(("photos taken", "tiles", "AP", "AP50", "training, s", "an image, s"), rows))


if __name__ == "__main__":
    main()
