"""What is collected and exported is whole, whenever the program is killed, and nothing is left beside it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.files.working import JOBS, photos

ROOT = Path(__file__).resolve().parents[2]


def check_kills(what, folder, kills):
    check = JOBS[what][1]
    photos(folder)
    rng = random.Random(1)
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.files.working", what, folder],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.25))
        process.kill()
        process.communicate()
        check(folder, False)
    subprocess.run(
        [sys.executable, "-c", f"from pathlib import Path; from tests.files.working import JOBS; "
         f"JOBS[{what!r}][0](Path({str(folder)!r}))"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    check(folder, True)
    left = [
        path for path in folder.rglob(".*") if path.name.endswith((".part", ".lock", ".coming", ".going"))
    ]
    assert not left


@pytest.mark.parametrize("what", list(JOBS))
def test_killed_at_two_moments(tmp_path, what):
    check_kills(what, tmp_path, 2)


@pytest.mark.slow
@pytest.mark.parametrize("what", list(JOBS))
def test_killed_at_thirty_moments(tmp_path, what):
    check_kills(what, tmp_path, 30)
