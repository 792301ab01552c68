"""How long from starting Python to the boxes of the first picture?

A fresh process that imports, builds, restores a checkpoint and detects once: ours against the TensorFlow Object
Detection API, both from the same checkpoint; and ours from a folder that `Detector.save` wrote.

    python benchmarks/cold_start.py --peer-python PEER/bin/python --out cold_start.json
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from children import add_peer_argument, ask_peer, ask_us, checked_peer, load, machine
from report import markdown_table, mean_and_spread, paired_ratio, write_json
from same_job import NETWORKS

from tflhelpers.progress import progress_bar

NETWORK_TITLES = {
    "resnet50_640": "SSD ResNet50 FPN, 640 px",
    "mobilenet_320": "SSD MobileNetV2 FPNLite, 320 px",
}
TITLES = {
    "ours": "tflhelpers, from a checkpoint",
    "peer": "Object Detection API, from the same checkpoint",
    "saved": "tflhelpers, from a saved detector",
}
HEADER = ("network", "run", "to the first boxes, s", "this / peer", "of which importing and restoring, s")


def from_start(run: dict, moment: str) -> float:
    """Seconds from the start of its Python to a moment that the process told."""
    return run[moment] - run["started_at"]


def table(runs: list[dict]) -> str:
    """A row for each network and kind of run; the ratio is the median of those of the rounds."""
    seconds: dict[tuple[str, str], list[float]] = {}
    restored: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        key = (run["network"], run["side"])
        seconds.setdefault(key, []).append(from_start(run, "detected_at"))
        restored.setdefault(key, []).append(from_start(run, "ready_at"))
    rows = []
    for (network, side), values in seconds.items():
        theirs = None if side == "peer" else seconds.get((network, "peer"))
        rows.append(
            [
                NETWORK_TITLES[network],
                TITLES[side],
                mean_and_spread(values, 1),
                f"{paired_ratio(values, theirs):.2f}" if theirs else "",
                mean_and_spread(restored[network, side], 1),
            ]
        )
    return markdown_table(HEADER, rows)


def run_one(side: str, network: str, folder: Path, peer: Path | None) -> dict:
    words = ["first", "--network", network]
    if side == "peer":
        return ask_peer(peer, *words, "--checkpoint", folder / f"{network}-ckpt")
    if side == "ours":
        return ask_us(*words, "--checkpoint", folder / f"{network}-ckpt")
    return ask_us(*words, "--saved", folder / f"{network}-saved")


def make_ready(networks: list[str], folder: Path, peer: Path) -> None:
    """A checkpoint and a saved detector of each network. This also brings both sides' files into memory."""
    for network in networks:
        prefix = folder / f"{network}-ckpt"
        ask_peer(peer, "checkpoint", "--network", network, "--checkpoint", prefix)
        ask_us("first", "--network", network, "--checkpoint", prefix, "--save", folder / f"{network}-saved")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of each side")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    add_peer_argument(parser)
    arguments = parser.parse_args()
    peer = checked_peer(arguments.peer_python)
    if peer is None:
        raise SystemExit("The checkpoint that both sides restore is written by the peer: there must be one.")
    turns = [(n, side) for n in arguments.networks for _ in range(arguments.rounds) for side in TITLES]
    runs = []
    with tempfile.TemporaryDirectory() as name, progress_bar(len(turns), "Cold start") as bar:
        make_ready(arguments.networks, Path(name), peer)
        for network, side in turns:
            bar.set_text(now=f"{TITLES[side]}, {network}")
            run = run_one(side, network, Path(name), peer)
            runs.append({"network": network, "side": side, "load": load(), **run})
            bar.update()
    print(table(runs))
    write_json(arguments.out, {"benchmark": "cold_start", "machine": machine(), "runs": runs})


if __name__ == "__main__":
    main()
