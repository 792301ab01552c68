"""How many frames a second does `write_gif` write, how large is the file, and how far are its colours off?

48 frames of 480x360, drawn ones with boxes on them and, where the data is, photos of a panning camera. This build
takes turns with an older one and with Pillow's own writer, each in a fresh process; every round gives a ratio (by
processor time, too: it does not depend on what else runs, but knows nothing of threads). Then ten times as many
frames from a generator: does memory grow?

    python benchmarks/write_gif.py --against CHECKOUT --out write_gif.json

Predicted against commit d003595, where three quarters of the time went into finding each frame's palette: 4 times the
frames a second, bytes within 1 %, a mean difference 4 % larger (that of dots of dithering, which no eye sees), means
of 4x4 pixels as near as before, the same memory for 48 frames as for 480.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice, pairwise
from pathlib import Path

import numpy as np
from children import DATA, add_against_argument, ask, checked_against, load, machine
from PIL import Image, ImageSequence
from report import markdown_table, mean_and_spread, paired_ratio, write_json
from same_job import answer

import tflhelpers as tfl
from tflhelpers.progress import progress_bar

FRAMES, SIZE, FPS = 48, (480, 360), 12  # SIZE as Pillow has it: width, height
BLOCK = 4  # pixels, whose mean the eye sees from afar
LONG = 10  # times the frames, to look at memory
TITLES = {"ours": "tflhelpers", "before": "tflhelpers, the other build", "pillow": "Pillow's `save_all`"}
HEADER = (
    "clip",
    "writer",
    "frames a second",
    "ours / this, median",
    "the same by processor time",
    "MB",
    "mean difference",
    f"of {BLOCK}x{BLOCK} means",
    "of these, from frame to frame",
)


def draw_clip(folder: Path) -> None:
    """The sample clip with its true boxes drawn in, as PNGs."""
    folder.mkdir()
    clip = tfl.samples.duck_clip()
    for number, (path, boxes) in enumerate(clip):
        Image.fromarray(tfl.draw_boxes(path, boxes, clip.class_names)).save(folder / f"{number:03}.png")


def shrink_photos(photos: Path, folder: Path) -> None:
    """The first of the rubber duck's frames in the size of the clip, as PNGs."""
    folder.mkdir()
    for number in range(FRAMES):
        with Image.open(photos / f"out{number + 1}.jpg") as photo:
            photo.resize(SIZE).save(folder / f"{number:03}.png")


def read_clip(folder: Path) -> list[np.ndarray]:
    return [np.array(Image.open(path)) for path in sorted(folder.glob("*.png"))]


def write_one(side: str, clip: Path, gif: Path, times: int) -> None:
    """The child's work: writes a GIF, `times` as long as the clip, and answers with the seconds."""
    frames = read_clip(clip)
    long = islice(cycle(frames), times * len(frames))
    began, processor = time.perf_counter(), time.process_time()
    if side == "pillow":
        first, *others = map(Image.fromarray, long)
        first.save(gif, save_all=True, append_images=others, duration=round(1000 / FPS), loop=0)
    else:
        tfl.write_gif(long, gif, fps=FPS, progress=False)
    seconds, used = time.perf_counter() - began, time.process_time() - processor
    answer(seconds=seconds, processor_seconds=used, frames=times * len(frames), bytes=gif.stat().st_size)


def differences(shown: list[np.ndarray], true: list[np.ndarray]) -> dict[str, float]:
    """How far a GIF is off, in levels of 255: mean of the absolute differences.

    Returns:
        `pixels`: of pixels; `means`: of means of blocks, where dots of dithering cancel out; `flicker`: how much
        the latter change from one frame to the next.
    """
    off = [a.astype(np.float32) - b for a, b in zip(shown, true, strict=True)]
    blocks = [block_means(each) for each in off]
    changes = [np.abs(b - a).mean() for a, b in pairwise(blocks)]
    return {
        "pixels": float(np.mean([np.abs(each).mean() for each in off])),
        "means": float(np.mean([np.abs(each).mean() for each in blocks])),
        "flicker": float(np.mean(changes)) if changes else 0.0,
    }


def block_means(image: np.ndarray) -> np.ndarray:
    """Means of blocks, (H, W, 3) to (H / BLOCK, W / BLOCK, 3); what is over at the edges is left out."""
    height, width = (side // BLOCK for side in image.shape[:2])
    cut = image[: height * BLOCK, : width * BLOCK]
    return cut.reshape(height, BLOCK, width, BLOCK, 3).mean(axis=(1, 3))


def read_gif(path: Path) -> list[np.ndarray]:
    with Image.open(path) as gif:
        return [np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(gif)]


def table(runs: list[dict]) -> str:
    """A row for each clip and writer."""
    by_key: dict[tuple[str, str], list[dict]] = {}
    for run in runs:
        by_key.setdefault((run["clip"], run["side"]), []).append(run)
    return markdown_table(HEADER, [row(by_key, *key) for key in by_key])


def row(by_key: dict[tuple[str, str], list[dict]], clip: str, side: str) -> list[str]:
    ours, these = by_key[clip, "ours"], by_key[clip, side]
    last = these[-1]
    ratios = [
        f"{paired_ratio([run[name] for run in these], [run[name] for run in ours]):.2f}"
        for name in ("seconds", "processor_seconds")
    ]
    off = [f"{last[name]:.2f}" for name in ("pixels", "means", "flicker")]
    return [
        clip,
        TITLES[side],
        mean_and_spread([run["frames"] / run["seconds"] for run in these], 1),
        *(["", ""] if side == "ours" else ratios),
        f"{last['bytes'] / 1e6:.3f}",
        *off,
    ]


def plan(clips: list[str], rounds: int, against: Path | None) -> Iterator[tuple[str, str]]:
    """Clip and side of each run, the sides taking turns."""
    sides = ["ours", "pillow"] if against is None else ["ours", "before", "pillow"]
    return ((clip, side) for clip in clips for _ in range(rounds) for side in sides)


def run_one(side: str, clip: Path, gif: Path, against: Path | None, times: int = 1) -> dict:
    source = against if side == "before" else Path(__file__).resolve().parents[1]
    words = ["--side", side, "--clip", clip, "--gif", gif, "--times", times]
    return {"side": side, "clip": clip.name, **ask([sys.executable, __file__, *words], source=source)}


def make_clips(folder: Path, data: Path) -> list[str]:
    draw_clip(folder / "drawn")
    photos = data / "ducky" / "test"
    if not photos.exists():
        print(f"No photos in {photos}: only the drawn clip.", file=sys.stderr)
        return ["drawn"]
    shrink_photos(photos, folder / "photos")
    return ["drawn", "photos"]


def compare(folder: Path, arguments: argparse.Namespace) -> list[dict]:
    against, runs = checked_against(arguments.against), []
    clips = make_clips(folder, arguments.data)
    turns = list(plan(clips, arguments.rounds, against))
    true = {clip: read_clip(folder / clip) for clip in clips}
    with progress_bar(len(turns), "Writing GIFs") as bar:
        for clip, side in turns:
            gif = (arguments.keep or folder) / f"{clip}_{side}.gif"
            run = run_one(side, folder / clip, gif, against)
            runs.append({**run, **differences(read_gif(gif), true[clip]), "load": load()})
            bar.update()
    return runs


def memory(folder: Path) -> str:
    """The peak of a process that writes the drawn clip once, and of one that writes it `LONG` times."""
    runs = [run_one("ours", folder / "drawn", folder / "long.gif", None, times) for times in (1, LONG)]
    peaks = [f"{run['peak_megabytes']:.0f} MB with {run['frames']} frames" for run in runs]
    return f"Peak memory: {', '.join(peaks)}."


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of each writer")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the photos")
    parser.add_argument("--keep", type=Path, help="folder that is there, to leave the GIFs in")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    add_against_argument(parser)
    for word in ("--side", "--clip", "--gif"):  # of a child
        parser.add_argument(word, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        write_one(arguments.side, Path(arguments.clip), Path(arguments.gif), arguments.times)
        return
    with tempfile.TemporaryDirectory() as name:
        runs = compare(Path(name), arguments)
        print(table(runs))
        print(f"\n{memory(Path(name))}")
    write_json(arguments.out, {"benchmark": "write_gif", "machine": machine(), "runs": runs})


if __name__ == "__main__":
    main()
