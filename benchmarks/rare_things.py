"""Is a class with few boxes learned beside one with many? And where its things are small, too?

Drawn pictures of 640x480 among things of fifty kinds: 120 boxes of a penguin, 10 of a lighthouse, and 8 of a duck that
measures about 20 pixels in the 320 x 320 that the network sees. It learns from 20 of them, with the defaults, and is
scored on others, drawn with a seed of their own, that show two of each.

    python benchmarks/rare_things.py --seeds 0 1 2 --out rare_things.json
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from children import load, machine
from drawn_things import lighthouse, penguin
from report import markdown_table, mean_and_spread, write_json
from scattered_things import Scene, drawn_set, other_sprites, sprites_of

import tflhelpers as tfl
from tools.scenes.duck import duck

SIZE = (480, 640)  # height, width
NAMES = ("penguin", "lighthouse", "duck")
# Name -> pixels of the longer side. A duck is nearly as wide as high, and 640 x 480 becomes 320 x 320.
SIDES = {"penguin": (70, 130), "lighthouse": (70, 130), "duck": (34, 40)}
OTHERS = (30, 150)
# How many of each class the training pictures show: 120, 10 and 8 in all.
TRAINING = [(6, 0, 0)] * 10 + [(6, 1, 0)] * 5 + [(6, 2, 1), (6, 1, 1), (6, 1, 2), (6, 1, 2), (6, 0, 2)]
EXAM = [(2, 2, 2)] * 40


def scenes(plan: Sequence[tuple[int, ...]], seed: int) -> Iterator[Scene]:
    """A picture for each entry of the plan, which has the number of things of each class."""
    things = [
        sprites_of(make, name, seed) for name, make in zip(NAMES, (penguin, lighthouse, duck), strict=True)
    ]
    others, rng = other_sprites(seed), np.random.default_rng(seed)
    for counts in plan:
        scene = _scene(rng, things, others, counts)
        while len(scene.labels) < sum(counts):  # no room was left for one
            scene = _scene(rng, things, others, counts)
        yield scene


def _scene(rng: np.random.Generator, things: list, others: list, counts: Sequence[int]) -> Scene:
    scene = Scene(rng, SIZE)
    for _ in range(int(rng.integers(6, 14))):
        scene.put(others, OTHERS)
    for label, count in enumerate(counts):
        for _ in range(count):
            scene.put(things[label], SIDES[NAMES[label]], label)
    return scene


def drawn(folder: Path, name: str, plan: Sequence[tuple[int, ...]], seed: int) -> tfl.Annotations:
    """Pictures with their boxes; drawn where they are not there yet."""
    return drawn_set(folder, name, NAMES, len(plan), lambda: scenes(plan, seed))


def run_one(
    train: tfl.Annotations, exam: tfl.Annotations, seed: int, tiles: str | None, steps: int | None
) -> dict:
    detector = tfl.Detector.embedded(train.class_names)
    history = tfl.fine_tune(detector, train, seed=seed, tiles=tiles, steps=steps)
    found = detector.detect_all(exam.image_paths, threshold=0.01, progress=False)
    scores = tfl.evaluate(found, exam)
    return {
        "ap50": {name: one.ap50 for name, one in scores.per_class.items()},
        "ap": {name: one.ap for name, one in scores.per_class.items()},
        "training_s": history.seconds,
        "steps": len(history.loss),
        "notes": history.notes,
        "load": load(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pictures", type=Path, default=Path(tempfile.gettempdir(), "tflhelpers_rare_things")
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--whole", action="store_true", help="no tiles, where fine_tune would take some")
    parser.add_argument("--steps", type=int, help="for a trial; default: fine_tune's")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    train = drawn(arguments.pictures, "train", TRAINING, 1)
    exam = drawn(arguments.pictures, "exam", EXAM, 2)
    runs = []
    for seed in arguments.seeds:
        runs.append(
            {"seed": seed, **run_one(train, exam, seed, None if arguments.whole else "auto", arguments.steps)}
        )
        write_json(arguments.out, {"benchmark": "rare_things", "machine": machine(), "runs": runs})
    rows = [
        [
            name,
            str(sum(counts[label] for counts in TRAINING)),
            *(mean_and_spread([run[figure][name] for run in runs]) for figure in ("ap50", "ap")),
        ]
        for label, name in enumerate(NAMES)
    ]
    print(markdown_table(("class", "boxes", "AP50", "AP"), rows))
    print(f"\nTraining: {mean_and_spread([run['training_s'] for run in runs], 1)} s")


if __name__ == "__main__":
    main()
