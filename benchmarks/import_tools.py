"""How long do large files of other tools take to import, and how much memory, beside the tools' own readers?

Writes 16 MB of LabelMe JSON with the pictures within, CVAT's XML of 100,000 boxes and Label Studio's JSON of 50,000
tasks, and reads each in a fresh process: with `import_annotations`, and beside it with LabelMe's, Datumaro's and Label
Studio's own code. ANNOTATION_TOOLS names the folder of their environments, which tests/peers/make_annotation_tools.sh
makes.

    ANNOTATION_TOOLS=FOLDER python benchmarks/import_tools.py
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from children import ask, load, machine
from PIL import Image
from report import markdown_table, paired_ratio, write_json

SIZE = (320, 240)  # width, height
LABELME_FILES, CVAT_PICTURES, CVAT_BOXES, TASKS = 135, 1000, 100, 50_000
PEERS = {"labelme": "labelme", "cvat": "datumaro", "label_studio": "label_studio"}
# Guessed before the first run: LabelMe's own code decodes each picture, Datumaro makes an object a box and parses with
# lxml, Label Studio's converter goes through its tasks twice.
PREDICTED = {"labelme": "0.8", "cvat": "0.5", "label_studio": "0.3"}
HEADER = ("format", "file, MB", "ours, s", "tool, s", "ratio", "ours, MB", "tool, MB", "boxes of both")
PEER_SCRIPT = Path(__file__).with_name("peers") / "annotation_tools.py"


def write_labelme(folder: Path) -> Path:
    """Noise as JPEG: 120 KB a picture, 160 KB in base64."""
    folder.mkdir()
    dice = np.random.default_rng(0)
    for number in range(LABELME_FILES):
        file = io.BytesIO()
        Image.fromarray(dice.integers(0, 256, (*SIZE[::-1], 3), np.uint8)).save(file, "JPEG", quality=95)
        (folder / f"{number}.jpg").write_bytes(file.getvalue())
        content = {
            "version": "6.3.1",
            "flags": {},
            "shapes": [_shape(20 * at) for at in range(10)],
            "imagePath": f"{number}.jpg",
            "imageData": base64.b64encode(file.getvalue()).decode(),
            "imageHeight": SIZE[1],
            "imageWidth": SIZE[0],
        }
        (folder / f"{number}.json").write_text(json.dumps(content, indent=2), "utf-8")
    return folder


def _shape(at: float) -> dict:
    points = [[at + 0.25, at + 1.5], [at + 30.5, at + 21.125]]
    return {
        "label": "duck",
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": "rectangle",
        "flags": {},
    }


def write_cvat(folder: Path) -> Path:
    """Datumaro reads no CVAT file whose pictures are not there."""
    (folder / "images").mkdir(parents=True)
    dice, rows = (
        random.Random(0),
        ["<annotations><version>1.1</version><meta><task><labels><label><name>duck</name>"],
    )
    rows.append("</label></labels></task></meta>")
    for number in range(CVAT_PICTURES):
        Image.new("L", SIZE).save(folder / "images" / f"{number}.png")
        rows.append(f'<image id="{number}" name="{number}.png" width="{SIZE[0]}" height="{SIZE[1]}">')
        rows += [_cvat_box(dice) for _ in range(CVAT_BOXES)]
        rows.append("</image>")
    (folder / "annotations.xml").write_text("\n".join([*rows, "</annotations>"]), "utf-8")
    return folder


def _cvat_box(dice: random.Random) -> str:
    x, y = dice.uniform(0, 200), dice.uniform(0, 150)
    edges = f'xtl="{x:.2f}" ytl="{y:.2f}" xbr="{x + dice.uniform(5, 100):.2f}" ybr="{y + dice.uniform(5, 80):.2f}"'
    return f'<box label="duck" source="manual" occluded="0" {edges} z_order="0"></box>'


def write_label_studio(path: Path) -> Path:
    dice = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for number in range(TASKS):
            file.write(", " * bool(number) + json.dumps(_task(number, dice)))
        file.write("]")
    return path


def _task(number: int, dice: random.Random) -> dict:
    value = {
        "x": dice.uniform(0, 50),
        "y": dice.uniform(0, 50),
        "width": 20.5,
        "height": 30.25,
        "rotation": 0,
    }
    result = {
        "id": f"r{number}",
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": SIZE[0],
        "original_height": SIZE[1],
        "image_rotation": 0,
        "value": {**value, "rectanglelabels": ["duck"]},
    }
    annotation = {
        "id": number,
        "completed_by": 1,
        "result": [result],
        "was_cancelled": False,
        "lead_time": 3.5,
    }
    return {"id": number, "data": {"image": f"/data/upload/1/{number}.jpg"}, "annotations": [annotation]}


def measure(path: Path) -> dict:
    """Import in this process; the seconds include the imports of modules."""
    began = time.perf_counter()
    from tflhelpers.data.importing import import_annotations

    annotations, report = import_annotations(path)
    return {
        "seconds": time.perf_counter() - began,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "pictures": len(annotations),
        "boxes": report.counts["boxes"],
    }


def compare(format: str, path: Path, tools: Path, repeats: int) -> dict:
    """Both sides by turns."""
    peer = PEERS[format]
    commands = {
        "ours": [sys.executable, __file__, "--measure", path],
        "tool": [tools / peer / "bin" / "python", PEER_SCRIPT, peer, path],
    }
    runs: dict[str, list[dict]] = {side: [] for side in commands}
    for _ in range(repeats):
        for side, command in commands.items():
            runs[side].append(ask(command))
    return {"megabytes": _megabytes(path), "runs": runs, "predicted_ratio": PREDICTED[format]}


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [*path.glob("*.json"), *path.glob("*.xml")]
    return sum(file.stat().st_size for file in files) / 1e6


def row(format: str, figures: dict) -> tuple:
    ours, tool = (figures["runs"][side] for side in ("ours", "tool"))
    seconds = [[run["seconds"] for run in runs] for runs in (ours, tool)]
    ratio = paired_ratio(*seconds) if len(ours) > 1 else seconds[0][0] / seconds[1][0]
    peaks = [f"{max(run['peak_megabytes'] for run in runs):,.0f}" for runs in (ours, tool)]
    times = [f"{statistics.median(each):.1f}" for each in seconds]
    counted = f"{ours[0]['boxes']:,} / {tool[0]['boxes']:,}"
    return (
        f"{format} ({PEERS[format]})",
        f"{figures['megabytes']:.0f}",
        *times,
        f"{ratio:.2f}",
        *peaks,
        counted,
    )


def main() -> None:
    arguments = _arguments()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = {
            "labelme": write_labelme(folder / "labelme"),
            "cvat": write_cvat(folder / "cvat"),
            "label_studio": write_label_studio(folder / "tasks.json"),
        }
        figures = {
            format: compare(format, place, arguments.tools, arguments.repeats)
            for format, place in places.items()
        }
    print(markdown_table(HEADER, [row(*each) for each in figures.items()]))
    print(f"Ratios predicted: {PREDICTED}")
    write_json(
        arguments.out, {"benchmark": "import_tools", "machine": machine(), "load": load(), "formats": figures}
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tools",
        type=Path,
        default=Path(os.environ.get("ANNOTATION_TOOLS", "")),
        help="folder of their environments",
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    parser.add_argument("--measure", type=Path, metavar="PATH", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
