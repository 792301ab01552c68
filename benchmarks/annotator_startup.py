"""How soon is the first of 200 large photos shown, and how much memory does annotating them take?

A fresh process draws 200 photos of 12 megapixels, opens the annotator on them as a notebook does, and goes through all
of them as a page would: each opened with the next one fetched beforehand, each with its thumbnail, a box drawn on each.
Nothing of a browser is measured.

    python benchmarks/annotator_startup.py
    python benchmarks/annotator_startup.py --pictures 20 --out annotator_startup.json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from children import ask, machine
from PIL import Image
from report import markdown_table, write_json

WIDTH, HEIGHT = 4000, 3000
HEADER = (
    "pictures",
    "import, s",
    "open the set, s",
    "first picture, s",
    "next pictures, ms",
    "box saved, ms",
)
MEMORY_HEADER = ("pictures", "before, MB", "first picture, MB", "after all, MB", "peak, MB")


def write_photos(folder: Path, count: int) -> None:
    """Photos with the detail of real ones (about 4 MB each); ten different ones, the others are copies."""
    noise = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"photo{number:03}.jpg"
        if number >= 10:
            os.link(folder / f"photo{number % 10:03}.jpg", path)
            continue
        coarse = noise.integers(0, 256, (HEIGHT // 16, WIDTH // 16, 3), np.uint8)
        pixels = np.asarray(Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        grain = noise.integers(0, 24, (HEIGHT, WIDTH, 1), np.uint8)
        Image.fromarray(pixels // 2 + 48 + grain).save(path, quality=90)


def measure(folder: Path) -> dict:
    """Open the annotator in this process and go through all pictures; returns the figures."""
    before = _memory()
    began = time.perf_counter()
    import tflhelpers as tfl

    annotator_class = tfl.Annotator
    imported = time.perf_counter()
    annotator = annotator_class(folder, ["duck"], folder / "annotations.json")
    opened = time.perf_counter()
    page = _Page(annotator)
    page.tell("hello")
    page.tell("open", index=0, next=1)
    shown = time.perf_counter()
    first_memory, count = _memory(), len(annotator.states)
    turns, saves = [], []
    for index in range(1, count):
        page.tell("thumbnail", index=index)
        annotator._background.wait()  # a person looks for longer than that
        turns.append(_seconds(lambda index=index: page.tell("open", index=index, next=(index + 1) % count)))
        saves.append(_seconds(lambda index=index: page.draw(f"photo{index:03}.jpg")))
    return {
        "pictures": count,
        "megabytes_a_picture": (folder / "photo000.jpg").stat().st_size / 1e6,
        "import_seconds": imported - began,
        "set_seconds": opened - imported,
        "first_seconds": shown - began,
        "turn_milliseconds": 1000 * float(np.median(turns)),
        "save_milliseconds": 1000 * float(np.median(saves)),
        "before_megabytes": before,
        "first_megabytes": first_memory,
        "after_megabytes": _memory(),
        "peak_megabytes": _memory("VmHWM"),
    }


class _Page:
    """Sends the messages of the page; what is answered is thrown away, as a kernel does."""

    def __init__(self, annotator) -> None:
        self._annotator = annotator
        annotator.send = lambda content, buffers=None: json.dumps(content)

    def tell(self, kind: str, **fields) -> None:
        self._annotator._handle_custom_msg({"kind": kind, "ticket": 0, **fields}, [])

    def draw(self, name: str) -> None:
        box = {"xyxy": [10, 20, 110, 220], "class": "duck", "crowd": False}
        self.tell("change", name=name, content={"boxes": [box], "nothing_here": False}, bases=[])


def _seconds(action) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _memory(field: str = "VmRSS") -> float:
    """Resident memory of this process in MB, now (VmRSS) or at most so far (VmHWM); Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"expected {field} in /proc/self/status, found none.")


_MEMORY_NAMES = ("before_megabytes", "first_megabytes", "after_megabytes", "peak_megabytes")


def tables(figures: dict) -> str:
    count = str(figures["pictures"])
    times = [f"{figures[name]:.2f}" for name in ("import_seconds", "set_seconds", "first_seconds")]
    times += [f"{figures[name]:.0f}" for name in ("turn_milliseconds", "save_milliseconds")]
    memory = [f"{figures[name]:.0f}" for name in _MEMORY_NAMES]
    return (
        f"{markdown_table(HEADER, [(count, *times)])}\n\n{markdown_table(MEMORY_HEADER, [(count, *memory)])}"
    )


def main() -> None:
    arguments = _arguments()
    if arguments.measure is not None:
        print(json.dumps(measure(arguments.measure)))
        return
    with tempfile.TemporaryDirectory() as name:
        write_photos(Path(name), arguments.pictures)
        figures = ask([sys.executable, __file__, "--measure", name])
    print(tables(figures))
    write_json(arguments.out, {"benchmark": "annotator_startup", "machine": machine(), **figures})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
