"""The program that runs models in browsers, LiteRT.js: fetched once into a cache, each file proven by its SHA-256.

It is Google's, under the Apache License 2.0, and 19 MB: too large for a package that most people use without it.
"""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import tarfile
import tempfile
import threading
import urllib.error
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tflhelpers.files.atomic_file import atomic_file
from tflhelpers.files.checksums import sha256_of
from tflhelpers.files.download import FetchError, download
from tflhelpers.files.http_client import open_url
from tflhelpers.model.zoo import default_cache
from tflhelpers.progress import progress_bar

PACKAGE = "@litertjs/core"
VERSION = "2.5.3"
CDN = "https://cdn.jsdelivr.net/npm"
NPM_SECONDS = 300
# How long each way may take to give a sign that it is there: two of them make ten seconds to say that none is.
SIGN_SECONDS = 4
_NPM_LOG = "A complete log of this run"
_TAR_SUFFIXES = (".tgz", ".tar.gz", ".tar")


@dataclass(frozen=True)
class Published:
    """One file of the package, as its makers published it."""

    size_bytes: int
    sha256: str


# Path in the package -> what it must be. The first pair of wasm files is for browsers with relaxed SIMD, the second
# for the others; a browser loads one. The threaded ones were not faster on two cores, and want special headers.
FILES: Mapping[str, Published] = {
    "dist/index.js": Published(53_482, "e7daccc3a31eef890848a737ccb863ded5f046a6b40c3fdc0556495adeb5d9b3"),
    "wasm/litert_wasm_internal.js": Published(
        273_035, "68efb69f770e3f76aff36a377de629ca496c131b86ac0f0f4b592a1543a898eb"
    ),
    "wasm/litert_wasm_internal.wasm": Published(
        9_367_934, "7280cf4471774867e385e6c3cd53e2b45e2975b80fea338fff4ef359b0865614"
    ),
    "wasm/litert_wasm_compat_internal.js": Published(
        273_246, "4d8f894b7883654fd6e8439730aa41e79ceaab7d19184fc4f1f0b0f1a2a2c8a5"
    ),
    "wasm/litert_wasm_compat_internal.wasm": Published(
        9_334_181, "5255c8ad06eabdbd2522cdebf6b22fc10faf74625c23a49b9e072570cd1fa41c"
    ),
}


def fetch_runtime(
    runtime: str | os.PathLike | None = None,
    *,
    cache: str | os.PathLike | None = None,
    progress: bool = True,
) -> Path:
    """A folder that holds the runtime's files, under their paths in the package.

    Args:
        runtime: a folder with the unpacked package, or the package's .tgz, for those without network; None asks npm
            where it is installed, else a public server, unless the cache has the files.
        cache: where they are kept; None for beside the downloaded detectors.
        progress: show a bar.

    Raises:
        FetchError: the files could not be had, or are not the published ones; the message says what to do.
    """
    kept = Path(cache).expanduser() if cache is not None else default_cache()
    folder = kept / f"litertjs-core-{VERSION}"
    if runtime is not None:
        return _given(Path(runtime).expanduser(), folder)
    if wrong_files(folder):
        reasons = _fetch(folder, progress)
        if wrong_files(folder):
            raise FetchError(
                f"LiteRT.js {VERSION}, which runs the model in browsers, could not be fetched: {'; '.join(reasons)}. "
                f"On a machine with network type: npm pack {PACKAGE}@{VERSION}. Copy the file that it writes here and "
                "give it as runtime=."
            )
    return folder


def wrong_files(folder: Path) -> list[str]:
    """The files that are absent from the folder or not as published."""
    return [name for name, published in FILES.items() if not _is_published(folder / name, published)]


def _is_published(path: Path, published: Published) -> bool:
    if not path.is_file() or path.stat().st_size != published.size_bytes:
        return False
    return sha256_of(path) == published.sha256


def _given(runtime: Path, folder: Path) -> Path:
    if runtime.name.endswith(_TAR_SUFFIXES) and runtime.is_file():
        _unpack(runtime, folder)
        runtime = folder
    for inside in (runtime, runtime / "package"):
        if not wrong_files(inside):
            return inside
    raise FetchError(
        f"runtime must hold LiteRT.js {VERSION} with its files {', '.join(FILES)}, got {runtime}, where "
        f"{', '.join(wrong_files(runtime))} is absent or another version. "
        f"Type: npm pack {PACKAGE}@{VERSION}, and give the file that it writes."
    )


def _fetch(folder: Path, progress: bool) -> list[str]:
    """Tries each way until the files are there; returns why the ways did not work."""
    ways: list[Callable[[Path, bool], None]] = [_by_npm, _by_cdn] if shutil.which("npm") else [_by_cdn]
    reasons = []
    for way in ways:
        try:
            way(folder, progress)
        except (FetchError, OSError) as error:
            reasons.append(str(error).rstrip("."))
            continue
        if not (wrong := wrong_files(folder)):
            break
        reasons.append(f"{', '.join(wrong)} came, but not as published")
        for name in wrong:
            (folder / name).unlink(missing_ok=True)
    return reasons


def _by_npm(folder: Path, progress: bool) -> None:
    with (
        tempfile.TemporaryDirectory() as temporary,
        progress_bar(1, f"Fetching LiteRT.js {VERSION}", enabled=progress, delay=1.0) as bar,
    ):
        _npm("view", "version", "--fetch-retries=0", folder=temporary, seconds=SIGN_SECONDS)
        said = _npm("pack", "--silent", folder=temporary, seconds=NPM_SECONDS)
        archives = list(Path(temporary).glob("*.tgz"))
        if not archives:
            raise FetchError(f"npm wrote no file, and says: {said or 'nothing'}")
        _unpack(archives[0], folder)
        bar.update()


def _npm(verb: str, *words: str, folder: str, seconds: float) -> str:
    """What npm says of the package, in one line."""
    command = [str(shutil.which("npm")), verb, f"{PACKAGE}@{VERSION}", *words]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"npm did not answer for {seconds} seconds") from None
    lines = [line for line in (done.stderr or done.stdout).splitlines() if _NPM_LOG not in line]
    said = max(lines, key=len, default="")  # the others are codes, and where to read on
    if done.returncode:
        raise FetchError(f"npm says: {said or f'error {done.returncode}'}")
    return said


def _give_a_sign(url: str) -> None:
    """Raises FetchError where nothing answers soon; looking up a name may take longer than any limit given with it."""
    answers: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            with open_url(url, method="HEAD", timeout_s=SIGN_SECONDS):
                answers.put(None)
        except urllib.error.HTTPError:
            answers.put(None)  # a server that says no is one that answers
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        error = answers.get(timeout=SIGN_SECONDS)
    except queue.Empty:
        raise FetchError(f"{urlsplit(url).netloc} did not answer for {SIGN_SECONDS} seconds") from None
    if error is not None:
        raise FetchError(f"{urlsplit(url).netloc} cannot be reached ({getattr(error, 'reason', error)})")


def _by_cdn(folder: Path, progress: bool) -> None:
    _give_a_sign(f"{CDN}/{PACKAGE}@{VERSION}/package.json")
    total = sum(published.size_bytes for published in FILES.values())
    with progress_bar(total, f"Downloading LiteRT.js {VERSION}", enabled=progress) as bar:
        before = 0  # bytes of the files that are done
        for name, published in FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)

            def count(have: int, total: int | None, before: int = before) -> None:
                bar.update(before + have - bar.count)

            if not _is_published(folder / name, published):
                url = f"{CDN}/{PACKAGE}@{VERSION}/{name}"
                download(
                    url,
                    folder / name,
                    expected_bytes=published.size_bytes,
                    sha256=published.sha256,
                    on_bytes=count,
                )
            before += published.size_bytes


def _unpack(archive: Path, folder: Path) -> None:
    """Writes the files that are needed out of npm's archive; nothing else of it touches the disk."""
    try:
        with tarfile.open(archive) as tar:
            for name in FILES:
                member = tar.extractfile(f"package/{name}")
                if member is None:
                    raise KeyError(name)
                with atomic_file(folder / name) as file:
                    shutil.copyfileobj(member, file)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise FetchError(
            f"{archive} is not the package {PACKAGE} {VERSION} as npm packs it ({error})"
        ) from None
