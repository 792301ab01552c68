"""LiteRT.js is fetched once, by npm or from a server, and every file is what its makers published."""

from __future__ import annotations

import hashlib
import http.server
import io
import socket
import tarfile
import threading

import pytest

from tflhelpers.files.download import FetchError
from tflhelpers.sharing import runtime_download
from tflhelpers.sharing.runtime_download import FILES, VERSION, Published, fetch_runtime, wrong_files

CONTENT = {"dist/index.js": b"export {};", "wasm/run.wasm": b"\0asm" * 9}


def write_package(folder, content=CONTENT):
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def archive_of(content):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, data in {"package/README.md": b"read me", **content}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


PACKAGE = archive_of({f"package/{name}": data for name, data in CONTENT.items()})


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Two small files stand for the 19 MB; there is neither npm nor network."""
    files = {name: Published(len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items()}
    monkeypatch.setattr(runtime_download, "FILES", files)
    monkeypatch.setattr(runtime_download.shutil, "which", lambda name: None)
    monkeypatch.setattr(runtime_download, "CDN", "http://127.0.0.1:1/npm")


def use_npm(monkeypatch, tmp_path, script):
    """A program that stands for npm; it runs in an empty folder."""
    program = tmp_path / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(runtime_download.shutil, "which", lambda name: str(program))


def test_the_published_files_are_named_once():
    assert sum(published.size_bytes for published in FILES.values()) == 19_301_878
    assert all(len(published.sha256) == 64 for published in FILES.values())


def test_npm_is_asked_and_the_files_are_kept(monkeypatch, tmp_path):
    (tmp_path / "package.tgz").write_bytes(PACKAGE)
    use_npm(monkeypatch, tmp_path, f'echo "$@" >> {tmp_path}/asked; cp {tmp_path}/package.tgz .')
    folder = fetch_runtime(cache=tmp_path / "cache", progress=False)
    assert folder == tmp_path / "cache" / f"litertjs-core-{VERSION}"
    package = f"@litertjs/core@{VERSION}"
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == [f"view {package} version --fetch-retries=0", f"pack {package} --silent"]
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert [path.name for path in folder.iterdir() if path.is_file()] == []  # nothing else of the package
    use_npm(monkeypatch, tmp_path, "exit 9")
    assert fetch_runtime(cache=tmp_path / "cache", progress=False) == folder


@pytest.fixture
def network(monkeypatch, tmp_path):
    """A content delivery network on this machine: its folder, and the paths that were asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path / "network"))

        def log_message(self, *_):
            asked.append(f"{self.command} {self.path}")

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(runtime_download, "CDN", f"http://127.0.0.1:{server.server_address[1]}/npm")
    yield tmp_path / "network" / "npm" / "@litertjs" / f"core@{VERSION}", asked
    server.shutdown()
    server.server_close()


def test_a_server_is_asked_where_there_is_no_npm(network, tmp_path):
    folder, asked = network
    write_package(folder)
    have = write_package(tmp_path / f"litertjs-core-{VERSION}", {"dist/index.js": CONTENT["dist/index.js"]})
    assert fetch_runtime(cache=tmp_path, progress=False) == have
    assert wrong_files(have) == []
    gets = [line for line in asked if line.startswith("GET")]
    assert gets == [f"GET /npm/@litertjs/core@{VERSION}/wasm/run.wasm"]


def test_a_server_is_asked_where_npm_fails(network, monkeypatch, tmp_path):
    write_package(network[0])
    use_npm(monkeypatch, tmp_path, 'echo "npm error network" >&2; exit 1')
    assert wrong_files(fetch_runtime(cache=tmp_path, progress=False)) == []


def test_a_server_that_is_silent_is_not_waited_for(monkeypatch, tmp_path):
    """Nor is npm. Ten seconds are promised for saying that there is no network; both limits together are less."""
    assert 2 * runtime_download.SIGN_SECONDS < 10
    monkeypatch.setattr(runtime_download, "SIGN_SECONDS", 0.2)
    use_npm(monkeypatch, tmp_path, "exec sleep 30")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(runtime_download, "CDN", f"http://{host}/npm")
        with pytest.raises(FetchError, match=f"npm did not answer for 0.2 seconds; {host} "):
            fetch_runtime(cache=tmp_path / "cache", progress=False)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            'echo "npm error network is unreachable" >&2; exit 1',
            "npm says: npm error network is unreachable; ",
        ),
        ("exit 0", "npm wrote no file, and says: nothing; "),
        ("echo junk > a.tgz", "is not the package @litertjs/core"),
    ],
)
def test_each_way_that_failed_is_told_and_what_to_do(monkeypatch, tmp_path, script, reason):
    use_npm(monkeypatch, tmp_path, script)
    with pytest.raises(FetchError) as caught:
        fetch_runtime(cache=tmp_path / "cache", progress=False)
    assert reason in str(caught.value)
    assert "127.0.0.1:1 cannot be reached" in str(caught.value)
    assert ". On a machine with network type: npm pack @litertjs/core@" in str(caught.value)
    assert str(caught.value).endswith("give it as runtime=.")


def test_a_changed_file_is_refused_and_not_kept(monkeypatch, tmp_path):
    changed = {**CONTENT, "wasm/run.wasm": b"\1asm" * 9}
    (tmp_path / "package.tgz").write_bytes(archive_of({f"package/{name}": d for name, d in changed.items()}))
    use_npm(monkeypatch, tmp_path, f"cp {tmp_path}/package.tgz .")
    with pytest.raises(FetchError, match=r"wasm/run\.wasm came, but not as published"):
        fetch_runtime(cache=tmp_path / "cache", progress=False)
    assert not (tmp_path / "cache" / f"litertjs-core-{VERSION}" / "wasm" / "run.wasm").exists()


def test_a_damaged_file_in_the_cache_is_fetched_again(monkeypatch, tmp_path):
    (tmp_path / "package.tgz").write_bytes(PACKAGE)
    use_npm(monkeypatch, tmp_path, f"cp {tmp_path}/package.tgz .")
    folder = write_package(tmp_path / f"litertjs-core-{VERSION}", {**CONTENT, "wasm/run.wasm": b"cut"})
    fetch_runtime(cache=tmp_path, progress=False)
    assert wrong_files(folder) == []


@pytest.mark.parametrize("inside", ["", "package"])
def test_a_given_folder_is_used_as_it_is(tmp_path, inside):
    package = write_package(tmp_path / "mine" / inside)
    assert fetch_runtime(tmp_path / "mine", cache=tmp_path / "cache") == package
    assert not (tmp_path / "cache").exists()


def test_a_given_archive_is_unpacked_into_the_cache(tmp_path):
    (tmp_path / "litertjs-core.tgz").write_bytes(PACKAGE)
    folder = fetch_runtime(tmp_path / "litertjs-core.tgz", cache=tmp_path / "cache")
    assert wrong_files(folder) == []


@pytest.mark.parametrize("content", [{}, {"dist/index.js": b"another"}])
def test_a_given_folder_with_something_else_is_refused(tmp_path, content):
    with pytest.raises(
        FetchError, match=r"runtime must hold LiteRT\.js .*dist/index\.js, wasm/run\.wasm is absent"
    ):
        fetch_runtime(write_package(tmp_path, content), cache=tmp_path / "cache")
