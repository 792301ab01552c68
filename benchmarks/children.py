"""Runs a benchmark's parts, each in a fresh process that answers with a JSON line; finds data and peer."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
PEER_VARIABLE = "OBJECT_DETECTION_API_PYTHON"
OURS, PEER = HERE / "ours.py", HERE / "peers" / "object_detection_api.py"
# Both sides on the processor, neither fills the terminal, and both keep their modules compiled as usual.
QUIET_CPU = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONDONTWRITEBYTECODE": ""}


class ChildError(RuntimeError):
    """A part did not answer; the message holds the end of what it said."""


def ask(command: Sequence[object], *, source: Path | None = None) -> dict:
    """What the program answered, its last line of standard output being a JSON object.

    Adds `process_seconds`, from its start to its end, and `started_at`, its start by `time.time`.

    Args:
        command: the program and its words.
        source: folder of the tflhelpers to import; default: as installed.

    Raises:
        ChildError: it failed or did not answer.
    """
    began, started_at = time.perf_counter(), time.time()
    words = [str(word) for word in command]
    where = {} if source is None else {"PYTHONPATH": str(source)}
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **QUIET_CPU, **where})
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise ChildError(
            f"expected an answer of `{' '.join(words)}`, got exit status {done.returncode}:\n{said}"
        )
    process_seconds = time.perf_counter() - began
    return {**json.loads(lines[-1]), "process_seconds": process_seconds, "started_at": started_at}


def ask_us(*words: object) -> dict:
    """Our answer to a job of ours.py."""
    return ask([sys.executable, OURS, *words])


def ask_peer(python: Path, *words: object) -> dict:
    """The Object Detection API's answer to a job of peers/object_detection_api.py."""
    return ask([python, PEER, *words])


def add_against_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --against, an older build of ours to compare with."""
    parser.add_argument(
        "--against",
        type=Path,
        help="checkout of the build to compare with: `git worktree add FOLDER COMMIT` makes one",
    )


def checked_against(folder: Path | None) -> Path | None:
    """The other build's checkout as an absolute path, or None if none was named.

    Raises:
        SystemExit: it holds no tflhelpers.
    """
    if folder is not None and not (folder / "tflhelpers" / "__init__.py").is_file():
        raise SystemExit(f"--against must be a checkout of tflhelpers, got {folder}, which holds none.")
    return folder if folder is None else folder.resolve()


def add_peer_argument(parser: argparse.ArgumentParser) -> None:
    """Adds --peer-python, whose default the environment may give."""
    parser.add_argument(
        "--peer-python",
        type=Path,
        default=os.environ.get(PEER_VARIABLE),
        help=f"Python of the Object Detection API's environment (README.md); default: ${PEER_VARIABLE}",
    )


def checked_peer(python: Path | None) -> Path | None:
    """The peer's Python, or None, said on standard error, if none was named.

    Raises:
        SystemExit: there is no such file.
    """
    if python is None:
        print(f"No peer: give --peer-python or set {PEER_VARIABLE} (benchmarks/README.md).", file=sys.stderr)
        return None
    if not Path(python).is_file():
        raise SystemExit(f"--peer-python must be a Python, got {python}, which is no file.")
    return Path(python)


def checked_data(folder: Path, *needed: str) -> Path:
    """The folder, if all that is needed lies in it.

    Raises:
        SystemExit: it does not.
    """
    missing = [name for name in needed if not (folder / name).exists()]
    if missing:
        raise SystemExit(
            f"expected {', '.join(needed)} in {folder}, got no {', '.join(missing)}. These pictures "
            "and weights are not ours to pass on: say with --data where they are."
        )
    return folder


def load() -> float:
    """How many processes wanted a core in the last minute, on average: what else ran makes seconds longer."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else math.nan


def machine() -> dict:
    """What the figures were measured on."""
    return {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
