"""A program whose savings are killed: for each line, a folder, it forks a child that saves two detectors there in turn.

python -m tests.model.saving
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.training.tiny import tiny_detector

NAMES = (("red", "blue"), ("blue", "red"))


def main() -> None:
    detectors = [tiny_detector(), tiny_detector()]
    for level, (detector, names) in enumerate(zip(detectors, NAMES, strict=True)):
        detector.class_names = names
        for variable in detector.network.variables:
            variable.assign(0 * variable + level)
    for line in sys.stdin:
        child = os.fork()
        while child == 0:
            for detector in detectors:
                detector.save(Path(line.strip()))
        print(child, flush=True)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
