"""LiteRT.js is fetched once, by npm or from a server, and every file is what its makers published."""

from __future__ import annotations

import hashlib
import io
import tarfile

import pytest

from tflhelpers.model.download import FetchError
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
    monkeypatch.setattr(runtime_download, "download", no_network)


def no_network(url, target, **_):
    raise FetchError(f"Could not download {url}: no connection.")


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
    use_npm(monkeypatch, tmp_path, f'echo "$@" > {tmp_path}/asked; cp {tmp_path}/package.tgz .')
    folder = fetch_runtime(cache=tmp_path / "cache", progress=False)
    assert folder == tmp_path / "cache" / f"litertjs-core-{VERSION}"
    assert (tmp_path / "asked").read_text().split() == ["pack", f"@litertjs/core@{VERSION}", "--silent"]
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert [path.name for path in folder.iterdir() if path.is_file()] == []  # nothing else of the package
    use_npm(monkeypatch, tmp_path, "exit 9")
    assert fetch_runtime(cache=tmp_path / "cache", progress=False) == folder


def test_a_server_is_asked_where_there_is_no_npm(monkeypatch, tmp_path):
    asked = []

    def download(url, target, *, expected_bytes, on_bytes):
        name = next(name for name in CONTENT if url.endswith(f"@{VERSION}/{name}"))
        assert expected_bytes == len(CONTENT[name])
        asked.append(url)
        target.write_bytes(CONTENT[name])
        on_bytes(expected_bytes, expected_bytes)

    monkeypatch.setattr(runtime_download, "download", download)
    folder = write_package(tmp_path / f"litertjs-core-{VERSION}", {"dist/index.js": CONTENT["dist/index.js"]})
    assert fetch_runtime(cache=tmp_path, progress=False) == folder
    assert asked == [f"https://cdn.jsdelivr.net/npm/@litertjs/core@{VERSION}/wasm/run.wasm"]
    assert wrong_files(folder) == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            'echo "npm error network is unreachable" >&2; exit 1',
            "npm says: npm error network is unreachable; ",
        ),
        ("exit 0", "npm says: error 0; "),
        ("echo junk > a.tgz", "is not the package @litertjs/core"),
    ],
)
def test_each_way_that_failed_is_told_and_what_to_do(monkeypatch, tmp_path, script, reason):
    use_npm(monkeypatch, tmp_path, script)
    with pytest.raises(FetchError) as caught:
        fetch_runtime(cache=tmp_path / "cache", progress=False)
    assert reason in str(caught.value)
    assert "no connection. On a machine with network type: npm pack @litertjs/core@" in str(caught.value)
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
