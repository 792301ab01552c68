"""One at a time, across processes and threads; whoever waits is told for whom."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time

import pytest

from tflhelpers.files.lock import Locked, locked

HOLD = """
import sys
from pathlib import Path
from tflhelpers.files.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holding(tmp_path):
    """Another process that holds the lock of `a.json`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "a.json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_it_names_who_holds_it_and_is_free_when_that_one_is_killed(tmp_path, holding):
    with (
        pytest.raises(Locked, match=f"a.json is in use by process {holding.pid} on "),
        locked(tmp_path / "a.json", wait=0.05),
    ):
        pass
    holding.kill()
    holding.wait()
    with locked(tmp_path / "a.json", wait=1) as there_are_locks:
        assert there_are_locks
    assert not list(tmp_path.iterdir())


def test_one_thread_at_a_time(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(50):
            with locked(tmp_path / "new" / "a.json"):
                inside.append(None)
                time.sleep(0.001)  # lets the others in, if anything does
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (200, 1)


@pytest.mark.skipif(os.name == "nt", reason="flock is of other systems")
def test_where_there_are_no_locks_it_says_so(tmp_path, monkeypatch):
    import fcntl

    def none(*_):
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(fcntl, "flock", none)
    with locked(tmp_path / "a.json") as there_are_locks:
        assert not there_are_locks
    assert not list(tmp_path.iterdir())
