"""Downloads one file over HTTP so that a bad connection costs no more than what was not yet there.

The bytes go to `NAME.part`, with a note beside it (`NAME.part.json`) of which version of the file they
belong to. A cut connection, or a later call, asks the server for the rest only, on the condition that the
file is still that version (RFC 9110: Range, If-Range); a server that cannot do so sends all of it again.
Nothing bears its final name before its length is right.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
import time
import urllib.error
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from tflhelpers.files.atomic_file import move_into_place
from tflhelpers.files.checksums import sha256_of
from tflhelpers.files.http_client import RETRY_STATUS, length_of, open_url
from tflhelpers.files.json_file import TEXT, BadJson, Check, check_fields, read_json

CHUNK_BYTES = 1 << 18
MOST_BYTES = 8 << 30
"""Of a file whose length nobody has said before."""

Progress = Callable[[int, int | None], None]


class FetchError(RuntimeError):
    """A file that could not be fetched or unpacked; the text says what to do.

    Attributes:
        reason: why, without the advice.
        advice: what to do about it, where that is a sentence of its own.
    """

    def __init__(self, reason: str, advice: str = ""):
        between = "\n" if "\n" in reason else " "
        super().__init__(f"{reason}{between}{advice}" if advice else reason)
        self.reason, self.advice = reason, advice


class _StartAgain(Exception):
    """What is there so far is of no use; the next attempt begins at byte 0."""


@dataclass(frozen=True)
class _Version:
    """Which version of the file the bytes of a `.part` belong to."""

    url: str
    total: int | None = None
    etag: str | None = None
    last_modified: str | None = None

    @property
    def condition(self) -> str | None:
        """Value for If-Range: a strong ETag, else the date; None where a server says what no header can."""
        strong = self.etag and not self.etag.startswith("W/")
        value = self.etag if strong else self.last_modified
        return value if value and value.isprintable() and value.isascii() else None


_TEXT_OR_NONE: Check = (lambda value: value is None or isinstance(value, str)), "a text or null"
_NOTE: dict[str, Check] = {
    "url": TEXT,
    "total": ((lambda value: value is None or type(value) is int), "a number or null"),
    "etag": _TEXT_OR_NONE,
    "last_modified": _TEXT_OR_NONE,
}


def download(
    url: str,
    target: Path,
    *,
    expected_bytes: int | None = None,
    most_bytes: int = MOST_BYTES,
    sha256: str | None = None,
    attempts: int = 4,
    backoff_s: float = 1.0,
    timeout_s: float = 30.0,
    on_bytes: Progress = lambda have, total: None,
) -> None:
    """Downloads `url` to the file `target`, going on where an earlier call was cut off.

    Args:
        url: http or https.
        target: final path; its folder exists.
        expected_bytes: length that the file must have, if known.
        most_bytes: length that it may have, where the other is not known: a larger one is not taken in.
        sha256: hexadecimal digits of the SHA-256 that it must have, if known.
        attempts: tries in a row that may end without a single new byte.
        backoff_s: wait before the second try; doubles with each further one.
        timeout_s: longest silence of the server.
        on_bytes: called with (bytes so far, total or None) as they arrive.

    Raises:
        FetchError: no connection, refused by the server, an answer that cannot be understood, wrong length or SHA-256,
            or no room on the disk.
    """
    if not url.startswith(("http://", "https://")):
        raise FetchError(f"Expected an address that begins with http:// or https://, got {url!r}.")
    part = target.with_name(target.name + ".part")
    failures, most = 0, _size(part)
    lengths = expected_bytes, most_bytes if expected_bytes is None else expected_bytes
    while True:
        try:
            _attempt(url, part, lengths, timeout_s, on_bytes)
            break
        except _StartAgain as error:
            _forget(part)
            reason: Exception = error
        except (
            ValueError
        ) as error:  # of urllib and http.client: a redirect that is no address, a header that is none
            raise FetchError(
                f"Could not download {url}: the server's answer makes no sense ({error})."
            ) from None
        except (OSError, HTTPException) as error:
            _raise_if_hopeless(error, url, part)
            reason = error
        failures = 1 if _size(part) > most else failures + 1
        most = max(most, _size(part))
        if failures >= attempts:
            raise FetchError(f"Could not download {url}: {_reason(reason)}.") from None
        time.sleep(backoff_s * 2 ** (failures - 1))
    _check_sha256(url, part, sha256)
    move_into_place(part, target)
    _forget(part)


def _attempt(
    url: str, part: Path, lengths: tuple[int | None, int], timeout_s: float, on_bytes: Progress
) -> None:
    """One request; returns when `part` is complete, raises OSError when it was cut.

    Args:
        lengths: that the file must have, if known, and may have.
    """
    expected_bytes, most_bytes = lengths
    have, version = _size(part), _read_version(part)
    if have and (version is None or version.url != url):
        raise _StartAgain("the part on the disk belongs to another file")
    if have and have == (version.total if version else None):
        return
    with open_url(url, headers=_headers(have, version), timeout_s=timeout_s) as response:
        have = _agreed_start(response, have, version)
        total = _total(response, have)
        _check_total(url, total, expected_bytes)
        _check_most(url, part, total, most_bytes)
        _check_room(part, total, have)
        if have == 0:
            _begin(part, url, total, response.headers)
        on_bytes(have, total)
        _copy(response, part, have, total, most_bytes, on_bytes)
    if expected_bytes is None:
        _check_most(url, part, _size(part), most_bytes)
    _check_complete(url, _size(part), total, expected_bytes)


def _begin(part: Path, url: str, total: int | None, headers: Message) -> None:
    version = _Version(url, total, headers.get("ETag"), headers.get("Last-Modified"))
    part.write_bytes(b"")
    _version_path(part).write_text(json.dumps(asdict(version)))


def _headers(have: int, version: _Version | None) -> dict[str, str]:
    if not have or version is None:
        return {}
    asked = {"Range": f"bytes={have}-"}
    return asked | {"If-Range": version.condition} if version.condition else asked


def _agreed_start(response: HTTPResponse, have: int, version: _Version | None) -> int:
    """The byte at which the answer begins: `have` if it is the rest of the same version, else 0."""
    if response.status != 206:
        return 0
    found = re.match(r"bytes ([0-9]{1,18})-[0-9]+/([0-9]+|\*)", response.headers.get("Content-Range", ""))
    etag = response.headers.get("ETag")
    same = version is not None and (not etag or not version.etag or etag == version.etag)
    same_total = found is not None and version is not None and found[2] in ("*", str(version.total))
    if found is None or int(found[1]) != have or not same or not same_total:
        raise _StartAgain("the server answered with another part of the file than asked for")
    return have


def _total(response: HTTPResponse, have: int) -> int | None:
    length = length_of(response)
    return have + length if length is not None else None


def _copy(
    response: HTTPResponse, part: Path, have: int, total: int | None, most_bytes: int, on_bytes: Progress
) -> None:
    """Append what comes, up to a chunk more than may come: a server can send without end."""
    with part.open("r+b") as file:
        file.seek(have)
        while have <= most_bytes and (chunk := response.read1(CHUNK_BYTES)):
            file.write(chunk)
            have += len(chunk)
            on_bytes(have, total)
        file.truncate()


def _check_total(url: str, total: int | None, expected_bytes: int | None) -> None:
    if total is not None and expected_bytes is not None and total != expected_bytes:
        raise FetchError(
            f"{url} has the wrong length: expected {expected_bytes:,} bytes, the server offers {total:,}. "
            "It is not the published file; nothing was kept."
        )


def _check_most(url: str, part: Path, size: int | None, most_bytes: int) -> None:
    if size is not None and size > most_bytes:
        _forget(part)
        raise FetchError(
            f"{url} is too large: expected at most {most_bytes:,} bytes, the server sends more. Nothing was kept."
        )


def _check_sha256(url: str, part: Path, expected: str | None) -> None:
    if expected is not None and (found := sha256_of(part)) != expected:
        _forget(part)
        raise FetchError(
            f"{url} came, but not as published: expected the SHA-256 {expected}, got {found}. Nothing was kept."
        )


def _check_complete(url: str, have: int, total: int | None, expected_bytes: int | None) -> None:
    wanted = total if total is not None else expected_bytes
    if wanted is None or have == wanted:
        return
    if have < wanted:
        raise ConnectionError(f"the connection was cut after {have:,} of {wanted:,} bytes")
    raise _StartAgain(f"the server sent more than the {wanted:,} bytes expected")


def _check_room(part: Path, total: int | None, have: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and total - have > free:
        raise OSError(errno.ENOSPC, f"{total - have:,} more bytes are needed, {free:,} are free")


def _raise_if_hopeless(error: Exception, url: str, part: Path) -> None:
    """Raises FetchError where trying again cannot help; returns where it can."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code == 416:  # the part is longer than the file, or the file has changed
            _forget(part)
        elif error.code in (404, 410):
            raise FetchError(
                f"Could not download {url}: the server does not have it ({error.code})."
            ) from None
        elif error.code not in RETRY_STATUS:
            raise FetchError(f"Could not download {url}: the server refuses it ({error.code}).") from None
    elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
        raise FetchError(f"No room on the disk for {url} in {part.parent}: {error.strerror}.") from None
    elif isinstance(error, (PermissionError, IsADirectoryError, NotADirectoryError, FileNotFoundError)):
        raise FetchError(f"Cannot write {part}: {error.strerror}. Choose another folder.") from None


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError) and error.code == 416:
        return "the file has become shorter than what was already here"
    if isinstance(error, urllib.error.HTTPError):
        return f"the server keeps answering {error.code}"
    if isinstance(error, urllib.error.URLError):
        return f"no connection ({error.reason})"
    return str(error) or type(error).__name__


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _version_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_version(part: Path) -> _Version | None:
    try:
        return _Version(**check_fields(read_json(_version_path(part)), _NOTE))
    except (OSError, BadJson, TypeError):
        return None


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _version_path(part).unlink(missing_ok=True)
