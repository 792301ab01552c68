"""How much sooner is a picture looked at on a processor with the extra `fast` than without, and than by an older build?

One picture in memory, a folder of photos, and the first boxes of a saved detector after starting Python: with OpenVINO,
in Keras, in LiteRT (XNNPACK; one picture only), and by the build to compare with. Each run is a fresh process, and they
take turns; ratios are the medians of those of the rounds.

Predicted, of the older build's time: one picture 0.5 at 320 and 0.95 at 640; the folder 1.5 times as quick;
the first boxes 0.7, since nothing is traced. LiteRT as quick as OpenVINO, but a minute until it is ready.

    git worktree add OLDER d003595
    python benchmarks/fast_detect.py --against OLDER --out fast_detect.json
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from children import OURS, ask, ask_us, load, machine
from detect_folder import write_photos
from detect_speed import REPEATS, TITLES
from report import markdown_table, paired_ratio, write_json

from tflhelpers.progress import progress_bar

SIDES = {
    "openvino": "OpenVINO",
    "keras": "Keras",
    "litert": "LiteRT",
    "against": "the older build",
}
PARTS = {  # what is measured -> a run's title, its measure, unit
    "picture": ("one picture", lambda run: 1000 * run["seconds"], "ms"),
    "folder": ("a picture of the folder", lambda run: 1000 * run["seconds"] / run["pictures"], "ms"),
    "start": ("first boxes after starting Python", lambda run: run["detected_at"] - run["started_at"], "s"),
}
HEADER = ("network", "measure", "run", "median", "OpenVINO / this", "first picture, s", "peak memory, MB")


def table(runs: list[dict]) -> str:
    """A row for each network, part and side."""
    rows = []
    for network, part, side in dict.fromkeys((run["network"], run["part"], run["side"]) for run in runs):
        title, measure, unit = PARTS[part]
        mine, quick = (_of(runs, network, part, each) for each in (side, "openvino"))
        values = [measure(run) for run in mine]
        is_compared = side != "openvino" and len(quick) == len(mine)
        rows.append(
            [
                TITLES[network],
                title,
                SIDES[side],
                f"{statistics.median(values):.1f} {unit}",
                f"{paired_ratio([measure(run) for run in quick], values):.2f}" if is_compared else "",
                _median(mine, "first_seconds", ".1f"),
                _median(mine, "peak_megabytes", ".0f"),
            ]
        )
    return markdown_table(HEADER, rows)


def _of(runs: list[dict], network: str, part: str, side: str) -> list[dict]:
    return [run for run in runs if (run["network"], run["part"], run["side"]) == (network, part, side)]


def _median(runs: list[dict], key: str, how: str) -> str:
    return format(statistics.median(run[key] for run in runs), how) if key in runs[0] else ""


def ask_side(side: str, against: Path | None, *words: object) -> dict:
    """The answer of a side's process; the older build is a checkout, or a virtual environment that has it."""
    if side != "against":
        return ask_us(*words, "--engine", side)
    assert against is not None
    python = against / "bin" / "python"
    if python.is_file():
        return ask([python, OURS, *words])
    return ask(["env", f"PYTHONPATH={against}", sys.executable, OURS, *words])


def turns(parts: list[str], networks: list[str], sides: list[str]) -> Iterator[tuple[str, str, str]]:
    """(part, network, side) of a round; the folder is looked at by the small network only, LiteRT sees one picture."""
    for part in parts:
        for network in networks:
            for side in sides:
                if (part == "picture" or side != "litert") and (
                    part != "folder" or network == "mobilenet_320"
                ):
                    yield part, network, side


def words_of(part: str, network: str, folder: Path, repeats: int | None) -> list[object]:
    if part == "folder":
        return ["folder", "--pictures", folder]
    if part == "start":
        return ["first", "--network", network, "--saved", folder / network]
    return ["detect", "--network", network, "--repeats", repeats or REPEATS[network]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, help="checkout, or virtual environment, of an older build")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--networks", nargs="+", choices=TITLES, default=list(TITLES))
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--pictures", type=int, default=500, help="in the folder")
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes of each side")
    parser.add_argument("--repeats", type=int, help="calls a process; default 30 at 640, 200 at 320")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    arguments = parser.parse_args()
    against = arguments.against.resolve() if arguments.against else None
    sides = [side for side in arguments.sides if side != "against" or against]
    plan = list(turns(arguments.parts, arguments.networks, sides)) * arguments.rounds
    runs: list[dict] = []
    with tempfile.TemporaryDirectory() as name, progress_bar(len(plan), "Detecting") as bar:
        if "folder" in arguments.parts:
            write_photos(Path(name), arguments.pictures)
        for network in arguments.networks if "start" in arguments.parts else ():
            ask_us("detect", "--network", network, "--repeats", 1, "--save", Path(name, network))
        for part, network, side in plan:
            bar.set_text(now=f"{SIDES[side]}, {PARTS[part][0]}")
            words = words_of(part, network, Path(name), arguments.repeats)
            figures = ask_side(side, against, *words)
            runs.append({"part": part, "network": network, "side": side, "load": load(), **figures})
            bar.update()
    print(table(runs))
    write_json(arguments.out, {"benchmark": "fast_detect", "machine": machine(), "runs": runs})


if __name__ == "__main__":
    main()
