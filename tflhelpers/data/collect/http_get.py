"""Gets one picture file over http: checked addresses, limits, redirects, retries.

The standard library's opener resolves a host again when it connects, follows redirects by itself and takes any size.
Here each step is checked, so this goes one layer below it, to `http.client`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import os
import random
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tflhelpers.data.collect.addresses import Target, next_address, parse_address, resolve
from tflhelpers.data.collect.keeper import LeftOut
from tflhelpers.data.collect.picture_kinds import HEAD_BYTES, describe, kind_of

_CHUNK = 1 << 16
_RETRY_STATUS = {408, 425, 429, 500, 502, 503, 504}
_REDIRECTS = {301, 302, 303, 307, 308}
_LONGEST_WAIT = 30.0  # seconds, whatever a server's Retry-After says
_SILENT_HOST = (
    5  # addresses of one host in a row without a connection, after which its others get one attempt
)
_OF_THE_DISK = {errno.ENOSPC, errno.EROFS, errno.EIO, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_HEADERS = {"User-Agent": "tflhelpers", "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Limits:
    """What a server may do to us.

    Attributes:
        max_bytes: Largest file.
        timeout_s: Longest silence.
        total_s: Longest time for one attempt at one picture.
        attempts: How often one address is tried.
        backoff_s: Wait before the second attempt; doubles with each further one.
        redirects: How often one address may lead to another.
        allow_private: Whether machines that are not on the public internet may be asked.
    """

    max_bytes: int = 30_000_000
    timeout_s: float = 20.0
    total_s: float = 120.0
    attempts: int = 4
    backoff_s: float = 0.5
    redirects: int = 5
    allow_private: bool = False


@dataclass(frozen=True)
class Fetched:
    """A file that came. `whole` is False where the server did not say how long it is."""

    sha256: str
    ending: str
    whole: bool


@dataclass
class Fetcher:
    """Gets pictures from addresses; one for all threads.

    Attributes:
        limits: What servers may do.
        stop: When it is set, everything ends soon.
    """

    limits: Limits
    stop: threading.Event = field(default_factory=threading.Event)
    _silent: Counter[str] = field(default_factory=Counter)
    _tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def fetch(self, url: str, file: Path) -> Fetched:
        """Get what is at an address into a file, in one attempt.

        Raises:
            LeftOut: If there is no picture to be had; `passing` says whether another attempt may help.
            OSError: If the disk is full or not writeable.
        """
        deadline = time.monotonic() + self.limits.total_s
        try:
            with self._following(url, deadline) as response:
                return self._save(response, file, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, OSError) and (error.filename is not None or error.errno in _OF_THE_DISK):
                raise
            raise self._as_left_out(error, deadline) from None

    def attempts_for(self, url: str) -> int:
        """How often to try; once for a host that has not answered anybody lately."""
        silent = self._silent[parse_address(url).host] >= _SILENT_HOST
        return 1 if silent else self.limits.attempts

    def give_up(self, url: str, left_out: LeftOut) -> None:
        """Remember that all attempts at an address were in vain."""
        if left_out.kind == "no connection":
            self._silent[parse_address(url).host] += 1

    def wait(self, attempt: int, wanted_s: float | None = None) -> None:
        """Wait before the next attempt, each time twice as long, and never all threads for the same time."""
        seconds = self.limits.backoff_s * 2**attempt * random.uniform(0.7, 1.3)
        if wanted_s is not None:
            seconds = max(seconds, wanted_s)
        self.stop.wait(min(seconds, _LONGEST_WAIT))

    # ---- one attempt

    @contextlib.contextmanager
    def _following(self, url: str, deadline: float) -> Iterator[http.client.HTTPResponse]:
        """The answer with the file, behind all redirects."""
        seen: set[str] = set()
        while True:
            target = parse_address(url)
            if target.url in seen:
                raise LeftOut("redirect loop", f"{target.url} leads back to itself")
            seen.add(target.url)
            if len(seen) > self.limits.redirects + 1:
                raise LeftOut("redirect loop", f"more than {self.limits.redirects} redirects")
            with self._asked(target, deadline) as response:
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or not location:
                    _check_status(response)
                    yield response
                    return
            url = next_address(target.url, location)

    @contextlib.contextmanager
    def _asked(self, target: Target, deadline: float) -> Iterator[http.client.HTTPResponse]:
        connection = self._connect(target, deadline)
        # A server that sends a byte now and then is never silent: this ends it, whatever it is doing.
        alarm = threading.Timer(max(0.0, deadline - time.monotonic()), _shut, (connection.sock,))
        alarm.daemon = True
        alarm.start()
        try:
            connection.request("GET", target.path, headers=_HEADERS)
            yield connection.getresponse()
        finally:
            alarm.cancel()
            connection.close()

    def _connect(self, target: Target, deadline: float) -> http.client.HTTPConnection:
        """A connection to the address that was checked. `http.client` would resolve the name once more."""
        default = 443 if target.scheme == "https" else 80
        host = f"[{target.host}]" if ":" in target.host else target.host
        connection = http.client.HTTPConnection(host, target.port, timeout=self.limits.timeout_s)
        connection.default_port = default  # so that the Host header has no ":443"
        addresses = resolve(target, allow_private=self.limits.allow_private)
        plain = _first_that_answers(addresses, min(self.limits.timeout_s, deadline - time.monotonic()))
        self._silent[target.host] = 0
        if target.scheme == "https":
            try:
                connection.sock = self._tls.wrap_socket(plain, server_hostname=target.host)
            except BaseException:
                plain.close()
                raise
        else:
            connection.sock = plain
        return connection

    def _save(self, response: http.client.HTTPResponse, file: Path, deadline: float) -> Fetched:
        length = _length_of(response)
        self._check_length(length or 0)
        digest, have, head = hashlib.sha256(), 0, b""
        with file.open("wb") as out:
            while chunk := response.read1(_CHUNK):
                have += len(chunk)
                self._check_length(have)
                self._check_time(deadline)
                if len(head) < HEAD_BYTES:
                    head = (head + chunk)[:HEAD_BYTES]
                    if len(head) == HEAD_BYTES:
                        _check_kind(head)  # a film of 2 GB need not come first
                digest.update(chunk)
                out.write(chunk)
            self._check_time(deadline)
            if length is not None and have < length:
                raise ConnectionError(f"cut after {have:,} of {length:,} bytes")
            ending = _check_kind(head)
            out.flush()
            os.fsync(out.fileno())
        return Fetched(digest.hexdigest(), ending, length is not None or response.chunked)

    def _check_length(self, have: int) -> None:
        if have > self.limits.max_bytes:
            most = f"{self.limits.max_bytes / 1e6:.3g} MB"
            raise LeftOut("too large", f"more than {most}; max_bytes= allows more")

    def _check_time(self, deadline: float) -> None:
        if self.stop.is_set():
            raise LeftOut("interrupted", "stopped by you", passing=True)
        if time.monotonic() > deadline:
            raise TimeoutError(f"not there after {self.limits.total_s:g} s")

    def _as_left_out(self, error: Exception, deadline: float) -> LeftOut:
        if isinstance(error, ssl.SSLCertVerificationError):
            return LeftOut(
                "bad certificate", f"the server's certificate is not right ({error.verify_message})"
            )
        if isinstance(error, socket.gaierror):
            return LeftOut("no connection", f"the host is not known ({error.strerror})", passing=True)
        if isinstance(error, TimeoutError) or time.monotonic() > deadline:
            return LeftOut("too slow", f"the server was too slow ({error})", passing=True)
        return LeftOut("no connection", f"the connection failed ({_said(error)})", passing=True)


class Unavailable(LeftOut):
    """A server that says "later"; `wait_s` is how much later, if it says so."""

    def __init__(self, status: int, wait_s: float | None) -> None:
        super().__init__("server error", f"the server answers {status}", passing=True)
        self.wait_s = wait_s


def _first_that_answers(addresses: list[tuple], timeout_s: float) -> socket.socket:
    error: OSError = OSError("the host has no address")
    for family, address in addresses:
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(max(0.1, timeout_s))
            plain.connect(address)
        except OSError as failed:
            plain.close()
            error = failed
            continue
        return plain
    raise error


def _shut(plain: socket.socket | None) -> None:
    with contextlib.suppress(OSError, AttributeError):
        plain.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


def _check_status(response: http.client.HTTPResponse) -> None:
    status = response.status
    if status == 200:
        return
    if status in _RETRY_STATUS:
        wait = response.headers.get("Retry-After", "")
        raise Unavailable(status, float(wait) if wait.isdigit() else None)
    kind = {404: "not found", 410: "not found", 401: "not allowed", 403: "not allowed"}.get(status)
    more = "; an address that was signed may have expired" if status in (401, 403) else ""
    raise LeftOut(
        kind or "server error", f"the server answers {status} {response.reason or ''}".rstrip() + more
    )


def _length_of(response: http.client.HTTPResponse) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _check_kind(head: bytes) -> str:
    ending = kind_of(head)
    if ending is None:
        raise LeftOut("not a picture", f"expected a picture, got {describe(head)}")
    return ending


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
