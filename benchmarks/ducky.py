"""How good is a detector that has seen five photos, and how long does it learn?

Five photos of a rubber duck; a detector that was trained on hands and faces; 49 frames of a clip. Ours with
its defaults against the TensorFlow Object Detection API, training all layers for 300 steps, seed by seed.

    python benchmarks/ducky.py --peer-python PEER/bin/python --gif duck.gif --out ducky.json
    python benchmarks/ducky.py --recipe fast             # in 20 seconds
    python benchmarks/ducky.py --recipe extractor        # from a feature extractor, the box predictor from nothing
    python benchmarks/ducky.py --recipe heads ancestor   # what the original's own recipes give, with both
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from children import DATA, add_peer_argument, ask_peer, ask_us, checked_data, checked_peer, machine
from found import scored, write_clip
from report import markdown_table, mean_and_spread, paired_ratio, write_json

import tflhelpers as tfl
from tflhelpers.progress import progress_bar

# Ours -> compared with; the peer starts from hands and faces only.
PEER_RECIPES = {"defaults": "all", "fast": "all", "extractor": None, "heads": "heads", "ancestor": "all"}
TITLES = {
    ("ours", "defaults"): "tflhelpers, defaults",
    ("ours", "fast"): "tflhelpers, in 20 seconds",
    ("ours", "extractor"): "tflhelpers, defaults, box predictor from nothing",
    ("ours", "heads"): "tflhelpers, heads only, 100 steps",
    ("ours", "ancestor"): "tflhelpers, all layers, 300 steps, no augmentation",
    ("peer", "heads"): "Object Detection API, heads only, 100 steps",
    ("peer", "all"): "Object Detection API, all layers, 300 steps",
}
HEADER = ("run", "AP", "AP50", "AP75", "training, s", "ours / peer", "whole process, s", "peak memory, MB")


def plan(recipes: list[str], seeds: list[int], with_peer: bool) -> list[tuple[str, str, int]]:
    """(side, recipe, seed) of each run, in turn: seed by seed, ours before the peer's, nothing twice."""
    runs = []
    for seed in seeds:
        for recipe in recipes:
            runs.append(("ours", recipe, seed))
            if with_peer and PEER_RECIPES[recipe]:
                runs.append(("peer", PEER_RECIPES[recipe], seed))
    return list(dict.fromkeys(runs))


def run_one(side: str, recipe: str, seed: int, path: Path, arguments: argparse.Namespace) -> dict:
    words = ["train", "--data", arguments.data, "--recipe", recipe, "--seed", seed, "--detections", path]
    steps = arguments.steps if side == "ours" else arguments.peer_steps
    words += [] if steps is None else ["--steps", steps]
    figures = ask_us(*words) if side == "ours" else ask_peer(arguments.peer_python, *words)
    return {"side": side, "recipe": recipe, "seed": seed, **figures}


def table(runs: list[dict]) -> str:
    """A row for each side and recipe, means over the seeds; the ratio is that of the training seconds."""
    seconds = {}
    for run in runs:
        seconds.setdefault((run["side"], run["recipe"]), []).append(run["seconds"])
    rows = [_row(side, recipe, runs, seconds) for side, recipe in seconds]
    return markdown_table(HEADER, rows)


def _row(side: str, recipe: str, runs: list[dict], seconds: dict) -> list[str]:
    mine = [run for run in runs if (run["side"], run["recipe"]) == (side, recipe)]
    theirs = seconds.get(("peer", PEER_RECIPES[recipe])) if side == "ours" else None
    return [
        TITLES[side, recipe],
        *(mean_and_spread([run[name] for run in mine]) for name in ("ap", "ap50", "ap75")),
        mean_and_spread([run["seconds"] for run in mine], 1),
        f"{paired_ratio(seconds[side, recipe], theirs):.2f}" if theirs else "",
        mean_and_spread([run["process_seconds"] for run in mine], 1),
        f"{max(run['peak_megabytes'] for run in mine):.0f}",
    ]


def run_all(arguments: argparse.Namespace, folder: Path) -> list[dict]:
    frames = duck_frames(arguments.data)
    turns = plan(arguments.recipe, arguments.seeds, arguments.peer_python is not None)
    runs = []
    with progress_bar(len(turns), "Rubber duck") as bar:
        for number, (side, recipe, seed) in enumerate(turns):
            bar.set_text(now=f"{TITLES[side, recipe]}, seed {seed}")
            path = folder / f"{number}.json"
            runs.append(scored(run_one(side, recipe, seed, path, arguments), path, frames))
            bar.update()
    return runs


def duck_frames(data: Path) -> tfl.Annotations:
    """The 49 frames, with the duck's mirror reflection as a region to ignore."""
    folder = data / "ducky"
    return tfl.Annotations.load(folder / "annotations_test_reflections.json", images=folder / "test")


def write_gif(arguments: argparse.Namespace, run: dict, detections: Path) -> str:
    """The frames as the first run sees them, at its detector's own threshold; returns what was written."""
    told = write_clip(
        arguments.gif,
        detections,
        duck_frames(arguments.data),
        threshold=run["threshold"],
        fps=arguments.fps,
        max_bytes=round(arguments.gif_megabytes * 1e6),
    )
    return f"Seed {run['seed']}, boxes with a score of at least {run['threshold']}: {told}"


def main() -> None:
    arguments = _arguments()
    checkpoints = {
        "coco_fpnlite_extractor" if recipe == "extractor" else "handtrack_320" for recipe in arguments.recipe
    }
    checked_data(arguments.data, "ducky", *sorted(checkpoints))
    arguments.peer_python = checked_peer(arguments.peer_python)
    with tempfile.TemporaryDirectory() as name:
        runs = run_all(arguments, Path(name))
        print(table(runs))
        write_json(arguments.out, {"benchmark": "ducky", "machine": machine(), "runs": runs})
        if arguments.gif:
            print(write_gif(arguments, runs[0], Path(name) / "0.json"), file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of ducky and of the checkpoints")
    parser.add_argument("--recipe", nargs="+", choices=PEER_RECIPES, default=["defaults"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="of ours, for a trial; default: the recipe's")
    parser.add_argument("--peer-steps", type=int, help="of the peer, for a trial; default: the recipe's")
    parser.add_argument("--gif", type=Path, help="GIF of the frames to write, as the first run sees them")
    parser.add_argument("--fps", type=float, default=10, help="of the GIF")
    parser.add_argument("--gif-megabytes", type=float, default=8, help="that the GIF may have")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    add_peer_argument(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
