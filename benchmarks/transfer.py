"""Is it the embedded weights that make five photos enough?

The drawn duck: five photos to learn from, 48 frames of a clip to find it in. The embedded detector against
the same architecture with random weights; same photos, same defaults, same seed.

    python benchmarks/transfer.py --out transfer.json
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from children import ask_us, machine
from found import scored
from report import markdown_table, mean_and_spread, write_json

import tflhelpers as tfl
from tflhelpers.progress import progress_bar

STARTS = {"embedded": "embedded weights", "random": "random weights"}
HEADER = ("start", "AP50", "AP", "training, s", "steps")


def table(runs: list[dict]) -> str:
    """A row for each start, means over the seeds."""
    rows = []
    for start, title in STARTS.items():
        mine = [run for run in runs if run["start"] == start]
        columns = [mean_and_spread([run[name] for run in mine]) for name in ("ap50", "ap")]
        rows.append(
            [title, *columns, mean_and_spread([run["seconds"] for run in mine], 1), str(mine[0]["steps"])]
        )
    return markdown_table(HEADER, rows)


def gain(runs: list[dict]) -> float:
    """By how much the mean AP50 from the embedded weights is higher than that from random ones."""
    means = {
        start: statistics.fmean(run["ap50"] for run in runs if run["start"] == start) for start in STARTS
    }
    return means["embedded"] - means["random"]


def run_all(seeds: list[int], steps: int | None) -> list[dict]:
    truth, runs = tfl.samples.duck_clip(), []
    turns = [(seed, start) for seed in seeds for start in STARTS]
    with progress_bar(len(turns), "Drawn duck") as bar, tempfile.TemporaryDirectory() as folder:
        for seed, start in turns:
            bar.set_text(now=f"{STARTS[start]}, seed {seed}")
            path = Path(folder) / f"{start}{seed}.json"
            words = ["transfer", "--start", start, "--seed", seed, "--detections", path]
            figures = ask_us(*words, *([] if steps is None else ["--steps", steps]))
            runs.append({"start": start, "seed": seed, **scored(figures, path, truth)})
            bar.update()
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, help="for a trial; default: fine_tune's")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    arguments = parser.parse_args()
    runs = run_all(arguments.seeds, arguments.steps)
    print(table(runs))
    print(f"\nAP50 from the embedded weights against random ones: {gain(runs):+.3f}")
    write_json(
        arguments.out, {"benchmark": "transfer", "machine": machine(), "gain_ap50": gain(runs), "runs": runs}
    )


if __name__ == "__main__":
    main()
