"""How long does the original's own recipe take, from the call to the trained detector?

Five photos, SSD ResNet50 FPN at 640 px, box and class head only, 100 steps of batch 4, SGD 0.01 with momentum
0.9, no augmentation: the recipe of the few-shot notebooks of the TensorFlow Object Detection API. Then ours once
more without features from memory, whose losses must be the same.

    python benchmarks/original_recipe.py --peer-python PEER/bin/python --out original_recipe.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

from children import DATA, add_peer_argument, ask_peer, ask_us, checked_data, checked_peer, load, machine
from report import markdown_table, mean_and_spread, paired_ratio, write_json

from tflhelpers.progress import progress_bar

TITLES = {
    "ours": "tflhelpers",
    "peer": "Object Detection API",
    "uncached": "tflhelpers, cache_features=False",
}
HEADER = ("run", "from call to trained, s", "peer / this", "first and last loss", "peak memory, MB")
TOLERANCE = 1e-4  # of a loss, relative to it where it is above 1


def plan(rounds: int, *, with_peer: bool, with_uncached: bool) -> list[str]:
    """Who runs when: ours and the peer in turn, then once ours without cached features."""
    turns = ["ours", "peer"] if with_peer else ["ours"]
    return turns * rounds + ["uncached"] * with_uncached


def largest_gap(ours: list[float], uncached: list[float]) -> float:
    """Between two courses of losses, step by step; of losses above 1 as a share of them.

    Raises:
        ValueError: they have different numbers of steps.
    """
    return max((abs(a - b) / max(1.0, abs(b)) for a, b in zip(ours, uncached, strict=True)), default=0.0)


def table(runs: list[dict]) -> str:
    """A row for each kind of run; the ratio is the median of those of the pairs."""
    seconds: dict[str, list[float]] = {}
    for run in runs:
        seconds.setdefault(run["side"], []).append(run["seconds"])
    rows = []
    for side, values in seconds.items():
        mine = [run for run in runs if run["side"] == side]
        theirs = seconds.get("peer") if side == "ours" else None
        losses = mine[0]["loss"]
        rows.append(
            [
                TITLES[side],
                mean_and_spread(values, 1),
                f"{paired_ratio(theirs, values):.1f}" if theirs else "",
                f"{losses[0]:.3f}, {losses[-1]:.3f}",
                f"{max(run['peak_megabytes'] for run in mine):.0f}",
            ]
        )
    return markdown_table(HEADER, rows)


def run_one(side: str, seed: int, arguments: argparse.Namespace) -> dict:
    words = ["original", "--data", arguments.data, "--seed", seed]
    words += [] if arguments.steps is None else ["--steps", arguments.steps]
    if side == "peer":
        return {"side": side, "seed": seed, **ask_peer(arguments.peer_python, *words)}
    cache = "no" if side == "uncached" else "yes"
    return {"side": side, "seed": seed, **ask_us(*words, "--cache-features", cache)}


def run_all(arguments: argparse.Namespace) -> list[dict]:
    with_peer = arguments.peer_python is not None
    turns = plan(arguments.rounds, with_peer=with_peer, with_uncached=not arguments.skip_uncached)
    count, runs = dict.fromkeys(TITLES, 0), []
    with progress_bar(len(turns), "Original recipe") as bar:
        for side in turns:
            bar.set_text(now=TITLES[side])
            runs.append({**run_one(side, count[side], arguments), "load": load()})
            count[side] += 1
            bar.update()
    return runs


def courses(runs: list[dict]) -> str | None:
    """A sentence on the losses with and without cached features; None if they were not compared."""
    first = {
        side: next((r["loss"] for r in runs if r["side"] == side), None) for side in ("ours", "uncached")
    }
    if None in first.values():
        return None
    gap = largest_gap(first["ours"], first["uncached"])
    verdict = "the same" if gap <= TOLERANCE else "NOT the same"
    return f"Losses with and without cached features: {verdict}, at most {gap:.1e} apart in {len(first['ours'])} steps."


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of ducky")
    parser.add_argument("--rounds", type=int, default=1, help="fresh processes of each side")
    parser.add_argument("--steps", type=int, help="of all sides, for a trial; default 100")
    parser.add_argument("--skip-uncached", action="store_true", help="do not compare the losses")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    add_peer_argument(parser)
    arguments = parser.parse_args()
    checked_data(arguments.data, "ducky")
    arguments.peer_python = checked_peer(arguments.peer_python)
    runs = run_all(arguments)
    print(table(runs))
    if sentence := courses(runs):
        print(f"\n{sentence}")
    write_json(arguments.out, {"benchmark": "original_recipe", "machine": machine(), "runs": runs})


if __name__ == "__main__":
    main()
