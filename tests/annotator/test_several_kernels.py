"""Several kernels keep their boxes in one file, and some are killed: what they were told is saved stays."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.annotator.kernel import TODO, no_locks
from tflhelpers.annotator.label_store import LabelStore
from tflhelpers.data.annotations import Annotations

ROOT = Path(__file__).resolve().parents[2]


class Kernel:
    """A process that draws boxes `first` to `first + changes - 1` once it is told to begin."""

    def __init__(self, file, first, changes, locks="yes"):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.annotator.kernel", *map(str, (file, first, changes, locks))],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self):
        assert self.process.stdout.readline() == "ready\n"
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def saved(self) -> list[int]:
        """The boxes that it says are saved, once it has ended."""
        lines = self.process.communicate()[0].split("\n")
        return [int(line) for line in lines[:-1]]  # of one killed, the last may be torn


def boxes_in(file) -> list[int]:
    return sorted(int(box[0]) for _, boxes in Annotations.load(file) for box in boxes.xyxy)


def draw_together(file, kernels, changes, locks="yes"):
    each = changes // kernels
    working = [Kernel(file, number * each, each, locks) for number in range(kernels)]
    for kernel in working:
        kernel.begin()
    told = sorted(number for kernel in working for number in kernel.saved())
    assert told == list(range(kernels * each)), "none was refused"
    assert boxes_in(file) == told
    assert [path.name for path in file.parent.iterdir()] == [file.name], "nothing is left beside it"


@pytest.mark.parametrize(("kernels", "locks"), [(2, "yes"), (4, "yes"), (2, "elsewhere"), (2, "no")])
def test_nothing_is_lost_between_kernels(tmp_path, kernels, locks):
    draw_together(tmp_path / "annotations.json", kernels, 20 if locks == "no" else 60, locks)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kernels", "locks"), [(2, "yes"), (4, "yes"), (2, "elsewhere")])
def test_nothing_of_a_thousand_changes_is_lost(tmp_path, kernels, locks):
    draw_together(tmp_path / "annotations.json", kernels, 1000, locks)


def draw_and_die(file, kills, changes):
    """One kernel draws on while others beside it are killed."""
    rng = random.Random(7)
    steady, told = Kernel(file, 0, changes), []
    steady.begin()
    for number in range(1, kills + 1):
        dying = Kernel(file, 1000 * number, 900)
        dying.begin()
        time.sleep(rng.uniform(0.0, 0.15))
        dying.process.kill()
        told += dying.saved()
    told += steady.saved()
    assert set(told) <= set(boxes_in(file))
    assert set(range(changes)) <= set(told)


def test_a_killed_kernel_takes_nothing_with_it(tmp_path):
    draw_and_die(tmp_path / "annotations.json", kills=2, changes=30)


@pytest.mark.slow
def test_thirty_killed_kernels_take_nothing_with_them(tmp_path):
    draw_and_die(tmp_path / "annotations.json", kills=30, changes=300)


def test_a_renaming_that_another_machine_undid_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr("fcntl.flock", lambda opened, how: no_locks(opened, "no"))
    file, photo = tmp_path / "annotations.json", tmp_path / "0.jpg"
    store = LabelStore(file, [photo], ["duck", "swan"])
    box = {"xyxy": [1.0, 2.0, 9.0, 40.0], "class": "duck", "crowd": False}
    store.change(0, {"boxes": [box], "nothing_here": False}, [TODO], (100, 100))
    before = [file.read_text()]
    pausing = SimpleNamespace(  # between what it writes and its look at the file
        monotonic=time.monotonic, sleep=lambda seconds: before and file.write_text(before.pop())
    )
    monkeypatch.setattr("tflhelpers.annotator.label_store.time", pausing)
    store.rename_class("duck", "goose")
    assert not before
    found = Annotations.load(file)
    assert (found.class_names, found[0][1].labels.tolist()) == (("goose", "swan"), [0])
