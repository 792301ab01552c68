"""A file is there whole, old or new, whatever happens while it is written."""

from __future__ import annotations

import pytest

from tflhelpers.files.atomic_file import atomic_file


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
