"""`detect_files_on_ray`: a real cluster of this machine finds what one process does, also when a worker is killed."""

from __future__ import annotations

import functools
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import tflhelpers as tfl
from tests.quick_detector import ByBrightness, write_images
from tflhelpers.detecting_files import part_name
from tflhelpers.detecting_on_ray import _made, detect_files_on_ray

QUIET = {"progress": False, "chunk_size": 4}


class Noted(ByBrightness):
    """Notes which process it is in; in a worker it is ready when two of them are."""

    def __init__(self, folder: Path, seconds: float, driver: int) -> None:
        super().__init__(seconds=seconds)
        (folder / str(os.getpid())).touch()
        until = time.monotonic() + 120
        while os.getpid() != driver and len(list(folder.iterdir())) < 3 and time.monotonic() < until:
            time.sleep(0.05)


def test_each_worker_makes_its_own_detector():
    with pytest.raises(
        TypeError, match=r"each worker loads its own, got int\. Write detector\.save\(folder\)"
    ):
        _made(3)
    assert isinstance(_made(ByBrightness), ByBrightness)


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ImportError, match=r'pip install "tflhelpers\[ray\]"'):
        detect_files_on_ray(ByBrightness, ["a.jpg"], "found")


@pytest.fixture(scope="module")
def cluster():
    """Ray with two cores of this machine, or what RAY_ADDRESS names; its workers find the tests."""
    ray = pytest.importorskip("ray", reason="needs the extra ray")
    pytest.importorskip("pyarrow", reason="needs the extra files")
    root = str(Path(__file__).resolve().parents[1])
    local = {"address": "local", "num_cpus": 2, "include_dashboard": False}
    own = {} if "RAY_ADDRESS" in os.environ else local
    try:
        ray.init(**own, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": root}})
    except (RuntimeError, ConnectionError, TimeoutError) as error:  # where its helpers take over 15 seconds
        pytest.skip(f"Ray cannot begin a cluster here: {str(error)[:200]}")
    yield ray
    ray.shutdown()


@pytest.fixture
def processes(tmp_path):
    """A folder for the numbers of the workers."""
    folder = tmp_path / "processes"
    folder.mkdir()
    return folder


def assert_same_rows(one: Path, other: Path, count: int) -> None:
    """The parts of both folders are the same, to the last byte."""
    import pyarrow.parquet as pq

    for chunk in range(count):
        assert pq.read_table(one / part_name(chunk)).equals(pq.read_table(other / part_name(chunk)))
    assert sorted(os.listdir(one)) == sorted(os.listdir(other))


@pytest.mark.slow
def test_two_workers_find_what_one_process_does(cluster, tmp_path, processes):
    images = write_images(tmp_path / "images", 40)
    (tmp_path / "images" / "empty.jpg").touch()
    source = tmp_path / "images"
    report = detect_files_on_ray(
        functools.partial(Noted, processes, 0.05, os.getpid()), source, tmp_path / "found", **QUIET
    )
    alone = tfl.detect_files(ByBrightness(), source, tmp_path / "alone", **QUIET)
    assert (
        (report.images, report.new, report.unreadable)
        == (alone.images, alone.new, alone.unreadable)
        == (41, 41, 1)
    )
    assert_same_rows(tmp_path / "found", tmp_path / "alone", 11)
    assert tfl.read_detections(tmp_path / "found").paths[:-1] == images
    assert len({path.name for path in processes.iterdir()} - {str(os.getpid())}) == 2
    again = detect_files_on_ray(ByBrightness, source, tmp_path / "found", **QUIET)
    assert (again.images, again.new) == (41, 0)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(cluster, tmp_path, processes):
    images = write_images(tmp_path / "images", 80)
    killed = []

    def kill_one() -> None:
        while len(list((tmp_path / "found").glob("part-*"))) < 4:
            time.sleep(0.02)
        workers = sorted(int(path.name) for path in processes.iterdir() if path.name != str(os.getpid()))
        os.kill(workers[0], signal.SIGKILL)
        killed.append(workers[0])

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    made = functools.partial(Noted, processes, 0.2, os.getpid())
    report = detect_files_on_ray(made, tmp_path / "images", tmp_path / "found", **QUIET)
    assert len(killed) == 1
    assert report.new == 80
    found = tfl.read_detections(tmp_path / "found")
    assert found.paths == images
    assert max(Counter(found.paths).values()) == 1
    assert found.boxes == ByBrightness().detect_all(images, progress=False)
    assert (
        len(list(processes.iterdir())) == 4
    )  # this one, two workers, and the one in the place of the killed
