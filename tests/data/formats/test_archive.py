"""A zip is unpacked whole, once, and never outside its folder."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from tflhelpers.data.coco_reader import AnnotationError
from tflhelpers.data.formats import archive
from tflhelpers.data.formats.archive import unpack
from tflhelpers.data.formats.report import ReportBuilder


def _zip(path: Path, members: dict[str, bytes], **packing) -> Path:
    with zipfile.ZipFile(path, "w", packing.get("how", zipfile.ZIP_DEFLATED)) as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name) if name.startswith("/") else name, content)
    return path


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".unpacked.json"
    }


def _unpacked(path: Path) -> tuple[Path, dict[str, bytes], list[str]]:
    """The folder to read, what lies in it, and what was refused and why."""
    report = ReportBuilder()
    folder = unpack(path, path.parent / "out", report)
    told = [f"{entry.where.partition(': ')[2]} {entry.kind}" for entry in report.build().of("refused")]
    return folder, _files(folder), told


_LAYOUTS = [  # members, where they are read from, what lies there
    ({}, "out", {}),
    ({"a.xml": b"1", "b/c.jpg": b"2"}, "out", {"a.xml": b"1", "b/c.jpg": b"2"}),
    ({"set/a.xml": b"1", "set/b/c.jpg": b"2"}, "out/set", {"a.xml": b"1", "b/c.jpg": b"2"}),
    ({"x/y/z/a.xml": b"1"}, "out/x/y/z", {"a.xml": b"1"}),
    ({"x/a.xml": b"1", "__MACOSX/x/._a.xml": b"2", "x/.DS_Store": b"3"}, "out/x", {"a.xml": b"1"}),
    ({"x/": b"", "x/a b äöü \U0001f986.xml": b"1"}, "out/x", {"a b äöü \U0001f986.xml": b"1"}),
    ({"x\\b\\a.xml": b"1"}, "out/x/b", {"a.xml": b"1"}),
]


@pytest.mark.parametrize(("members", "place", "files"), _LAYOUTS, ids=range(len(_LAYOUTS)))
def test_everything_is_unpacked_and_a_lone_folder_is_entered(tmp_path, members, place, files):
    folder, found, told = _unpacked(_zip(tmp_path / "a.zip", members))
    assert (folder, found, told) == (tmp_path / place, files, [])
    assert sorted(os.listdir(tmp_path)) == ["a.zip", "out"]


_EVIL = [
    "../evil.txt",
    "x/../../evil.txt",
    "/evil.txt",
    "C:/evil.txt",
    "C:evil.txt",
    "..\\evil.txt",
    "\\evil.txt",
]


@pytest.mark.parametrize("name", _EVIL)
def test_nothing_is_written_outside(tmp_path, name):
    inner = tmp_path / "deep" / "er"
    inner.mkdir(parents=True)
    _, found, told = _unpacked(_zip(inner / "a.zip", {"good.txt": b"1", name: b"evil"}))
    assert found == {"good.txt": b"1"}
    assert len(told) == 1
    assert "outside the folder" in told[0]
    assert not list(tmp_path.rglob("*evil*"))


def test_links_and_devices_are_refused(tmp_path):
    path = _zip(tmp_path / "a.zip", {"good.txt": b"1"})
    with zipfile.ZipFile(path, "a") as file:
        for name, kind in (("link", stat.S_IFLNK), ("pipe", stat.S_IFIFO)):
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o777) << 16
            file.writestr(info, "/etc/passwd")
        file.writestr("link/below.txt", "2")
    _, found, told = _unpacked(path)
    assert found == {"good.txt": b"1", "link/below.txt": b"2"}
    assert told == ["'link' no file", "'pipe' no file"]


def test_a_bomb_as_a_whole_is_refused(tmp_path):
    path = _zip(tmp_path / "a.zip", {"a.txt": b"\0" * 40_000_000})  # to a thousandth
    with pytest.raises(AnnotationError, match="zip bomb"):
        unpack(path, tmp_path / "out", ReportBuilder())
    assert os.listdir(tmp_path) == ["a.zip"]


def test_a_bomb_among_others_is_refused_alone(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("noise.bin", os.urandom(1_000_000))
        file.writestr("bomb.txt", b"\0" * 40_000_000, zipfile.ZIP_DEFLATED)
        file.writestr("small.txt", b"\0" * 1_000_000, zipfile.ZIP_DEFLATED)
    _, found, told = _unpacked(tmp_path / "a.zip")
    assert sorted(found) == ["noise.bin", "small.txt"]
    assert told == ["'bomb.txt' a zip bomb"]


def test_a_full_disk_is_told_before(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_LEFT_FREE", 2**70)
    with pytest.raises(AnnotationError, match="room"):
        unpack(_zip(tmp_path / "a.zip", {"a.txt": b"1"}), tmp_path / "out", ReportBuilder())
    assert os.listdir(tmp_path) == ["a.zip"]


def test_damage_is_refused_alone(tmp_path):
    path = _zip(tmp_path / "a.zip", {"a.txt": b"first" * 9, "b.txt": b"second" * 9}, how=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.index(b"firstfirst")] ^= 1
    path.write_bytes(content)
    _, found, told = _unpacked(path)
    assert found == {"b.txt": b"second" * 9}
    assert told == ["'a.txt' damaged or impossible"]


def test_a_table_of_contents_that_lies_about_sizes_is_refused(tmp_path):
    path = _zip(tmp_path / "a.zip", {"a.txt": b"x" * 50, "b.txt": b"1"})
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, entry + 24, 10)  # the size when unpacked
    path.write_bytes(content)
    _, found, told = _unpacked(path)
    assert found == {"b.txt": b"1"}
    assert told == ["'a.txt' damaged or impossible"]


@pytest.mark.parametrize("name", ["x" * 300 + ".txt", "a.txt/b.txt"])
def test_names_that_no_file_can_have_are_refused_alone(tmp_path, name):
    _, found, told = _unpacked(_zip(tmp_path / "a.zip", {"a.txt": b"1", name: b"2"}))
    assert found == {"a.txt": b"1"}
    assert len(told) == 1
    assert "damaged or impossible" in told[0] or "name given twice" in told[0]


def test_names_given_twice_are_kept_once(tmp_path):
    path = _zip(tmp_path / "a.zip", {"a.txt": b"1", "b.txt": b"2"})
    path.write_bytes(path.read_bytes().replace(b"b.txt", b"a.txt"))
    _, found, told = _unpacked(path)
    assert found == {"a.txt": b"1"}
    assert told == ["'a.txt' name given twice"]


def test_locked_members_are_refused(tmp_path):
    path = _zip(tmp_path / "a.zip", {"a.txt": b"1", "b.txt": b"2"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    _, found, told = _unpacked(path)
    assert (found, told) == ({"b.txt": b"2"}, ["'a.txt' locked by a password"])


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 50])
def test_what_is_no_whole_zip_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(AnnotationError, match=r"a\.zip: expected a whole zip"):
        unpack(tmp_path / "a.zip", tmp_path / "out", ReportBuilder())
    assert os.listdir(tmp_path) == ["a.zip"]


def test_it_is_unpacked_once_and_told_each_time(tmp_path):
    path = _zip(tmp_path / "a.zip", {"x/a.txt": b"1", "../b.txt": b"2"})
    folder, _, told = _unpacked(path)
    (folder / "a.txt").write_bytes(b"mine")
    assert _unpacked(path) == (folder, {"a.txt": b"mine"}, told)
    assert len(told) == 1


@pytest.mark.parametrize("change", ["other zip", "by hand", "a file"])
def test_what_lies_there_is_not_overwritten(tmp_path, change):
    path = _zip(tmp_path / "a.zip", {"a.txt": b"1"})
    if change == "other zip":
        _unpacked(path)
        _zip(path, {"a.txt": b"1234"})
    elif change == "by hand":
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "a.txt").write_bytes(b"1")
    else:
        (tmp_path / "out").write_bytes(b"1")
    with pytest.raises(AnnotationError, match="give the folder instead"):
        unpack(path, tmp_path / "out", ReportBuilder())


def test_all_lengths_of_a_cut_zip_are_refused(tmp_path):
    content = _zip(tmp_path / "whole.zip", {"a.txt": b"1" * 30, "b/c.txt": b"2"}).read_bytes()
    for length in range(len(content)):
        (tmp_path / "a.zip").write_bytes(content[:length])
        with pytest.raises(AnnotationError):
            unpack(tmp_path / "a.zip", tmp_path / "out", ReportBuilder())
    assert not (tmp_path / "out").exists()
