"""Fetch: from the network, from the cache, from a file placed by hand; alone and among others."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.model.test_unpack import FILES, flipped, tar_bytes, unpacked_files
from tests.model.unsteady_server import Unsteady, unsteady_server
from tflhelpers.model.fetch import DamagedArchive, FetchError, UnsafeArchive, fetch

ARCHIVE = tar_bytes(FILES | {"net/checkpoint/ckpt-0.data-00000-of-00001": os.urandom(200_000)})
QUICK = {"progress": False, "backoff_s": 0.001, "timeout_s": 5.0}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "project" / "models"


def _left_in(cache: Path) -> list[str]:
    return sorted(name for name in os.listdir(cache) if name != ".net.lock")


def test_fetches_once_and_keeps_only_the_folder(cache):
    with unsteady_server(Unsteady(ARCHIVE, cuts=[70_000])) as server:
        folder = fetch(server.url, cache, expected_bytes=len(ARCHIVE), **QUICK)
        again = fetch(server.url, str(cache), **QUICK)
    assert folder == again == cache / "net"
    assert FILES.items() <= unpacked_files(folder).items()
    assert server.asked_ranges() == [None, "bytes=70000-"]
    assert _left_in(cache) == ["net"]


def test_cache_hit_needs_no_network(cache):
    (cache / "net").mkdir(parents=True)
    assert fetch(_dead_url(), cache, **QUICK) == cache / "net"


def test_no_network_says_which_file_to_put_where(cache):
    with pytest.raises(FetchError, match="no connection") as raised:
        fetch(_dead_url(), cache, attempts=1, **QUICK)
    assert f"put the file net.tar.gz by hand at {cache / 'net.tar.gz'} " in str(raised.value)
    (cache / "net.tar.gz").write_bytes(ARCHIVE)
    assert FILES.items() <= unpacked_files(fetch(_dead_url(), cache, **QUICK)).items()
    assert _left_in(cache) == ["net", "net.tar.gz"]


@pytest.mark.parametrize(("name", "mode"), [("net.tar.gz", "w:gz"), ("net.tgz", "w:gz"), ("net.tar", "w")])
def test_archive_placed_by_hand_is_used_and_left_alone(cache, name, mode):
    cache.mkdir(parents=True)
    (cache / name).write_bytes(tar_bytes(FILES, mode=mode))
    assert unpacked_files(fetch(_dead_url(), cache, **QUICK)) == FILES
    assert _left_in(cache) == ["net", name]


@pytest.mark.parametrize(
    ("data", "expected_bytes", "sentence"),
    [
        (ARCHIVE[:-9], None, r"is damaged .* Copy it again, or delete it to download it"),
        (ARCHIVE[:-9], len(ARCHIVE), r"has the wrong length: expected .* Copy it again"),
        (tar_bytes({"../x": b""}), None, r"leads out of its folder"),
    ],
    ids=["cut off", "of another length", "path traversal"],
)
def test_bad_archive_placed_by_hand_is_refused_and_left_alone(cache, data, expected_bytes, sentence):
    cache.mkdir(parents=True)
    (cache / "net.tar.gz").write_bytes(data)
    with pytest.raises(FetchError, match=sentence):
        fetch(_dead_url(), cache, expected_bytes=expected_bytes, **QUICK)
    assert _left_in(cache) == ["net.tar.gz"]


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (flipped(ARCHIVE, 90_000), DamagedArchive, r"is damaged .* It was removed; run this again"),
        (b"<html>Sign in to the hotel's network</html>", DamagedArchive, r"is damaged or no tar archive"),
        (
            tar_bytes({"net/../../evil": b"x"}),
            UnsafeArchive,
            r"leads out of its folder; nothing was unpacked",
        ),
    ],
    ids=["corrupt", "captive portal", "path traversal"],
)
def test_bad_download_is_removed_and_said_and_the_next_call_starts_anew(cache, body, kind, sentence):
    with unsteady_server(Unsteady(body)) as server:
        with pytest.raises(kind, match=sentence):
            fetch(server.url, cache, **QUICK)
        assert _left_in(cache) == []
        server.body = ARCHIVE
        assert fetch(server.url, cache, **QUICK).is_dir()


@pytest.mark.parametrize(
    ("server", "expected_bytes", "sentence"),
    [
        (
            Unsteady(ARCHIVE, statuses=[404]),
            None,
            r"does not have it \(404\)\. To go on without the network, put the file",
        ),
        (Unsteady(ARCHIVE), 17, r"expected 17 bytes, the server offers .* put the file net\.tar\.gz by hand"),
    ],
)
def test_refused_downloads_leave_nothing(cache, server, expected_bytes, sentence):
    with unsteady_server(server), pytest.raises(FetchError, match=sentence):
        fetch(server.url, cache, expected_bytes=expected_bytes, **QUICK)
    assert _left_in(cache) == []


def test_concurrent_callers_get_one_download(cache):
    results = []
    with unsteady_server(Unsteady(ARCHIVE)) as server:
        threads = [
            threading.Thread(target=lambda: results.append(fetch(server.url, cache, **QUICK)))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [cache / "net"] * 6
    assert len(server.requests) == 1


def test_concurrent_processes_get_one_download(cache):
    program = "import sys; from tflhelpers.model.fetch import fetch; fetch(*sys.argv[1:], progress=False)"
    root = Path(__file__).resolve().parents[2]
    with unsteady_server(Unsteady(ARCHIVE)) as server:
        command = [sys.executable, "-c", program, server.url, str(cache)]
        processes = [subprocess.Popen(command, cwd=root) for _ in range(3)]
        assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert len(server.requests) == 1
    assert FILES.items() <= unpacked_files(cache / "net").items()


def test_leftovers_of_a_killed_process_are_swept(cache):
    (cache / ".net.0123abcd.part" / "net").mkdir(parents=True)
    with unsteady_server(Unsteady(ARCHIVE)) as server:
        fetch(server.url, cache, **QUICK)
    assert _left_in(cache) == ["net"]


def test_goes_on_where_the_file_system_has_no_locks(cache, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def unsupported(*args):
        raise OSError("Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with unsteady_server(Unsteady(ARCHIVE)) as server:
        assert fetch(server.url, cache, **QUICK) == cache / "net"


@pytest.mark.parametrize(
    "url", ["https://example.org/net.zip", "https://example.org/", "https://example.org/.tar.gz"]
)
def test_only_tar_archives(cache, url):
    with pytest.raises(FetchError, match=r"Expected the address of a \.tar\.gz archive"):
        fetch(url, cache, **QUICK)


def test_a_file_in_the_folders_place(cache):
    cache.parent.mkdir(parents=True)
    cache.write_text("in the way")
    with pytest.raises(FetchError, match=r"Cannot make the folder .*models"):
        fetch(_dead_url(), cache, **QUICK)


def test_progress_bar_names_the_file_and_ends_full(cache, capsys):
    with unsteady_server(Unsteady(ARCHIVE, cuts=[70_000])) as server:
        fetch(server.url, cache, backoff_s=0.001)
    shown = capsys.readouterr().err
    assert "Downloading net: 100%" in shown
    assert shown.count("Downloading net:   0%") == 1


def _dead_url() -> str:
    """An address at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/models/net.tar.gz"
