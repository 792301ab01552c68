"""How long does `import tflhelpers` take, and what does it load?

python benchmarks/import_time.py
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from children import ask, machine
from report import markdown_table, write_json

MEASURE = (
    "import json, sys, time; began = time.perf_counter(); import tflhelpers; "
    "seconds = time.perf_counter() - began; "
    "print(json.dumps({'seconds': seconds, 'modules': sorted({name.split('.')[0] for name in sys.modules})}))"
)
HEAVY = ("tensorflow", "keras", "jax", "matplotlib", "ipywidgets", "IPython", "pycocotools", "imageio")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="fresh processes")
    parser.add_argument("--out", type=Path, help="JSON file of all figures to write")
    arguments = parser.parse_args()
    runs = [ask([sys.executable, "-c", MEASURE]) for _ in range(arguments.rounds)]
    seconds = [run["seconds"] for run in runs]
    loaded = [name for name in HEAVY if name in runs[0]["modules"]]
    row = [f"{statistics.median(seconds):.3f} s", f"{max(seconds):.3f} s", ", ".join(loaded) or "none"]
    print(markdown_table(("import tflhelpers, median", "slowest", f"loaded of {', '.join(HEAVY)}"), [row]))
    write_json(arguments.out, {"benchmark": "import_time", "machine": machine(), "seconds": seconds})


if __name__ == "__main__":
    main()
