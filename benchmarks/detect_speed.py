"""How long does one picture take, and how much memory?

The whole call, from an RGB array of 960x540 to boxes in its pixels: ours against the TensorFlow Object
Detection API. Both hold the same weights and so find the same. Each run is a fresh process; they take turns.

    python benchmarks/detect_speed.py --peer-python PEER/bin/python --out detect_speed.json
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from children import add_peer_argument, ask_peer, ask_us, checked_peer, machine
from report import markdown_table, paired_ratio, write_json
from same_job import NETWORKS

from tflhelpers.progress import progress_bar

TITLES = {"resnet50_640": "SSD ResNet50 FPN, 640 px", "mobilenet_320": "SSD MobileNetV2 FPNLite, 320 px"}
REPEATS = {"resnet50_640": 30, "mobilenet_320": 200}
MEASURES = {  # key of a run -> name, factor, unit
    "seconds": ("one picture", 1000, "ms"),
    "first_seconds": ("first picture", 1, "s"),
    "peak_megabytes": ("peak memory", 1, "MB"),
}
HEADER = ("network", "measure", "tflhelpers", "Object Detection API", "ours / peer")


def table(runs: list[dict]) -> str:
    """A row for each network and measure: medians over the rounds, and the median of the rounds' ratios."""
    rows = []
    for network in dict.fromkeys(run["network"] for run in runs):
        for measure, (name, factor, unit) in MEASURES.items():
            ours, theirs = (_values(runs, network, side, measure) for side in ("ours", "peer"))
            cells = [f"{statistics.median(v) * factor:.1f} {unit}" if v else "" for v in (ours, theirs)]
            ratio = f"{paired_ratio(ours, theirs):.2f}" if theirs else ""
            rows.append([TITLES[network], name, *cells, ratio])
    return markdown_table(HEADER, rows)


def _values(runs: list[dict], network: str, side: str, measure: str) -> list[float]:
    return [run[measure] for run in runs if (run["network"], run["side"]) == (network, side)]


def largest_difference(runs: list[dict], network: str) -> float:
    """Between the sorted scores of the sides' boxes: proof that both did the same work.

    Raises:
        ValueError: they found different numbers of boxes.
    """
    first = {side: next(r for r in runs if (r["network"], r["side"]) == (network, side)) for side in _SIDES}
    pairs = zip(first["ours"]["scores"], first["peer"]["scores"], strict=True)
    return max((abs(a - b) for a, b in pairs), default=0.0)


_SIDES = ("ours", "peer")


def run_all(networks: list[str], rounds: int, repeats: int | None, peer: Path | None) -> list[dict]:
    turns = [(network, i) for network in networks for i in range(rounds)]
    sides, runs = _SIDES if peer else _SIDES[:1], []
    with progress_bar(len(turns) * len(sides), "One picture") as bar:
        for network, round_number in turns:
            words = ["detect", "--network", network, "--repeats", repeats or REPEATS[network]]
            for side in sides:
                bar.set_text(now=f"{side}, {TITLES[network]}")
                figures = ask_us(*words) if side == "ours" else ask_peer(peer, *words)
                runs.append({"network": network, "side": side, "round": round_number, **figures})
                bar.update()
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of each side")
    parser.add_argument("--repeats", type=int, help="calls a process; default 30 at 640, 200 at 320")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    add_peer_argument(parser)
    arguments = parser.parse_args()
    peer = checked_peer(arguments.peer_python)
    runs = run_all(arguments.networks, arguments.rounds, arguments.repeats, peer)
    print(table(runs))
    for network in arguments.networks if peer else ():
        print(
            f"\n{TITLES[network]}: the scores of all boxes agree to {largest_difference(runs, network):.1e}."
        )
    write_json(arguments.out, {"benchmark": "detect_speed", "machine": machine(), "runs": runs})


if __name__ == "__main__":
    main()
