"""An HTTP server on 127.0.0.1 that misbehaves on demand, for the tests of the download code."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Unsteady:
    """What the server serves, how it misbehaves, and what it was asked.

    Attributes:
        body: bytes of the one file, under every path.
        etag: its ETag, None for none.
        ranges: whether Range requests are answered with 206.
        heeds_if_range: whether a changed ETag turns a Range request into a full answer.
        cuts: for each request in turn, after how many bytes of its answer the connection is cut; None for
            not.
        statuses: for each request in turn, an error status to answer with; None for none.
        sends_length: whether Content-Length is sent.
        requests: headers of each request so far.
    """

    body: bytes = b""
    etag: str | None = '"v1"'
    ranges: bool = True
    heeds_if_range: bool = True
    cuts: list[int | None] = field(default_factory=list)
    statuses: list[int | None] = field(default_factory=list)
    sends_length: bool = True
    requests: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def asked_ranges(self) -> list[str | None]:
        return [request.get("Range") for request in self.requests]


@contextmanager
def unsteady_server(state: Unsteady):
    """Serves `state` while the block runs; `state.url` is its address."""

    class Handler(_Handler):
        unsteady = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/models/net.tar.gz"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    unsteady: Unsteady

    def do_GET(self):
        state, number = self.unsteady, len(self.unsteady.requests)
        state.requests.append(dict(self.headers))
        status = _nth(state.statuses, number)
        if status is not None:
            self.send_error(status)
            return
        start = self._range_start()
        if start is not None and start >= len(state.body):
            self.send_error(416)
            return
        self._answer(start, _nth(state.cuts, number))

    def _range_start(self) -> int | None:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        stale = self.unsteady.heeds_if_range and condition is not None and condition != self.unsteady.etag
        return int(found[1]) if found and self.unsteady.ranges and not stale else None

    def _answer(self, start: int | None, cut: int | None) -> None:
        state = self.unsteady
        body = state.body[start or 0 :]
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(state.body) - 1}/{len(state.body)}")
        if state.etag:
            self.send_header("ETag", state.etag)
        if state.sends_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = True

    def log_message(self, *args):
        pass


def _nth(items: list, number: int):
    return items[number] if number < len(items) else None
