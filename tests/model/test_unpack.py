"""Archives as they should be, damaged ones, and ones that mean harm."""

from __future__ import annotations

import gzip
import io
import os
import tarfile

import pytest

from tflhelpers.files.download import FetchError
from tflhelpers.model import unpack as module
from tflhelpers.model.unpack import DamagedArchive, UnsafeArchive, unpack

FILES = {
    "net/checkpoint/ckpt-0.index": b"index" * 300,
    "net/pipeline.config": b"",
    "net/notes/größe.txt": b"1",
}


def tar_bytes(files: dict[str, bytes], *, extra: tarfile.TarInfo | None = None, mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uid = len(data), 0o4777, 12345
            tar.addfile(info, io.BytesIO(data))
        if extra is not None:
            tar.addfile(extra)
    return out.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def unpacked_files(folder) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {f"net/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache" / "net.tar.gz"


@pytest.mark.parametrize(
    "data",
    [
        tar_bytes(FILES),
        tar_bytes(FILES, mode="w"),
        tar_bytes({f"./{name}": data for name, data in FILES.items()}),
        tar_bytes({name.removeprefix("net/"): data for name, data in FILES.items()}),
    ],
    ids=["tar.gz", "plain tar under the same name", "names that begin with ./", "no top-level folder"],
)
def test_unpacks_and_leaves_nothing_else(archive, data):
    archive.write_bytes(data)
    folder = unpack(archive, archive.parent / "net")
    assert unpacked_files(folder) == FILES
    assert sorted(os.listdir(archive.parent)) == ["net", "net.tar.gz"]
    assert (folder / "pipeline.config").stat().st_mode & 0o7000 == 0


def test_reports_the_position(archive):
    archive.write_bytes(tar_bytes(FILES))
    seen = []
    unpack(archive, archive.parent / "net", on_bytes=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == archive.stat().st_size


@pytest.mark.parametrize(
    "data",
    [
        tar_bytes({"../evil": b"x"}),
        tar_bytes({"net/../../evil": b"x"}),
        tar_bytes({"/tmp/evil": b"x"}),
        tar_bytes({"net\\..\\..\\evil": b"x"}),
        tar_bytes({"C:/evil": b"x"}),
        tar_bytes(FILES, extra=link("net/way_out", "/etc")),
        tar_bytes(FILES, extra=link("net/way_out", "../../evil")),
        tar_bytes(FILES, extra=link("net/hard", "net/pipeline.config", tarfile.LNKTYPE)),
        tar_bytes(FILES, extra=link("net/pipe", "", tarfile.FIFOTYPE)),
        tar_bytes(FILES, extra=link("net/device", "", tarfile.CHRTYPE)),
    ],
    ids=[
        "..",
        "nested ..",
        "absolute",
        "backslash",
        "drive",
        "symlink",
        "relative symlink",
        "hard link",
        "pipe",
        "device",
    ],
)
def test_what_leads_out_or_is_no_file_is_refused_whole(archive, data):
    archive.write_bytes(data)
    with pytest.raises(UnsafeArchive, match=r"The archive holds .* nothing was unpacked"):
        unpack(archive, archive.parent / "net")
    assert os.listdir(archive.parent) == ["net.tar.gz"]
    assert os.listdir(archive.parent.parent) == ["cache"]


def test_an_archive_that_unpacks_to_too_much_is_refused(archive, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)
    archive.write_bytes(tar_bytes({"net/a": bytes(9_000), "net/b": bytes(2_000)}))
    with pytest.raises(UnsafeArchive, match="more than 10,000 bytes"):
        unpack(archive, archive.parent / "net")
    assert os.listdir(archive.parent) == ["net.tar.gz"]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>Not found</html>" * 100,
        tar_bytes(FILES)[:-1],
        tar_bytes(FILES)[:60],
        flipped(tar_bytes(FILES), 60),
        flipped(tar_bytes(FILES), len(tar_bytes(FILES)) - 6),
        tar_bytes(FILES, mode="w")[:700],
        gzip.compress(tar_bytes(FILES, mode="w")[:700]),
        tar_bytes({}),
    ],
    ids=[
        "empty file",
        "an error page",
        "one byte short",
        "cut",
        "a wrong byte",
        "gzip checksum",
        "plain tar cut",
        "cut before packing",
        "no members",
    ],
)
def test_damage_is_noticed_and_leaves_nothing(archive, data):
    archive.write_bytes(data)
    with pytest.raises(DamagedArchive, match=r"net\.tar\.gz is (damaged or no tar|an empty) archive"):
        unpack(archive, archive.parent / "net")
    assert os.listdir(archive.parent) == ["net.tar.gz"]


def test_a_name_that_is_both_file_and_folder(archive):
    archive.write_bytes(tar_bytes({"net/a": b"x", "net/a/b": b"y"}))
    with pytest.raises(FetchError, match="Cannot unpack"):
        unpack(archive, archive.parent / "net")
    assert os.listdir(archive.parent) == ["net.tar.gz"]
