"""Downloads from a server that cuts, lies, refuses and changes its mind."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.model.unsteady_server import Unsteady, unsteady_server
from tflhelpers.files import download as module
from tflhelpers.files.download import CHUNK_BYTES, FetchError, _Version, download

BODY = bytes(range(256)) * 4000  # 1,024,000 bytes


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "net.tar.gz"


def _download(server, target, **options):
    download(server.url, target, backoff_s=0.001, timeout_s=5, **options)


def _only_the_target_is_left(target):
    return os.listdir(target.parent) == [target.name]


@pytest.mark.parametrize(
    ("server", "ranges"),
    [
        (Unsteady(b""), [None]),
        (Unsteady(BODY), [None]),
        (Unsteady(BODY, cuts=[300_001]), [None, "bytes=300001-"]),
        (Unsteady(BODY, cuts=[0]), [None, None]),
        (Unsteady(BODY, cuts=[10, 20, 30]), [None, "bytes=10-", "bytes=30-", "bytes=60-"]),
        (Unsteady(BODY, cuts=[10] * 20), [None, *(f"bytes={10 * i}-" for i in range(1, 21))]),
        (Unsteady(BODY, cuts=[500], etag=None), [None, "bytes=500-"]),
        (Unsteady(BODY, cuts=[500], etag='W/"weak"'), [None, "bytes=500-"]),
        (Unsteady(BODY, cuts=[500], ranges=False), [None, "bytes=500-"]),
        (Unsteady(BODY, statuses=[503, 429, None]), [None, None, None]),
        (Unsteady(BODY, cuts=[500, None], statuses=[None, 502]), [None, "bytes=500-", "bytes=500-"]),
        (Unsteady(BODY, sends_length=False), [None]),
    ],
    ids=[
        "empty file",
        "all well",
        "cut once",
        "cut at once",
        "cut three times",
        "cut far more often than attempts allow, but each brought bytes",
        "no ETag",
        "weak ETag",
        "no Range support",
        "busy server",
        "busy while resuming",
        "no Content-Length",
    ],
)
def test_arrives_whole_asking_only_for_what_lacks(server, ranges, target):
    with unsteady_server(server):
        _download(server, target)
    assert target.read_bytes() == server.body
    assert server.asked_ranges() == ranges
    assert _only_the_target_is_left(target)


@pytest.mark.parametrize(
    ("condition", "server"),
    [('"v1"', Unsteady(BODY, cuts=[500])), (None, Unsteady(BODY, cuts=[500], etag='W/"weak"'))],
)
def test_only_a_strong_etag_is_a_condition(condition, server, target):
    with unsteady_server(server):
        _download(server, target)
    assert server.requests[1].get("If-Range") == condition


def test_a_later_call_goes_on_where_the_first_was_given_up(target):
    with unsteady_server(Unsteady(BODY, cuts=[1000], statuses=[None, 503, 503])) as server:
        with pytest.raises(FetchError, match="the server keeps answering 503"):
            _download(server, target, attempts=2)
        assert not target.exists()
        _download(server, target)
    assert server.asked_ranges()[-1] == "bytes=1000-"
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("heeds_if_range", [True, False])
def test_a_changed_file_is_fetched_from_the_start(target, heeds_if_range):
    """Never the head of one version with the tail of another."""
    server = Unsteady(BODY, cuts=[1000], statuses=[None, 503], heeds_if_range=heeds_if_range)
    with unsteady_server(server):
        with pytest.raises(FetchError):
            _download(server, target, attempts=1)
        server.body, server.etag, server.statuses = BODY[::-1], '"v2"', []
        _download(server, target)
    assert target.read_bytes() == BODY[::-1]


def test_without_etag_another_total_length_tells_that_the_file_changed(target):
    server = Unsteady(BODY, cuts=[1000], statuses=[None, 503], etag=None)
    with unsteady_server(server):
        with pytest.raises(FetchError):
            _download(server, target, attempts=1)
        server.body, server.statuses = BODY[::-1] + b"more", []
        _download(server, target)
    assert target.read_bytes() == BODY[::-1] + b"more"


def test_a_part_longer_than_the_file_is_thrown_away(target):
    with unsteady_server(Unsteady(BODY, cuts=[1000], statuses=[None, 503])) as server:
        with pytest.raises(FetchError):
            _download(server, target, attempts=1)
        server.body, server.statuses = BODY[:700], []
        server.heeds_if_range = False
        _download(server, target)
    assert target.read_bytes() == BODY[:700]


@pytest.mark.parametrize(
    "note",
    [
        None,
        "not json",
        json.dumps({"url": "http://elsewhere/net.tar.gz", "total": 5}),
        json.dumps({"url": ["http://elsewhere"], "total": "5", "etag": 7, "last_modified": {}}),
        "[" * 100_000,
    ],
)
def test_a_part_of_unknown_origin_is_not_continued(target, note):
    part = target.with_name("net.tar.gz.part")
    part.write_bytes(b"xxxxx")
    if note is not None:
        part.with_name("net.tar.gz.part.json").write_text(note)
    with unsteady_server(Unsteady(BODY)) as server:
        _download(server, target)
    assert target.read_bytes() == BODY
    assert server.asked_ranges() == [None]
    assert _only_the_target_is_left(target)


@pytest.mark.parametrize(
    ("server", "sentence", "requests"),
    [
        (Unsteady(BODY, statuses=[404] * 9), r"the server does not have it \(404\)", 1),
        (Unsteady(BODY, statuses=[410] * 9), r"the server does not have it \(410\)", 1),
        (Unsteady(BODY, statuses=[403] * 9), r"the server refuses it \(403\)", 1),
        (Unsteady(BODY, statuses=[500] * 9), r"the server keeps answering 500", 3),
        (Unsteady(BODY, cuts=[0] * 9), r"the connection was cut after 0 of 1,024,000 bytes", 3),
        (Unsteady(BODY, cuts=[700] * 9, ranges=False), r"was cut after 700 of 1,024,000 bytes", 3),
    ],
)
def test_gives_up_with_a_reason(server, sentence, requests, target):
    with unsteady_server(server), pytest.raises(FetchError, match=sentence):
        _download(server, target, attempts=3)
    assert len(server.requests) == requests
    assert not target.exists()


@pytest.mark.parametrize(
    ("server", "expected", "sentence"),
    [
        (Unsteady(BODY), 99, r"wrong length: expected 99 bytes, the server offers 1,024,000"),
        (Unsteady(BODY, sends_length=False), 99, r"the server sent more than the 99 bytes expected"),
        (Unsteady(BODY, sends_length=False), 2_000_000, r"cut after 1,024,000 of 2,000,000 bytes"),
    ],
)
def test_another_length_than_expected_is_refused(server, expected, sentence, target):
    with unsteady_server(server), pytest.raises(FetchError, match=sentence):
        _download(server, target, expected_bytes=expected, attempts=3)
    assert not target.exists()


def test_another_sha256_than_expected_is_refused(target):
    with unsteady_server(Unsteady(BODY)) as server:
        with pytest.raises(
            FetchError, match=r"not as published: expected the SHA-256 00ff, got [0-9a-f]{64}"
        ):
            _download(server, target, sha256="00ff")
        assert list(target.parent.iterdir()) == []
        _download(server, target, sha256=hashlib.sha256(BODY).hexdigest())
    assert _only_the_target_is_left(target)


def test_no_network(target):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/net.tar.gz"
        with pytest.raises(FetchError, match=r"Could not download .*: no connection \(.*refused"):
            download(url, target, attempts=2, backoff_s=0.001)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/net.tar.gz", "net.tar.gz"])
def test_only_http(url, target):
    with pytest.raises(FetchError, match="begins with http"):
        download(url, target)


def test_no_room_is_said_before_the_first_byte(target, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: usage)
    with (
        unsteady_server(Unsteady(BODY)) as server,
        pytest.raises(
            FetchError, match=r"No room on the disk .* 1,024,000 more bytes are needed, 1,000 are free"
        ),
    ):
        _download(server, target)
    assert os.listdir(target.parent) == []


def test_disk_that_fills_up_keeps_the_part_for_later(target, monkeypatch):
    copy = module._copy

    def fills_up(response, part, have, total, most_bytes, on_bytes):
        part.write_bytes(response.read(1234))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_copy", fills_up)
    with unsteady_server(Unsteady(BODY)) as server:
        with pytest.raises(FetchError, match="No room on the disk"):
            _download(server, target)
        monkeypatch.setattr(module, "_copy", copy)
        _download(server, target)
    assert server.asked_ranges() == [None, "bytes=1234-"]
    assert target.read_bytes() == BODY


def test_folder_that_cannot_be_written(target):
    with (
        unsteady_server(Unsteady(BODY)) as server,
        pytest.raises(FetchError, match=r"Cannot write .*net\.tar\.gz\.part"),
    ):
        _download(server, target.parent / "absent" / "net.tar.gz")


def test_progress_counts_the_bytes_that_are_there_after_a_resume_too(target):
    seen = []
    with unsteady_server(Unsteady(BODY, cuts=[300_000])) as server:
        _download(server, target, on_bytes=lambda have, total: seen.append((have, total)))
    assert seen[0] == (0, len(BODY))
    assert (300_000, len(BODY)) in seen
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)


class _Endless(BaseHTTPRequestHandler):
    """Sends for as long as somebody listens, and says nothing of a length; or `headers` that are odd."""

    headers_sent: tuple[tuple[str, str], ...] = ()
    status = 200

    def do_GET(self):
        self.send_response(self.status)
        for name, value in self.headers_sent:
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(1000):
                self.wfile.write(bytes(1 << 20))

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def _serving(status=200, headers=()):
    handler = type("Handler", (_Endless,), {"headers_sent": headers, "status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/net.tar.gz"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("limit", [{"expected_bytes": 5000}, {"most_bytes": 5000}])
def test_a_server_that_sends_without_end_is_not_listened_to(target, limit):
    most = []
    with _serving() as url, pytest.raises(FetchError, match=r"more than the 5,000 bytes|at most 5,000 bytes"):
        download(
            url, target, attempts=2, backoff_s=0.001, on_bytes=lambda have, _: most.append(have), **limit
        )
    assert max(most) <= 5000 + CHUNK_BYTES
    assert not target.exists()


def test_a_length_above_the_limit_is_refused_before_a_byte_is_taken(target):
    asked = []
    with unsteady_server(Unsteady(BODY)) as server:
        with pytest.raises(FetchError, match=r"is too large: expected at most 1,000,000 bytes"):
            _download(server, target, most_bytes=1_000_000, on_bytes=lambda have, _: asked.append(have))
        assert asked == []
        assert list(target.parent.iterdir()) == []
        _download(server, target, most_bytes=len(BODY))
    assert _only_the_target_is_left(target)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, (("Content-Length", "²"),)),
        (200, (("Content-Length", "9" * 5000),)),
        (200, (("Content-Length", "-5"),)),
        (200, (("Content-Length", "many"),)),
        (200, (("ETag", "a\r\n b"), ("Last-Modified", "\u00e9\u00ff"))),
        (206, (("Content-Range", f"bytes 0-1/{'9' * 5000}"),)),
        (302, (("Location", "http://[half"),)),
        (302, (("Location", "http://x:port/"),)),
        (302, (("Location", "file:///etc/hostname"),)),
        (302, ()),
        (503, (("Retry-After", "²"),)),
    ],
)
def test_odd_headers_are_ours_to_explain(target, status, headers):
    """Whatever a server says, what comes of it is an error that says so."""
    with _serving(status, headers) as url:
        for _ in range(2):
            with pytest.raises(FetchError, match=r"net\.tar\.gz"):
                download(url, target, most_bytes=1 << 20, attempts=2, backoff_s=0.001, timeout_s=5)
    assert not target.exists()


@pytest.mark.parametrize(
    ("etag", "last_modified", "condition"),
    [
        ('"a"', None, '"a"'),
        ('W/"a"', "Mon", "Mon"),
        ("a\r\nX: y", None, None),
        ("\u00e9", "x", None),
        ("", "\0", None),
    ],
)
def test_what_no_header_can_hold_is_not_sent_back(etag, last_modified, condition):
    assert _Version("http://x", 5, etag, last_modified).condition == condition
