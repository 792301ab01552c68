"""Does a long clip go through `detect_video` with flat memory, and how many frames a second?

A clip of 1920x1080 at 12 frames a second, drawn by ffmpeg (testsrc2), goes through twice: all of it with a stub
that finds a moving box at once, so that what is measured is reading, steadying, drawing and writing; and its
beginning with the embedded detector. Memory is that of the process and of its ffmpegs together, looked at four times
a second, above what there was once the detector had seen its first picture.

    python benchmarks/detect_video.py --out detect_video.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from children import ask, load, machine
from report import markdown_table, write_json

import tflhelpers as tfl
from tflhelpers.data.video_reading import ffmpeg_program, read_video
from tflhelpers.sharing.detect_video import detect_video

SIZE, FPS = (1080, 1920), 12
HEADER = (
    "run",
    "clip, minutes",
    "frames a second",
    "process, MB above",
    "with its ffmpegs, MB above",
    "file, MB",
)
LIMIT = 1500  # MB above the model's own that the project allows itself


def write_clip(path: Path, minutes: float) -> None:
    if path.exists():
        return
    part = path.with_suffix(".part.mp4")
    source = f"testsrc2=size={SIZE[1]}x{SIZE[0]}:rate={FPS}:duration={60 * minutes:g}"
    command = [ffmpeg_program(), "-y", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264"]
    subprocess.run([*command, "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(part)], check=True)
    part.rename(path)


class Stub:
    """Finds a box that moves on, trembles, and is missed now and then."""

    class_names, threshold = ("thing",), 0.5

    def __init__(self) -> None:
        self.seen = 0

    def detect(self, image: np.ndarray, *, threshold: float | None = None, max_boxes: int = 100) -> tfl.Boxes:
        self.seen += 1
        if self.seen % 17 == 0:
            return tfl.Boxes.empty(with_scores=True)
        left = 100 + self.seen * 5 % 1400 + self.seen % 3
        return tfl.Boxes([[left, 300, left + 300, 700]], [0], [0.9])


class Watch:
    """The most memory so far, in MB above that at its start: of this process, and with those it started."""

    def __init__(self) -> None:
        self.own = self.all = 0.0
        self._start = memory_of(os.getpid())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(0.25):
            own = memory_of(os.getpid()) - self._start
            self.own = max(self.own, own)
            self.all = max(self.all, own + sum(map(memory_of, children_of(os.getpid()))))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def memory_of(process: int) -> float:
    """MB of a process that lie in memory; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def children_of(process: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            found += [int(word) for word in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def measure(clip: Path, out: Path, who: str, seconds: float) -> dict:
    """One run in this process."""
    detector = Stub() if who == "stub" else tfl.Detector.embedded()
    if who != "stub":
        first = next(iter(read_video(clip))).image
        detector.detect_all([first] * 8, progress=False)
    watch, began = Watch(), time.perf_counter()
    report = detect_video(detector, clip, out, max_seconds=seconds, title="Ten minutes", progress=True)
    took = time.perf_counter() - began
    watch.stop()
    return {
        "who": who,
        "minutes": seconds / 60,
        "frames": report.frames,
        "seconds": took,
        "own_megabytes": watch.own,
        "all_megabytes": watch.all,
        "file_megabytes": report.size_bytes / 1e6,
    }


def row(run: dict) -> list[str]:
    figures = (
        run["frames"] / run["seconds"],
        run["own_megabytes"],
        run["all_megabytes"],
        run["file_megabytes"],
    )
    return [
        run["who"],
        f"{run['minutes']:g}",
        f"{figures[0]:.1f}",
        *(f"{figure:.0f}" for figure in figures[1:]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "tflhelpers_detect_video"
    )
    parser.add_argument("--minutes", type=float, default=10, help="of the clip, which the stub sees")
    parser.add_argument("--real-minutes", type=float, default=1, help="that the embedded detector sees")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    parser.add_argument("--child", choices=["stub", "embedded"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    clip = arguments.folder / f"clip_{arguments.minutes:g}.mp4"
    wanted = {"stub": arguments.minutes, "embedded": arguments.real_minutes}
    if arguments.child:
        out = arguments.folder / f"out_{arguments.child}.mp4"
        print(json.dumps(measure(clip, out, arguments.child, 60 * wanted[arguments.child])))
        return
    write_clip(clip, arguments.minutes)
    same = [
        "--folder",
        arguments.folder,
        "--minutes",
        arguments.minutes,
        "--real-minutes",
        arguments.real_minutes,
    ]
    runs = []
    for who, minutes in wanted.items():
        if minutes > 0:
            for left in arguments.folder.glob(f"*out_{who}.mp4*"):
                if left.is_file():
                    left.unlink()
            runs.append(
                {**ask([sys.executable, Path(__file__).resolve(), *same, "--child", who]), "load": load()}
            )
    print(markdown_table(HEADER, map(row, runs)))
    print(f"Allowed above the model's own: {LIMIT} MB.")
    write_json(arguments.out, {"benchmark": "detect_video", "machine": machine(), "runs": runs})


if __name__ == "__main__":
    main()
