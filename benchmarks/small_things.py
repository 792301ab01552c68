"""Is a thing found that is small in the photo? With tiles, and without.

Drawn pictures of 1280x960 with three to six toy ducks of 12 to 24 pixels among things of fifty kinds, up to ten times
as large. It learns from 5 of them and is scored on others, drawn with a seed of their own.

    python benchmarks/small_things.py --seeds 0 1 2 --out small_things.json
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from children import load, machine
from report import markdown_table, mean_and_spread, write_json
from scattered_things import Scene, drawn_set, other_sprites, sprites_of

import tflhelpers as tfl
from tools.scenes.duck import duck

SIZE = (960, 1280)  # height, width
OTHERS = (12, 120)  # of what else stands there


def scenes(count: int, seed: int, sides: tuple[float, float]) -> Iterator[Scene]:
    """Three to six ducks in each picture."""
    ducks, others = sprites_of(duck, "duck", seed), other_sprites(seed)
    rng = np.random.default_rng(seed)
    for _ in range(count):
        scene = Scene(rng, SIZE)
        for _ in range(int(rng.integers(10, 25))):
            scene.put(others, OTHERS)
        for _ in range(int(rng.integers(3, 7))):
            scene.put(ducks, sides, label=0)
        yield scene


def drawn(folder: Path, name: str, count: int, seed: int, sides: tuple[float, float]) -> tfl.Annotations:
    """Pictures with their boxes; drawn where they are not there yet."""
    name = "_".join([name, str(count), *map(str, sides)])
    return drawn_set(folder, name, ["duck"], count, lambda: scenes(count, seed, sides))


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
