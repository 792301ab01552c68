"""Does the job for many files keep up with `detect_all`, in flat memory, and lose nothing when it is killed?

The drawn clip's frames, each copy varied, as JPEGs of 960x540; the embedded detector. `detect_all` and `detect_files`
take turns, each in a fresh process. Then the job is begun anew, killed `--kills` times at random moments, and gone on
with to its end.

    python benchmarks/detect_files.py --count 10000 --kills 20 --out detect_files.json
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from children import QUIET_CPU, ask, load, machine
from PIL import Image
from report import markdown_table, mean_and_spread, paired_ratio, write_json

import tflhelpers as tfl
from tflhelpers.progress import progress_bar

SIDES = ("detect_all", "detect_files")
SIZE = (960, 540)  # width, height
EARLY = 1000  # images after which memory is looked at first
WARM = 16  # images before the clock starts: the network is compiled
HEADER = ("run", "images a second", "detect_files / this", f"memory after {EARLY}, MB", "at the end, MB")


def write_images(folder: Path, count: int) -> None:
    """Write frames of the drawn clip, every other one mirrored, each of another brightness."""
    frames = [
        Image.fromarray(tfl.read_image(path)).resize(SIZE) for path in tfl.samples.duck_clip().image_paths
    ]
    with progress_bar(count, "Writing images") as bar:
        for number in range(count):
            rng = np.random.default_rng(number)
            pixels = np.asarray(frames[number % len(frames)], np.float32)[:, :: 1 - 2 * (number % 2)]
            brighter = np.clip(pixels + rng.integers(-30, 31), 0, 255).astype(np.uint8)
            Image.fromarray(brighter).save(folder / f"{number:06d}.jpg", quality=88)
            bar.update()


def megabytes() -> float:
    """The memory that this process holds."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def watch_memory(found: Path, chunk_size: int, early: list[float]) -> None:
    """Note the memory when the first `EARLY` images are done."""
    while not early:
        if len(list(found.glob("part-*.parquet"))) * chunk_size >= EARLY:
            early.append(megabytes())
        time.sleep(0.05)


def run_side(side: str, images: Path, found: Path, chunk_size: int) -> dict:
    """The seconds and the memory of one way, in this process."""
    detector = tfl.Detector.embedded()
    paths = [str(path) for path in sorted(images.iterdir())]
    detector.detect_all(paths[:WARM], progress=False)
    early: list[float] = []
    threading.Thread(target=watch_memory, args=(found, chunk_size, early), daemon=True).start()
    began = time.perf_counter()
    if side == "detect_all":
        detector.detect_all(paths, progress=False)
    else:
        tfl.detect_files(detector, images, found, chunk_size=chunk_size, progress=False)
    seconds = time.perf_counter() - began
    run = {"side": side, "images": len(paths), "seconds": seconds, "end_megabytes": megabytes()}
    return run | ({"early_megabytes": early[0]} if early else {})


def child(side: str, images: Path, found: Path, chunk_size: int) -> list[str]:
    words = (sys.executable, __file__, "--child", side, "--images", images, "--found", found)
    return [str(word) for word in (*words, "--chunk-size", chunk_size)]


def kill_often(images: Path, found: Path, chunk_size: int, kills: int, seconds: float) -> dict:
    """Kill the job at random moments, then let it end.

    Args:
        images, found, chunk_size: Of the job.
        kills: How often.
        seconds: That a whole job takes; a life is a random part of twice its share of them, counted from its first new
            part, or from its beginning.

    Returns:
        How many images there are, how many of them once, and whether a part was ever lost or changed.
    """
    moments, kept, changed = random.Random(0), {}, 0
    with progress_bar(kills + 1, "Lives") as bar:
        for _ in range(kills):
            life = subprocess.Popen(
                child("detect_files", images, found, chunk_size), env={**os.environ, **QUIET_CPU}
            )
            before = len(kept)
            while (
                life.poll() is None and moments.random() > 0.02 and len(list(found.glob("part-*"))) == before
            ):
                time.sleep(0.5)
            time.sleep(moments.uniform(0, 2 * seconds / (kills + 1)))
            if life.poll() is None:
                os.kill(life.pid, signal.SIGKILL)
            life.wait()
            parts = {path.name: path.read_bytes() for path in found.glob("part-*")}
            changed += sum(parts.get(name) != content for name, content in kept.items())
            kept = parts
            bar.update()
        ask(child("detect_files", images, found, chunk_size))
        bar.update()
    paths = tfl.read_detections(found).paths
    return {"kills": kills, "images": len(paths), "once": len(set(paths)), "lost_or_changed_parts": changed}


def table(runs: list[dict]) -> str:
    rates = {side: [r["images"] / r["seconds"] for r in runs if r["side"] == side] for side in SIDES}
    rows = []
    for side in SIDES:
        mine = [run for run in runs if run["side"] == side]
        early = max((run["early_megabytes"] for run in mine if "early_megabytes" in run), default=None)
        ratio = "" if side == "detect_files" else f"{paired_ratio(rates['detect_files'], rates[side]):.2f}"
        end = max(run["end_megabytes"] for run in mine)
        shown = "" if early is None else f"{early:.0f}"
        rows.append([side, mean_and_spread(rates[side], 1), ratio, shown, f"{end:.0f}"])
    return markdown_table(HEADER, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000, help="images")
    parser.add_argument("--rounds", type=int, default=1, help="fresh processes of each side")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--chunk-size", type=int, default=512)
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    for hidden in ("--child", "--images", "--found"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    chunk_size = arguments.chunk_size
    if arguments.child:
        job = arguments.child, Path(arguments.images), Path(arguments.found), chunk_size
        print(json.dumps(run_side(*job)))
        return
    runs = []
    with tempfile.TemporaryDirectory() as name:
        images, found = Path(name, "images"), Path(name, "found")
        images.mkdir()
        write_images(images, arguments.count)
        for number in range(arguments.rounds * 2):
            side = SIDES[(number + number // 2) % 2]  # neither is always the first
            shutil.rmtree(found, ignore_errors=True)
            runs.append({**ask(child(side, images, found, chunk_size)), "load": load()})
        print(table(runs))
        shutil.rmtree(found)
        seconds = max(run["seconds"] for run in runs)
        killed = kill_often(images, found, chunk_size, arguments.kills, seconds) if arguments.kills else {}
        print(killed)
    content = {"benchmark": "detect_files", "machine": machine(), "runs": runs, "killed": killed}
    write_json(arguments.out, content)


if __name__ == "__main__":
    main()
