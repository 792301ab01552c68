"""A file is there whole, old or new, whatever happens while it is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tflhelpers.files.atomic_file import PART, atomic_file, passing_name, passing_names, write_text
from tflhelpers.files.atomic_folder import scratch_beside

ROOT = Path(__file__).resolve().parents[2]
DYING = """
import os, signal, sys
from pathlib import Path
from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.atomic_folder import scratch_beside

with atomic_file(Path(sys.argv[1])) as file, scratch_beside(Path(sys.argv[1])) as scratch:
    file.write(b"half")
    (scratch / "part").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
WRITE = """
import sys
from pathlib import Path
from tflhelpers.files.atomic_file import write_text

write_text(Path(sys.argv[1]), "whole")
"""


@pytest.mark.parametrize("before", [None, b"", b"old"])
def test_the_new_file_takes_its_place_at_the_end(tmp_path, before):
    path = tmp_path / "new" / "a.bin"
    if before is not None:
        path.parent.mkdir()
        path.write_bytes(before)
    with atomic_file(path) as file:
        file.write(b"new")
        assert (path.read_bytes() if path.exists() else None) == before
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_what_fails_leaves_nothing(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_file(path) as file:  # noqa: PT012
        file.write(b"half")
        raise KeyboardInterrupt
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("a.bin", b"old")]


def test_the_longest_name_that_a_disk_takes_can_be_written(tmp_path):
    path = tmp_path / ("a" * 251 + ".bin")
    with atomic_file(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def run(program, path):
    subprocess.run([sys.executable, "-c", program, path], cwd=ROOT, check=False)


@pytest.mark.skipif(os.name == "nt", reason="a process's life cannot be asked for there")
def test_what_a_kill_left_is_swept_by_the_next_process_and_what_is_at_work_is_not(tmp_path):
    path, other = tmp_path / "a.bin", tmp_path / f".b.0123abcd{PART}"
    other.write_bytes(b"of another file")
    with atomic_file(path) as file, scratch_beside(path):
        run(DYING, path)
        assert len(list(tmp_path.iterdir())) == 5
        run(WRITE, path)
        assert len(list(tmp_path.iterdir())) == 4, "those of this process, the file and the other one"
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert sorted(tmp_path.iterdir()) == [other, path]


def test_of_unknown_writers_only_what_is_a_day_old_is_swept(tmp_path):
    old, new = (tmp_path / f".a.bin.{token}{PART}.v1-2" for token in ("0123abcd", "4567abcd"))
    for each in (old, new):
        each.write_bytes(b"half")
    os.utime(old, (0, 0))
    run(WRITE, tmp_path / "a.bin")
    assert sorted(tmp_path.iterdir()) == [new, tmp_path / "a.bin"]


@pytest.mark.parametrize(
    "name",
    [
        ".a.bin.partial",
        ".a.bin.part1.rar",
        ".a.bin.notes.part",
        ".a.bin.0123abcd.parts",
        "a.bin.0123abcd.part",
    ],
)
def test_a_file_that_is_only_called_alike_is_nobodys_to_sweep(tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    os.utime(tmp_path / name, (0, 0))
    write_text(tmp_path / "a.bin", "whole")
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([name, "a.bin"])


def test_one_look_at_a_folder_serves_all_files_written_there(tmp_path, monkeypatch):
    looks, iterdir = [], Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: (looks.append(folder), iterdir(folder))[1])
    for number in range(5):
        write_text(tmp_path / f"{number}.txt", "whole")
    assert looks == [tmp_path], (
        "each look costs as much as there are files: with one a file, thousands take hours"
    )


def test_names_that_begin_alike_are_not_mixed_up(tmp_path):
    ours = passing_name(tmp_path / "net")
    for each in (ours, passing_name(tmp_path / "net.v2")):
        each.mkdir()
    assert passing_names(tmp_path / "net") == [ours]
