"""A folder, or a set of files in one, is there whole, old or new, whenever the program that replaces it is killed."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tflhelpers.files.atomic_folder import (
    finish_files,
    finish_folder,
    replace_files,
    replace_folder,
    scratch_beside,
    temporary_scratch,
)

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = {"a": "old", "b": "old", "c": "old"}, {"a": "new", "b": "new"}
MIXED = {**OLD, **NEW}  # what replacing files, not the folder, leaves

# Kills itself with SIGKILL at the moment of one of its renamings or removals, all counted together.
KILLED = """
import os, shutil, signal, sys
from pathlib import Path
from tflhelpers.files import atomic_folder

calls = 0
def deadly(function):
    def call(*arguments, **options):
        global calls
        calls += 1
        if calls == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

folder = Path(sys.argv[1])
with atomic_folder.scratch_beside(folder) as scratch:
    new = scratch / "new"
    new.mkdir()
    for name in "ab":
        (new / name).write_text("new")
    os.replace, shutil.rmtree, os.rmdir = deadly(os.replace), deadly(shutil.rmtree), deadly(os.rmdir)
    getattr(atomic_folder, sys.argv[2])(new, folder)
"""


def write(folder: Path, contents: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, text in contents.items():
        (folder / name).write_text(text)
    return folder


def read(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def replace(how, folder: Path, contents: dict[str, str]) -> None:
    with scratch_beside(folder) as scratch:
        how(write(scratch / "new", contents), folder)


@pytest.mark.parametrize(
    ("how", "before", "after"),
    [
        (replace_folder, None, NEW),
        (replace_folder, {}, NEW),
        (replace_folder, OLD, NEW),
        (replace_files, None, NEW),
        (replace_files, {}, NEW),
        (replace_files, OLD, MIXED),
    ],
)
def test_the_new_takes_its_place_and_nothing_else_is_left(tmp_path, how, before, after):
    folder = tmp_path / "above" / "folder"
    if before is not None:
        write(folder, before)
    replace(how, folder, NEW)
    assert read(folder) == after
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize(
    ("how", "finish", "after"),
    [("replace_folder", finish_folder, NEW), ("replace_files", finish_files, MIXED)],
)
@pytest.mark.parametrize("again", ["loading", "saving"])
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(tmp_path, how, finish, after, again):
    seen = []
    for moment in range(1, 9):
        folder = write(tmp_path / str(moment) / "folder", OLD)
        command = [sys.executable, "-c", KILLED, str(folder), how, str(moment)]
        died = subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
        if again == "saving":
            replace(globals()[how], folder, {"b": "newer"})
            assert read(folder)["b"] == "newer"
        else:
            finish(folder)
            seen.append(read(folder))
            assert seen[-1] in (OLD, after)
            finish(folder)  # and there is nothing more to do
            assert read(folder) == seen[-1]
        assert not list(folder.parent.glob(".folder.coming")) + list(folder.parent.glob(".folder.going"))
        if not died:
            break
    assert moment in range(4, 9)  # the last one ran to its end
    if again == "loading":
        assert OLD in seen
        assert seen == sorted(seen, key=[OLD, after].index)


@pytest.mark.parametrize("contents", [None, OLD])
@pytest.mark.parametrize("finish", [finish_folder, finish_files])
def test_where_nothing_is_left_undone_nothing_is_written(tmp_path, monkeypatch, finish, contents):
    """As on a disk that is read only, which says so even of a folder that is not there."""
    folder = tmp_path / "folder"
    if contents is not None:
        write(folder, contents)

    def refuse(*arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system")

    for module, name in ((os, "replace"), (os, "rmdir"), (os, "mkdir"), (shutil, "rmtree")):
        monkeypatch.setattr(module, name, refuse)
    finish(folder)
    assert folder.exists() is (contents is not None)


@pytest.mark.parametrize("how", [replace_folder, replace_files])
def test_a_link_to_a_folder_stays_one(tmp_path, how):
    target, link = write(tmp_path / "disk" / "target", OLD), tmp_path / "link"
    link.symlink_to(target)
    replace(how, link, NEW)
    assert link.is_symlink()
    assert read(target)["a"] == "new"


def test_what_fails_leaves_nothing(tmp_path):
    folder = write(tmp_path / "folder", OLD)
    with pytest.raises(KeyboardInterrupt), scratch_beside(folder) as scratch:  # noqa: PT012
        (scratch / "half").write_text("new")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [folder]
    assert read(folder) == OLD


@pytest.mark.skipif(os.name == "nt", reason="it has no such modes")
def test_a_folder_that_stays_is_open_to_others_as_any_new_one(tmp_path):
    """A web server, or a colleague, is somebody else."""
    (tmp_path / "usual").mkdir()
    with scratch_beside(tmp_path / "a") as scratch:
        replace_folder(scratch, tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.skipif(os.name == "nt", reason="it has no such modes")
def test_what_is_too_large_for_memory_is_nobody_elses_to_see():
    scratch = temporary_scratch("test")
    mode = scratch.stat().st_mode & 0o777
    scratch.rmdir()
    assert mode == 0o700
