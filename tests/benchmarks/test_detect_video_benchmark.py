"""Figures of the benchmark of a long clip: memory is seen, and the table is right by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np


def test_memory_that_is_taken_is_seen(script):
    watch = script("detect_video").Watch()
    block = np.ones(100_000_000, np.uint8)
    time.sleep(0.6)
    watch.stop()
    assert 90 < watch.own < 150
    assert watch.all >= watch.own
    assert block[0] == 1


def test_children_count_too_and_the_dead_do_not(script):
    benchmark = script("detect_video")
    hold = "import sys; block = bytes(80_000_000); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        child.stdout.readline()
        assert child.pid in benchmark.children_of(os.getpid())
        assert benchmark.memory_of(child.pid) > 5
    assert benchmark.memory_of(child.pid) == 0
    assert child.pid not in benchmark.children_of(os.getpid())


def test_row_by_hand(script):
    run = {"who": "stub", "minutes": 10.0, "frames": 600, "seconds": 20.0}
    run |= {"own_megabytes": 301.4, "all_megabytes": 899.6, "file_megabytes": 12.3}
    assert script("detect_video").row(run) == ["stub", "10", "30.0", "301", "900", "12"]
