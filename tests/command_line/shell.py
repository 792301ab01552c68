"""Commands in a shell's way: in this process, or in a child of it that starts far from the repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tflhelpers.command_line import program

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "tflhelpers"]


def run(*words: str) -> int:
    """The number that the program ends with."""
    try:
        return program.main(words)
    except SystemExit as end:
        return end.code


def surroundings(**more: str) -> dict[str, str]:
    """The environment of a child, which finds this checkout from any folder."""
    ours = dict(os.environ)
    ours.pop("TF_CPP_MIN_LOG_LEVEL", None)  # JAX sets it where it is loaded first
    return {**ours, "PYTHONPATH": str(ROOT), **more}


def child(*words: str, folder: Path, **more: str) -> subprocess.CompletedProcess:
    line, environment = [*COMMAND, *words], surroundings(**more)
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
