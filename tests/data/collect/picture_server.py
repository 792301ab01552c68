"""A server on 127.0.0.1 that cuts, delays, lies, redirects in circles and serves 404s, as an address asks it to.

The first part of a path says how: `/cut/7.jpg`. Run as a program it prints its address and serves until it is killed.
"""

from __future__ import annotations

import io
import threading
import time
from collections import Counter
from contextlib import contextmanager
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import numpy as np
from PIL import Image

PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>" + b" " * 2000


@lru_cache(maxsize=4096)
def picture_bytes(number: int, size: int = 108, kind: str = "JPEG") -> bytes:
    """A picture that looks like no other number's."""
    cells = np.random.default_rng(number).integers(40, 216, (8, 9, 3), np.uint8)
    image = Image.fromarray(cells).resize((size, size * 8 // 9), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return buffer.getvalue()


class PictureServer(ThreadingHTTPServer):
    """Counts in `asked` how often each path was asked for. `pause` seconds pass before each answer."""

    daemon_threads = True

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.pause = pause
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        pass  # the other side was killed, or hung up


@contextmanager
def picture_server(pause: float = 0.0):
    server = PictureServer(pause)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: PictureServer

    def do_GET(self):
        path = unquote(self.path.partition("?")[0])
        with self.server.lock:
            self.server.asked[path] += 1
            times = self.server.asked[path]
        time.sleep(self.server.pause)
        _, how, *rest = path.split("/")
        number = int("".join(filter(str.isdigit, rest[-1])) or 0) if rest else 0
        getattr(self, f"how_{how}", self.how_missing)(number, times)

    # ---- pictures

    def how_good(self, number, _times):
        self.send(picture_bytes(number))

    def how_small(self, number, _times):
        """The same picture as `good`, at another size and quality."""
        self.send(picture_bytes(number, 180))

    def how_png(self, number, _times):
        self.send(picture_bytes(number, kind="PNG"), "image/png")

    def how_lying(self, number, _times):
        """A picture that the server calls a web page, under a name that says PNG."""
        self.send(picture_bytes(number), "text/html")

    def how_cut(self, number, times):
        """The connection is cut in the middle, the first time."""
        self.send(picture_bytes(number), cut=700 if times == 1 else None)

    def how_silent_cut(self, number, times):
        """The same without a length: only the picture itself tells that something is missing."""
        self.send(picture_bytes(number), cut=700 if times == 1 else None, length=False)

    def how_unlucky(self, number, times):
        if times <= 2:
            self.send_error((500, 503)[times - 1])
        else:
            self.send(picture_bytes(number))

    def how_late(self, number, times):
        """Nothing for a second, the first time."""
        if times == 1:
            time.sleep(1.2)
        self.send(picture_bytes(number))

    def how_moved(self, number, _times):
        self.redirect(f"/moved_on/{number}.jpg")

    def how_moved_on(self, number, _times):
        self.redirect(f"../good/{number}.jpg", 307)

    def how_chunked(self, number, _times):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        body = picture_bytes(number)
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    # ---- no pictures

    def how_missing(self, _number=0, _times=1):
        self.send_error(404)

    def how_gone(self, _number, _times):
        self.send_error(410)

    def how_forbidden(self, _number, _times):
        self.send_error(403)

    def how_broken(self, _number, _times):
        self.send_error(500)

    def how_page(self, _number, _times):
        self.send(PAGE)

    def how_empty(self, _number, _times):
        self.send(b"")

    def how_damaged(self, number, _times):
        """Half a picture, and the length of half a picture."""
        self.send(picture_bytes(number)[:1500])

    def how_circle(self, number, _times):
        self.redirect(f"/circle_back/{number}.jpg")

    def how_circle_back(self, number, _times):
        self.redirect(f"/circle/{number}.jpg")

    def how_ever_on(self, number, _times):
        self.redirect(f"/ever_on/{number + 1}.jpg")

    def how_large(self, number, _times):
        self.send(picture_bytes(number) + bytes(300_000))

    def how_endless(self, number, _times):
        """No length, and no end."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(picture_bytes(number))
        while True:
            self.wfile.write(bytes(65536))

    def how_drip(self, number, _times):
        """A byte now and then: never silent, never done."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for byte in picture_bytes(number)[:1000]:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.2)

    def how_elsewhere(self, _number, _times):
        self.redirect("http://10.1.2.3/secret.jpg")

    def how_local_file(self, _number, _times):
        self.redirect("file:///etc/passwd")

    def how_tiny(self, _number, _times):
        self.send(picture_bytes(1, 9))

    # ---- how it is sent

    def send(self, body, content_type="image/jpeg", cut=None, length=True):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        if length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = True

    def redirect(self, where, status=302):
        self.send_response(status)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass
