"""Asks web servers: the zoo's, the addresses of a person's list, and the one that has the page's runtime.

An address from a list of others is asked under an `AddressGuard`: the connection goes to a number that was checked, no
proxy is used, and each redirect is checked again. Ours are asked as every program of this machine asks.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import IO, Any

from tflhelpers.files.addresses import RequestRefused, SocketAddress, next_address, parse_address, resolve

RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_HEADERS = {"User-Agent": "tflhelpers", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class AddressGuard:
    """What an address from somebody else may make us do.

    Attributes:
        allow_private: Ask machines that are not on the public internet, too.
        redirects: How often it may lead to another address.
        deadline: When the answer must be there, by `time.monotonic()`.
    """

    allow_private: bool = False
    redirects: int = 5
    deadline: float = float("inf")

    def left(self, timeout_s: float) -> float:
        """Return how long to wait at most, in seconds."""
        return max(0.1, min(timeout_s, self.deadline - time.monotonic()))


@contextlib.contextmanager
def open_url(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    timeout_s: float = 30.0,
    guard: AddressGuard | None = None,
) -> Iterator[http.client.HTTPResponse]:
    """Give the answer with the file at an address, behind all redirects.

    Args:
        url: http or https.
        headers: Beside our own.
        method: Of HTTP.
        timeout_s: Longest silence of the server.
        guard: For addresses from others; None for our own, which may be behind the proxy of this machine.

    Raises:
        RequestRefused: The guard says no.
        urllib.error.HTTPError: The server answers with an error.
        OSError, http.client.HTTPException: There is no connection, or it failed.
    """
    url = url if guard is None else parse_address(url).url
    request = urllib.request.Request(url, headers={**_HEADERS, **(headers or {})}, method=method)
    if guard is None:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            yield response
        return
    sockets: list[socket.socket] = []
    with (
        _shut_at(guard.deadline, sockets),
        _opener(guard, sockets).open(request, None, timeout_s) as response,
    ):
        yield response


def length_of(response: http.client.HTTPResponse) -> int | None:
    """Return the number of bytes that a server announces for its answer, None if it does not."""
    return whole_number(response.headers.get("Content-Length", ""))


def whole_number(text: str) -> int | None:
    """Return the number that a header is, None where it is none: `isdigit` takes ² for a digit, `int` does not."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text.strip()) else None


@contextlib.contextmanager
def _shut_at(deadline: float, sockets: list[socket.socket]) -> Iterator[None]:
    """End connections at a time. A server that sends a byte now and then is never silent: this ends it."""

    def shut() -> None:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    alarm = threading.Timer(min(max(0.0, deadline - time.monotonic()), threading.TIMEOUT_MAX), shut)
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


class _CheckedConnection(http.client.HTTPConnection):
    """Connects to the number that was checked, where the library's own would look the name up once more."""

    guard: AddressGuard
    sockets: list[socket.socket]

    def connect(self) -> None:
        numbers = resolve(self.host, self.port, allow_private=self.guard.allow_private)
        self.sock = _first_that_answers(numbers, self.guard.left(self.timeout or 0.0))
        self.sockets.append(self.sock)


class _CheckedTlsConnection(http.client.HTTPSConnection, _CheckedConnection):
    def connect(self) -> None:
        super().connect()  # that of HTTPSConnection, which asks ours for the plain connection
        self.sockets.append(self.sock)


class _Checked(urllib.request.AbstractHTTPHandler):
    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, guard: AddressGuard, sockets: list[socket.socket]) -> None:
        super().__init__()
        self._guard, self._sockets = guard, sockets

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._connection, _CheckedConnection), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._connection, _CheckedTlsConnection, context=_tls()), request)

    def _connection(self, kind: type[_CheckedConnection], host: str, **options: Any) -> _CheckedConnection:
        connection = kind(host, **options)
        connection.guard, connection.sockets = self._guard, self._sockets
        return connection


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, most: int) -> None:
        self._most, self._seen = most, set[str]()

    def http_error_302(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any) -> Any:
        location = headers.get("Location")
        if not location:
            return None
        fp.close()
        self._seen.add(req.full_url)
        url = parse_address(next_address(req.full_url, location)).url
        if url in self._seen:
            raise RequestRefused("redirect loop", f"{url} leads back to itself")
        if len(self._seen) > self._most:
            raise RequestRefused("redirect loop", f"more than {self._most} redirects")
        again = urllib.request.Request(url, headers=req.headers, method=req.get_method())
        return self.parent.open(again, None, req.timeout)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _opener(guard: AddressGuard, sockets: list[socket.socket]) -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Checked(guard, sockets),
        _Redirects(guard.redirects),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _first_that_answers(numbers: list[SocketAddress], timeout_s: float) -> socket.socket:
    error: OSError = OSError("the host has no address")
    for family, number in numbers:
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(timeout_s)
            plain.connect(number)
        except OSError as failed:
            plain.close()
            error = failed
            continue
        return plain
    raise error
