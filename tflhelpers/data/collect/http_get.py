"""Gets one picture file from an address of somebody's list: limits, kinds, retries, and why there is none."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import random
import socket
import ssl
import threading
import time
import urllib.error
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tflhelpers.data.collect.collector import LeftOut
from tflhelpers.data.collect.picture_kinds import describe, kind_of
from tflhelpers.data.images import HEAD_BYTES
from tflhelpers.files.addresses import RequestRefused, parse_address
from tflhelpers.files.http_client import RETRY_STATUS, AddressGuard, length_of, open_url, whole_number

_CHUNK = 1 << 16
_LONGEST_WAIT = 30.0  # seconds, whatever a server's Retry-After says
_SILENT_HOST = (
    5  # addresses of one host in a row without a connection, after which its others get one attempt
)
_OF_THE_DISK = {errno.ENOSPC, errno.EROFS, errno.EIO, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_ACCEPT = {"Accept": "image/*,*/*;q=0.5"}


@dataclass(frozen=True)
class FetchLimits:
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
class FetchedImage:
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

    limits: FetchLimits
    stop: threading.Event = field(default_factory=threading.Event)
    _silent: Counter[str] = field(default_factory=Counter)

    def fetch(self, url: str, file: Path) -> FetchedImage:
        """Get what is at an address into a file, in one attempt.

        Raises:
            LeftOut: If there is no picture to be had; `passing` says whether another attempt may help.
            OSError: If the disk is full or not writeable.
        """
        limits = self.limits
        guard = AddressGuard(limits.allow_private, limits.redirects, time.monotonic() + limits.total_s)
        try:
            with open_url(url, headers=_ACCEPT, timeout_s=limits.timeout_s, guard=guard) as response:
                self._silent[parse_address(url).host] = 0
                return self._save(response, file, guard.deadline)
        except RequestRefused as refused:
            raise LeftOut(refused.kind, str(refused)) from None
        except urllib.error.HTTPError as error:
            error.close()
            self._silent[parse_address(url).host] = 0
            raise _as_answered(error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, OSError) and (error.filename is not None or error.errno in _OF_THE_DISK):
                raise
            raise self._as_left_out(_cause(error), guard.deadline) from None

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

    def _save(self, response: http.client.HTTPResponse, file: Path, deadline: float) -> FetchedImage:
        length = length_of(response)
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
        return FetchedImage(digest.hexdigest(), ending, length is not None or response.chunked)

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


def _as_answered(error: urllib.error.HTTPError) -> LeftOut:
    status = error.code
    if status in RETRY_STATUS:
        return Unavailable(status, whole_number(error.headers.get("Retry-After", "")))
    kind = {404: "not found", 410: "not found", 401: "not allowed", 403: "not allowed"}.get(status)
    more = "; an address that was signed may have expired" if status in (401, 403) else ""
    return LeftOut(
        kind or "server error", f"the server answers {status} {error.reason or ''}".rstrip() + more
    )


def _cause(error: Exception) -> Exception:
    """The error below the one that urllib wraps it in."""
    reason = getattr(error, "reason", None)
    return reason if isinstance(error, urllib.error.URLError) and isinstance(reason, Exception) else error


def _check_kind(head: bytes) -> str:
    ending = kind_of(head)
    if ending is None:
        raise LeftOut("not a picture", f"expected a picture, got {describe(head)}")
    return ending


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
