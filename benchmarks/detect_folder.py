"""How many pictures a second does a folder of photos take, and does memory stay flat?

500 JPEGs of 960x540, SSD MobileNetV2 FPNLite at 320 px: `detect_all` with its defaults against the loop of the
inference tutorial of the TensorFlow Object Detection API, one picture at a time. The peer reads its pictures
twice over: as its tutorial does, and quickly, as one who knows numpy does; the ratio is that to the quick one.

    python benchmarks/detect_folder.py --peer-python PEER/bin/python --out detect_folder.json
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import numpy as np
from children import add_peer_argument, ask_peer, ask_us, checked_peer, load, machine
from PIL import Image
from report import markdown_table, mean_and_spread, paired_ratio, write_json
from same_job import PICTURE_SIZE

from tflhelpers.progress import progress_bar

TITLES = {
    "ours": "tflhelpers, detect_all",
    "quick": "Object Detection API, one by one",
    "tutorial": "the same, pictures read as in its tutorial",
}
HEADER = ("run", "pictures a second", "ours / this", "peak memory after 100, MB", "at the end, MB")
TUTORIAL_PICTURES = 50  # it takes too long to read 500 that way
GRAIN = 6.0  # standard deviation of the camera's noise, 0..255


def photo(number: int) -> np.ndarray:
    """Soft shapes with grain, RGB uint8 (540, 960, 3): as a JPEG of quality 90 it has 180 kB, like a photo."""
    rng = np.random.default_rng(number)
    shapes = Image.fromarray(rng.integers(0, 256, (18, 32, 3), dtype=np.uint8))
    soft = np.asarray(shapes.resize(PICTURE_SIZE[::-1], Image.Resampling.BICUBIC), np.float32)
    return np.clip(soft + rng.normal(0, GRAIN, (*PICTURE_SIZE, 1)), 0, 255).astype(np.uint8)


def write_photos(folder: Path, count: int) -> None:
    with progress_bar(count, "Writing pictures") as bar:
        for number in range(count):
            Image.fromarray(photo(number)).save(folder / f"{number:04d}.jpg", quality=90)
            bar.update()


def rate(run: dict) -> float:
    """Pictures a second, the start of the network not counted."""
    return run["pictures"] / run["seconds"]


def table(runs: list[dict]) -> str:
    """A row for each kind of run; the ratio of the rates is the median of those of the rounds."""
    rates: dict[str, list[float]] = {}
    for run in runs:
        rates.setdefault(run["side"], []).append(rate(run))
    rows = []
    for side, values in rates.items():
        mine = [run for run in runs if run["side"] == side]
        early = [run["early_megabytes"] for run in mine if "early_megabytes" in run]
        rows.append(
            [
                TITLES[side],
                mean_and_spread(values, 1),
                "" if side == "ours" else f"{paired_ratio(rates['ours'], values):.2f}",
                f"{statistics.median(early):.0f}" if early else "",
                f"{statistics.median(run['peak_megabytes'] for run in mine):.0f}",
            ]
        )
    return markdown_table(HEADER, rows)


def run_one(side: str, folder: Path, peer: Path | None) -> dict:
    words = ["folder", "--pictures", folder]
    if side == "ours":
        return {"side": side, **ask_us(*words)}
    words += ["--reader", side] + (["--count", TUTORIAL_PICTURES] if side == "tutorial" else [])
    return {"side": side, **ask_peer(peer, *words)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of each side")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    add_peer_argument(parser)
    arguments = parser.parse_args()
    peer = checked_peer(arguments.peer_python)
    sides, runs = list(TITLES) if peer else ["ours"], []
    with tempfile.TemporaryDirectory() as name:
        write_photos(Path(name), arguments.pictures)
        with progress_bar(arguments.rounds * len(sides), "Folder") as bar:
            for side in sides * arguments.rounds:
                bar.set_text(now=TITLES[side])
                runs.append({**run_one(side, Path(name), peer), "load": load()})
                bar.update()
    print(table(runs))
    write_json(arguments.out, {"benchmark": "detect_folder", "machine": machine(), "runs": runs})


if __name__ == "__main__":
    main()
