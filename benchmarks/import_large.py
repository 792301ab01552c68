"""How long does a COCO-sized annotation file take to import, and how much memory? And one of 2 GB?

Writes a JSON as large as COCO's training set (118,000 pictures, 860,000 boxes with polygons, 450 MB) and imports it
with `import_annotations`, each time in a fresh process. Beside it runs what others do with such a file: pycocotools
reads it whole. The pictures themselves are not there: the file says how large they are, and the import tells that they
are missing.

    python benchmarks/import_large.py
    python benchmarks/import_large.py --gigabytes 2 --repeats 1 --no-peer --out import_large.json
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from children import ask, load, machine
from report import markdown_table, paired_ratio, write_json

PICTURES, BOXES, CLASSES = 118_000, 860_000, 80
COCO_GIGABYTES = 0.45
TARGET_SECONDS, TARGET_MEGABYTES = 25, 2500
# Reckoned before this script's first run, from a profile of the parts on two cores that others used as well: the text
# passes at 300 MB a second, decoding takes 4 microseconds a row, and 12 a box and 40 a picture go into Annotations.
# pycocotools decodes 40 million floats besides.
PREDICTED = {"ours": "15–25 s, 500 MB", "pycocotools": "20–30 s, 4,000 MB", "2 GB": "4 × as long, 1,500 MB"}
HEADER = ("what", "file, MB", "seconds", "of the processor", "peak memory, MB", "pictures", "boxes")


def write_coco(path: Path, scale: float) -> None:
    """Write a file of `scale` times COCO's size: rows as COCO spells them, pictures of the boxes at random."""
    dice = random.Random(0)
    polygons = [_polygon(dice) for _ in range(5000)]
    pictures, boxes = round(PICTURES * scale), round(BOXES * scale)
    with path.open("w", encoding="utf-8") as file:
        file.write('{"info": {"description": "as large as COCO"}, "licenses": [], "images": [')
        _write_joined(file, (_picture(number) for number in range(pictures)))
        file.write('], "annotations": [')
        _write_joined(file, (_box(dice, number, pictures, polygons) for number in range(boxes)))
        file.write('], "categories": [')
        _write_joined(
            file, (json.dumps({"id": key, "name": f"class {key}"}) for key in range(1, CLASSES + 1))
        )
        file.write("]}")


def _write_joined(file: io.TextIOBase, rows: Iterator[str]) -> None:
    for number, row in enumerate(rows):
        file.write(", " + row if number else row)


def _polygon(dice: random.Random) -> str:
    corners = dice.choice((10, 14, 18, 22, 28, 40))
    return ", ".join(f"{dice.uniform(0, 640):.2f}, {dice.uniform(0, 480):.2f}" for _ in range(corners))


def _picture(number: int) -> str:
    name = f"{number * 5 + 9:012}.jpg"
    urls = f'"coco_url": "http://images.example/train2017/{name}", "flickr_url": "http://farm.example/3153/{name}"'
    dates = '"date_captured": "2013-11-14 16:28:13"'
    key = number * 5 + 9
    return (
        f'{{"license": 3, "file_name": "{name}", {urls}, "height": 480, "width": 640, {dates}, "id": {key}}}'
    )


def _box(dice: random.Random, number: int, pictures: int, polygons: list[str]) -> str:
    x, y = dice.uniform(0, 500), dice.uniform(0, 400)
    bbox = f"[{x:.2f}, {y:.2f}, {dice.uniform(1, 640 - x - 1):.2f}, {dice.uniform(1, 480 - y - 1):.2f}]"
    return (
        f'{{"segmentation": [[{dice.choice(polygons)}]], "area": {dice.uniform(1, 9999):.4f}, "iscrowd": 0, '
        f'"image_id": {dice.randrange(pictures) * 5 + 9}, "bbox": {bbox}, '
        f'"category_id": {dice.randint(1, CLASSES)}, "id": {number + 1000}}}'
    )


def import_ours(path: Path) -> tuple[int, int]:
    """Return how many pictures and boxes we have read."""
    from tflhelpers.data.importing import import_annotations

    annotations, report = import_annotations(path)
    return len(annotations), report.counts["boxes"]


def import_peer(path: Path) -> tuple[int, int]:
    """Return how many pictures and boxes pycocotools has read."""
    from pycocotools.coco import COCO

    with contextlib.redirect_stdout(io.StringIO()):
        found = COCO(path)
    return len(found.imgs), len(found.anns)


SIDES = {"ours": import_ours, "pycocotools": import_peer}


def measure(side: str, path: Path) -> dict:
    """Import a file in this process; the seconds include the imports of modules that it needs."""
    began = time.perf_counter()
    pictures, boxes = SIDES[side](Path(path))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": seconds,
        "processor_seconds": time.process_time(),
        "peak_megabytes": peak,
        "pictures": pictures,
        "boxes": boxes,
    }


def table(figures: dict) -> str:
    rows = []
    for side, runs in figures["runs"].items():
        times = [statistics.median(run[what] for run in runs) for what in ("seconds", "processor_seconds")]
        peak = max(run["peak_megabytes"] for run in runs)
        counts = [f"{runs[0][what]:,}" for what in ("pictures", "boxes")]
        rows.append(
            (side, f"{figures['megabytes']:.0f}", *(f"{time:.1f}" for time in times), f"{peak:,.0f}", *counts)
        )
    return markdown_table(HEADER, rows)


def ratio(figures: dict) -> str:
    runs = figures["runs"]
    if len(runs) < 2:
        return ""
    seconds = {side: [run["seconds"] for run in runs[side]] for side in runs}
    return f"\nours / pycocotools: {paired_ratio(seconds['ours'], seconds['pycocotools']):.2f} of its seconds"


def main() -> None:
    arguments = _arguments()
    if arguments.measure is not None:
        print(json.dumps(measure(*arguments.measure)))
        return
    sides = ["ours"] if arguments.no_peer else list(SIDES)
    runs: dict[str, list[dict]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "instances.json"
        write_coco(path, arguments.gigabytes / COCO_GIGABYTES)
        megabytes = path.stat().st_size / 1e6
        for _ in range(arguments.repeats):
            for side in sides:
                runs[side].append(ask([sys.executable, __file__, "--measure", side, path]))
    figures = {"megabytes": megabytes, "runs": runs, "predicted": PREDICTED, "load": load()}
    print(table(figures) + ratio(figures))
    print(
        f"Wanted of ours, for 450 MB: at most {TARGET_SECONDS} s and {TARGET_MEGABYTES:,} MB. Predicted: {PREDICTED}"
    )
    write_json(arguments.out, {"benchmark": "import_large", "machine": machine(), **figures})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--gigabytes", type=float, default=COCO_GIGABYTES, help="size of the file (default: COCO's)"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--no-peer", action="store_true", help="leave pycocotools out: it holds ten times the file"
    )
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    parser.add_argument("--measure", nargs=2, metavar=("SIDE", "FILE"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
