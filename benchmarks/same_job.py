"""What we and a peer share, so that both are asked for the same work: weights, picture, stopwatch, answer.

Needs numpy only: each side runs it in its own Python.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import util
from pathlib import Path

import numpy as np

FORMULA = Path(__file__).resolve().parents[1] / "tests" / "model" / "formula.py"
PICTURE_SIZE = (540, 960)
NETWORKS = {"resnet50_640": 640, "mobilenet_320": 320}  # name -> side of the input in pixels


def formula_weight() -> Callable[[str, tuple[int, ...]], np.ndarray]:
    """The function (checkpoint key, shape) -> weights of the golden data.

    Initial weights will not do for a stopwatch: without learned batch norm, activations sink layer by layer
    into denormal numbers, which processors are slow at.
    """
    spec = util.spec_from_file_location("formula", FORMULA)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.formula_weight


def learnable_weight() -> Callable[[str, tuple[int, ...]], np.ndarray]:
    """As `formula_weight`, with a tenth of it behind the last tower layer of ResNet's predictor.

    As they are, the formula's activations there are so strong that the original's learning rate explodes in
    both implementations; a trained network's are not.
    """
    weight = formula_weight()

    def calmed(key: str, shape: tuple[int, ...]) -> np.ndarray:
        is_last_norm = "_base_tower_layers_for_heads" in key and ("/10/gamma" in key or "/10/beta" in key)
        return weight(key, shape) * np.float32(0.1 if is_last_norm else 1.0)

    return calmed


def noise_picture() -> np.ndarray:
    """RGB uint8 (540, 960, 3), the same everywhere."""
    return np.random.RandomState(0).randint(0, 256, (*PICTURE_SIZE, 3)).astype(np.uint8)


def time_calls(call: Callable[[], object], repeats: int) -> dict:
    """Seconds of the first call, and the median of `repeats` later ones."""
    first = _seconds(call)
    later = [_seconds(call) for _ in range(repeats)]
    return {"first_seconds": first, "seconds": statistics.median(later), "fastest": min(later)}


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def peak_megabytes() -> float:
    """The most memory that this process has held, in 10^6 bytes.

    Linux's VmHWM where it is to be had: `ru_maxrss` counts what the parent held when it started us.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def noting_peaks(items: Sequence, early: int, peaks: dict) -> Iterator:
    """The items, one by one; notes in `peaks` the peak memory when `early` of them have been asked for."""
    for number, item in enumerate(items):
        if number == early:
            peaks["early_megabytes"] = peak_megabytes()
        yield item


def write_detections(path: Path, pictures: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
    """Keep what was found in each picture, (xyxy in pixels, labels, scores), for the parent to score."""
    names = ("xyxy", "labels", "scores")
    rows = [
        {name: np.asarray(values).tolist() for name, values in zip(names, one, strict=True)}
        for one in pictures
    ]
    Path(path).write_text(json.dumps(rows), "utf-8")


def answer(**figures: object) -> None:
    """The last line of standard output, which the parent reads."""
    print(json.dumps({**figures, "peak_megabytes": peak_megabytes()}), flush=True)
