"""The Object Detection API in a virtual environment of its own, named by the variable ODAPI_PYTHON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

JOBS = Path(__file__).with_name("api_jobs.py")
CPU = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


@pytest.fixture(scope="session")
def ask_api() -> Callable[[Path, list[dict]], None]:
    """Has the API do jobs (see api_jobs.py), its files in a folder; skips where there is no API."""
    python = os.environ.get("ODAPI_PYTHON") or os.environ.get("OBJECT_DETECTION_API_PYTHON", "")
    if not Path(python).is_file():
        pytest.skip("needs the Object Detection API: name its Python in ODAPI_PYTHON (benchmarks/README.md)")

    def ask(folder: Path, jobs: list[dict]) -> None:
        (folder / "jobs.json").write_text(json.dumps(jobs), "utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | CPU
        command = [python, str(JOBS), str(folder / "jobs.json")]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]

    return ask
