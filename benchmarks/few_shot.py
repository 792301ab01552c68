"""How good is what one has after a few photos, by what the training starts from?

Sets of real photos: a few to learn from, others as the exam. `fine_tune` with its defaults from each start.

    python benchmarks/few_shot.py --sets ducky raccoon cards --starts embedded embedded_v1 hands --out few_shot.json
    python benchmarks/few_shot.py --sets ducky raccoon --left-out   # tune on these: folds of the training photos

A set is a folder of --data with annotations_train.json and annotations_test.json (COCO); an
annotations_test_reflections.json, which marks regions to ignore, goes before the latter.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from children import DATA, HERE, ask_us, checked_data, load, machine
from found import read_detections
from report import markdown_table, mean_and_spread, write_json

import tflhelpers as tfl
from tflhelpers.progress import progress_bar

STARTS = {
    "embedded": "embedded",
    "embedded_v1": "embedded of d003595",
    "hands": "hands and faces, MobileNet 320",
    "extractor": "COCO extractor, MobileNet 320",
}
V1_COMMIT, V1_FOLDER = "d003595", "tflhelpers/model/embedded"
NEEDS = {"hands": "handtrack_320", "extractor": "coco_fpnlite_extractor"}
HEADER = ("set", "start", "AP", "AP50", "AP75", "training, s", "steps")


def exam_of(folder: Path) -> tuple[tfl.Annotations, tfl.Annotations]:
    """The photos to learn from and those of the exam; the classes of both in one order.

    Raises:
        SystemExit: the two files name other classes.
    """
    early = annotations_at(folder, "annotations_train.json")
    reflections = "annotations_test_reflections.json"
    late = annotations_at(folder, reflections if (folder / reflections).exists() else "annotations_test.json")
    if early.class_names != late.class_names:
        raise SystemExit(
            f"{folder}: expected one list of classes, got {early.class_names} and {late.class_names}."
        )
    return early, late


def annotations_at(folder: Path, name: str) -> tfl.Annotations:
    """A file of a set; its photos lie beside it or in the folder train or test."""
    photos = folder / ("train" if "train" in name else "test")
    return tfl.Annotations.load(folder / name, images=photos if photos.is_dir() else None)


def folds_of(photos: tfl.Annotations, count: int = 5) -> list[tuple[tfl.Annotations, tfl.Annotations]]:
    """(to learn from, left out) of the training photos; no class is left without a photo to learn from."""
    items, folds = list(photos), []
    count = min(count, len(items))
    for number in range(count):
        left = items[number::count]
        kept = [item for place, item in enumerate(items) if place % count != number]
        known = {int(label) for _, boxes in kept for label in boxes.labels}
        if known == set(range(len(photos.class_names))):
            folds.append(tuple(tfl.Annotations.from_items(photos.class_names, part) for part in (kept, left)))
    return folds


def start_folder(start: str, folder: Path) -> str:
    """What ours.py is told to start from: a name, or the folder of a saved detector."""
    if start != "embedded_v1":
        return start
    target = folder / "embedded_v1"
    target.mkdir(exist_ok=True)
    for name in ("detector.json", "weights.npz"):
        command = ["git", "-C", str(HERE), "show", f"{V1_COMMIT}:{V1_FOLDER}/{name}"]
        (target / name).write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return str(target)


def jobs_of(arguments: argparse.Namespace, name: str) -> list[tuple[tfl.Annotations, tfl.Annotations]]:
    early, late = exam_of(arguments.data / name)
    return folds_of(early, arguments.folds) if arguments.left_out else [(early, late)]


def run_one(
    arguments: argparse.Namespace,
    start: str,
    seed: int,
    jobs: list[tuple[tfl.Annotations, tfl.Annotations]],
    folder: Path,
) -> dict:
    """One training, or one a fold, whose boxes are scored together."""
    found, runs, begin = [], [], start_folder(start, folder)
    for early, late in jobs:
        for name, photos in (("train", early), ("test", late)):
            photos.save(folder / f"{name}.json")
        path = folder / "found.json"
        words = ["few", "--photos", folder, "--start", begin, "--seed", seed]
        words += ["--data", arguments.data, "--detections", path]
        words += [] if arguments.steps is None else ["--steps", arguments.steps]
        runs.append(ask_us(*words))
        found += read_detections(path)
    late_ones = [item for _, late in jobs for item in late]
    scores = tfl.evaluate(found, tfl.Annotations.from_items(jobs[0][0].class_names, late_ones))
    return {
        "ap": scores.ap,
        "ap50": scores.ap50,
        "ap75": scores.ap75,
        "per_class": {name: one.ap50 for name, one in scores.per_class.items()},
        "seconds": sum(run["seconds"] for run in runs),
        "steps": sum(run["steps"] for run in runs),
        "load": load(),
    }


def run_all(arguments: argparse.Namespace, folder: Path) -> list[dict]:
    turns = [
        (name, seed, start)
        for name in arguments.sets
        for seed in arguments.seeds
        for start in arguments.starts
    ]
    runs = []
    with progress_bar(len(turns), "Few photos") as bar:
        for name, seed, start in turns:
            bar.set_text(now=f"{name}, {start}, seed {seed}")
            figures = run_one(arguments, start, seed, jobs_of(arguments, name), folder)
            runs.append({"set": name, "start": start, "seed": seed, **figures})
            write_json(arguments.out, {"benchmark": "few_shot", "machine": machine(), "runs": runs})
            bar.update()
    return runs


def table(runs: list[dict]) -> str:
    """A row for each set and start, means over the seeds."""
    rows = []
    for name, start in dict.fromkeys((run["set"], run["start"]) for run in runs):
        mine = [run for run in runs if (run["set"], run["start"]) == (name, start)]
        rows.append(
            [
                name,
                STARTS.get(start, start),
                *(mean_and_spread([run[figure] for run in mine]) for figure in ("ap", "ap50", "ap75")),
                mean_and_spread([run["seconds"] for run in mine], 1),
                str(mine[0]["steps"]),
            ]
        )
    return markdown_table(HEADER, rows)


def main() -> None:
    arguments = _arguments()
    checked_data(
        arguments.data, *arguments.sets, *(NEEDS[start] for start in arguments.starts if start in NEEDS)
    )
    with tempfile.TemporaryDirectory() as name:
        print(table(run_all(arguments, Path(name))))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the sets, and of the checkpoints")
    parser.add_argument("--sets", nargs="+", default=["ducky", "raccoon", "cards"], help="folders of --data")
    parser.add_argument(
        "--starts",
        nargs="+",
        default=["embedded", "embedded_v1"],
        help=f"{', '.join(STARTS)}, or the folder of a saved detector",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--left-out", action="store_true", help="folds of the training photos instead of the exam"
    )
    parser.add_argument("--folds", type=int, default=5, help="with --left-out, at most so many")
    parser.add_argument("--steps", type=int, help="for a trial; default: fine_tune's")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write, after each run")
    return parser.parse_args()


if __name__ == "__main__":
    main()
